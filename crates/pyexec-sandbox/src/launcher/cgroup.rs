//! A control group for each execution, below the server's own (or a configured one). No other
//! group is ever touched.
//!
//! Folders are opened before the launcher leaves the host's root, and everything afterwards goes
//! through their descriptors.

use crate::message::{GroupLimits, GroupUsage, LimitsBy};
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, unlinkat},
    io::{Errno, Result},
    process::Pid,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What making a group is called in errors.
pub(crate) const STEP: &str = "creating a control group";

/// The least share of the processors that anyone gets.
const LEAST_SHARES: u64 = 64;

/// What sockets of one execution may hold, in bytes.
const SOCKET_MEMORY: &str = "16777216";

/// The controllers of version 1 that are used; `memory` and `pids` are required.
const V1: [&str; 4] = ["memory", "pids", "cpu", "cpuacct"];

/// How the names of our groups begin; the launcher's number follows.
const PREFIX: &str = "pyexec-";

/// The name of a group of this launcher.
pub(crate) fn name(of: impl std::fmt::Display) -> String {
    format!("{PREFIX}{}-{of}", std::process::id())
}

/// Where groups are made.
#[derive(Debug)]
pub(crate) enum Groups {
    /// One folder holds every controller.
    V2 { parent: OwnedFd },
    /// One folder a controller.
    V1 { parents: Vec<(&'static str, OwnedFd)> },
    /// None can be made: limits on single processes have to do.
    None,
}

/// One execution's group.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    /// By controller; version 2 has one folder under the name `""`.
    folders: Vec<(&'static str, OwnedFd)>,
}

impl Groups {
    /// Finds where groups can be made, by making one.
    pub(crate) fn find(configured: Option<&Path>) -> Self {
        [Self::version_2(configured), Self::version_1(configured)]
            .into_iter()
            .flatten()
            .find(Self::works)
            .inspect(Self::sweep)
            .unwrap_or(Self::None)
    }

    pub(crate) fn kind(&self) -> LimitsBy {
        match self {
            Self::V2 { .. } => LimitsBy::Cgroup2,
            Self::V1 { .. } => LimitsBy::Cgroup1,
            Self::None => LimitsBy::Rlimits,
        }
    }

    fn version_2(configured: Option<&Path>) -> Option<Self> {
        let parent = match configured {
            Some(path) => path.to_owned(),
            None => own_group("").map(|own| mounted("cgroup2", "", &own))??,
        };
        let controllers = fs::read_to_string(parent.join("cgroup.controllers")).ok()?;
        let has = |name| controllers.split_whitespace().any(|controller| controller == name);
        if !has("memory") || !has("pids") {
            return None;
        }
        // Refused (EBUSY) where processes live in this very group, as in a login session: then
        // an operator delegates an empty one and names it.
        let cpu = if has("cpu") { " +cpu" } else { "" };
        fs::write(parent.join("cgroup.subtree_control"), format!("+memory +pids{cpu}")).ok()?;
        Some(Self::V2 { parent: open_folder(CWD, &parent).ok()? })
    }

    fn version_1(configured: Option<&Path>) -> Option<Self> {
        let mut parents = Vec::new();
        for controller in V1 {
            let own = match configured {
                Some(path) => Some(Path::new("/").join(path)),
                None => own_group(controller),
            };
            let folder = own.and_then(|own| mounted("cgroup", controller, &own));
            match folder.and_then(|folder| open_folder(CWD, &folder).ok()) {
                Some(folder) => parents.push((controller, folder)),
                None if controller.starts_with("cpu") => {}
                None => return None,
            }
        }
        Some(Self::V1 { parents })
    }

    fn works(&self) -> bool {
        self.create(&name("probe"))
            .is_ok_and(|group| group.is_some_and(|group| self.remove(&group)))
    }

    /// A new group without limits, or `None` where there are no groups.
    pub(crate) fn create(&self, name: &str) -> Result<Option<Group>> {
        let parents: Vec<_> = self.parents().collect();
        if parents.is_empty() {
            return Ok(None);
        }
        let mut group = Group { name: name.to_owned(), folders: Vec::new() };
        for (controller, parent) in parents {
            let mode = Mode::from_raw_mode(0o755);
            let made = match mkdirat(parent, name, mode) {
                // Left behind by a launcher that had our number before us and was killed.
                Err(Errno::EXIST) => unlinkat(parent, name, AtFlags::REMOVEDIR)
                    .and_then(|()| mkdirat(parent, name, mode)),
                made => made,
            };
            match made.and_then(|()| open_folder(parent, Path::new(name))) {
                Ok(folder) => group.folders.push((controller, folder)),
                Err(errno) => {
                    self.remove(&group);
                    return Err(errno);
                }
            }
        }
        Ok(Some(group))
    }

    /// Removes a group; `false` while processes are still leaving it.
    pub(crate) fn remove(&self, group: &Group) -> bool {
        let left = self.parents().filter(|(_, parent)| {
            let removed = unlinkat(parent, group.name.as_str(), AtFlags::REMOVEDIR);
            !matches!(removed, Ok(()) | Err(Errno::NOENT))
        });
        left.count() == 0
    }

    /// Removes the groups of launchers that were killed and couldn't do it themselves.
    fn sweep(&self) {
        for (_, parent) in self.parents() {
            let entries = rustix::fs::Dir::read_from(parent).into_iter().flatten().flatten();
            for entry in entries {
                let name = entry.file_name();
                let owner = name.to_str().ok().and_then(|name| {
                    name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok()
                });
                if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                    let _ = unlinkat(parent, name, AtFlags::REMOVEDIR);
                }
            }
        }
    }

    fn parents(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let (one, many): (_, &[_]) = match self {
            Self::V2 { parent } => (Some(("", parent.as_fd())), &[]),
            Self::V1 { parents } => (None, parents),
            Self::None => (None, &[]),
        };
        one.into_iter().chain(many.iter().map(|(name, folder)| (*name, folder.as_fd())))
    }
}

impl Group {
    /// The folder that a process can be born in; version 2 only.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.folders.iter().find(|(name, _)| name.is_empty()).map(|(_, folder)| folder.as_fd())
    }

    /// Moves a process that couldn't be born here.
    pub(crate) fn attach(&self, pid: Pid) -> Result<()> {
        let pid = pid.as_raw_nonzero().to_string();
        self.folders.iter().try_for_each(|(_, folder)| write(folder, "cgroup.procs", &pid))
    }

    /// Sets the limits. No group ever swaps: what looks like memory is memory.
    pub(crate) fn limit(&self, mut limits: GroupLimits) -> Result<()> {
        // However little it wants, it must get to its end when it is killed.
        limits.cpu_shares = limits.cpu_shares.max(LEAST_SHARES);
        let (memory, processes) = (limits.memory_bytes.to_string(), limits.processes.to_string());
        for (controller, folder) in &self.folders {
            match *controller {
                "" => {
                    write(folder, "memory.max", &memory)?;
                    optional(write(folder, "memory.swap.max", "0"))?;
                    optional(write(folder, "memory.oom.group", "1"))?;
                    write(folder, "pids.max", &processes)?;
                    let weight = cpu_weight(limits.cpu_shares).to_string();
                    optional(write(folder, "cpu.weight", &weight))?;
                }
                "memory" => {
                    write(folder, "memory.limit_in_bytes", &memory)?;
                    optional(write(folder, "memory.memsw.limit_in_bytes", &memory))?;
                    optional(write(folder, "memory.swappiness", "0"))?;
                    // Version 1 counts what sockets hold by itself, and not at all unless asked.
                    optional(write(folder, "memory.kmem.tcp.limit_in_bytes", SOCKET_MEMORY))?;
                }
                "pids" => write(folder, "pids.max", &processes)?,
                "cpu" => write(folder, "cpu.shares", &limits.cpu_shares.to_string())?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Peak memory and how many processes the kernel ended for want of it.
    pub(crate) fn usage(&self) -> GroupUsage {
        let mut usage = GroupUsage::default();
        for (controller, folder) in &self.folders {
            let (peak, events) = match *controller {
                "cpuacct" => {
                    let ns = read(folder, "cpuacct.usage").ok().and_then(|t| t.trim().parse().ok());
                    usage.cpu_ms = ns.map_or(0, |ns: u64| ns / 1_000_000);
                    continue;
                }
                "" => {
                    let us = read(folder, "cpu.stat").ok();
                    let us = us.and_then(|text| value(&text, "usage_usec "));
                    usage.cpu_ms = us.map_or(0, |us| us / 1000);
                    ("memory.peak", "memory.events")
                }
                "memory" => ("memory.max_usage_in_bytes", "memory.oom_control"),
                _ => continue,
            };
            let number = |text: String| text.trim().parse().unwrap_or(0);
            usage.peak_memory_bytes = read(folder, peak).map_or(0, number);
            let kills = read(folder, events).ok().and_then(|text| value(&text, "oom_kill "));
            usage.oom_kills = kills.unwrap_or(0);
        }
        usage
    }
}

/// The number behind a name in a file of such lines.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// Docker's conversion of shares (2 to 262,144, 1,024 being usual) to a weight (1 to 10,000).
fn cpu_weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

/// This process's group for a version 1 controller, or of version 2 (`""`).
fn own_group(controller: &str) -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        controllers.split(',').any(|name| name == controller).then(|| PathBuf::from(path))
    })
}

/// The folder of group `own` in the file system where a hierarchy is mounted.
fn mounted(kind: &str, controller: &str, own: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").ok()?;
    text.lines().find_map(|line| {
        // `… root mountpoint options … - type source superoptions`, proc_pid_mountinfo(5)
        let (left, right) = line.split_once(" - ")?;
        let (mut left, mut right) = (left.split(' ').skip(3), right.split(' '));
        let (root, point) = (left.next()?, left.next()?);
        let (found, options) = (right.next()?, right.nth(1)?);
        let matches = found == kind
            && (controller.is_empty() || options.split(',').any(|option| option == controller));
        let inside = own.strip_prefix(root).ok()?;
        matches.then(|| Path::new(point).join(inside))
    })
}

fn open_folder(parent: impl AsFd, path: &Path) -> Result<OwnedFd> {
    openat(parent, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn write(folder: &OwnedFd, file: &str, text: &str) -> Result<()> {
    let file = openat(folder, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text.as_bytes()).map(drop)
}

fn read(folder: &OwnedFd, file: &str) -> Result<String> {
    let file = openat(folder, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = vec![0; 4096];
    let read = rustix::io::read(&file, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

/// A file that kernels without the feature lack.
fn optional(result: Result<()>) -> Result<()> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_weights_as_docker_does_it() {
        assert_eq!([2, 1024, 262_144].map(cpu_weight), [1, 39, 10_000]);
    }
}
