//! What dead servers could leave behind: processes, control groups, mounts, files.

use crate::server::Running;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A process, and when it started: numbers come again.
type Process = (u32, u64);

/// What dead servers had.
pub(crate) struct Leftovers {
    folder: PathBuf,
    processes: BTreeSet<Process>,
    launchers: Vec<u32>,
    mounts: BTreeSet<String>,
}

impl Leftovers {
    /// Looks at what is there before the first server whose files are in a folder.
    pub(crate) fn before(folder: &Path) -> Self {
        let (processes, launchers) = (BTreeSet::new(), Vec::new());
        Self { folder: folder.to_owned(), processes, launchers, mounts: mounts() }
    }

    /// Looks at a server that is about to die.
    pub(crate) fn of(&mut self, server: u32, launcher: Option<u32>) {
        self.processes.extend(family(server));
        self.launchers.extend(launcher);
    }

    /// Fails where something is left once only `server` lives, in which nothing runs or waits.
    pub(crate) fn are_gone(&self, server: &Running) {
        let own = |pid: &u32| family(server.pid()).iter().any(|(member, _)| member == pid);
        eventually("processes are left", || {
            let lives = |(pid, started): &&Process| stat(*pid).is_some_and(|now| now.1 == *started);
            let known = self.processes.iter().filter(lives).map(|(pid, _)| *pid);
            known.chain(marked(&self.folder)).filter(|pid| !own(pid)).collect::<Vec<_>>()
        });
        assert!(self.launchers.len() < self.processes.len(), "they had processes to leave");
        assert!(!marked(&self.folder).is_empty(), "the mark is on what lives");
        eventually("control groups are left", || {
            self.launchers.iter().flat_map(|launcher| groups_of(*launcher)).collect::<Vec<_>>()
        });
        let folder = self.folder.to_string_lossy();
        let is_ours = |mount: &&String| mount.contains("pyexec") || mount.contains(&*folder);
        let mounts: Vec<_> = mounts().difference(&self.mounts).filter(is_ours).cloned().collect();
        assert_eq!(mounts, Vec::<String>::new(), "mounts are left");
        for place in ["tmp", "state/archives", "state/spool"] {
            eventually("files are left", || names(&self.folder.join(place)));
        }
        let known = ["archives", "executions.redb", "lock", "outputs", "spool"];
        assert_eq!(names(&self.folder.join("state")), known);
        let client = server.client();
        for name in names(&self.folder.join("state/outputs")) {
            let id = name.split('.').next().unwrap().into();
            let result = client.get_execution(&id).unwrap();
            assert!(result.stdout.len() > 256 << 10, "{name} is nothing's output");
        }
    }
}

/// Waits until there is nothing more.
fn eventually<T: std::fmt::Debug>(what: &str, left: impl Fn() -> Vec<T>) {
    let begun = Instant::now();
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {left:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Processes that servers with their files in a folder have started, and what these have.
pub(crate) fn marked(folder: &Path) -> Vec<u32> {
    let mark = folder.to_string_lossy();
    let has_mark = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|part| part == mark.as_bytes())
    };
    pids().filter(has_mark).collect()
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A process and those below it.
fn family(root: u32) -> Vec<Process> {
    let all: Vec<_> = pids().filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, (of, _))| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.into_iter().filter_map(|pid| Some((pid, stat(pid)?.1))).collect()
}

/// A process's parent, and when it started; `None` where it is dead.
fn stat(pid: u32) -> Option<(u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = text.rsplit_once(") ")?.1.split(' ').collect();
    let is_dead = matches!(*fields.first()?, "Z" | "X");
    (!is_dead).then_some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

/// Control groups that a launcher made.
fn groups_of(launcher: u32) -> Vec<PathBuf> {
    let prefix = format!("pyexec-{launcher}-");
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from("/sys/fs/cgroup")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                found.push(entry.path());
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    found
}

fn mounts() -> BTreeSet<String> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
