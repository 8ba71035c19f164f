//! The starter: a copy of the launcher that stays in the host's root, where pasta lies, and makes
//! a minder for each sandbox that gets the network. It has no other memory of its own and never
//! hears from a sandbox.

use super::minder;
use crate::{
    channel,
    init::NAMESPACES,
    launcher::identity::{INSIDE, Owner},
    message::{Step, StepError},
    sys::{self, Clone, Fork},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    fd::{AsFd, AsRawFd, OwnedFd},
    fs::{Mode, OFlags, open},
    io::Errno,
    process::{
        Gid, Signal, Uid, WaitOptions, getpid, set_child_subreaper,
        set_parent_process_death_signal, wait,
    },
    thread::{
        LinkNameSpaceType, move_into_link_name_space, set_name, set_thread_groups,
        set_thread_res_gid, set_thread_res_uid,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Connect a sandbox; with descriptors: its user and network namespace, its pidfd, the line.
#[derive(Debug, Serialize, Deserialize)]
struct Connect;

/// The launcher's hold on the starter.
pub(crate) struct Starter(OwnedFd);

impl Starter {
    /// Forks it. The launcher is still in the host's root.
    pub(crate) fn start(pasta: &Path, owner: Owner) -> Result<Self, StepError> {
        let (ours, theirs) = channel::pair().step("making a socket")?;
        match sys::fork().step("forking")? {
            Fork::Parent(_) => Ok(Self(ours)),
            Fork::Child => {
                let ended = catch_unwind(AssertUnwindSafe(|| live(&theirs, pasta, owner)));
                sys::exit_now(i32::from(!matches!(ended, Ok(Ok(())))))
            }
        }
    }

    /// Begins to connect a sandbox; how it goes is told on the line, whose end for the server this
    /// is.
    pub(crate) fn connect(
        &self,
        namespaces: &[OwnedFd],
        sandbox: &OwnedFd,
    ) -> Result<OwnedFd, StepError> {
        let (ours, theirs) = channel::pair().step("making a socket")?;
        let wanted = ["user", "net"].into_iter().filter_map(|kind| {
            let index = NAMESPACES.iter().position(|other| *other == kind)?;
            namespaces.get(index)
        });
        let fds: Vec<_> = wanted.chain([sandbox, &theirs]).map(AsFd::as_fd).collect();
        channel::send(&self.0, &Connect, &fds).step("reaching the network's starter")?;
        Ok(ours)
    }
}

fn live(socket: &OwnedFd, pasta: &Path, owner: Owner) -> Result<(), StepError> {
    let _ = set_name(c"pyexec-starter");
    set_parent_process_death_signal(Some(Signal::KILL)).step("setting the death signal")?;
    keep_only([socket])?;
    // Minders are orphans from their first moment; whoever is PID 1 here may not know how to
    // bury them.
    set_child_subreaper(Some(getpid())).step("adopting orphans")?;
    let ended = sys::hear(libc::SIGCHLD).step("listening for ended children")?;
    loop {
        let fds = &mut [PollFd::new(socket, PollFlags::IN), PollFd::new(&ended, PollFlags::IN)];
        match poll(fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting"),
        }
        let [asked, died] = [&fds[0], &fds[1]].map(|fd| !fd.revents().is_empty());
        if died {
            // One signal may stand for several.
            let _ = rustix::io::read(&ended, &mut [0; 128]);
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
        if asked {
            let Some((Connect, fds)) = channel::receive(socket).step("reading a message")? else {
                return Ok(());
            };
            let Ok(fds) = <[OwnedFd; 4]>::try_from(fds) else { continue };
            match sys::fork() {
                Ok(Fork::Parent(_)) => {}
                Ok(Fork::Child) => connect(fds, pasta, owner),
                Err(errno) => minder::fail(&fds[3], errno, "forking"),
            }
        }
    }
}

/// Becomes the sandbox's user in the sandbox's user namespace, and leaves a minder behind.
fn connect([user, network, sandbox, line]: [OwnedFd; 4], pasta: &Path, owner: Owner) -> ! {
    let result = catch_unwind(AssertUnwindSafe(|| {
        keep_only([&user, &network, &sandbox, &line])?;
        // More likely to go first when the whole machine is out of memory, as its sandbox.
        let _ = std::fs::write("/proc/self/oom_score_adj", "500");
        if owner != Owner::Ourselves {
            set_thread_groups(&[]).step("dropping supplementary groups")?;
        }
        move_into_link_name_space(user.as_fd(), Some(LinkNameSpaceType::User))
            .step("entering the user namespace")?;
        let (uid, gid) = (Uid::from_raw(INSIDE), Gid::from_raw(INSIDE));
        set_thread_res_gid(gid, gid, gid).step("setresgid")?;
        set_thread_res_uid(uid, uid, uid).step("setresuid")?;
        match sys::clone_into(libc::CLONE_NEWPID, None).step("creating a PID namespace")? {
            Clone::Child => minder::main(&line, &sandbox, &network, pasta),
            Clone::Parent { .. } => Ok::<(), StepError>(()),
        }
    }));
    if let Ok(Err(error)) = result {
        minder::tell_failure(&line, error);
    }
    sys::exit_now(0)
}

/// Closes everything else that the copied process had, its standard streams included.
fn keep_only<const N: usize>(fds: [&OwnedFd; N]) -> Result<(), StepError> {
    sys::close_all_but(fds.map(AsRawFd::as_raw_fd)).step("closing descriptors")?;
    let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .step("opening /dev/null")?;
    (0..3).try_for_each(|number| sys::duplicate_to(&null, number, true)).step("closing streams")
}
