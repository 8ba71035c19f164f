//! The same suite as an ordinary user and without zygotes, and a kernel that says no.

use crate::harness::STRICT;
use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// An ordinary user's and group's number.
pub(crate) const ORDINARY: u32 = 54_321;

/// A program that an ordinary user runs, and a copy of this very binary for it: where the
/// original lies may be out of that user's reach.
pub(crate) fn as_ordinary_user(program: &str) -> (Command, PathBuf, TempDir) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    };
    open(folder.path());
    let copy = folder.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    open(&copy);
    let program = if program.is_empty() { copy.as_os_str() } else { program.as_ref() };
    let mut command = Command::new(program);
    command.current_dir("/").env("HOME", folder.path());
    if rustix::process::geteuid().is_root() {
        command.uid(ORDINARY).gid(ORDINARY);
    }
    (command, copy, folder)
}

pub(crate) fn text(output: Output) -> String {
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn everything_holds_for_an_ordinary_user() {
    if !rustix::process::geteuid().is_root() {
        // Then the whole suite already runs as one.
        return;
    }
    let (mut command, _, _folder) = as_ordinary_user("");
    let output = command.args(["--skip", "again::", "--skip", "semantics::"]).output().unwrap();
    let (passed, text) = (output.status.success(), text(output));
    assert!(passed, "{text}");
    assert!(text.contains("lifecycle::many_at_the_same_time ... ok"), "{text}");
}

/// The same suite with interpreters that are started for each job.
#[test]
fn everything_holds_without_zygotes() {
    if std::env::var_os(STRICT).is_some() {
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "again::", "--skip", "semantics::", "--skip", "zygotes::"])
        .env(STRICT, "1")
        .output()
        .unwrap();
    let (passed, text) = (output.status.success(), text(output));
    assert!(passed, "{text}");
    assert!(text.contains("lifecycle::many_at_the_same_time ... ok"), "{text}");
}

/// In a user namespace in which no network namespace may be made.
#[test]
fn where_the_kernel_refuses_it_refuses_and_says_what_to_do() {
    let (mut command, copy, _folder) = as_ordinary_user("unshare");
    let output = command
        .args(["--user", "--map-root-user", "sh", "-c"])
        .arg("echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" --exact --nocapture again::refused")
        .arg(copy)
        .env("PYEXEC_TEST_EXPECT_REFUSAL", "1")
        .output()
        .unwrap();
    let (passed, text) = (output.status.success(), text(output));
    assert!(passed, "{text}");
    assert!(text.contains("REFUSED this machine doesn't allow isolation: creating namespaces failed: No space left on device"), "{text}");
    assert!(text.contains("HINT raise the limits below /proc/sys/user"), "{text}");
}

/// The inner half of the test above; by itself it has nothing to refuse.
#[test]
fn refused() {
    if std::env::var_os("PYEXEC_TEST_EXPECT_REFUSAL").is_some() {
        let started = pyexec_sandbox::Sandbox::start(pyexec_sandbox::SandboxOptions::default());
        let error = started.unwrap_err();
        println!("REFUSED {error}\nHINT {}", error.hint().unwrap());
    }
}
