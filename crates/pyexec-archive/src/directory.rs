//! Archives of directories.

use crate::{Archive, ArchiveBuilder, ArchiveError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Left out wherever they are: history and what is made anew from the rest.
const EXCLUDED: [&str; 4] = [".git", "__pycache__", ".venv", "node_modules"];
const EXCLUDED_SUFFIX: &str = ".pyc";

pub(crate) fn plan(root: &Path) -> Result<Archive, ArchiveError> {
    let metadata = fs::metadata(root).map_err(about(root))?;
    if !metadata.is_dir() {
        return Err(ArchiveError::NotADirectory { path: root.to_owned() });
    }
    let mut walk = Walk {
        root: root.canonicalize().map_err(about(root))?,
        ancestors: Vec::new(),
        builder: Archive::builder(),
    };
    let top = walk.root.clone();
    walk.directory(root, "", top)?;
    Ok(walk.builder.build())
}

struct Walk {
    /// Free of links, to tell whether a link stays within.
    root: PathBuf,
    /// The directories being walked, free of links, to find cycles.
    ancestors: Vec<PathBuf>,
    builder: ArchiveBuilder,
}

struct Found {
    name: String,
    path: PathBuf,
    /// The directory free of links.
    resolved: PathBuf,
}

impl Walk {
    /// Adds what is in `path`, which is `name` in the archive and `resolved` without links.
    fn directory(
        &mut self,
        path: &Path,
        name: &str,
        resolved: PathBuf,
    ) -> Result<(), ArchiveError> {
        let mut files = Vec::new();
        let mut directories = Vec::new();
        for entry in fs::read_dir(path).map_err(about(path))? {
            let entry = entry.map_err(about(path))?;
            let entry_path = entry.path();
            let Ok(entry_name) = entry.file_name().into_string() else {
                return Err(ArchiveError::NotUtf8 { path: entry_path });
            };
            if is_excluded(&entry_name) {
                continue;
            }
            let mut kind = entry.file_type().map_err(about(&entry_path))?;
            let mut target = resolved.join(&entry_name);
            if kind.is_symlink() {
                target = self.follow(&entry_path)?;
                kind = fs::metadata(&target).map_err(about(&entry_path))?.file_type();
            }
            let found = Found {
                name: if name.is_empty() { entry_name } else { format!("{name}/{entry_name}") },
                path: entry_path,
                resolved: target,
            };
            if kind.is_dir() {
                directories.push(found);
            } else if kind.is_file() {
                files.push(found);
            } else {
                self.builder.skip(found.path);
            }
        }

        files.sort_by(|a, b| a.name.cmp(&b.name));
        directories.sort_by(|a, b| a.name.cmp(&b.name));
        for file in files {
            self.builder.add_file(file.name, file.path)?;
        }
        self.ancestors.push(resolved);
        for directory in directories {
            if self.ancestors.contains(&directory.resolved) {
                return Err(ArchiveError::LinkCycle {
                    path: directory.path,
                    target: directory.resolved,
                });
            }
            self.builder.add_directory(&directory.name)?;
            self.directory(&directory.path, &directory.name, directory.resolved)?;
        }
        self.ancestors.pop();
        Ok(())
    }

    fn follow(&self, link: &Path) -> Result<PathBuf, ArchiveError> {
        let target = link.canonicalize().map_err(about(link))?;
        if !target.starts_with(&self.root) {
            return Err(ArchiveError::LinkLeadsOut { path: link.to_owned(), target });
        }
        Ok(target)
    }
}

fn is_excluded(name: &str) -> bool {
    EXCLUDED.contains(&name) || name.ends_with(EXCLUDED_SUFFIX)
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError + '_ {
    |source| ArchiveError::Io { path: path.to_owned(), source }
}
