//! Which sandbox an execution gets, and which are kept ready for the next.

use super::{
    Launcher, STARTING, cgroup,
    sandbox::{Claim, PATIENCE, Sandbox, ServerEnds, State},
};
use crate::{
    IsolationLevel, channel,
    message::{FromInit, FromLauncher, GroupLimits, GroupUsage, Step, StepError},
    network::Network,
    sys,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::{AsFd, OwnedFd},
    pipe::{PipeFlags, pipe_with},
    process::Pid,
};
use std::time::Instant;

impl Launcher {
    /// Makes a first sandbox and waits for it.
    pub(super) fn probe(&mut self) -> Result<(), StepError> {
        let index = self.start(false)?;
        let sandbox = &mut self.sandboxes[index];
        let Some(ends) = &sandbox.ends else { return Ok(()) };
        let timeout = Timespec::try_from(PATIENCE).ok();
        if poll(&mut [PollFd::new(&ends.control, PollFlags::IN)], timeout.as_ref()) == Ok(0) {
            sandbox.kill();
        }
        let FirstWord { namespaces, go, level } =
            first_word(ends).map_err(|error| self.level.explain(error, self.groups.kind()))?;
        sandbox.namespaces = namespaces;
        sandbox.enter(State::Plain(go));
        self.level = level;
        Ok(())
    }

    /// Finds or makes a sandbox for an execution, with a copy of an interpreter if one is wanted
    /// and can be had.
    pub(super) fn create(&mut self, claim: Claim, wanted: Option<usize>) {
        let host_network = claim.network && self.setup.network == Network::Host;
        let wanted = wanted.filter(|_| !host_network).and_then(|it| self.want_copies(it));
        let found = if host_network { None } else { self.find(wanted) };
        let index = match found.map_or_else(|| self.start(host_network), Ok) {
            Ok(index) => index,
            Err(error) => return self.tell(&FromLauncher::NotCreated { id: claim.id, error }),
        };
        let sandbox = &mut self.sandboxes[index];
        sandbox.claim = Some(claim);
        sandbox.wanted = wanted;
        self.advance(index);
    }

    /// The best that is there: ready, or nearly so.
    fn find(&self, wanted: Option<usize>) -> Option<usize> {
        let rank = |sandbox: &Sandbox| match (&sandbox.state, wanted) {
            (State::Warm(index), Some(wanted)) if *index == wanted => Some(0),
            (State::Warming { .. }, Some(_)) if sandbox.wanted == wanted => Some(1),
            (State::Plain(Some(_)), Some(_)) => Some(2),
            (State::Plain(_), None) => Some(0),
            (State::Starting, _) => Some(3),
            // A copy couldn't be made in it. Nobody else would take it where none can be made.
            (State::Plain(None), Some(_)) => Some(4),
            _ => None,
        };
        let free = self.sandboxes.iter().enumerate().filter(|(_, sandbox)| sandbox.is_free());
        let ranked = free.filter_map(|(index, sandbox)| Some((rank(sandbox)?, index)));
        ranked.min().map(|(_, index)| index)
    }

    /// Starts a new one; where it is in the list.
    fn start(&mut self, host_network: bool) -> Result<usize, StepError> {
        self.count += 1;
        let group = self.groups.create(&cgroup::name(self.count)).step(cgroup::STEP)?;
        let slot = self.identities.take();
        match Sandbox::start(group, slot, host_network, self.level, self.owner, &self.filters) {
            Ok(sandbox) => self.sandboxes.push(sandbox),
            Err((error, group)) => {
                self.identities.give_back(slot);
                self.busy.extend(group);
                return Err(error);
            }
        }
        Ok(self.sandboxes.len() - 1)
    }

    /// Does what comes next for a sandbox: a copy of an interpreter, or its execution.
    fn advance(&mut self, index: usize) {
        let sandbox = &mut self.sandboxes[index];
        if let (State::Plain(go), Some(wanted)) = (&mut sandbox.state, sandbox.wanted)
            && let Some(go) = go.take()
        {
            // Where that fails, it can still start an interpreter of its own.
            if self.warm(index, wanted, &go).is_ok() {
                return;
            }
        }
        let sandbox = &self.sandboxes[index];
        if !sandbox.is_in_progress() && sandbox.claim.is_some() {
            self.hand_out(index);
        }
    }

    /// Asks for a copy of an interpreter in a sandbox.
    fn warm(&mut self, index: usize, wanted: usize, go: &OwnedFd) -> Result<(), StepError> {
        let sandbox = &mut self.sandboxes[index];
        let (Some(zygote), Some(ends)) = (self.nursery.ready(wanted), &sandbox.ends) else {
            return Err(StepError {
                step: "copying an interpreter".into(),
                errno: 0,
                detail: "it is gone".into(),
            });
        };
        let (its_start, start) = pipe_with(PipeFlags::CLOEXEC).step("making a pipe")?;
        let entrances = sandbox.group.as_ref().map_or(Ok(Vec::new()), cgroup::Group::entrances);
        let entrances = entrances.step(cgroup::ENTERING)?;
        let [stdin, stdout, stderr, claims] = &ends.inner;
        let channels = [stdin, stdout, stderr, claims, go];
        zygote.fork(sandbox.pid, &sandbox.namespaces, channels, &its_start, &entrances)?;
        sandbox.enter(State::Warming { start: Some(start), helper: None });
        Ok(())
    }

    fn hand_out(&mut self, index: usize) {
        let sandbox = &mut self.sandboxes[index];
        let (Some(claim), Some(ends)) = (sandbox.claim.take(), sandbox.ends.take()) else {
            return;
        };
        let id = claim.id;
        let is_warm = matches!(sandbox.state, State::Warm(_));
        sandbox.enter(State::Taken(id));
        if let Err(error) = limit(sandbox.group.as_ref(), claim.limits) {
            sandbox.kill();
            return self.tell(&FromLauncher::NotCreated { id, error });
        }
        let namespaces = std::mem::take(&mut sandbox.namespaces);
        let line = match &self.starter {
            Some(starter) if claim.network => {
                starter.connect(&namespaces, &sandbox.pidfd).map(Some)
            }
            _ => Ok(None),
        };
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                sandbox.kill();
                return self.tell(&FromLauncher::NotCreated { id, error });
            }
        };
        let ServerEnds { control, stdin, stdout, stderr, claims, inner: _ } = &ends;
        let fds = [&sandbox.pidfd, control, stdin, stdout, stderr, claims].into_iter();
        let fds: Vec<_> = fds.chain(&claim.packages).chain(&line).map(AsFd::as_fd).collect();
        let created = FromLauncher::Created { id, is_warm };
        drop(channel::send(&self.socket, &created, &fds));
    }

    /// What PID 1 of a sandbox says before it is handed out.
    pub(super) fn hear_sandbox(&mut self, pid: Pid) {
        let Some(index) = self.position(pid) else { return };
        let sandbox = &mut self.sandboxes[index];
        let Some(ends) = &sandbox.ends else { return };
        match &mut sandbox.state {
            State::Starting => match first_word(ends) {
                Ok(FirstWord { namespaces, go, .. }) => {
                    sandbox.namespaces = namespaces;
                    sandbox.enter(State::Plain(go));
                }
                Err(error) => {
                    sandbox.kill();
                    self.halted |= sandbox.claim.is_none();
                    if let Some(Claim { id, .. }) = sandbox.claim.take() {
                        self.tell(&FromLauncher::NotCreated { id, error });
                    }
                    return;
                }
            },
            State::Warming { start, helper } => {
                let Ok(Some((said, _))) = channel::receive(&ends.control) else {
                    // It has ended, and whoever waits for it hears so once that is seen.
                    return sandbox.kill();
                };
                let warmed = matches!(said, FromInit::Warmed { ok: true });
                *start = None;
                if let Some(helper) = helper.take() {
                    // It has nothing left to do.
                    drop(sys::reap(helper));
                }
                let wanted = sandbox.wanted.filter(|_| warmed);
                sandbox.enter(wanted.map_or(State::Plain(None), State::Warm));
                self.halted |= !warmed;
            }
            _ => return,
        }
        self.advance(index);
    }

    /// Puts the process that makes a copy into the sandbox's group, and lets it begin.
    pub(super) fn introduce(&mut self, zygote: Pid, helper: Option<Pid>) {
        let sandbox = self.nursery.next_waiting(zygote);
        let sandbox = self.sandboxes.iter_mut().find(|entry| Some(entry.pid) == sandbox);
        let Some(helper) = helper else { return };
        let Some(sandbox) = sandbox else {
            // Its sandbox has ended meanwhile: it sees the end of its pipe.
            drop(sys::reap(helper));
            return;
        };
        let attached = sandbox.group.as_ref().map_or(Ok(()), |group| group.attach(helper));
        if let State::Warming { start, helper: known } = &mut sandbox.state {
            let start = start.take();
            if attached.is_ok()
                && let Some(start) = start
            {
                let _ = rustix::io::write(&start, &[0]);
            }
            *known = Some(helper);
        }
    }

    /// A sandbox has ended: everything in it is gone with its PID 1.
    pub(super) fn bury(&mut self, pid: Pid) -> Result<(), StepError> {
        let Some(index) = self.position(pid) else { return Ok(()) };
        let sandbox = self.sandboxes.swap_remove(index);
        let reaped = sys::reap(pid).step("reaping a sandbox")?;
        let mut usage = sandbox.group.as_ref().map(cgroup::Group::usage).unwrap_or_default();
        usage.cpu_ms = usage.cpu_ms.max(reaped.cpu_ms);
        usage.peak_memory_bytes = match usage.peak_memory_bytes {
            0 => reaped.max_rss_bytes,
            peak => peak,
        };
        self.identities.give_back(sandbox.slot);
        if let State::Taken(id) = sandbox.state {
            let told: GroupUsage = usage;
            self.tell(&FromLauncher::Exited { id, usage: told });
        } else {
            self.halted |= sandbox.claim.is_none();
        }
        if let Some(Claim { id, .. }) = sandbox.claim {
            let error = StepError {
                step: STARTING.into(),
                errno: 0,
                detail: "it ended before it was ready".into(),
            };
            self.tell(&FromLauncher::NotCreated { id, error });
        }
        if let State::Warming { start, helper: Some(helper) } = sandbox.state {
            drop(start);
            drop(sys::reap(helper));
        }
        if let Some(group) = sandbox.group
            && !self.groups.remove(&group)
        {
            self.busy.push(group);
        }
        Ok(())
    }

    /// Makes the next that should be ready, one at a time: an execution shouldn't wait for its
    /// namespaces. What fails now fails again, with its reason, for the execution that needs it.
    /// While executions run, the processors are theirs, and one that is ready is enough.
    pub(super) fn refill(&mut self) {
        let is_free = |sandbox: &&Sandbox| sandbox.is_free();
        let mut free = self.sandboxes.iter().filter(is_free);
        if self.halted || free.clone().any(Sandbox::is_in_progress) {
            return;
        }
        let plain = free.clone().filter(|sandbox| matches!(sandbox.state, State::Plain(_))).count();
        let runs = self.sandboxes.iter().any(|sandbox| matches!(sandbox.state, State::Taken(_)));
        let ready = if runs { self.setup.ready.min(1) } else { self.setup.ready };
        let spare = if self.nursery.is_off() { ready } else { usize::from(!runs) };
        let lacking = self.nursery.in_use().find(|index| {
            let warm =
                |sandbox: &&Sandbox| matches!(sandbox.state, State::Warm(of) if of == *index);
            free.clone().filter(warm).count() < ready
        });
        let plain_at = free.position(|sandbox| matches!(sandbox.state, State::Plain(Some(_))));
        let index = match lacking {
            Some(_) if plain_at.is_some() => plain_at.and_then(|nth| {
                let mut free = self.sandboxes.iter().enumerate().filter(|(_, s)| s.is_free());
                free.nth(nth).map(|(index, _)| index)
            }),
            Some(_) => self.start(false).ok(),
            None if plain < spare => self.start(false).ok(),
            None => return,
        };
        let Some(index) = index else {
            self.halted = true;
            return;
        };
        self.sandboxes[index].wanted = lacking;
        self.advance(index);
    }

    /// When the next sandbox counts as stuck.
    pub(super) fn next_stuck(&self) -> Option<Instant> {
        self.sandboxes.iter().filter_map(Sandbox::stuck_at).min()
    }

    /// Ends what is stuck: the zygote where it owes a copy, else the sandbox.
    pub(super) fn end_stuck(&mut self) {
        let now = Instant::now();
        for sandbox in &mut self.sandboxes {
            if sandbox.stuck_at().is_some_and(|at| at <= now) {
                // What follows takes its time too.
                sandbox.since = now;
                match (&mut sandbox.state, sandbox.wanted) {
                    (State::Warming { start, .. }, Some(wanted)) => {
                        // A zygote that ended before it named its helper leaves one that waits for
                        // this, and that holds the zygote's socket open.
                        *start = None;
                        self.nursery.kill(wanted);
                    }
                    _ => sandbox.kill(),
                }
            }
        }
    }

    fn position(&self, pid: Pid) -> Option<usize> {
        self.sandboxes.iter().position(|sandbox| sandbox.pid == pid)
    }
}

fn limit(group: Option<&cgroup::Group>, limits: GroupLimits) -> Result<(), StepError> {
    let Some(group) = group else { return Ok(()) };
    group.limit(limits).step("setting the limits of the control group")?;
    let quota = limits.cpu_percent.map_or(Ok(()), |quota| group.limit_processors(quota));
    quota.step("setting the processor quota of the control group")
}

/// That a sandbox is ready.
struct FirstWord {
    namespaces: Vec<OwnedFd>,
    /// A copy's end of its go channel.
    go: Option<OwnedFd>,
    level: IsolationLevel,
}

/// What a sandbox says first; or what went wrong.
fn first_word(ends: &ServerEnds) -> Result<FirstWord, StepError> {
    match channel::receive(&ends.control).step("waiting for PID 1")? {
        Some((FromInit::Ready { level }, mut namespaces)) => {
            let go = namespaces.pop();
            Ok(FirstWord { namespaces, go, level })
        }
        Some((FromInit::Failed(error), _)) => Err(error),
        _ => Err(StepError {
            step: STARTING.into(),
            errno: 0,
            detail: "it ended before it was ready".into(),
        }),
    }
}
