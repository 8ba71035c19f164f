//! What an environment consists of, written beside it: so that damage is found.

use super::tree::{self, FILE_MODE, OPEN_MODE, TreeFile};
use crate::install::Package;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// What an environment consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) packages: Vec<Package>,
    /// Of the interpreter.
    pub(crate) python: String,
    pub(crate) files: Vec<TreeFile>,
}

/// How thoroughly to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Names, kinds, modes and sizes.
    Sizes,
    /// The same, and every byte of what changed then or later: seconds since 1970, and nanoseconds,
    /// by the clock of file systems, which has ticks.
    Since((i64, i64)),
    /// Every byte.
    Contents,
}

impl Manifest {
    /// Writes it to a new file, to the disk: its digest on the first line, then JSON.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        let digest = crate::install::hex(&Sha256::digest(&text));
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(file)?;
        file.write_all(format!("{digest}\n{text}").as_bytes())?;
        file.sync_all()
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Why it can't be relied on.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| format!("its manifest: {error}"))?;
        let (digest, json) = text.split_once('\n').ok_or("its manifest is cut off")?;
        if digest != crate::install::hex(&Sha256::digest(json)) {
            return Err("its manifest is damaged".to_owned());
        }
        serde_json::from_str(json).map_err(|error| format!("its manifest: {error}"))
    }

    /// Whether the tree is what this says, and nothing else.
    ///
    /// # Errors
    ///
    /// What differs.
    pub(crate) fn check(&self, tree: &Path, depth: Depth) -> Result<(), String> {
        let mut expected: HashMap<&str, &TreeFile> =
            self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let io = |path: &Path| {
            let name = path.strip_prefix(tree).unwrap_or(path).display().to_string();
            move |error: io::Error| format!("{name:?}: {error}")
        };
        let mut folders = vec![(tree.to_owned(), String::new())];
        while let Some((folder, path)) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(io(&folder))? {
                let entry = entry.map_err(io(&folder))?;
                let file = entry.path();
                let metadata = entry.metadata().map_err(io(&file))?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let path =
                    if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
                let mode = metadata.mode() & 0o7777;
                if metadata.is_dir() {
                    if mode != OPEN_MODE {
                        return Err(format!("{path:?} has mode {mode:o}"));
                    }
                    folders.push((file, path));
                    continue;
                }
                let known = expected.remove(path.as_str());
                let known = known.ok_or_else(|| format!("{path:?} was added"))?;
                let right = if known.executable { OPEN_MODE } else { FILE_MODE };
                if !metadata.is_file() || metadata.len() != known.bytes || mode != right {
                    return Err(format!("{path:?} isn't what it was"));
                }
                let read = match depth {
                    Depth::Sizes => false,
                    // Not that of the contents, which anybody could set back.
                    Depth::Since(then) => (metadata.ctime(), metadata.ctime_nsec()) >= then,
                    Depth::Contents => true,
                };
                if read && tree::digest(&file).map_err(io(&file))? != known.sha256 {
                    return Err(format!("{path:?} has other contents"));
                }
            }
        }
        match expected.keys().min() {
            Some(path) => Err(format!("{path:?} is missing")),
            None => Ok(()),
        }
    }
}

/// Brings a folder's names to the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::usage::Limits;
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    fn environment() -> (tempfile::TempDir, Manifest) {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("six")).unwrap();
        fs::write(tree.path().join("six/__init__.py"), "one = 1\n").unwrap();
        fs::write(tree.path().join("data"), "12345").unwrap();
        let mut files = tree::settle(tree.path(), Limits { bytes: 100, files: 10 }).unwrap();
        for file in &mut files {
            file.sha256 = tree::digest(&tree.path().join(&file.path)).unwrap();
        }
        (tree, Manifest { packages: Vec::new(), python: "3.12.1".to_owned(), files })
    }

    #[test]
    fn what_is_whole_passes_and_is_read_as_it_was_written() {
        let (tree, manifest) = environment();
        manifest.check(tree.path(), Depth::Contents).unwrap();
        let other = tempfile::tempdir().unwrap();
        let file = other.path().join("manifest");
        manifest.write(&file).unwrap();
        assert_eq!(Manifest::read(&file).unwrap(), manifest);
        let text = fs::read_to_string(&file).unwrap().replace("data", "date");
        fs::write(&file, text).unwrap();
        assert!(Manifest::read(&file).unwrap_err().contains("damaged"));
    }

    #[test]
    fn what_changed_since_is_read() {
        let (tree, manifest) = environment();
        let now = || {
            let file = tempfile::tempfile().unwrap().metadata().unwrap();
            Depth::Since((file.ctime(), file.ctime_nsec()))
        };
        let before = now();
        manifest.check(tree.path(), before).unwrap();
        let file = tree.path().join("data");
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        // The clock of file systems has ticks.
        while now() == before {
            std::thread::yield_now();
        }
        fs::write(&file, "12346").unwrap();
        let times = fs::FileTimes::new().set_modified(modified);
        File::options().write(true).open(&file).unwrap().set_times(times).unwrap();
        let found = manifest.check(tree.path(), before).unwrap_err();
        assert!(found.contains("other contents"), "{found}");
    }

    type Damage = (&'static str, Depth, fn(&Path));

    #[test]
    fn every_kind_of_damage_is_found() {
        let damages: [Damage; 7] = [
            ("other contents", Depth::Contents, |t| fs::write(t.join("data"), "12346").unwrap()),
            ("isn't what it was", Depth::Sizes, |t| fs::write(t.join("data"), "1").unwrap()),
            ("is missing", Depth::Sizes, |t| fs::remove_file(t.join("data")).unwrap()),
            ("was added", Depth::Sizes, |t| fs::write(t.join("six/x.py"), "").unwrap()),
            ("isn't what it was", Depth::Sizes, |t| {
                fs::set_permissions(t.join("data"), Permissions::from_mode(0o600)).unwrap();
            }),
            ("has mode", Depth::Sizes, |t| {
                fs::set_permissions(t.join("six"), Permissions::from_mode(0o700)).unwrap();
            }),
            ("isn't what it was", Depth::Sizes, |t| {
                fs::remove_file(t.join("data")).unwrap();
                std::os::unix::fs::symlink("/etc/passwd", t.join("data")).unwrap();
            }),
        ];
        for (said, depth, damage) in damages {
            let (tree, manifest) = environment();
            damage(tree.path());
            let found = manifest.check(tree.path(), depth).unwrap_err();
            assert!(found.contains(said), "{found}");
        }
    }
}
