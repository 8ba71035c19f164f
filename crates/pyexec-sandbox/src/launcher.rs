//! The launcher: a single-threaded process beside the server that makes sandboxes, sets their
//! outer limits, and says when they are gone. It never sees what a script does or says.

pub(crate) mod cgroup;
pub(crate) mod identity;
pub(crate) mod root;

use crate::{
    channel,
    init::{self, Ends},
    message::{
        FromInit, FromLauncher, GroupLimits, GroupUsage, Setup, Step, StepError, ToLauncher,
    },
    seccomp::Filters,
    sys::{self, Clone},
};
use cgroup::{Group, Groups};
use identity::{Identities, Owner};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, AsRawFd, OwnedFd},
    io::Errno,
    pipe::{PipeFlags, pipe_with},
    process::{Pid, Signal, pidfd_send_signal, set_parent_process_death_signal},
    thread::{set_name, set_thread_groups},
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How soon the folders of groups that were still busy are tried again.
const RETRY: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// How long a new PID 1 may take until it is ready; one that is stuck is ended.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// Runs the launcher on its socket to the server, to the server's end.
pub(crate) fn main(socket: OwnedFd) -> ! {
    let ended = catch_unwind(AssertUnwindSafe(|| live(&socket)));
    sys::exit_now(i32::from(!matches!(ended, Ok(Ok(())))))
}

fn live(socket: &OwnedFd) -> Result<(), StepError> {
    let _ = set_name(c"pyexec-launcher");
    sys::ignore_sigpipe();
    // Heard beside the socket, so that there is time to clean up. Until the root is ready, then
    // again: a change of credentials clears it.
    let end_with_server =
        || set_parent_process_death_signal(Some(Signal::TERM)).step("setting the death signal");
    let ending = sys::hear(libc::SIGTERM).step("listening for the death signal")?;
    end_with_server()?;
    sys::close_all_but([ending.as_raw_fd()]).step("closing descriptors")?;
    let Some((setup, _)) = channel::receive::<Setup>(socket).step("reading the setup")? else {
        return Ok(());
    };
    let started = Launcher::new(&setup).and_then(|launcher| {
        end_with_server()?;
        Ok(launcher)
    });
    match started {
        Ok(mut launcher) => {
            let limits = launcher.groups.kind();
            if channel::send(socket, &FromLauncher::Ready { limits }, &[]).is_err() {
                return Ok(());
            }
            let served = launcher.serve(socket, &ending);
            launcher.finish();
            served
        }
        Err(error) => {
            drop(channel::send(socket, &FromLauncher::Refused(error), &[]));
            Ok(())
        }
    }
}

/// A sandbox whose PID 1 waits for "go" or runs a script.
struct Sandbox {
    pid: Pid,
    pidfd: OwnedFd,
    slot: u32,
    group: Option<Group>,
    /// The server's number for it; none while it is only ready.
    id: Option<u64>,
}

/// The server's ends of a new sandbox's channels.
struct ServerEnds {
    control: OwnedFd,
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    claims: OwnedFd,
}

struct Launcher {
    owner: Owner,
    filters: Filters,
    groups: Groups,
    identities: Identities,
    sandboxes: Vec<Sandbox>,
    /// Ends of sandboxes that are ready, by PID.
    ready: Vec<(Pid, ServerEnds)>,
    /// How many to keep ready.
    wanted: usize,
    /// Groups whose processes had not all left.
    busy: Vec<Group>,
    count: u64,
}

impl Launcher {
    /// Builds the root and a first sandbox: isolation is probed by doing.
    fn new(setup: &Setup) -> Result<Self, StepError> {
        let owner = Owner::find()?;
        let groups = Groups::find(setup.cgroup.as_deref());
        if let (Some(wanted), Groups::None) = (&setup.cgroup, &groups) {
            return Err(StepError {
                step: cgroup::STEP.into(),
                errno: 0,
                detail: format!("none can be made below {}", wanted.display()),
            });
        }
        let filters = Filters::compile()?;
        root::enter(&setup.interpreters, setup.host_network, owner)?;
        if owner != Owner::Ourselves {
            set_thread_groups(&[]).step("dropping supplementary groups")?;
        }
        let mut launcher = Self {
            owner,
            filters,
            groups,
            identities: Identities::default(),
            sandboxes: Vec::new(),
            ready: Vec::new(),
            wanted: setup.ready.max(1),
            busy: Vec::new(),
            count: 0,
        };
        if let Err(error) = launcher.make_ready() {
            launcher.finish();
            return Err(error);
        }
        Ok(launcher)
    }

    fn serve(&mut self, socket: &OwnedFd, ending: &OwnedFd) -> Result<(), StepError> {
        loop {
            let Some((told, ended)) = self.wait(socket, ending)? else { return Ok(()) };
            for pid in ended {
                self.bury(socket, pid)?;
            }
            self.busy = std::mem::take(&mut self.busy)
                .into_iter()
                .filter(|group| !self.groups.remove(group))
                .collect();
            if !told {
                continue;
            }
            let message = channel::receive(socket).step("reading a message")?;
            let Some((ToLauncher::Create { id, host_network, limits }, _)) = message else {
                return Ok(());
            };
            match self.assign(id, host_network, limits) {
                Ok((pidfd, ends)) => {
                    let fds = [
                        &pidfd,
                        &ends.control,
                        &ends.stdin,
                        &ends.stdout,
                        &ends.stderr,
                        &ends.claims,
                    ];
                    let answer = FromLauncher::Created { id };
                    drop(channel::send(socket, &answer, &fds.map(AsFd::as_fd)));
                }
                Err(error) => {
                    drop(channel::send(socket, &FromLauncher::NotCreated { id, error }, &[]));
                }
            }
        }
    }

    /// Waits for a message or for sandboxes to end; `None` when it is our time to end.
    fn wait(
        &self,
        socket: &OwnedFd,
        ending: &OwnedFd,
    ) -> Result<Option<(bool, Vec<Pid>)>, StepError> {
        let mut fds = vec![PollFd::new(socket, PollFlags::IN), PollFd::new(ending, PollFlags::IN)];
        fds.extend(self.sandboxes.iter().map(|s| PollFd::new(&s.pidfd, PollFlags::IN)));
        let timeout = (!self.busy.is_empty()).then_some(&RETRY);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting"),
        }
        let seen: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let ended = self.sandboxes.iter().zip(&seen[2..]).filter(|(_, seen)| **seen);
        let ended = ended.map(|(sandbox, _)| sandbox.pid).collect();
        Ok((!seen[1]).then_some((seen[0], ended)))
    }

    /// Hands out a ready sandbox, or makes one, with its limits set.
    fn assign(
        &mut self,
        id: u64,
        host_network: bool,
        limits: GroupLimits,
    ) -> Result<(OwnedFd, ServerEnds), StepError> {
        let spare = if host_network { None } else { self.ready.pop() };
        let (pid, ends) = match spare {
            Some(spare) => spare,
            None => self.make(host_network)?,
        };
        let sandbox = self.sandboxes.iter_mut().find(|sandbox| sandbox.pid == pid);
        let sandbox = sandbox.ok_or_else(|| StepError {
            step: "taking a ready sandbox".into(),
            errno: 0,
            detail: "it ended before it was used".into(),
        })?;
        if let Some(group) = &sandbox.group {
            group.limit(limits).step("setting the limits of the control group")?;
        }
        sandbox.id = Some(id);
        Ok((sandbox.pidfd.try_clone().step("copying a pidfd")?, ends))
    }

    fn make_ready(&mut self) -> Result<(), StepError> {
        while self.ready.len() < self.wanted {
            let made = self.make(false)?;
            self.ready.push(made);
        }
        Ok(())
    }

    /// Makes a sandbox up to the point where it waits for "go".
    fn make(&mut self, host_network: bool) -> Result<(Pid, ServerEnds), StepError> {
        self.count += 1;
        let group = self.groups.create(&cgroup::name(self.count)).step(cgroup::STEP)?;
        let slot = self.identities.take();
        let made = self.start(group.as_ref(), slot, host_network);
        let (pid, pidfd, ends) = match made {
            Ok(made) => made,
            Err(error) => {
                self.identities.give_back(slot);
                self.busy.extend(group);
                return Err(error);
            }
        };
        let ready = poll(&mut [PollFd::new(&ends.control, PollFlags::IN)], Some(&PATIENCE));
        if ready == Ok(0) {
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
        }
        self.sandboxes.push(Sandbox { pid, pidfd, slot, group, id: None });
        match channel::receive(&ends.control).step("waiting for PID 1")? {
            Some((FromInit::Ready, _)) => Ok((pid, ends)),
            Some((FromInit::Failed(error), _)) => Err(error),
            _ => Err(StepError {
                step: "starting PID 1".into(),
                errno: 0,
                detail: "it ended before it was ready".into(),
            }),
        }
    }

    fn start(
        &self,
        group: Option<&Group>,
        slot: u32,
        host_network: bool,
    ) -> Result<(Pid, OwnedFd, ServerEnds), StepError> {
        let pipe = || pipe_with(PipeFlags::CLOEXEC).step("making a pipe");
        let (control, init_control) = channel::pair().step("making a socket")?;
        let ((init_stdin, stdin), (stdout, init_stdout)) = (pipe()?, pipe()?);
        let ((stderr, init_stderr), (claims, init_claims)) = (pipe()?, pipe()?);
        let (mapped, tell_mapped) = pipe()?;
        let namespaces =
            if host_network { sys::NAMESPACES } else { sys::NAMESPACES | libc::CLONE_NEWNET };
        let birthplace = group.and_then(Group::birthplace);
        match sys::clone_into(namespaces, birthplace).step("creating namespaces")? {
            Clone::Child => {
                let ends = Ends {
                    control: init_control,
                    stdin: init_stdin,
                    stdout: init_stdout,
                    stderr: init_stderr,
                    claims: init_claims,
                    mapped,
                };
                init::main(ends, host_network, &self.filters)
            }
            Clone::Parent { pid, pidfd } => {
                let introduced = group
                    .map_or(Ok(()), |group| group.attach(pid))
                    .step("entering the control group")
                    .and_then(|()| identity::map(pid, slot, self.owner))
                    .and_then(|()| {
                        let streams = [&stdin, &stdout, &stderr].map(AsFd::as_fd);
                        identity::give(streams, slot, self.owner)
                    })
                    .and_then(|()| {
                        rustix::io::write(&tell_mapped, &[0]).step("waking PID 1").map(drop)
                    });
                if let Err(error) = introduced {
                    // PID 1 reads the end of the pipe instead, and leaves.
                    drop(tell_mapped);
                    drop(sys::reap(pid));
                    return Err(error);
                }
                Ok((pid, pidfd, ServerEnds { control, stdin, stdout, stderr, claims }))
            }
        }
    }

    /// Ends every sandbox and leaves nothing behind.
    fn finish(&mut self) {
        for sandbox in std::mem::take(&mut self.sandboxes) {
            let _ = pidfd_send_signal(&sandbox.pidfd, Signal::KILL);
            drop(sys::reap(sandbox.pid));
            self.busy.extend(sandbox.group);
        }
        for _ in 0..200 {
            self.busy.retain(|group| !self.groups.remove(group));
            if self.busy.is_empty() {
                return;
            }
            let _ = poll(&mut [], Some(&RETRY));
        }
    }

    /// A sandbox has ended: everything in it is gone with its PID 1.
    fn bury(&mut self, socket: &OwnedFd, pid: Pid) -> Result<(), StepError> {
        let Some(index) = self.sandboxes.iter().position(|sandbox| sandbox.pid == pid) else {
            return Ok(());
        };
        let sandbox = self.sandboxes.swap_remove(index);
        self.ready.retain(|(ready, _)| *ready != pid);
        let reaped = sys::reap(pid).step("reaping a sandbox")?;
        let mut usage = sandbox.group.as_ref().map(Group::usage).unwrap_or_default();
        usage.cpu_ms = usage.cpu_ms.max(reaped.cpu_ms);
        usage.peak_memory_bytes = match usage.peak_memory_bytes {
            0 => reaped.max_rss_bytes,
            peak => peak,
        };
        self.identities.give_back(sandbox.slot);
        if let Some(group) = sandbox.group
            && !self.groups.remove(&group)
        {
            self.busy.push(group);
        }
        if let Some(id) = sandbox.id {
            let told: GroupUsage = usage;
            drop(channel::send(socket, &FromLauncher::Exited { id, usage: told }, &[]));
        }
        // The next execution shouldn't wait for its namespaces. If this fails now, it fails
        // again, with its reason, for the execution that needs it; and a sandbox that ended before
        // its time is no reason to make the next.
        if sandbox.id.is_some() {
            drop(self.make_ready());
        }
        Ok(())
    }
}
