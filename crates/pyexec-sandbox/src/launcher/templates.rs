//! What becomes of zygotes.

use super::{Launcher, zygote::Said};
use crate::message::{FromLauncher, LimitsBy};
use rustix::process::Pid;

impl Launcher {
    /// Sees to it that there will be copies of a template, and which can be had now: of that one,
    /// or while there are none, and where none can be had, of its interpreter.
    pub(super) fn want_copies(&mut self, template: usize) -> Option<usize> {
        let candidates: Vec<_> = self.setup.or_plain(template).collect();
        candidates.into_iter().find(|number| self.want_zygote(*number))
    }

    /// Sees to it that there will be copies of a template; whether there are any now.
    pub(super) fn want_zygote(&mut self, template: usize) -> bool {
        let without_groups = self.groups.kind() == LimitsBy::Rlimits;
        let (setup, host, filters) = (&self.setup, &self.host, &self.filters);
        match self.nursery.want(template, setup, host, filters, without_groups) {
            Ok(is_ready) => is_ready,
            Err(error) => {
                let state = Err(error.to_string());
                self.tell(&FromLauncher::Zygote { template, state });
                false
            }
        }
    }

    /// What a zygote says.
    pub(super) fn hear_zygote(&mut self, pid: Pid) {
        match self.nursery.hear(pid) {
            Some((Said::Ready, template)) => {
                self.halted = false;
                let holds = self.nursery.ready(template).map_or(0, |zygote| zygote.holds);
                self.tell(&FromLauncher::Zygote { template, state: Ok(holds) });
            }
            Some((Said::Helper(helper), _)) => self.introduce(pid, helper),
            Some((Said::Gone, template)) => {
                let state = Err(self.nursery.bury(pid));
                // The end of one that had been replaced means nothing.
                if self.nursery.ready(template).is_none() {
                    self.tell(&FromLauncher::Zygote { template, state });
                }
            }
            None => {}
        }
    }
}
