//! Directories to archive.
#![allow(dead_code, reason = "each test program uses its own part")]

use pyexec_archive::{Archive, DirectoryOptions, Entry};
use std::fs;
use tempfile::TempDir;

/// A directory with these files, and directories where a name ends in `/`.
pub(crate) fn tree(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in files {
        let path = dir.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("# {name}\n")).unwrap();
        }
    }
    dir
}

pub(crate) fn names(archive: &Archive) -> Vec<&str> {
    archive.entries().map(Entry::name).collect()
}

pub(crate) fn options() -> DirectoryOptions {
    DirectoryOptions::new()
}

/// What is in, and what isn't with the reason.
pub(crate) fn planned(options: &DirectoryOptions, dir: &TempDir) -> (Vec<String>, Vec<String>) {
    let archive = options.archive(dir.path()).unwrap();
    let names = names(&archive).into_iter().map(str::to_owned).collect();
    (names, left_out(&archive))
}

pub(crate) fn left_out(archive: &Archive) -> Vec<String> {
    archive.report().left_out.iter().map(ToString::to_string).collect()
}

pub(crate) fn write(dir: &TempDir, name: &str, text: &str) {
    fs::write(dir.path().join(name), text).unwrap();
}
