//! What an installer left behind, taken as hostile: only plain files and folders, readable for
//! everybody and writable for nobody else.

use crate::install::{InstallFailure, usage::Limits};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, Permissions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

/// Deeper or longer is nothing that a package needs.
const DEEPEST: usize = 64;
const LONGEST: usize = 1024;

/// Folders, and files that are meant to be run.
pub(super) const OPEN_MODE: u32 = 0o755;
/// All other files.
pub(super) const FILE_MODE: u32 = 0o644;

/// A file of an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TreeFile {
    /// Relative, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) executable: bool,
    /// Empty until it is known.
    pub(crate) sha256: String,
}

/// Gives every file and folder the mode that it shall have, and lists the files. What is neither
/// is refused, and nothing is looked for outside: links are not followed but refused.
pub(crate) fn settle(tree: &Path, limits: Limits) -> Result<Vec<TreeFile>, InstallFailure> {
    let mut settling = Settling { limits, files: Vec::new(), bytes: 0, entries: 0 };
    settling.folder(tree, "", 0)?;
    settling.files.sort();
    Ok(settling.files)
}

struct Settling {
    limits: Limits,
    files: Vec<TreeFile>,
    bytes: u64,
    entries: u64,
}

impl Settling {
    fn folder(&mut self, folder: &Path, path: &str, depth: usize) -> Result<(), InstallFailure> {
        let io = |error| InstallFailure::storage("can't look through what was installed")(error);
        if depth > DEEPEST {
            return Err(refused(path, "it lies too deep"));
        }
        fs::set_permissions(folder, Permissions::from_mode(OPEN_MODE)).map_err(io)?;
        for entry in fs::read_dir(folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            self.entries += 1;
            if self.entries > self.limits.files {
                return Err(self.limits.exceeded());
            }
            let name = entry.file_name();
            let shown = name.to_string_lossy();
            let within =
                if path.is_empty() { shown.to_string() } else { format!("{path}/{shown}") };
            if name.to_str().is_none_or(|name| name.contains(char::is_control)) {
                return Err(refused(&within, "its name isn't plain text"));
            }
            if within.len() > LONGEST {
                return Err(refused(&within, "its path is too long"));
            }
            // Of the entry itself: a link isn't followed.
            let metadata = entry.metadata().map_err(io)?;
            if metadata.is_dir() {
                self.folder(&entry.path(), &within, depth + 1)?;
            } else if metadata.is_file() {
                self.file(&entry.path(), within, &metadata)?;
            } else {
                return Err(refused(&within, "it is neither a file nor a folder"));
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        file: &Path,
        path: String,
        metadata: &fs::Metadata,
    ) -> Result<(), InstallFailure> {
        if metadata.nlink() != 1 {
            // Its mode and content would be those of another file, too.
            return Err(refused(&path, "it is a link to another file"));
        }
        self.bytes = self.bytes.saturating_add(metadata.len());
        if self.bytes > self.limits.bytes {
            return Err(self.limits.exceeded());
        }
        let executable = metadata.mode() & 0o111 != 0;
        let mode = if executable { OPEN_MODE } else { FILE_MODE };
        // Also without the bits for another user or group.
        fs::set_permissions(file, Permissions::from_mode(mode))
            .map_err(InstallFailure::storage("can't set what was installed readable"))?;
        let bytes = metadata.len();
        self.files.push(TreeFile { path, bytes, executable, sha256: String::new() });
        Ok(())
    }
}

fn refused(path: &str, reason: &str) -> InstallFailure {
    InstallFailure::Refused { package: path.to_owned(), reason: reason.to_owned() }
}

/// The SHA-256 of a file's contents.
pub(crate) fn digest(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(crate::install::hex(&digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::{fs::symlink, net::UnixListener};

    const LIMITS: Limits = Limits { bytes: 1000, files: 10 };

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn modes_are_what_everybody_may_read() {
        let tree = tempfile::tempdir().unwrap();
        let (folder, plain, run) =
            (tree.path().join("f"), tree.path().join("f/plain"), tree.path().join("f/run"));
        fs::create_dir(&folder).unwrap();
        for (file, mode) in [(&plain, 0o600), (&run, 0o6711), (&folder, 0o2700)] {
            if file != &folder {
                fs::write(file, "x").unwrap();
            }
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
        let files = settle(tree.path(), LIMITS).unwrap();
        assert_eq!((mode(&folder), mode(&plain), mode(&run)), (0o755, 0o644, 0o755));
        let listed: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.executable)).collect();
        assert_eq!(listed, [("f/plain", false), ("f/run", true)]);
    }

    type Make = fn(&Path);

    #[test]
    fn anything_but_files_and_folders_is_refused() {
        let make: [(&str, Make); 4] = [
            ("link", |path| symlink("/etc/passwd", path).unwrap()),
            ("socket", |path| drop(UnixListener::bind(path).unwrap())),
            ("hard", |path| {
                fs::write(path, "x").unwrap();
                fs::hard_link(path, path.with_extension("2")).unwrap();
            }),
            ("with\nnewline", |path| fs::write(path, "x").unwrap()),
        ];
        for (name, make) in make {
            let tree = tempfile::tempdir().unwrap();
            make(&tree.path().join(name));
            let error = settle(tree.path(), LIMITS).unwrap_err();
            assert!(matches!(error, InstallFailure::Refused { .. }), "{name:?}: {error}");
        }
    }

    #[test]
    fn too_much_is_refused() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("large"), vec![0; 1001]).unwrap();
        assert!(matches!(settle(tree.path(), LIMITS), Err(InstallFailure::TooLarge { .. })));
        fs::remove_file(tree.path().join("large")).unwrap();
        for n in 0..11 {
            fs::create_dir(tree.path().join(n.to_string())).unwrap();
        }
        assert!(matches!(settle(tree.path(), LIMITS), Err(InstallFailure::TooLarge { .. })));
        let deep = tempfile::tempdir().unwrap();
        fs::create_dir_all(deep.path().join("d/".repeat(DEEPEST + 1))).unwrap();
        let many = Limits { files: 1000, ..LIMITS };
        assert!(matches!(settle(deep.path(), many), Err(InstallFailure::Refused { .. })));
    }
}
