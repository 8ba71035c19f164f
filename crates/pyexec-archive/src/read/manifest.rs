//! What a canonical stream holds.

use crate::path::normalize;
use std::collections::HashMap;

/// How many links are followed, as on Linux (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// What [`canonicalize`](super::canonicalize) found and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The regular files, in the order in which they came.
    pub files: Vec<ManifestFile>,
    /// How many directories are named, not counting those that paths merely imply.
    pub directories: usize,
    /// The symbolic links, in the order in which they came.
    pub symlinks: Vec<ManifestSymlink>,
    /// Bytes of the canonical stream.
    pub stream_bytes: u64,
}

/// A regular file of a canonical stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestFile {
    /// Its normalised path.
    pub name: String,
    /// Bytes of its content.
    pub size: u64,
}

/// A symbolic link of a canonical stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestSymlink {
    /// Its normalised path.
    pub name: String,
    /// Where it leads from its own directory, as
    /// [`normalize_link_target`](super::normalize_link_target) writes it.
    pub target: String,
}

impl Manifest {
    /// Whether there is a regular file at that path, through symbolic links and however it is
    /// spelt: `./main.py` is `main.py`.
    pub fn contains_file(&self, path: &str) -> bool {
        let found = normalize(path.as_bytes()).ok().and_then(|path| self.resolve(&path));
        found.is_some_and(|path| self.files.iter().any(|file| file.name == path))
    }

    /// Where a normalised path leads when all links in it are followed.
    fn resolve(&self, path: &str) -> Option<String> {
        let links: HashMap<_, _> =
            self.symlinks.iter().map(|link| (&link.name[..], &link.target[..])).collect();
        let mut resolved: Vec<&str> = Vec::new();
        let mut left: Vec<&str> = path.rsplit('/').collect();
        let mut followed = 0;
        while let Some(component) = left.pop() {
            match component {
                "." => {}
                ".." => {
                    resolved.pop()?;
                }
                name => {
                    resolved.push(name);
                    if let Some(target) = links.get(&resolved.join("/")[..]) {
                        followed += 1;
                        if followed > MAX_LINKS {
                            return None;
                        }
                        resolved.pop();
                        left.extend(target.rsplit('/'));
                    }
                }
            }
        }
        Some(resolved.join("/"))
    }

    /// Bytes of all files' contents.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_through_links() {
        let link = |name: &str, target: &str| ManifestSymlink {
            name: name.to_owned(),
            target: target.to_owned(),
        };
        let manifest = Manifest {
            files: vec![ManifestFile { name: "src/app/run.py".to_owned(), size: 0 }],
            symlinks: vec![
                link("main.py", "bin/run"),
                link("bin/run", "../app/run.py"),
                link("app", "src/app"),
                link("src/app/self", "."),
                link("src/up", ".."),
                link("loop", "pool"),
                link("pool", "loop"),
                link("nowhere", "none"),
            ],
            ..Manifest::default()
        };
        for path in ["main.py", "app/run.py", "./app//self/self/run.py", "src/up/src/up/main.py"] {
            assert!(manifest.contains_file(path), "{path}");
        }
        for path in ["loop", "nowhere", "app", "app/x", "main.py/x", "src/../main.py", ""] {
            assert!(!manifest.contains_file(path), "{path}");
        }
    }
}
