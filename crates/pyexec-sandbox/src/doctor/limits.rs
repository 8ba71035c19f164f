//! What holds processes to their limits.

use super::Finding;
use crate::{launcher::cgroup::Groups, message::LimitsBy};
use std::path::Path;

/// What can't be used and why, the best first.
pub(super) fn finding(cgroup: Option<&Path>) -> Finding {
    let lacks = Groups::lacks(cgroup);
    let why: Vec<_> = lacks
        .iter()
        .map(|(kind, lack)| {
            let version = if *kind == LimitsBy::Cgroup2 { 2 } else { 1 };
            format!("version {version}: {lack}")
        })
        .collect();
    let why = why.join("; ");
    match lacks.as_slice() {
        [] => Finding::ok("limits", "control groups of version 2"),
        [_] => Finding::ok("limits", format!("control groups of version 1 ({why})")),
        [(_, first), .., (_, last)] => {
            // That of the version which this machine has.
            let which = if last.is_mounted() { last } else { first };
            let text = "no control groups: the kernel limits single processes only, and what they \
                        hold together is watched";
            Finding::warn("limits", format!("{text} ({why})")).hint(which.hint())
        }
    }
}
