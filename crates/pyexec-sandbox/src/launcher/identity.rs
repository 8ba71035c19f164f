//! Which users of the host stand behind the user inside.

use crate::message::{Step, StepError};
use rustix::process::{Pid, geteuid};
use std::{collections::BTreeSet, fs};

/// The user and group inside.
pub(crate) const INSIDE: u32 = 1000;

/// First of the high uids that sandboxes of a root launcher get; one each, so that neither
/// signals nor limits on processes reach from one to another.
const FIRST: u32 = 0x7000_0000;

/// The uids that are taken.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    taken: BTreeSet<u32>,
}

impl Identities {
    /// A free slot.
    pub(crate) fn take(&mut self) -> u32 {
        let slot = (0..).find(|slot| !self.taken.contains(slot)).unwrap_or_default();
        self.taken.insert(slot);
        slot
    }

    pub(crate) fn give_back(&mut self, slot: u32) {
        self.taken.remove(&slot);
    }
}

/// Maps the inside user of a new user namespace to the host's: a high uid where we are root, and
/// ourselves where we aren't (uid 0 of the launcher's own namespace). Never host uid 0.
pub(crate) fn map(pid: Pid, slot: u32, as_root: bool) -> Result<(), StepError> {
    let outside = if as_root { FIRST + slot } else { 0 };
    let pid = pid.as_raw_nonzero();
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/{pid}/{file}"), text).step(format!("writing {file}"))
    };
    // More likely to go first when the whole machine is out of memory.
    write("oom_score_adj", "500".into())?;
    write("setgroups", "deny".into())?;
    write("uid_map", format!("{INSIDE} {outside} 1"))?;
    write("gid_map", format!("{INSIDE} {outside} 1"))
}

/// Whether this process is the host's root (before it enters any namespace).
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}
