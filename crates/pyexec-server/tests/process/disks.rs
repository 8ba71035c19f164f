//! Disks that are full or can't be written to.

use crate::server::{archive, metadata, start};
use pyexec_blocking::{
    ExecutionEvent,
    types::{Outcome, Status},
};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, mount_remount, unmount,
};
use std::{fs::File, io::Write, path::Path, process::Command, time::Duration};

/// Set in the process that may mount what it likes.
const INNER: &str = "PYEXEC_TEST_OWN_MOUNTS";

/// Runs one of the tests below in a mount namespace of its own.
fn in_own_mounts(test: &str) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting a small disk takes root");
        return;
    }
    let output = Command::new("unshare")
        .args(["-m", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INNER, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
}

fn is_inner() -> bool {
    std::env::var_os(INNER).is_some()
}

fn small_disk(path: &Path, size: &str) {
    std::fs::create_dir_all(path).unwrap();
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
    let options = std::ffi::CString::new(format!("size={size},mode=700")).unwrap();
    mount("tmpfs", path, "tmpfs", MountFlags::empty(), options.as_c_str()).unwrap();
}

#[test]
fn a_full_disk_is_an_error_and_no_end() {
    in_own_mounts("disks::inner_full");
}

#[test]
fn inner_full() {
    if !is_inner() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    small_disk(&state, "24m");
    let server = start(folder.path()).unwrap();
    let client = server.client();
    let submit = |code: &str| client.execute_async(&archive(code), &metadata("x"));
    let wait = |id| client.wait_for_completion(&id, Duration::from_millis(10)).unwrap();
    assert_eq!(wait(submit("print(1)").unwrap()).stdout, "1\n");

    // One that finds no room for its output leaves all of it to others.
    let result = wait(submit("print('x' * 60_000_000)").unwrap());
    assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::Lost)));
    assert_eq!(result.error.unwrap(), "its output could not be kept: the disk is full");
    assert_eq!(wait(submit("print(2)").unwrap()).stdout, "2\n");

    // Now there is no room at all.
    let running = submit("print('x' * 200_000)\nimport time; time.sleep(600)").unwrap();
    let wrote = |event| match event {
        Ok(ExecutionEvent::Stdout(output)) => output.offset + output.bytes.len() as u64,
        _ => 0,
    };
    assert!(client.events(&running).any(|event| wrote(event) == 200_001));
    let filler = state.join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    let sync = client.execute_sync(&archive("print(3)"), &metadata("x")).unwrap_err();
    for error in [submit("print(3)").unwrap_err(), sync] {
        assert!(error.status().is_some_and(|status| status == 503), "{error:?}");
        assert!(error.to_string().contains("could not be stored"), "{error}");
    }
    let ended = client.kill_execution(&running).unwrap();
    let result = client.get_execution(&running).unwrap();
    assert_eq!(result.status, ended);
    // The database may have had room left for it.
    match result.status {
        Status::Killed => assert_eq!(result.stdout.len(), 200_001),
        _ => assert_eq!(
            result.error.as_deref(),
            Some("its result could not be stored: the disk is full or broken")
        ),
    }
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(wait(submit("print(4)").unwrap()).stdout, "4\n");
    assert_eq!(client.get_execution(&running).unwrap().status, ended);
    drop(server);
    let server = start(folder.path()).unwrap();
    assert_eq!(server.client().get_execution(&running).unwrap().status, ended);
    server.end();
    unmount(&state, UnmountFlags::DETACH).unwrap();
}

#[test]
fn a_disk_that_takes_nothing_is_named_at_the_start() {
    in_own_mounts("disks::inner_read_only");
}

#[test]
fn inner_read_only() {
    if !is_inner() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    small_disk(&state, "24m");
    start(folder.path()).unwrap().end();
    mount_remount(&state, MountFlags::RDONLY, c"").unwrap();
    let error = start(folder.path()).err().unwrap();
    assert!(error.contains("Read-only file system") && error.contains("state"), "{error}");
    unmount(&state, UnmountFlags::DETACH).unwrap();
}
