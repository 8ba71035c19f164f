//! Patterns of the caller and of ignore files, and what they say of a path.

use super::DirectoryOptions;
use crate::{ArchiveError, LeftOutReason};
use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const GITIGNORE: &str = ".gitignore";
const PYEXECIGNORE: &str = ".pyexecignore";

/// All patterns that hold in the directory being walked.
///
/// Paths are those within the archive, so that nothing depends on how the directory was named.
#[derive(Debug)]
pub(super) struct Patterns {
    callers: Gitignore,
    /// Of each directory from the top down.
    levels: Vec<Level>,
    gitignore: bool,
    pyexecignore: bool,
}

#[derive(Debug, Default)]
struct Level {
    gitignore: Option<Gitignore>,
    pyexecignore: Option<Gitignore>,
}

/// What the patterns say.
#[derive(Debug)]
pub(super) enum Verdict {
    Silent,
    /// An exception names it.
    Keep,
    LeaveOut(LeftOutReason),
}

impl Patterns {
    pub(super) fn new(options: &DirectoryOptions) -> Result<Self, ArchiveError> {
        let mut builder = GitignoreBuilder::new("");
        let invalid = |pattern: &str, source| ArchiveError::InvalidPattern {
            pattern: pattern.to_owned(),
            source: Box::new(source),
        };
        for pattern in &options.patterns {
            builder.add_line(None, pattern).map_err(|error| invalid(pattern, error))?;
        }
        let all = || options.patterns.join(" ");
        Ok(Self {
            callers: builder.build().map_err(|error| invalid(&all(), error))?,
            levels: Vec::new(),
            gitignore: options.gitignore,
            pyexecignore: options.pyexecignore,
        })
    }

    /// Enters a directory: `name` in the archive, `path` on disk.
    pub(super) fn enter(&mut self, name: &str, path: &Path) -> Result<(), ArchiveError> {
        let read = |file: &str| read(name, &path.join(file), file);
        let level = Level {
            gitignore: if self.gitignore { read(GITIGNORE)? } else { None },
            pyexecignore: if self.pyexecignore { read(PYEXECIGNORE)? } else { None },
        };
        self.levels.push(level);
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// What they say of a file or directory in the directory entered last.
    pub(super) fn verdict(&self, name: &str, is_directory: bool) -> Verdict {
        let levels = || self.levels.iter().rev();
        let all = std::iter::once(&self.callers)
            .chain(levels().filter_map(|level| level.pyexecignore.as_ref()))
            .chain(levels().filter_map(|level| level.gitignore.as_ref()));
        for patterns in all {
            match patterns.matched(name, is_directory) {
                Match::None => {}
                Match::Whitelist(_) => return Verdict::Keep,
                Match::Ignore(glob) => {
                    let pattern = glob.original().to_owned();
                    return Verdict::LeaveOut(match glob.from() {
                        Some(file) => LeftOutReason::IgnoreFile { file: file.to_owned(), pattern },
                        None => LeftOutReason::Pattern { pattern },
                    });
                }
            }
        }
        Verdict::Silent
    }
}

/// The ignore file of a directory, if it has one.
fn read(directory: &str, path: &Path, file: &str) -> Result<Option<Gitignore>, ArchiveError> {
    // A pipe of that name would never end.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ArchiveError::Io { path: path.to_owned(), source }),
    };
    let name = PathBuf::from(directory).join(file);
    let mut builder = GitignoreBuilder::new(directory);
    // A file that is half understood could send what was to stay at home.
    let invalid = |line, source| ArchiveError::IgnoreFile { path: path.to_owned(), line, source };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line).map_err(|e| invalid(index + 1, Box::new(e)))?;
        builder
            .add_line(Some(name.clone()), line)
            .map_err(|error| invalid(index + 1, Box::new(error)))?;
    }
    builder.build().map(Some).map_err(|error| invalid(1, Box::new(error)))
}
