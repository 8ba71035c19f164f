//! Directories to archive.
#![allow(dead_code, reason = "each test program uses its own part")]

use pyexec_archive::{Archive, Entry};
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
