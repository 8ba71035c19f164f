//! Files that may not be read: an error that names them, before anything is sent.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(all(unix, feature = "fs"))]

use pyexec_archive::{Archive, ArchiveError};
use std::{
    env, fs,
    io::ErrorKind,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

const NOBODY: u32 = 65_534;

#[test]
fn an_unreadable_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    if fs::metadata(dir.path()).unwrap().uid() == 0 {
        // Root may read everything, so somebody else has to try.
        return again_as_nobody();
    }
    fs::write(dir.path().join("main.py"), "").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    for name in ["secret.txt", "sub/secret.txt", ".gitignore", "sub"] {
        let path = dir.path().join(name);
        let is_directory = path.is_dir();
        if !is_directory {
            fs::write(&path, "").unwrap();
        }
        set_mode(&path, 0o000);
        let error = Archive::from_directory(dir.path()).unwrap_err();
        expect_denied(&error, &path);
        if !is_directory {
            let error = Archive::from_files([&path]).unwrap_err();
            expect_denied(&error, &path);
            fs::remove_file(&path).unwrap();
        } else {
            set_mode(&path, 0o755);
        }
    }
    // One that may no longer be read when it's time to.
    let path = dir.path().join("later.txt");
    fs::write(&path, "x").unwrap();
    let archive = Archive::from_directory(dir.path()).unwrap();
    set_mode(&path, 0o000);
    let error = archive.to_vec().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("later.txt"), "{error}");
}

fn expect_denied(error: &ArchiveError, denied: &Path) {
    let ArchiveError::Io { path, source } = error else {
        panic!("{error:?}");
    };
    assert_eq!((path.as_path(), source.kind()), (denied, ErrorKind::PermissionDenied));
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs this test once more as a user without rights.
fn again_as_nobody() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o777);
    let program = dir.path().join("test");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let output = Command::new(&program)
        .args(["--exact", "an_unreadable_file_is_named"])
        .env("TMPDIR", dir.path())
        .current_dir(dir.path())
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
