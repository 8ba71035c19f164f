//! Which processes there are.

use rustix::process::Pid;
use std::{
    collections::HashMap,
    fs, thread,
    time::{Duration, Instant},
};

/// A process, told from a later one with the same number by when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pid: i32,
    started: u64,
}

/// All that `root` started, directly or not.
pub(crate) fn below(root: Pid) -> Vec<Process> {
    let all = all();
    let is_below = |process: &Process| {
        let mut pid = process.pid;
        while let Some((_, parent)) = all.get(&pid) {
            if *parent == root.as_raw_pid() {
                return true;
            }
            pid = *parent;
        }
        false
    };
    all.values().map(|(process, _)| *process).filter(is_below).collect()
}

/// Waits a little until none of them is left.
pub(crate) fn assert_gone(processes: &[Process]) {
    let start = Instant::now();
    loop {
        let all = all();
        let is_left =
            |process: &&Process| all.get(&process.pid).is_some_and(|(found, _)| found == *process);
        let left: Vec<_> = processes.iter().filter(is_left).collect();
        if left.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "left: {left:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Each process that isn't just waiting to be buried, and its parent.
fn all() -> HashMap<i32, (Process, i32)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name before may hold anything.
            let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
            let (state, parent, started) = (fields[0], fields[1], fields[19]);
            let process = Process { pid, started: started.parse().ok()? };
            (state != "Z").then_some((pid, (process, parent.parse().ok()?)))
        })
        .collect()
}
