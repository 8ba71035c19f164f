//! The processes behind a sandbox: they end together, and come back when they die alone.

use crate::harness::job;
use pyexec_sandbox::{Captured, End, Sandbox, SandboxOptions, Start, Stop};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Processes whose parent is `parent`, by name.
pub(crate) fn children(parent: u32, name: &str) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // `pid (name) state ppid …`, proc_pid_stat(5)
        let Some((head, tail)) = stat.rsplit_once(") ") else {
            continue;
        };
        let of = tail.split(' ').nth(1).and_then(|ppid| ppid.parse::<u32>().ok());
        if of == Some(parent) && head.ends_with(name) && !tail.starts_with('Z') {
            found.push(Pid::from_raw(pid).unwrap());
        }
    }
    found
}

pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} never happened");
        std::thread::yield_now();
    }
}

fn run(sandbox: &Sandbox, code: &str) -> (End, String) {
    let mut output = Captured::default();
    let job = job(&[("main.py", code)]);
    let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    (finished.end, String::from_utf8(output.stdout).unwrap())
}

fn start() -> (Sandbox, Pid) {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let launcher = Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
    (sandbox, launcher)
}

#[test]
fn nothing_is_made_ready_where_nothing_is_to_be() {
    let options = SandboxOptions { start: Start::Strict, ready: 0, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let ready = || children(sandbox.launcher_id(), "pyexec-launcher").len();
    assert_eq!(ready(), 1, "that of the trial");
    for _ in 0..2 {
        assert_eq!(run(&sandbox, "print(1)"), (End::Exited(0), "1\n".to_owned()));
        until("the sandbox's end", || ready() == 0);
    }
}

#[test]
fn a_launcher_that_dies_takes_its_sandboxes_along_and_is_replaced() {
    let (sandbox, launcher) = start();
    let waiting = children(launcher.as_raw_nonzero().get() as u32, "pyexec-launcher");
    assert!(!waiting.is_empty(), "one sandbox is always ready");
    std::thread::scope(|scope| {
        let lost = scope.spawn(|| run(&sandbox, "import time; print('up'); time.sleep(600)"));
        until("the script's start", || {
            children(waiting[0].as_raw_nonzero().get() as u32, "").len() == 1
        });
        kill_process(launcher, Signal::KILL).unwrap();
        assert_eq!(lost.join().unwrap().0, End::Lost);
    });
    for pid in waiting {
        until("its end", || rustix::process::test_kill_process(pid).is_err());
    }
    assert_eq!(run(&sandbox, "print('again')"), (End::Exited(0), "again\n".into()));
}

/// Whatever it was doing when the launcher died: what had not begun is begun again.
#[test]
fn a_job_that_had_not_begun_goes_to_the_next_launcher() {
    let (sandbox, _) = start();
    for _ in 0..10 {
        let launcher = Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
        kill_process(launcher, Signal::KILL).unwrap();
        assert_eq!(run(&sandbox, "print('on')"), (End::Exited(0), "on\n".into()));
    }
}

#[test]
fn dropping_a_sandbox_ends_its_launcher_and_leaves_no_group() {
    let (sandbox, launcher) = start();
    // One sandbox is ready.
    assert!(sandbox.isolation().limits == "rlimits" || !groups_of(launcher).is_empty());
    assert_eq!(run(&sandbox, "print(1)").1, "1\n");
    drop(sandbox);
    assert!(rustix::process::test_kill_process(launcher).is_err());
    assert_eq!(groups_of(launcher), Vec::<PathBuf>::new());
}

/// Control groups that a launcher made, in every hierarchy.
fn groups_of(launcher: Pid) -> Vec<PathBuf> {
    let prefix = format!("pyexec-{}-", launcher.as_raw_nonzero());
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
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

#[test]
fn a_control_group_that_was_named_is_used_or_refused() {
    let start = |name: &str| {
        let cgroup = Some(PathBuf::from(name));
        Sandbox::start(SandboxOptions { cgroup, ..SandboxOptions::default() })
    };
    let error = start("/pyexec-nowhere").unwrap_err();
    assert!(error.to_string().contains("none can be made below /pyexec-nowhere"), "{error}");
    assert!(error.hint().unwrap().contains("empty group"), "{error:?}");

    // Where this machine has version 1 and we may: the name below every controller.
    let name = format!("pyexec-test-{}", std::process::id());
    let folders = ["memory", "pids", "cpu", "cpuacct"]
        .map(|controller| PathBuf::from(format!("/sys/fs/cgroup/{controller}/{name}")));
    if !folders.iter().all(|folder| std::fs::create_dir(folder).is_ok()) {
        return;
    }
    let sandbox = start(&name).unwrap();
    let limits = sandbox.isolation().limits;
    let groups = groups_of(Pid::from_raw(sandbox.launcher_id() as i32).unwrap());
    let ran = run(&sandbox, "print(1)");
    drop(sandbox);
    for folder in &folders {
        std::fs::remove_dir(folder).unwrap();
    }
    assert_eq!(limits, "cgroup1");
    assert!(groups.iter().any(|group| group.starts_with(&folders[0])), "{groups:?}");
    assert_eq!(ran, (End::Exited(0), "1\n".into()));
}

/// A Ctrl-C at the terminal reaches every process of the foreground group.
#[test]
fn a_launcher_is_in_no_group_of_ours() {
    let (sandbox, launcher) = start();
    let group = rustix::process::getpgid(Some(launcher)).unwrap();
    assert_eq!(group, launcher);
    assert_ne!(group, rustix::process::getpgid(None).unwrap());
    drop(sandbox);
}
