//! What a canonical stream holds.

use crate::path::normalize;

/// What [`canonicalize`](super::canonicalize) found and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The regular files, in the order in which they came.
    pub files: Vec<ManifestFile>,
    /// How many directories are named, not counting those that paths merely imply.
    pub directories: usize,
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

impl Manifest {
    /// Whether there is a regular file at that path, however it is spelt: `./main.py` is
    /// `main.py`.
    pub fn contains_file(&self, path: &str) -> bool {
        normalize(path.as_bytes()).is_ok_and(|path| self.files.iter().any(|file| file.name == path))
    }

    /// Bytes of all files' contents.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}
