//! What got into an archive, and what was left out and why.

use crate::Entry;
use std::{
    fmt::{self, Write},
    path::{Path, PathBuf},
};

/// What an [`Archive`](crate::Archive) includes, and what its directory has besides.
///
/// ```
/// use pyexec_archive::Archive;
///
/// let archive = Archive::from_map([("main.py", "print(1)\n"), ("data/x", "42")])?;
/// let report = archive.report();
/// assert_eq!((report.files, report.bytes), (2, 11));
/// assert!(report.left_out.is_empty());
/// # Ok::<(), pyexec_archive::ArchiveError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// Regular files.
    pub files: usize,
    /// Directories that are stored themselves, not counting those that names merely imply.
    pub directories: usize,
    /// Symbolic links that are stored as such.
    pub symlinks: usize,
    /// Bytes of all files' contents.
    pub bytes: u64,
    /// What a directory holds that the archive doesn't, directory by directory, sorted by name.
    pub left_out: &'a [LeftOut],
}

impl<'a> Report<'a> {
    pub(crate) fn new(entries: &[Entry], left_out: &'a [LeftOut]) -> Self {
        let count = |wanted: fn(&Entry) -> bool| entries.iter().filter(|e| wanted(e)).count();
        Self {
            files: count(Entry::is_file),
            directories: count(Entry::is_directory),
            symlinks: count(|entry| entry.link_target().is_some()),
            bytes: entries.iter().map(Entry::size).sum(),
            left_out,
        }
    }
}

/// A file or directory that isn't in the archive. Of a directory nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub(crate) path: PathBuf,
    pub(crate) is_directory: bool,
    pub(crate) reason: LeftOutReason,
}

impl LeftOut {
    /// Its path within the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a directory, with all it holds.
    pub fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// Why it was left out.
    pub fn reason(&self) -> &LeftOutReason {
        &self.reason
    }
}

/// `node_modules/ (left out by default)`
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.is_directory { "/" } else { "" };
        // It goes to terminals.
        for character in self.path.display().to_string().chars() {
            match character.is_control() {
                true => write!(f, "{}", character.escape_default())?,
                false => f.write_char(character)?,
            }
        }
        write!(f, "{slash} ({})", self.reason)
    }
}

/// Why something isn't in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// It is on the list of what is never worth sending, such as `__pycache__`.
    Default,
    /// A pattern of the caller's matches it.
    Pattern {
        /// The pattern as given.
        pattern: String,
    },
    /// A line of a `.gitignore` or `.pyexecignore` matches it.
    IgnoreFile {
        /// The file's path within the directory.
        file: PathBuf,
        /// The line as it stands there.
        pattern: String,
    },
    /// Its name begins with a dot, and hidden files aren't wanted.
    Hidden,
    /// It is a symbolic link, and those aren't wanted.
    Symlink,
    /// It is a socket, pipe or device, which no archive here holds.
    Special,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("left out by default"),
            Self::Pattern { pattern } => write!(f, "excluded by {pattern:?}"),
            Self::IgnoreFile { file, pattern } => {
                write!(f, "{} has {pattern:?}", file.display())
            }
            Self::Hidden => f.write_str("hidden"),
            Self::Symlink => f.write_str("symbolic link"),
            Self::Special => f.write_str("no regular file"),
        }
    }
}
