//! What can go wrong while an archive is planned.

use crate::read::{LinkTargetError, PathError, ReadError};
use std::{error::Error as StdError, io, path::PathBuf};
use thiserror::Error;

/// Why an [`Archive`](crate::Archive) can't be built, or has nothing to run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The name can't be that of a file in an archive.
    #[error("{name:?} can't be a name in an archive")]
    InvalidName {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// The name was given twice.
    #[error("{name:?} is in the archive already")]
    DuplicateName {
        /// The name as given the second time.
        name: String,
    },
    /// Two files given one by one would be stored under the same base name.
    #[error(
        "{} and {} have the same base name {name:?}",
        first.display(),
        second.display()
    )]
    DuplicateBaseName {
        /// The name they share.
        name: String,
        /// The file given first.
        first: PathBuf,
        /// The file given later.
        second: PathBuf,
    },
    /// The name is needed for a file and for a directory.
    #[error("{name:?} would have a file and a directory in the same place")]
    Conflict {
        /// The name given later.
        name: String,
    },
    /// A regular file is wanted, and this is a directory, device, socket or pipe.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What was given.
        path: PathBuf,
    },
    /// A directory is wanted, and this is something else.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// What was given.
        path: PathBuf,
    },
    /// The file's name isn't UTF-8.
    #[error("the name of {} is not valid UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// No symbolic link in an archive may lead there.
    #[error("{name:?} can't link to {target:?} in an archive")]
    InvalidLinkTarget {
        /// The link's name as given.
        name: String,
        /// The target as given.
        target: String,
        /// What is wrong with it.
        source: LinkTargetError,
    },
    /// A symbolic link in a directory leads where no link in an archive may.
    #[error("{} links to {}, which can't be kept in an archive", path.display(), target.display())]
    LinkNotKept {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// What is wrong with that.
        source: LinkTargetError,
    },
    /// There is a symbolic link in a directory where none is wanted.
    #[error("{} is a symbolic link", path.display())]
    LinkRefused {
        /// The link.
        path: PathBuf,
    },
    /// A symbolic link in a directory leads out of it.
    #[error("{} links to {}, outside the directory", path.display(), target.display())]
    LinkLeadsOut {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A symbolic link in a directory leads back to a directory that holds it.
    #[error("{} links back to {}, which contains it", path.display(), target.display())]
    LinkCycle {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A directory holds more than allowed, perhaps because links multiply it.
    #[error("{} holds more than {limit} files and directories", path.display())]
    TooManyEntries {
        /// The directory.
        path: PathBuf,
        /// What is allowed.
        limit: usize,
    },
    /// The pattern isn't one.
    #[error("{pattern:?} is no pattern of files")]
    InvalidPattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A line of a `.gitignore` or `.pyexecignore` isn't a pattern.
    #[error("{}, line {line}, is no pattern of files", path.display())]
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A file or directory is missing or can't be read.
    #[error("can't read {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What a reader gave isn't a tar that can be sent.
    #[error(transparent)]
    Tar(#[from] ReadError),
    /// The file isn't a tar that can be sent.
    #[error("{} can't be sent as an archive", path.display())]
    TarFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// There is no Python file to run.
    #[error("no Python file to run: the archive holds {}", listed(seen, *files))]
    NoEntrypoint {
        /// The first few names of files in the archive.
        seen: Vec<String>,
        /// How many files there are.
        files: usize,
    },
    /// There are several Python files that may be meant.
    #[error("several Python files may be meant: {}", listed(candidates, candidates.len()))]
    AmbiguousEntrypoint {
        /// All of them, in archive order.
        candidates: Vec<String>,
    },
}

impl ArchiveError {
    /// What is wrong with an existing tar, whether it came from a reader or a file.
    pub fn tar_error(&self) -> Option<&ReadError> {
        match self {
            Self::Tar(source) | Self::TarFile { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// How many names an error shows.
const NAMES_SHOWN: usize = 5;

fn listed(names: &[String], count: usize) -> String {
    if names.is_empty() {
        return "no files".to_owned();
    }
    let shown = &names[..names.len().min(NAMES_SHOWN)];
    let names: Vec<_> = shown.iter().map(|name| format!("{name:?}")).collect();
    let rest = match count.saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{rest}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_they_are_about() {
        let none = |seen: &[&str], files| {
            let seen = seen.iter().map(|name| (*name).to_owned()).collect();
            ArchiveError::NoEntrypoint { seen, files }.to_string()
        };
        assert_eq!(
            none(&["a.txt", "b\n"], 7),
            r#"no Python file to run: the archive holds "a.txt", "b\n" and 5 more"#
        );
        let candidates = (0..7).map(|n| format!("{n}.py")).collect();
        assert_eq!(
            ArchiveError::AmbiguousEntrypoint { candidates }.to_string(),
            "several Python files may be meant: \
             \"0.py\", \"1.py\", \"2.py\", \"3.py\", \"4.py\" and 2 more"
        );
        assert_eq!(none(&["a"], 1), r#"no Python file to run: the archive holds "a""#);
        assert_eq!(none(&[], 0), "no Python file to run: the archive holds no files");
    }
}
