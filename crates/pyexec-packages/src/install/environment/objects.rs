//! Files that several environments have are on the disk once: as hard links into a folder of
//! contents. Nobody writes through them: scripts see environments through mounts that are
//! read-only, and here files are only ever made, linked and deleted.

use super::tree::TreeFile;
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

const FOLDER: &str = "objects";

/// Where the contents of this file are. The mode belongs to the file, not to its names.
fn place(store: &Path, file: &TreeFile) -> PathBuf {
    let (first, rest) = file.sha256.split_at(2.min(file.sha256.len()));
    let mode = if file.executable { "x" } else { "" };
    store.join(FOLDER).join(first).join(format!("{rest}{mode}"))
}

/// Makes each file that is there already a link to it, and offers the others to those who come.
pub(crate) fn share(store: &Path, tree: &Path, files: &[TreeFile]) -> io::Result<()> {
    for file in files.iter().filter(|file| file.bytes > 0) {
        let (mine, object) = (tree.join(&file.path), place(store, file));
        match link(&mine, &object) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take(&mine, &object)?,
            // Too many links, or a file system without them: then this file is a copy.
            Err(_) => {}
        }
    }
    Ok(())
}

fn link(mine: &Path, object: &Path) -> io::Result<()> {
    match fs::hard_link(mine, object) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = object.parent().unwrap_or(object);
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            fs::hard_link(mine, object)
        }
        linked => linked,
    }
}

/// Replaces the file by a link to the object, where that is what its name says.
fn take(mine: &Path, object: &Path) -> io::Result<()> {
    let spare = mine.with_file_name(".pyexec-object");
    if same(mine, object)? {
        match fs::hard_link(object, &spare) {
            Ok(()) => fs::rename(&spare, mine),
            // Gone meanwhile, or with as many links as there can be.
            Err(_) => Ok(()),
        }
    } else {
        // Damaged: whoever has it finds that out by their manifest, and new ones get this.
        fs::hard_link(mine, &spare)?;
        fs::rename(&spare, object)
    }
}

fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = match (File::open(one), File::open(other)) {
        (Ok(one), Ok(other)) => (one, other),
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let (mine, there) = (one.metadata()?, other.metadata()?);
    if mine.len() != there.len() || mine.mode() != there.mode() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let (mine, theirs) = (fill(&mut one, &mut left)?, fill(&mut other, &mut right)?);
        if left[..mine] != right[..theirs] {
            return Ok(false);
        }
        if mine == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Deletes those of these objects that no environment has any more.
pub(crate) fn release(store: &Path, files: &[TreeFile]) {
    for file in files {
        delete_if_unused(&place(store, file));
    }
}

/// Deletes every object that no environment has.
pub(crate) fn sweep(store: &Path) {
    for folder in fs::read_dir(store.join(FOLDER)).into_iter().flatten().flatten() {
        for object in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            delete_if_unused(&object.path());
        }
    }
}

/// Who links to it in this very moment has it nevertheless: only the name goes.
fn delete_if_unused(object: &Path) {
    if fs::symlink_metadata(object).is_ok_and(|metadata| metadata.nlink() == 1) {
        let _ = fs::remove_file(object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::{environment::tree, usage::Limits};

    fn tree_of(store: &Path, name: &str, contents: &str) -> (PathBuf, Vec<TreeFile>) {
        let tree = store.join(name);
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join("a"), contents).unwrap();
        let mut files = tree::settle(&tree, Limits { bytes: 100, files: 10 }).unwrap();
        files[0].sha256 = tree::digest(&tree.join("a")).unwrap();
        share(store, &tree, &files).unwrap();
        (tree, files)
    }

    fn inode(file: &Path) -> u64 {
        fs::metadata(file).unwrap().ino()
    }

    #[test]
    fn equal_files_are_one() {
        let store = tempfile::tempdir().unwrap();
        let (one, files) = tree_of(store.path(), "one", "same");
        let (two, _) = tree_of(store.path(), "two", "same");
        let (three, _) = tree_of(store.path(), "three", "other");
        assert_eq!(inode(&one.join("a")), inode(&two.join("a")));
        assert_ne!(inode(&one.join("a")), inode(&three.join("a")));
        let object = place(store.path(), &files[0]);
        fs::remove_dir_all(&one).unwrap();
        release(store.path(), &files);
        assert!(object.exists(), "two has it");
        fs::remove_dir_all(&two).unwrap();
        release(store.path(), &files);
        assert!(!object.exists());
    }

    #[test]
    fn a_damaged_object_is_nobodys_again() {
        let store = tempfile::tempdir().unwrap();
        let (one, _) = tree_of(store.path(), "one", "same");
        fs::write(one.join("a"), "s4me").unwrap();
        let (two, files) = tree_of(store.path(), "two", "same");
        assert_eq!(fs::read_to_string(two.join("a")).unwrap(), "same");
        assert_eq!(fs::read_to_string(place(store.path(), &files[0])).unwrap(), "same");
        let (three, _) = tree_of(store.path(), "three", "same");
        assert_eq!(inode(&two.join("a")), inode(&three.join("a")));
    }
}
