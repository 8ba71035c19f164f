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
    /// An exception of the caller's names it.
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
        let invalid_text = |pattern: &str, error: &'static str| ArchiveError::InvalidPattern {
            pattern: pattern.to_owned(),
            source: error.into(),
        };
        for pattern in &options.patterns {
            let Some(line) = as_git_reads(pattern.as_bytes()) else { continue };
            let line = line.map_err(|error| invalid_text(pattern, error))?;
            builder.add_line(None, &line).map_err(|error| invalid(pattern, error))?;
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
        for (index, patterns) in all.enumerate() {
            match patterns.matched(name, is_directory) {
                Match::None => {}
                Match::Whitelist(_) if index == 0 => return Verdict::Keep,
                // An ignore file's exception (`!*/`) doesn't ask for hidden files.
                Match::Whitelist(_) => return Verdict::Silent,
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
    // A pipe of that name would never end, and a link leads to what isn't the project's.
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
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
        let Some(line) = as_git_reads(line) else { continue };
        let line = line.map_err(|error| invalid(index + 1, error.into()))?;
        builder
            .add_line(Some(name.clone()), &line)
            .map_err(|error| invalid(index + 1, Box::new(error)))?;
    }
    builder.build().map(Some).map_err(|error| invalid(1, Box::new(error)))
}

/// A line of an ignore file as git reads it, in the words of `ignore`, which reads some otherwise
/// (braces, POSIX classes) and takes a lone `!` for an exception of everything. Nothing for a line
/// that says nothing; what can't be said is an error, lest more be sent than was meant.
fn as_git_reads(line: &[u8]) -> Option<Result<String, &'static str>> {
    if line.starts_with(b"#") {
        return None;
    }
    let Ok(line) = std::str::from_utf8(line) else {
        return Some(Err("not valid UTF-8"));
    };
    let trimmed = line.trim_end_matches(' ');
    let escapes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    let is_escaped = escapes % 2 == 1;
    if is_escaped && trimmed.len() == line.len() || matches!(trimmed, "" | "!") {
        // A dangling backslash matches nothing.
        return None;
    }
    let line = if is_escaped { &line[..trimmed.len() + 1] } else { trimmed };

    let mut pattern = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        match character {
            '{' | '}' => {
                pattern.push('\\');
                pattern.push(character);
            }
            '\\' => {
                pattern.push(character);
                rest = &rest[1..];
                pattern.extend(rest.chars().next());
            }
            '[' => {
                let Some(class) = class(rest) else {
                    return Some(Err("a class that isn't understood"));
                };
                let (text, length) = class;
                pattern.push_str(&text);
                rest = &rest[length..];
                continue;
            }
            other => pattern.push(other),
        }
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    Some(Ok(pattern))
}

/// A class at the start of a pattern with POSIX names spelt out, and its length in the pattern.
/// Nothing where there is a backslash in it, an unknown name or no end.
fn class(pattern: &str) -> Option<(String, usize)> {
    const NAMES: [(&str, &str); 8] = [
        ("[:digit:]", "0-9"),
        ("[:alpha:]", "a-zA-Z"),
        ("[:alnum:]", "a-zA-Z0-9"),
        ("[:upper:]", "A-Z"),
        ("[:lower:]", "a-z"),
        ("[:xdigit:]", "0-9a-fA-F"),
        ("[:blank:]", " \t"),
        ("[:space:]", " \t\u{b}\u{c}"),
    ];
    let mut text = String::from("[");
    let mut at = 1;
    if pattern[at..].starts_with(['!', '^']) {
        text.push('!');
        at += 1;
    }
    let first = at;
    loop {
        let rest = &pattern[at..];
        let character = rest.chars().next()?;
        if let Some((name, range)) = NAMES.iter().find(|(name, _)| rest.starts_with(name)) {
            text.push_str(range);
            at += name.len();
            continue;
        }
        match character {
            ']' if at > first => {
                text.push(']');
                return Some((text, at + 1));
            }
            '\\' => return None,
            '[' if rest.starts_with("[:") => return None,
            other => text.push(other),
        }
        at += character.len_utf8();
    }
}
