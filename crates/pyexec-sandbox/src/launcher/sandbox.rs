//! One sandbox as the launcher sees it, from its making to its end.

use super::{
    cgroup::{self, Group},
    identity::{self, Owner},
};
use crate::{
    IsolationLevel, channel,
    init::{self, Ends},
    message::{GroupLimits, Step, StepError},
    seccomp::Filters,
    sys::{self, Clone},
    weaken::{self, Layer, without},
};
use rustix::{
    fd::{AsFd, OwnedFd},
    pipe::{PipeFlags, pipe_with},
    process::{Pid, Signal, pidfd_send_signal},
};
use std::time::{Duration, Instant};

/// How long the making of a sandbox may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a copy of an interpreter may take, for which there is another way.
const COPY_PATIENCE: Duration = Duration::from_secs(2);

/// A PID 1 of ours, and what it was made for.
pub(crate) struct Sandbox {
    pub(crate) pid: Pid,
    pub(crate) pidfd: OwnedFd,
    pub(crate) slot: u32,
    pub(crate) group: Option<Group>,
    pub(crate) state: State,
    /// Whether it shares the host's network.
    pub(crate) host_network: bool,
    /// The interpreter, by index, whose copy is to wait in it.
    pub(crate) wanted: Option<usize>,
    /// The execution that waits for it.
    pub(crate) claim: Option<Claim>,
    /// Its namespaces, in the order of `init::copy::NAMESPACES`, until it is handed out.
    pub(crate) namespaces: Vec<OwnedFd>,
    /// The server's ends of its channels, until it is handed out.
    pub(crate) ends: Option<ServerEnds>,
    /// When the present state began.
    pub(crate) since: Instant,
}

/// How far a sandbox is.
pub(crate) enum State {
    /// Namespaces and file systems are being made.
    Starting,
    /// It could run anything. The copy's end of the go channel is there until one was sent.
    Plain(Option<OwnedFd>),
    /// A zygote was asked for a copy. The process that makes it reads `start` first.
    Warming { start: Option<OwnedFd>, helper: Option<Pid> },
    /// A copy of this interpreter waits in it.
    Warm(usize),
    /// Execution `id` has it.
    Taken(u64),
}

/// An execution that wants a sandbox.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) id: u64,
    /// Whether it has the network.
    pub(crate) network: bool,
    /// A mount of its packages, not attached to anything yet.
    pub(crate) packages: Option<OwnedFd>,
    pub(crate) limits: GroupLimits,
}

/// The server's ends of a sandbox's channels; with the sandbox's own ends of those that a copy
/// would need.
pub(crate) struct ServerEnds {
    pub(crate) control: OwnedFd,
    pub(crate) stdin: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
    pub(crate) claims: OwnedFd,
    /// stdin, stdout, stderr, claims.
    pub(crate) inner: [OwnedFd; 4],
}

impl Sandbox {
    /// Makes one up to its first process, which says when it is ready.
    pub(crate) fn start(
        group: Option<Group>,
        slot: u32,
        host_network: bool,
        level: IsolationLevel,
        owner: Owner,
        filters: &Filters,
    ) -> Result<Self, (StepError, Option<Group>)> {
        match create(group.as_ref(), slot, host_network, level, owner, filters) {
            Ok((pid, pidfd, ends)) => Ok(Self {
                pid,
                pidfd,
                slot,
                group,
                state: State::Starting,
                host_network,
                wanted: None,
                claim: None,
                namespaces: Vec::new(),
                ends: Some(ends),
                since: Instant::now(),
            }),
            Err(error) => Err((error, group)),
        }
    }

    pub(crate) fn enter(&mut self, state: State) {
        self.state = state;
        self.since = Instant::now();
    }

    /// Whether something is still to happen before it can be handed out.
    pub(crate) fn is_in_progress(&self) -> bool {
        matches!(self.state, State::Starting | State::Warming { .. })
    }

    /// When it counts as stuck, if something is still to happen.
    pub(crate) fn stuck_at(&self) -> Option<Instant> {
        match self.state {
            State::Starting => Some(self.since + PATIENCE),
            State::Warming { .. } => Some(self.since + COPY_PATIENCE),
            _ => None,
        }
    }

    /// Whether nobody has asked for it yet.
    pub(crate) fn is_free(&self) -> bool {
        self.claim.is_none() && !matches!(self.state, State::Taken(_)) && !self.host_network
    }

    /// Ends everything in it; the rest happens when that is seen.
    pub(crate) fn kill(&self) {
        // Fails only where it is gone already.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }
}

fn create(
    group: Option<&Group>,
    slot: u32,
    host_network: bool,
    level: IsolationLevel,
    owner: Owner,
    filters: &Filters,
) -> Result<(Pid, OwnedFd, ServerEnds), StepError> {
    let pipe = || pipe_with(PipeFlags::CLOEXEC).step("making a pipe");
    let (control, init_control) = channel::pair().step("making a socket")?;
    let ((init_stdin, stdin), (stdout, init_stdout)) = (pipe()?, pipe()?);
    let ((stderr, init_stderr), (claims, init_claims)) = (pipe()?, pipe()?);
    let (mapped, tell_mapped) = pipe()?;
    let memory = match (level, group) {
        (IsolationLevel::NoProc, Some(group)) => {
            Some(group.memory().step("opening the control group's memory.stat")?)
        }
        _ => None,
    };
    let namespaces =
        if host_network { sys::NAMESPACES } else { sys::NAMESPACES | libc::CLONE_NEWNET };
    let namespaces = weaken::namespaces(namespaces);
    let birthplace = group.and_then(Group::birthplace);
    let entrances = group.map_or(Ok(Vec::new()), Group::entrances).step(cgroup::ENTERING)?;
    match owner.clone_into(namespaces, birthplace).step("creating namespaces")? {
        Clone::Child => {
            let ends = Ends {
                control: init_control,
                stdin: init_stdin,
                stdout: init_stdout,
                stderr: init_stderr,
                claims: init_claims,
                mapped,
                memory,
            };
            let host_network = host_network || without(Layer::NetworkNamespace);
            init::main(ends, &entrances, host_network, filters)
        }
        Clone::Parent { pid, pidfd } => {
            let introduced = identity::map(pid, slot, owner)
                .and_then(|()| {
                    let streams = [&stdin, &stdout, &stderr].map(AsFd::as_fd);
                    identity::give(streams, slot, owner)
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
            let inner = [init_stdin, init_stdout, init_stderr, init_claims];
            Ok((pid, pidfd, ServerEnds { control, stdin, stdout, stderr, claims, inner }))
        }
    }
}
