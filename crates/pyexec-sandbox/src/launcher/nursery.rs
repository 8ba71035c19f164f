//! The zygotes: one for each template in use, replaced now and then.

use super::{
    host::Host,
    identity::Owner,
    importing,
    zygote::{self, Said, Zygote},
};
use crate::{message::Setup, message::StepError, seccomp::Filters, sys};
use rustix::{
    fd::{AsFd, BorrowedFd},
    process::{Pid, Signal, pidfd_send_signal},
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// How long after a failure a zygote isn't tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// All zygotes.
pub(crate) struct Nursery {
    owner: Owner,
    /// Why there are none at all.
    off: Option<String>,
    /// Oldest first.
    zygotes: Vec<Zygote>,
    /// Templates whose zygote failed, and when.
    failures: Vec<(usize, Instant)>,
    /// Templates whose imports failed.
    given_up: BTreeSet<usize>,
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
        Self { owner, off, zygotes: Vec::new(), failures: Vec::new(), given_up: BTreeSet::new() }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.off.is_some()
    }

    /// Starts a zygote where there is none, or where the youngest has made its share of copies;
    /// whether copies can be had now.
    pub(crate) fn want(
        &mut self,
        template: usize,
        setup: &Setup,
        host: &Host,
        filters: &Filters,
        without_groups: bool,
    ) -> Result<bool, StepError> {
        self.failures.retain(|(_, at)| at.elapsed() < PAUSE);
        let Some(wanted) = setup.template(template) else { return Ok(false) };
        let has_failed = self.failures.iter().any(|(failed, _)| *failed == template)
            || self.given_up.contains(&template);
        if self.is_off() || has_failed {
            return Ok(self.ready(template).is_some());
        }
        let youngest = self.zygotes.iter().rfind(|zygote| zygote.template == template);
        if youngest.is_none_or(|youngest| youngest.forks >= setup.forks_per_zygote) {
            let packages = wanted.imports.map(|imports| host.take(&imports.environment));
            let started = packages.transpose().and_then(|packages| {
                Zygote::start(wanted, packages, self.owner, filters, without_groups)
            });
            match started {
                Ok(zygote) => self.zygotes.push(zygote),
                Err(error) => {
                    self.failures.push((template, Instant::now()));
                    return Err(error);
                }
            }
        }
        Ok(self.ready(template).is_some())
    }

    /// The zygote of a template that makes copies now.
    pub(crate) fn ready(&mut self, template: usize) -> Option<&mut Zygote> {
        let of = |zygote: &&mut Zygote| zygote.template == template && zygote.is_ready;
        self.zygotes.iter_mut().rfind(of)
    }

    /// Templates of which copies can be had.
    pub(crate) fn in_use(&self) -> impl Iterator<Item = usize> {
        self.zygotes.iter().filter(|zygote| zygote.is_ready).map(|zygote| zygote.template)
    }

    pub(crate) fn watched(&self) -> impl Iterator<Item = (Pid, BorrowedFd<'_>)> {
        // What its imports leave may keep the socket open.
        let importing = self.zygotes.iter().filter(|zygote| zygote.imports());
        let ends = importing.map(|zygote| (zygote.pid, zygote.pidfd.as_fd()));
        self.zygotes.iter().map(|zygote| (zygote.pid, zygote.socket.as_fd())).chain(ends)
    }

    /// What a zygote says, and of which template it is. A new one that is ready takes the place
    /// of its elders.
    pub(crate) fn hear(&mut self, pid: Pid) -> Option<(Said, usize)> {
        let zygote = self.zygotes.iter_mut().find(|zygote| zygote.pid == pid)?;
        let (mut said, template) = (zygote.hear(), zygote.template);
        if matches!(said, Said::Ready) {
            match zygote.memory_when_ready() {
                Ok(bytes) => zygote.holds = bytes,
                Err(fault) => {
                    zygote.fault = Some(fault);
                    said = Said::Gone;
                }
            }
        }
        if matches!(said, Said::Ready) {
            zygote.is_ready = true;
            for elder in &mut self.zygotes {
                if elder.template == template && elder.pid != pid {
                    elder.is_ready = false;
                    elder.is_retired = true;
                }
            }
        }
        self.end_retired();
        Some((said, template))
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

    /// Ends those whose imports take too much; when to look again, while there are any.
    pub(crate) fn look_at_imports(&mut self) -> Option<Duration> {
        let mut importing = self.zygotes.iter_mut().filter(|zygote| zygote.imports()).peekable();
        importing.peek()?;
        for zygote in importing {
            let fault = zygote.fault_of_imports();
            if zygote.fault.is_none() && fault.is_some() {
                zygote.fault = fault;
                let _ = pidfd_send_signal(&zygote.pidfd, Signal::KILL);
            }
        }
        Some(importing::LOOK)
    }

    /// Ends all of them.
    pub(crate) fn finish(&mut self) {
        self.zygotes.drain(..).for_each(|zygote| end(&zygote));
    }

    /// The sandbox that is next to hear from a zygote.
    pub(crate) fn next_waiting(&mut self, zygote: Pid) -> Option<Pid> {
        self.zygotes.iter_mut().find(|entry| entry.pid == zygote)?.waiting.pop_front()
    }

    /// Ends the zygotes of a template that don't do their work; the rest follows when that is seen.
    pub(crate) fn kill(&self, template: usize) {
        for zygote in self.zygotes.iter().filter(|zygote| zygote.template == template) {
            let _ = pidfd_send_signal(&zygote.pidfd, Signal::KILL);
        }
    }

    /// A zygote has failed or died; why.
    pub(crate) fn bury(&mut self, pid: Pid) -> String {
        let Some(index) = self.zygotes.iter().position(|zygote| zygote.pid == pid) else {
            return String::new();
        };
        let mut zygote = self.zygotes.remove(index);
        end(&zygote);
        self.failures.push((zygote.template, Instant::now()));
        if zygote.imports() && self.ready(zygote.template).is_none() {
            // It would come to the same again.
            self.given_up.insert(zygote.template);
        }
        zygote.fault.take().unwrap_or_else(|| zygote.last_words())
    }
}

fn end(zygote: &Zygote) {
    zygote.end_what_it_started();
    // Fails only where it is gone already.
    let _ = pidfd_send_signal(&zygote.pidfd, Signal::KILL);
    drop(sys::reap(zygote.pid));
}
