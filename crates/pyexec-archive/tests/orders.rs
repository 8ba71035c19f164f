//! Which files get in from disk, under which names and in which order.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(feature = "fs")]

mod tree;

use pyexec_archive::{Archive, ArchiveError};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tree::{names, tree};

#[test]
fn a_map_is_sorted_and_reproducible() {
    let one = Archive::from_map([("b", "2"), ("a/z", "1"), ("B", "3")]).unwrap();
    let two = Archive::from_map([("B", "3"), ("b", "2"), ("a/z", "1")]).unwrap();
    assert_eq!(names(&one), ["B", "a/z", "b"]);
    assert_eq!(one.to_vec().unwrap(), two.to_vec().unwrap());
    let error = Archive::from_map([("a", "1"), ("./a", "2")]).unwrap_err();
    assert!(matches!(error, ArchiveError::DuplicateName { .. }));
    assert_eq!(Archive::from_map([("", ""); 0]).unwrap().size(), 1024);
}

#[test]
fn files_keep_the_callers_order_and_their_base_names() {
    let dir = tree(&["x/b.py", "a.py", "y/b.py"]);
    let at = |name: &str| dir.path().join(name);
    let archive = Archive::from_files([at("x/b.py"), at("a.py")]).unwrap();
    assert_eq!(names(&archive), ["b.py", "a.py"]);

    let error = Archive::from_files([at("x/b.py"), at("a.py"), at("y/b.py")]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("x/b.py") && text.contains("y/b.py"), "{text}");
    let error = Archive::from_files([at("a.py"), at("x")]).unwrap_err();
    assert!(matches!(error, ArchiveError::NotAFile { path } if path == at("x")));
    let error = Archive::from_files([at("none.py")]).unwrap_err();
    assert!(matches!(error, ArchiveError::Io { path, .. } if path == at("none.py")));
    let error = Archive::from_files([at("x/..")]).unwrap_err();
    assert!(matches!(error, ArchiveError::NotAFile { .. }));
}

#[test]
fn a_directorys_files_come_before_its_subdirectories() {
    let dir = tree(&[
        "main.py",
        "zz.py",
        "app/main.py",
        "app/sub/x.py",
        "app/a.py",
        "Zoo/x.py",
        "empty/",
    ]);
    let archive = Archive::from_directory(dir.path()).unwrap();
    assert_eq!(
        names(&archive),
        [
            "main.py",
            "zz.py",
            "Zoo",
            "Zoo/x.py",
            "app",
            "app/a.py",
            "app/main.py",
            "app/sub",
            "app/sub/x.py",
            "empty",
        ]
    );
    assert_eq!(archive.detect_entrypoint().unwrap(), "main.py");
    assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());
}

#[test]
fn equal_directories_give_equal_bytes() {
    let files = ["b.py", "d/a.py", "a.py"];
    let (one, two) = (tree(&files), tree(&["a.py", "b.py", "d/a.py"]));
    let bytes = |dir: &TempDir| Archive::from_directory(dir.path()).unwrap().to_vec().unwrap();
    assert_eq!(bytes(&one), bytes(&two));
}

#[test]
fn what_is_made_anew_is_left_out() {
    let dir = tree(&[
        ".git/config",
        "sub/.git",
        "a.pyc",
        "__pycache__/a.py",
        "sub/__pycache__/b.pyc",
        ".venv/bin/x.py",
        "sub/node_modules/x.py",
        ".gitignore",
        "sub/keep.py",
        "venv/keep.py",
    ]);
    let archive = Archive::from_directory(dir.path()).unwrap();
    assert_eq!(names(&archive), [".gitignore", "sub", "sub/keep.py", "venv", "venv/keep.py"]);
}

#[test]
fn a_directory_must_be_one() {
    let dir = tree(&["a.py"]);
    let error = Archive::from_directory(dir.path().join("a.py")).unwrap_err();
    assert!(matches!(error, ArchiveError::NotADirectory { .. }));
    let error = Archive::from_directory(dir.path().join("none")).unwrap_err();
    assert!(matches!(error, ArchiveError::Io { .. }));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::{ffi::OsStringExt, fs::symlink, net::UnixListener};

    fn link(dir: &TempDir, target: impl AsRef<Path>, name: &str) -> PathBuf {
        let path = dir.path().join(name);
        symlink(target, &path).unwrap();
        path
    }

    #[test]
    fn links_within_are_followed() {
        let dir = tree(&["data/x.txt", "app/main.py"]);
        link(&dir, "../data", "app/data");
        link(&dir, "data/x.txt", "x.txt");
        let archive = Archive::from_directory(dir.path()).unwrap();
        assert_eq!(
            names(&archive),
            ["x.txt", "app", "app/main.py", "app/data", "app/data/x.txt", "data", "data/x.txt"]
        );
        assert!(archive.to_vec().is_ok());
        // The directory itself may be reached by a link.
        let outer = tempfile::tempdir().unwrap();
        let alias = link(&outer, dir.path(), "alias");
        assert_eq!(Archive::from_directory(alias).unwrap().size(), archive.size());
    }

    #[test]
    fn links_out_back_and_nowhere_are_errors() {
        let other = tree(&["secret"]);
        let dir = tree(&["a/b/x.py"]);
        let out = link(&dir, other.path().join("secret"), "out");
        let error = Archive::from_directory(dir.path()).unwrap_err();
        assert!(matches!(&error, ArchiveError::LinkLeadsOut { path, .. } if *path == out));
        fs::remove_file(out).unwrap();

        for target in ["..", "../..", "../../a/b"] {
            let back = link(&dir, target, "a/b/back");
            let error = Archive::from_directory(dir.path()).unwrap_err();
            assert!(matches!(&error, ArchiveError::LinkCycle { path, .. } if *path == back));
            fs::remove_file(back).unwrap();
        }

        let nowhere = link(&dir, "missing", "nowhere");
        let error = Archive::from_directory(dir.path()).unwrap_err();
        assert!(matches!(&error, ArchiveError::Io { path, .. } if *path == nowhere));
    }

    #[test]
    fn sockets_are_left_out_and_said_so() {
        let dir = tree(&["main.py"]);
        let path = dir.path().join("s.sock");
        let _socket = UnixListener::bind(&path).unwrap();
        let archive = Archive::from_directory(dir.path()).unwrap();
        assert_eq!(names(&archive), ["main.py"]);
        let left_out: Vec<_> = archive.report().left_out.iter().map(ToString::to_string).collect();
        assert_eq!(left_out, ["s.sock (no regular file)"]);
        let error = Archive::from_files([path]).unwrap_err();
        assert!(matches!(error, ArchiveError::NotAFile { .. }));
    }

    #[test]
    fn names_that_no_archive_may_have() {
        let dir = tree(&[]);
        let raw = std::ffi::OsString::from_vec(b"a\xff.py".to_vec());
        let path = dir.path().join(raw);
        fs::write(&path, "").unwrap();
        let error = Archive::from_directory(dir.path()).unwrap_err();
        assert!(matches!(error, ArchiveError::NotUtf8 { .. }));
        let error = Archive::from_files([&path]).unwrap_err();
        assert!(matches!(error, ArchiveError::NotUtf8 { .. }));
        let dir = tree(&["a\nb.py"]);
        let error = Archive::from_directory(dir.path()).unwrap_err();
        assert!(matches!(error, ArchiveError::InvalidName { .. }));
    }
}
