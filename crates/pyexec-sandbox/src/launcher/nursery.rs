//! The zygotes: one for each interpreter in use, replaced now and then.

use super::{
    identity::Owner,
    zygote::{self, Said, Zygote},
};
use crate::{message::Setup, message::StepError, seccomp::Filters, sys};
use rustix::{
    fd::{AsFd, BorrowedFd},
    process::{Pid, Signal, pidfd_send_signal},
};
use std::time::{Duration, Instant};

/// How long after a failure a zygote isn't tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// All zygotes.
pub(crate) struct Nursery {
    owner: Owner,
    /// Why there are none at all.
    off: Option<String>,
    /// Oldest first.
    zygotes: Vec<Zygote>,
    /// Interpreters whose zygote failed, and when.
    failures: Vec<(usize, Instant)>,
}

impl Nursery {
    pub(crate) fn new(setup: &Setup, owner: Owner) -> Self {
        let off = if setup.strict {
            Some("every run starts an interpreter of its own, as asked".to_owned())
        } else if zygote::EXTENSION.is_empty() {
            Some("pyexec was built without zygotes".to_owned())
        } else {
            owner.prepare_to_own().err().map(|error| error.to_string())
        };
        Self { owner, off, zygotes: Vec::new(), failures: Vec::new() }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.off.is_some()
    }

    /// Starts a zygote where there is none, or where the youngest has made its share of copies;
    /// whether copies can be had now.
    pub(crate) fn want(
        &mut self,
        interpreter: usize,
        setup: &Setup,
        filters: &Filters,
        without_groups: bool,
    ) -> Result<bool, StepError> {
        self.failures.retain(|(_, at)| at.elapsed() < PAUSE);
        let Some(program) = setup.interpreters.get(interpreter) else { return Ok(false) };
        if self.is_off() || self.failures.iter().any(|(failed, _)| *failed == interpreter) {
            return Ok(self.ready(interpreter).is_some());
        }
        let youngest = self.zygotes.iter().rfind(|zygote| zygote.interpreter == interpreter);
        if youngest.is_none_or(|youngest| youngest.forks >= setup.forks_per_zygote) {
            match Zygote::start(interpreter, program, self.owner, filters, without_groups) {
                Ok(zygote) => self.zygotes.push(zygote),
                Err(error) => {
                    self.failures.push((interpreter, Instant::now()));
                    return Err(error);
                }
            }
        }
        Ok(self.ready(interpreter).is_some())
    }

    /// The zygote of an interpreter that makes copies now.
    pub(crate) fn ready(&mut self, interpreter: usize) -> Option<&mut Zygote> {
        let of = |zygote: &&mut Zygote| zygote.interpreter == interpreter && zygote.is_ready;
        self.zygotes.iter_mut().rfind(of)
    }

    /// Interpreters of which copies can be had.
    pub(crate) fn in_use(&self) -> impl Iterator<Item = usize> {
        self.zygotes.iter().filter(|zygote| zygote.is_ready).map(|zygote| zygote.interpreter)
    }

    pub(crate) fn watched(&self) -> impl Iterator<Item = (Pid, BorrowedFd<'_>)> {
        self.zygotes.iter().map(|zygote| (zygote.pid, zygote.socket.as_fd()))
    }

    /// What a zygote says, and of which interpreter it is. A new one that is ready takes the place
    /// of its elders.
    pub(crate) fn hear(&mut self, pid: Pid) -> Option<(Said, usize)> {
        let zygote = self.zygotes.iter_mut().find(|zygote| zygote.pid == pid)?;
        let (said, interpreter) = (zygote.hear(), zygote.interpreter);
        if matches!(said, Said::Ready) {
            zygote.is_ready = true;
            for elder in &mut self.zygotes {
                if elder.interpreter == interpreter && elder.pid != pid {
                    elder.is_ready = false;
                    elder.is_retired = true;
                }
            }
        }
        self.end_retired();
        Some((said, interpreter))
    }

    /// Ends those that nobody waits for any more.
    fn end_retired(&mut self) {
        self.zygotes.retain(|zygote| {
            let is_done = zygote.is_retired && zygote.waiting.is_empty();
            if is_done {
                end(zygote);
            }
            !is_done
        });
    }

    /// Ends all of them.
    pub(crate) fn finish(&mut self) {
        self.zygotes.drain(..).for_each(|zygote| end(&zygote));
    }

    /// The sandbox that is next to hear from a zygote.
    pub(crate) fn next_waiting(&mut self, zygote: Pid) -> Option<Pid> {
        self.zygotes.iter_mut().find(|entry| entry.pid == zygote)?.waiting.pop_front()
    }

    /// Ends the zygotes of an interpreter that don't do their work; the rest follows when that is
    /// seen.
    pub(crate) fn kill(&self, interpreter: usize) {
        for zygote in self.zygotes.iter().filter(|zygote| zygote.interpreter == interpreter) {
            let _ = pidfd_send_signal(&zygote.pidfd, Signal::KILL);
        }
    }

    /// A zygote has failed or died; why.
    pub(crate) fn bury(&mut self, pid: Pid) -> String {
        let Some(index) = self.zygotes.iter().position(|zygote| zygote.pid == pid) else {
            return String::new();
        };
        let zygote = self.zygotes.remove(index);
        end(&zygote);
        self.failures.push((zygote.interpreter, Instant::now()));
        zygote.last_words()
    }
}

fn end(zygote: &Zygote) {
    // Fails only where it is gone already.
    let _ = pidfd_send_signal(&zygote.pidfd, Signal::KILL);
    drop(sys::reap(zygote.pid));
}
