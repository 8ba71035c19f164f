//! A control group for each execution, below the server's own (or a configured one). No other
//! group is ever touched.
//!
//! Folders are opened before the launcher leaves the host's root, and everything afterwards goes
//! through their descriptors.

mod discovery;
mod files;
mod lack;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use crate::{
    message::{GroupLimits, GroupUsage, LimitsBy},
    weaken::{Layer, without},
};
use discovery::View;
use files::open_folder;
pub(crate) use lack::Lack;
use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{AtFlags, Mode, mkdirat, unlinkat},
    io::{Errno, Result},
    process::Pid,
};
use std::path::Path;

/// What making a group is called in errors.
pub(crate) const STEP: &str = "creating a control group";

/// What moving into one is called.
pub(crate) const ENTERING: &str = "entering the control group";

/// The least share of the processors that anyone gets.
const LEAST_SHARES: u64 = 64;

/// The time over which a quota of the processors is counted, in microseconds.
const QUOTA_PERIOD_US: u64 = 100_000;

/// How the names of our groups begin; the launcher's number follows.
const PREFIX: &str = "pyexec-";

/// The name of a group of this launcher.
pub(crate) fn name(of: impl std::fmt::Display) -> String {
    format!("{PREFIX}{}-{of}", std::process::id())
}

/// Where groups are made.
#[derive(Debug)]
pub(crate) struct Groups {
    kind: LimitsBy,
    /// Empty where none can be made: limits on single processes have to do.
    parents: Vec<Folder>,
}

/// Finds where groups of a version can be made.
type Find = fn(&View, Option<&Path>) -> std::result::Result<Groups, Lack>;

/// One execution's group.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    kind: LimitsBy,
    folders: Vec<Folder>,
}

/// A folder of a hierarchy and the controllers that it holds, by the names that version 1 gives
/// them. Version 2 has one folder for all.
#[derive(Debug)]
struct Folder {
    controllers: Vec<&'static str>,
    fd: OwnedFd,
}

impl Groups {
    /// Finds where groups can be made, by making one.
    pub(crate) fn find(configured: Option<&Path>) -> Self {
        Self::find_in(&View::of_this_process(), configured)
    }

    fn find_in(view: &View, configured: Option<&Path>) -> Self {
        Self::VERSIONS
            .into_iter()
            .filter(|_| !without(Layer::ControlGroup))
            .find_map(|(_, find)| find(view, configured).ok())
            .inspect(Self::sweep)
            .unwrap_or(Self { kind: LimitsBy::Rlimits, parents: Vec::new() })
    }

    /// The best first.
    const VERSIONS: [(LimitsBy, Find); 2] = [
        (LimitsBy::Cgroup2, |view, configured| {
            Self { kind: LimitsBy::Cgroup2, parents: vec![v2::parent(view, configured)?] }.works()
        }),
        (LimitsBy::Cgroup1, |view, configured| {
            Self { kind: LimitsBy::Cgroup1, parents: v1::parents(view, configured)? }.works()
        }),
    ];

    /// Why versions can't be used that are better than what is: nothing where the best can.
    pub(crate) fn lacks(configured: Option<&Path>) -> Vec<(LimitsBy, Lack)> {
        let view = View::of_this_process();
        let versions = Self::VERSIONS.into_iter();
        versions.map_while(|(kind, find)| Some((kind, find(&view, configured).err()?))).collect()
    }

    pub(crate) fn kind(&self) -> LimitsBy {
        self.kind
    }

    /// Itself, where a group can be made.
    fn works(self) -> std::result::Result<Self, Lack> {
        match self.create(&name("probe")).map_err(Lack::NotMade)? {
            Some(group) if self.remove(&group) => Ok(self),
            _ => Err(Lack::NotMade(Errno::BUSY)),
        }
    }

    /// A new group without limits, or `None` where there are no groups.
    pub(crate) fn create(&self, name: &str) -> Result<Option<Group>> {
        if self.parents.is_empty() {
            return Ok(None);
        }
        let mut group = Group { name: name.to_owned(), kind: self.kind, folders: Vec::new() };
        for Folder { controllers, fd: parent } in &self.parents {
            let mode = Mode::from_raw_mode(0o755);
            let made = match mkdirat(parent, name, mode) {
                // Left behind by a launcher that had our number before us and was killed.
                Err(Errno::EXIST) => unlinkat(parent, name, AtFlags::REMOVEDIR)
                    .and_then(|()| mkdirat(parent, name, mode)),
                made => made,
            };
            match made.and_then(|()| open_folder(parent, Path::new(name))) {
                Ok(fd) => group.folders.push(Folder { controllers: controllers.clone(), fd }),
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
        let left = self.parents.iter().filter(|parent| {
            let removed = unlinkat(&parent.fd, group.name.as_str(), AtFlags::REMOVEDIR);
            !matches!(removed, Ok(()) | Err(Errno::NOENT))
        });
        left.count() == 0
    }

    /// Removes the groups of launchers that were killed and couldn't do it themselves.
    fn sweep(&self) {
        for Folder { fd: parent, .. } in &self.parents {
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
}

impl Group {
    /// The folder that a process can be born in; version 2 only.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        let folder = self.folders.first().filter(|_| self.kind == LimitsBy::Cgroup2)?;
        Some(folder.fd.as_fd())
    }

    /// What a process that couldn't be born here moves itself by; none where that costs more than
    /// to be moved.
    ///
    /// Before it moves another process, the kernel waits until none can be forking or ending, which
    /// takes milliseconds, and holds up all that then are. A single thread that moves itself is
    /// spared that, but by a file that version 2 doesn't have.
    pub(crate) fn entrances(&self) -> Result<Vec<OwnedFd>> {
        let folders = self.folders.iter().filter(|_| self.kind == LimitsBy::Cgroup1);
        folders.map(|folder| files::open_to_write(&folder.fd, "tasks")).collect()
    }

    /// Moves this process, which has one thread only.
    pub(crate) fn enter(entrances: &[OwnedFd]) -> Result<()> {
        entrances.iter().try_for_each(|file| rustix::io::write(file, b"0").map(drop))
    }

    /// Moves a process that can't do it itself.
    pub(crate) fn attach(&self, pid: Pid) -> Result<()> {
        let mut folders = self.folders.iter().filter(|_| self.kind == LimitsBy::Cgroup2);
        let pid = pid.as_raw_nonzero().to_string();
        folders.try_for_each(|folder| files::write(&folder.fd, "cgroup.procs", &pid))
    }

    /// Sets the limits. No group ever swaps: what looks like memory is memory.
    pub(crate) fn limit(&self, mut limits: GroupLimits) -> Result<()> {
        // However little it wants, it must get to its end when it is killed.
        limits.cpu_shares = limits.cpu_shares.max(LEAST_SHARES);
        self.folders.iter().try_for_each(|folder| match self.kind {
            LimitsBy::Cgroup2 => v2::limit(folder, limits),
            _ => v1::limit(folder, limits),
        })
    }

    /// Sets how much of the processors it may have, as that was asked for: where there is nothing
    /// to enforce it, this is an error.
    pub(crate) fn limit_processors(&self, percent: u64) -> Result<()> {
        let quota_us = percent * QUOTA_PERIOD_US / 100;
        let folder = self.folders.iter().find(|folder| folder.controllers.contains(&"cpu"));
        let folder = folder.ok_or(Errno::NOENT)?;
        match self.kind {
            LimitsBy::Cgroup2 => v2::limit_processors(folder, quota_us),
            _ => v1::limit_processors(folder, quota_us),
        }
    }

    /// What tells how much memory its processes hold.
    pub(crate) fn memory(&self) -> Result<OwnedFd> {
        let folder = self.folders.iter().find(|folder| folder.controllers.contains(&"memory"));
        files::open(&folder.ok_or(Errno::NOENT)?.fd, "memory.stat")
    }

    /// Peak memory and how many processes the kernel ended for want of it.
    pub(crate) fn usage(&self) -> GroupUsage {
        let mut usage = GroupUsage::default();
        for folder in &self.folders {
            match self.kind {
                LimitsBy::Cgroup2 => v2::usage(folder, &mut usage),
                _ => v1::usage(folder, &mut usage),
            }
        }
        usage
    }
}
