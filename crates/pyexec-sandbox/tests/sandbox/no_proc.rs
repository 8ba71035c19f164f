//! A container that hides a part of `/proc`, so that the kernel lets nobody inside mount another.

use crate::{
    again::{ORDINARY, as_ordinary_user, text},
    harness::{await_zygote_of, job},
};
use pyexec_sandbox::{Captured, End, IsolationLevel, Sandbox, SandboxError, SandboxOptions, Stop};
use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// Set in the inner half, to what is expected there: `full`, `no-proc` or a refusal.
const EXPECTED: &str = "PYEXEC_TEST_EXPECT_LEVEL";
/// Set where the sandboxes' control groups belong.
const CGROUP: &str = "PYEXEC_TEST_CGROUP";
/// As Docker does it.
const HIDE: &str = "mount --bind /dev/null /proc/interrupts && mount -t tmpfs none /proc/sys";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs tests of this binary where a part of `/proc` is hidden, by root or an ordinary user.
pub(crate) fn hidden(tests: &[&str], ordinary: bool, prepare: impl FnOnce(&mut Command)) -> Output {
    let (_, copy, _folder) = as_ordinary_user("");
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let become_ordinary = if ordinary && is_root() {
        format!("setpriv --reuid {ORDINARY} --regid {ORDINARY} --clear-groups")
    } else {
        String::new()
    };
    command
        .args(["--mount", "sh", "-c"])
        .arg(format!("{HIDE} && exec {become_ordinary} \"$0\" \"$@\""))
        .arg(copy)
        .args(tests)
        .current_dir("/");
    prepare(&mut command);
    command.output().unwrap()
}

fn assert_passed(output: Output, test: &str) {
    let (passed, text) = (output.status.success(), text(output));
    assert!(passed, "{text}");
    assert!(text.contains(&format!("{test} ... ok")), "{text}");
}

fn level_of_groups(there: bool) -> &'static str {
    if there { "no-proc" } else { "refused" }
}

#[test]
fn by_root() {
    if !is_root() {
        return;
    }
    let has_groups =
        Sandbox::start(SandboxOptions::default()).unwrap().isolation().limits != "rlimits";
    let output = hidden(&["no_proc::inner"], false, |command| {
        command.env(EXPECTED, level_of_groups(has_groups));
    });
    assert_passed(output, "no_proc::inner");
}

/// Without a control group nobody could tell how much memory is held.
#[test]
fn by_an_ordinary_user() {
    let output = hidden(&["no_proc::inner"], true, |command| {
        command.env(EXPECTED, "refused");
    });
    assert_passed(output, "no_proc::inner");
}

#[test]
fn by_an_ordinary_user_with_a_control_group() {
    let groups = ["memory", "pids", "cpu", "cpuacct"].map(|controller| {
        let name = format!("pyexec-test-no-proc-{}", std::process::id());
        PathBuf::from(format!("/sys/fs/cgroup/{controller}/{name}"))
    });
    // Where this machine has version 1 and we may.
    if !is_root() || !groups.iter().all(|group| std::fs::create_dir(group).is_ok()) {
        return;
    }
    for group in &groups {
        std::os::unix::fs::chown(group, Some(ORDINARY), Some(ORDINARY)).unwrap();
    }
    let output = hidden(&["no_proc::inner"], true, |command| {
        command.env(EXPECTED, "no-proc").env(CGROUP, groups[0].file_name().unwrap());
    });
    groups.iter().for_each(|group| std::fs::remove_dir(group).unwrap());
    assert_passed(output, "no_proc::inner");
}

/// All limits, those on memory above all, which PID 1 can't see without `/proc`.
#[test]
fn every_limit_holds() {
    let asked = SandboxOptions { isolation: IsolationLevel::NoProc, ..SandboxOptions::default() };
    let isolation = Sandbox::start(asked).unwrap().isolation();
    assert_eq!(isolation.level, "full", "it is not weaker than it has to be");
    if !is_root() || isolation.limits == "rlimits" {
        return;
    }
    let output = hidden(&["limits::"], false, |command| {
        command.env(crate::harness::NO_PROC, "1");
    });
    assert_passed(output, "limits::memory::a_large_disk_gives_processes_no_more_memory");
}

/// The inner half of the tests above; by itself it has nothing to do.
#[test]
fn inner() {
    let Some(expected) = std::env::var_os(EXPECTED) else { return };
    let options = |isolation| SandboxOptions {
        isolation,
        cgroup: std::env::var_os(CGROUP).map(PathBuf::from),
        ..SandboxOptions::default()
    };
    let error = Sandbox::start(options(IsolationLevel::Full)).unwrap_err();
    assert!(matches!(&error, SandboxError::Refused { step, .. } if step == "mounting /proc"));
    assert!(error.hint().unwrap().contains("PYEXEC_ISOLATION=no-proc"), "{error:?}");

    let started = Sandbox::start(options(IsolationLevel::NoProc));
    if expected == "refused" {
        let error = started.unwrap_err();
        assert!(error.to_string().contains("doing without /proc failed: no control group"));
        assert!(error.hint().unwrap().contains("PYEXEC_CGROUP"), "{error:?}");
        return;
    }
    let sandbox = started.unwrap();
    assert_eq!(sandbox.isolation().level, "no-proc");
    nothing_is_seen_of_the_host(&sandbox);
    await_zygote_of(&sandbox, sandbox.interpreters()[0].version());
    nothing_is_seen_of_the_host(&sandbox);
}

fn nothing_is_seen_of_the_host(sandbox: &Sandbox) {
    let code = "import os, subprocess, multiprocessing as m\n\
        print(os.listdir('/proc'), os.path.exists('/proc/self'), len(os.listdir('/')) > 5)\n\
        try: open('/proc/x', 'w')\n\
        except OSError as e: print(e.strerror)\n\
        print(subprocess.run(['sh', '-c', 'echo from a shell'], capture_output=True).stdout)\n\
        p = m.get_context('fork').Process(target=print, args=['from', 'a', 'child']); p.start(); p.join()";
    let mut output = Captured::default();
    let job = job(&[("main.py", code)]);
    let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    assert_eq!(finished.end, End::Exited(0), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "[] False True\nRead-only file system\nb'from a shell\\n'\nfrom a child\n"
    );
}
