//! What becomes of symbolic links and pipes in a directory.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(all(unix, feature = "fs"))]

mod tree;

use pyexec_archive::{Archive, ArchiveError, Symlinks};

use std::os::unix::fs::symlink;
use std::{fs, path::Path};
use tempfile::TempDir;
use tree::{names, options, planned, tree, write};

fn linked() -> TempDir {
    let dir = tree(&["app/main.py", "data/x.txt"]);
    symlink("../data", dir.path().join("app/data")).unwrap();
    symlink("data/./x.txt", dir.path().join("x.txt")).unwrap();
    dir
}

#[test]
fn links_by_choice() {
    let dir = linked();
    let archive = options().symlinks(Symlinks::Keep).archive(dir.path()).unwrap();
    assert_eq!(names(&archive), ["x.txt", "app", "app/data", "app/main.py", "data", "data/x.txt"]);
    let targets: Vec<_> = archive.entries().filter_map(|entry| entry.link_target()).collect();
    assert_eq!(targets, ["data/x.txt", "../data"]);
    assert_eq!((archive.report().files, archive.report().symlinks), (2, 2));
    assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());

    let (names, left_out) = planned(&options().symlinks(Symlinks::LeaveOut), &dir);
    assert_eq!(names, ["app", "app/main.py", "data", "data/x.txt"]);
    assert_eq!(left_out, ["x.txt (symbolic link)", "app/data (symbolic link)"]);

    let error = options().symlinks(Symlinks::Refuse).archive(dir.path()).unwrap_err();
    assert!(matches!(error, ArchiveError::LinkRefused { .. }));
}

#[test]
fn links_out_and_nowhere_matter_only_where_they_are_stored() {
    let dir = tree(&["main.py"]);
    symlink("/etc/hostname", dir.path().join("out")).unwrap();
    symlink("none", dir.path().join("nowhere")).unwrap();
    symlink(".", dir.path().join("loop")).unwrap();
    let error = options().symlinks(Symlinks::Keep).archive(dir.path()).unwrap_err();
    let ArchiveError::LinkNotKept { path, target, source } = error else {
        panic!("{error:?}");
    };
    assert!(path.ends_with("out") && target == Path::new("/etc/hostname"));
    assert_eq!(source.to_string(), "absolute path");
    write(&dir, ".gitignore", "out\nnowhere\nloop\n");
    assert_eq!(planned(&options(), &dir).0, [".gitignore", "main.py"]);
    // Kept, one that leads nowhere is as good as any.
    write(&dir, ".gitignore", "out\n");
    let (names, _) = planned(&options().symlinks(Symlinks::Keep), &dir);
    assert_eq!(names, [".gitignore", "loop", "main.py", "nowhere"]);
}

#[test]
fn a_neighbour_with_a_longer_name_is_outside() {
    let dir = tree(&["project/main.py", "project-secrets/key"]);
    let project = dir.path().join("project");
    symlink("../project-secrets/key", project.join("key")).unwrap();
    let error = Archive::from_directory(&project).unwrap_err();
    assert!(matches!(error, ArchiveError::LinkLeadsOut { .. }), "{error:?}");
}

#[test]
fn a_link_is_no_way_around_what_is_left_out() {
    let dir = tree(&[
        "main.py",
        ".git/config",
        ".ssh/id",
        "private/key.pem",
        "open/secret/x",
        "open/y",
        "open/.gitignore",
    ]);
    write(&dir, ".gitignore", "/private/\n");
    write(&dir, "open/.gitignore", "secret\n");
    for (link, target) in [
        ("l1", ".git/config"),
        ("l2", ".git"),
        ("l3", "private"),
        ("l4", "private/key.pem"),
        ("l5", ".ssh"),
        ("l6", "open/secret"),
        ("l7", "open/secret/x"),
        ("l8", "open"),
    ] {
        symlink(target, dir.path().join(link)).unwrap();
    }
    let (names, left_out) = planned(&options().hidden(false), &dir);
    assert_eq!(names, ["main.py", "l8", "l8/y", "open", "open/y"]);
    for reason in [
        "l1 (left out by default)",
        "l2/ (left out by default)",
        "l3/ (.gitignore has \"/private/\")",
        "l4 (.gitignore has \"/private/\")",
        "l5/ (hidden)",
        "l6/ (open/.gitignore has \"secret\")",
        "l7 (open/.gitignore has \"secret\")",
    ] {
        assert!(left_out.iter().any(|line| line == reason), "{reason}: {left_out:?}");
    }
    // Below a followed directory the own path counts: `/open/y` is `l8/y`, too.
    let (names, _) = planned(&options().hidden(false).exclude("/open/y"), &dir);
    assert_eq!(names, ["main.py", "l8", "open"]);
}

#[test]
fn what_becomes_a_link_is_not_read() {
    let dir = tree(&["main.py", "data/x", "outside-of-it"]);
    symlink("data/x", dir.path().join("l")).unwrap();
    let archive = Archive::from_directory(dir.path()).unwrap();
    assert!(archive.to_vec().is_ok());
    for planned in ["main.py", "data/x"] {
        let path = dir.path().join(planned);
        let before = fs::read(&path).unwrap();
        let secret = dir.path().join("outside-of-it");
        fs::write(&secret, vec![b's'; before.len()]).unwrap();
        fs::remove_file(&path).unwrap();
        symlink(&secret, &path).unwrap();
        let error = archive.to_vec().unwrap_err();
        assert!(error.to_string().contains(planned), "{error}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn a_pattern_of_directories_means_what_is_stored() {
    let dir = linked();
    write(&dir, ".gitignore", "data/\n");
    // Followed, the link is a directory, and what leads into one is left out with it; kept, it
    // is none.
    assert_eq!(planned(&options(), &dir).0, [".gitignore", "app", "app/main.py"]);
    let (names, _) = planned(&options().symlinks(Symlinks::Keep), &dir);
    assert_eq!(names, [".gitignore", "x.txt", "app", "app/data", "app/main.py"]);
}

#[test]
fn links_that_multiply_come_to_an_end() {
    // Each level holds the next one twice: 2^30 files without a single cycle.
    let dir = tree(&["level30/file"]);
    for level in 0..30 {
        let here = dir.path().join(format!("level{level}"));
        fs::create_dir(&here).unwrap();
        for name in ["a", "b"] {
            symlink(format!("../level{}", level + 1), here.join(name)).unwrap();
        }
    }
    let error = options().max_entries(10_000).archive(dir.path()).unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyEntries { limit: 10_000, .. }));
    assert!(error.to_string().contains("more than 10000 files and directories"), "{error}");
    let kept = options().symlinks(Symlinks::Keep);
    // 31 directories, 60 links and a file.
    assert!(kept.clone().max_entries(92).archive(dir.path()).is_ok());
    assert!(kept.max_entries(91).archive(dir.path()).is_err());
}

#[test]
fn a_pipe_named_like_an_ignore_file_is_no_ignore_file() {
    let dir = tree(&["main.py"]);
    for name in [".gitignore", ".pyexecignore"] {
        let status = std::process::Command::new("mkfifo").arg(dir.path().join(name)).status();
        assert!(status.unwrap().success());
    }
    let (names, left_out) = planned(&options(), &dir);
    assert_eq!(names, ["main.py"]);
    assert_eq!(left_out, [".gitignore (no regular file)", ".pyexecignore (no regular file)"]);
    let error = Archive::from_files([dir.path().join(".gitignore")]).unwrap_err();
    assert!(matches!(error, ArchiveError::NotAFile { .. }));
}
