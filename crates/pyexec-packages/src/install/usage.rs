//! How much a folder holds, and how much it may.

use crate::install::InstallFailure;
use std::{fs, path::Path};

/// How much one environment may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

impl Limits {
    pub(crate) fn exceeded(self) -> InstallFailure {
        InstallFailure::TooLarge { bytes: self.bytes, files: self.files }
    }
}

/// How much a folder holds: bytes of files, and how many there are of files and folders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

impl Usage {
    pub(crate) const ALL: Self = Self { bytes: u64::MAX, files: u64::MAX };

    pub(crate) fn exceeds(self, most: Self) -> bool {
        self.bytes > most.bytes || self.files > most.files
    }

    /// Counts until there is more than `most`. What vanishes meanwhile isn't counted; links are
    /// not followed.
    pub(crate) fn of(folder: &Path, most: Self) -> Self {
        let mut counted = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                counted.files += 1;
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    counted.bytes = counted.bytes.saturating_add(metadata.len());
                }
                if counted.exceeds(most) {
                    return counted;
                }
            }
        }
        counted
    }
}
