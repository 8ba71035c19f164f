//! The launcher: a single-threaded process beside the server that makes sandboxes, sets their
//! outer limits, and says when they are gone. It never sees what a script does or says.

pub(crate) mod cgroup;
pub(crate) mod host;
pub(crate) mod identity;
mod importing;
mod nursery;
mod pool;
pub(crate) mod root;
mod sandbox;
mod templates;
pub(crate) mod zygote;

use crate::{
    IsolationLevel, channel, init,
    message::{FromLauncher, LimitsBy, Setup, Step, StepError, ToLauncher},
    network::{Network, Starter},
    seccomp::Filters,
    sys,
};
use cgroup::{Group, Groups};
use host::Host;
use identity::{Identities, Owner};
use nursery::Nursery;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsRawFd, OwnedFd},
    fs::Mode,
    io::Errno,
    process::{Pid, Signal, set_parent_process_death_signal, umask},
    thread::{set_name, set_thread_groups},
};
use sandbox::{Claim, Sandbox};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// How soon the folders of groups that were still busy are tried again.
const RETRY: Duration = Duration::from_millis(5);

/// What a sandbox fails at whose PID 1 ends too early.
pub(crate) const STARTING: &str = "starting PID 1";

/// How many files the launcher would open at most.
const MOST_OPEN_FILES: u64 = 1 << 16;

/// Runs the launcher on its socket to the server, to the server's end.
pub(crate) fn main(socket: OwnedFd) -> ! {
    let ended = catch_unwind(AssertUnwindSafe(|| live(socket)));
    sys::exit_now(i32::from(!matches!(ended, Ok(Ok(())))))
}

fn live(socket: OwnedFd) -> Result<(), StepError> {
    let _ = set_name(c"pyexec-launcher");
    sys::ignore_sigpipe();
    // The server's must decide neither what a sandbox can read nor what a copy of a zygote has.
    umask(Mode::from_raw_mode(0o022));
    // Each sandbox that waits takes some twenty descriptors.
    init::privileges::raise_open_files(MOST_OPEN_FILES)?;
    // Heard beside the socket, so that there is time to clean up. Until the root is ready, then
    // again: a change of credentials clears it.
    let ending = sys::hear(libc::SIGTERM).step("listening for the death signal")?;
    end_with_server()?;
    sys::close_all_but([ending.as_raw_fd()]).step("closing descriptors")?;
    let Some((setup, _)) = channel::receive::<Setup>(&socket).step("reading the setup")? else {
        return Ok(());
    };
    setup.weakened.hold();
    match Launcher::new(setup, socket) {
        Ok(mut launcher) => {
            end_with_server()?;
            let limits = launcher.groups.kind();
            let level = launcher.level;
            launcher.tell(&FromLauncher::Ready { limits, level });
            let served = launcher.serve(&ending);
            launcher.finish();
            served
        }
        Err((error, socket)) => {
            drop(channel::send(&socket, &FromLauncher::Refused(error), &[]));
            Ok(())
        }
    }
}

fn end_with_server() -> Result<(), StepError> {
    set_parent_process_death_signal(Some(Signal::TERM)).step("setting the death signal")
}

/// Everything that the launcher has.
pub(crate) struct Launcher {
    setup: Setup,
    socket: OwnedFd,
    owner: Owner,
    /// Where environments come from.
    host: Host,
    filters: Filters,
    /// Starts pasta for executions with a network of their own.
    starter: Option<Starter>,
    groups: Groups,
    /// What sandboxes have to have: after the first one, as much as that had.
    level: IsolationLevel,
    identities: Identities,
    sandboxes: Vec<Sandbox>,
    nursery: Nursery,
    /// Groups whose processes had not all left.
    busy: Vec<Group>,
    count: u64,
    /// A sandbox couldn't be made ready: no more are tried until one is asked for.
    halted: bool,
}

/// What is made while the host's root is still in sight.
struct Prepared {
    owner: Owner,
    host: Host,
    groups: Groups,
    filters: Filters,
    starter: Option<Starter>,
}

/// What the loop waits for.
#[derive(Clone, Copy)]
enum Source {
    Server,
    Ending,
    /// PID 1 of a sandbox has ended.
    End(Pid),
    /// PID 1 of a sandbox that isn't handed out says something.
    Word(Pid),
    /// A zygote says something, or has ended.
    Zygote(Pid),
}

impl Launcher {
    /// Builds the root and a first sandbox: isolation is probed by doing.
    fn new(setup: Setup, socket: OwnedFd) -> Result<Self, (StepError, OwnedFd)> {
        let prepared = Self::prepare(&setup);
        let Prepared { owner, host, groups, filters, starter } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err((error, socket)),
        };
        let mut launcher = Self {
            nursery: Nursery::new(&setup, owner),
            level: setup.isolation,
            setup,
            socket,
            owner,
            host,
            filters,
            starter,
            groups,
            identities: Identities::default(),
            sandboxes: Vec::new(),
            busy: Vec::new(),
            count: 0,
            halted: false,
        };
        match launcher.probe() {
            Ok(()) => Ok(launcher),
            Err(error) => {
                launcher.finish();
                Err((error, launcher.socket))
            }
        }
    }

    fn prepare(setup: &Setup) -> Result<Prepared, StepError> {
        let owner = Owner::find()?;
        let groups = Groups::find(setup.cgroup.as_deref());
        if let (Some(wanted), LimitsBy::Rlimits) = (&setup.cgroup, groups.kind()) {
            return Err(StepError {
                step: cgroup::STEP.into(),
                errno: 0,
                detail: format!("none can be made below {}", wanted.display()),
            });
        }
        let filters = Filters::compile()?;
        let starter = match &setup.network {
            Network::Pasta(program) => Some(Starter::start(program, owner)?),
            Network::None | Network::Host => None,
        };
        let host = root::enter(&setup.interpreters, setup.network.resolver().as_deref(), owner)?;
        if owner != Owner::Ourselves {
            set_thread_groups(&[]).step("dropping supplementary groups")?;
        }
        Ok(Prepared { owner, host, groups, filters, starter })
    }

    /// What the server doesn't hear, it doesn't need: then it is gone.
    fn tell(&self, message: &FromLauncher) {
        drop(channel::send(&self.socket, message, &[]));
    }

    fn serve(&mut self, ending: &OwnedFd) -> Result<(), StepError> {
        let first: Vec<_> = self.setup.warm.clone();
        for template in first {
            self.want_zygote(template);
        }
        loop {
            self.refill();
            let look = self.nursery.look_at_imports();
            for source in self.wait(ending, look)? {
                match source {
                    Source::Server if !self.hear_server()? => return Ok(()),
                    Source::Server => {}
                    Source::Ending => return Ok(()),
                    Source::End(pid) => self.bury(pid)?,
                    Source::Word(pid) => self.hear_sandbox(pid),
                    Source::Zygote(pid) => self.hear_zygote(pid),
                }
            }
            self.end_stuck();
            let busy = std::mem::take(&mut self.busy);
            self.busy = busy.into_iter().filter(|group| !self.groups.remove(group)).collect();
        }
    }

    fn wait(&self, ending: &OwnedFd, look: Option<Duration>) -> Result<Vec<Source>, StepError> {
        let entry = |source, fd| (source, PollFd::from_borrowed_fd(fd, PollFlags::IN));
        use rustix::fd::AsFd;
        let mut watched =
            vec![entry(Source::Server, self.socket.as_fd()), entry(Source::Ending, ending.as_fd())];
        for sandbox in &self.sandboxes {
            watched.push(entry(Source::End(sandbox.pid), sandbox.pidfd.as_fd()));
            if let Some(ends) = sandbox.ends.as_ref().filter(|_| sandbox.is_in_progress()) {
                watched.push(entry(Source::Word(sandbox.pid), ends.control.as_fd()));
            }
        }
        for (pid, fd) in self.nursery.watched() {
            watched.push(entry(Source::Zygote(pid), fd));
        }
        let (sources, mut fds): (Vec<_>, Vec<_>) = watched.into_iter().unzip();
        let retry = (!self.busy.is_empty()).then_some(RETRY);
        let patience = self.next_stuck().map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = retry.into_iter().chain(patience).chain(look).min();
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).step("waiting"),
        }
        let seen = sources.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(seen.map(|(source, _)| source).collect())
    }

    /// `false` once the server is gone.
    fn hear_server(&mut self) -> Result<bool, StepError> {
        let message = channel::receive(&self.socket).step("reading a message")?;
        let Some((message, _)) = message else { return Ok(false) };
        let ToLauncher::Create { id, network, template, environment, limits } = message;
        self.halted = false;
        match environment.map(|place| self.host.take(&place)).transpose() {
            Ok(packages) => self.create(Claim { id, network, packages, limits }, template),
            Err(error) => self.tell(&FromLauncher::NotCreated { id, error }),
        }
        Ok(true)
    }

    /// Ends every sandbox and leaves nothing behind.
    fn finish(&mut self) {
        self.nursery.finish();
        for sandbox in std::mem::take(&mut self.sandboxes) {
            sandbox.kill();
            drop(sys::reap(sandbox.pid));
            self.busy.extend(sandbox.group);
        }
        for _ in 0..200 {
            self.busy.retain(|group| !self.groups.remove(group));
            if self.busy.is_empty() {
                return;
            }
            let retry = Timespec::try_from(RETRY).ok();
            let _ = poll(&mut [], retry.as_ref());
        }
    }
}
