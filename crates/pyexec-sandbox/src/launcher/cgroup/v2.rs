//! Version 2: one hierarchy for all controllers.

use super::{Folder, Lack, QUOTA_PERIOD_US, View};
use crate::{
    launcher::cgroup::files::{number, open_folder, optional, value, write},
    message::{GroupLimits, GroupUsage},
};
use rustix::{
    fs::CWD,
    io::{Errno, Result},
};
use std::{fs, path::Path};

/// The folder below which groups are made, with its controllers passed on to them.
pub(super) fn parent(view: &View, configured: Option<&Path>) -> std::result::Result<Folder, Lack> {
    let parent = match configured {
        Some(path) => path.to_owned(),
        None => view
            .own_group("")
            .and_then(|own| view.mounted("cgroup2", "", &own))
            .ok_or(Lack::NotMounted)?,
    };
    let offered = fs::read_to_string(parent.join("cgroup.controllers"))
        .map_err(|_| Lack::NoGroup(parent.clone()))?;
    let is_offered = |name: &&str| offered.split_whitespace().any(|offered| offered == *name);
    let lacking: Vec<_> = ["memory", "pids"].into_iter().filter(|name| !is_offered(name)).collect();
    if !lacking.is_empty() {
        return Err(Lack::Controllers { group: parent, lacking });
    }
    let mut controllers = vec!["memory", "pids", "cpu"];
    controllers.retain(is_offered);
    // Refused (EBUSY) where processes live in this very group, as in a login session: then an
    // operator delegates an empty one and names it.
    let passed_on: Vec<_> = controllers.iter().map(|name| format!("+{name}")).collect();
    fs::write(parent.join("cgroup.subtree_control"), passed_on.join(" ")).map_err(|error| {
        match Errno::from_io_error(&error).unwrap_or(Errno::IO) {
            Errno::BUSY => Lack::Processes(parent.clone()),
            errno => Lack::NotWritable { group: parent.clone(), errno },
        }
    })?;
    let fd = open_folder(CWD, &parent)
        .map_err(|errno| Lack::NotWritable { group: parent.clone(), errno })?;
    Ok(Folder { controllers, fd })
}

pub(super) fn limit(folder: &Folder, limits: GroupLimits) -> Result<()> {
    let fd = &folder.fd;
    write(fd, "memory.max", &limits.memory_bytes.to_string())?;
    optional(write(fd, "memory.swap.max", "0"))?;
    optional(write(fd, "memory.oom.group", "1"))?;
    write(fd, "pids.max", &limits.processes.to_string())?;
    optional(write(fd, "cpu.weight", &cpu_weight(limits.cpu_shares).to_string()))
}

pub(super) fn limit_processors(folder: &Folder, quota_us: u64) -> Result<()> {
    write(&folder.fd, "cpu.max", &format!("{quota_us} {QUOTA_PERIOD_US}"))
}

pub(super) fn usage(folder: &Folder, usage: &mut GroupUsage) {
    let fd = &folder.fd;
    usage.cpu_ms = value(fd, "cpu.stat", "usage_usec").unwrap_or(0) / 1000;
    usage.peak_memory_bytes = number(fd, "memory.peak").unwrap_or(0);
    usage.oom_kills = value(fd, "memory.events", "oom_kill").unwrap_or(0);
}

/// Docker's conversion of shares (2 to 262,144, 1,024 being usual) to a weight (1 to 10,000).
fn cpu_weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_weights_as_docker_does_it() {
        assert_eq!([2, 1024, 262_144].map(cpu_weight), [1, 39, 10_000]);
    }
}
