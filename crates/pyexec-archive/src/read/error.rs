//! Why a tar isn't accepted.

use super::Compression;
use crate::{link::LinkTargetError, path::PathError};
use std::{fmt, io};
use thiserror::Error;

/// Why a tar isn't accepted, in words that its sender can act on.
///
/// `member` is a member's name as the archive has it; of a very long one, its start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The input failed. Nothing is said about the archive.
    #[error("reading the archive failed")]
    Read(#[source] io::Error),
    /// The output failed. Nothing is said about the archive.
    #[error("writing the archive failed")]
    Write(#[source] io::Error),
    /// There is not one byte.
    #[error("the archive is empty: 0 bytes")]
    Empty,
    /// These are some other bytes.
    #[error("not a tar archive")]
    NotATar,
    /// It is compressed, or another kind of archive.
    #[error("not a plain tar archive but {format}; send it uncompressed, as tar")]
    Compressed {
        /// What it is.
        format: Compression,
    },
    /// It ends too early.
    #[error("the archive is truncated{}", in_member(member.as_deref()))]
    Truncated {
        /// The last member that was begun.
        member: Option<String>,
    },
    /// A header's checksum is wrong.
    #[error("corrupt header{}: wrong checksum", after(member.as_deref()))]
    Checksum {
        /// The member before it.
        member: Option<String>,
    },
    /// A number in a header isn't one.
    #[error("corrupt header{}: bad {field}", after(member.as_deref()))]
    Number {
        /// The member before it.
        member: Option<String>,
        /// Which number.
        field: &'static str,
    },
    /// An extended header is malformed or means something that isn't accepted.
    #[error("bad extended header{}: {problem}", after(member.as_deref()))]
    Extension {
        /// The member before it.
        member: Option<String>,
        /// What is wrong.
        problem: &'static str,
    },
    /// A path that no file may have.
    #[error("member {member:?}: {reason}")]
    Path {
        /// The member.
        member: String,
        /// What is wrong with its path.
        reason: PathError,
    },
    /// A link of a kind that isn't accepted: a symbolic one under
    /// [`SymlinkPolicy::Refuse`](super::SymlinkPolicy::Refuse), a hard one where the output can't
    /// be read back.
    #[error("member {member:?}: {kind} links are not accepted")]
    Link {
        /// The member.
        member: String,
        /// Which kind.
        kind: LinkKind,
    },
    /// A link that leads where none may.
    #[error("member {member:?}: link target {target:?}: {reason}")]
    LinkTarget {
        /// The member.
        member: String,
        /// Where it leads.
        target: String,
        /// What is wrong with that.
        reason: LinkTargetError,
    },
    /// Neither file, directory nor link: a device, a pipe, a sparse file, an unknown type.
    #[error("member {member:?}: {kind} are not accepted")]
    Unsupported {
        /// The member.
        member: String,
        /// What such members are called.
        kind: &'static str,
    },
    /// A member that has no content says it has some.
    #[error("member {member:?}: is no regular file, yet has content")]
    Content {
        /// The member.
        member: String,
    },
    /// The same path was there before.
    #[error("member {member:?}: appears twice")]
    Duplicate {
        /// The member.
        member: String,
    },
    /// A file is where a directory is needed, or the reverse.
    #[error("member {member:?}: a file and a directory in the same place")]
    Conflict {
        /// The member.
        member: String,
    },
    /// A file is larger than allowed.
    #[error("member {member:?}: {size} bytes, more than the {limit} allowed for a file")]
    FileTooLarge {
        /// The member.
        member: String,
        /// Its size.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The archive is larger than allowed.
    #[error("the archive is larger than the {limit} bytes allowed")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// Hard links copy more than allowed.
    #[error("member {member:?}: hard links copy more than the {limit} bytes allowed")]
    CopiesTooLarge {
        /// The first that was too much.
        member: String,
        /// What is allowed.
        limit: u64,
    },
    /// There are more files and directories than allowed.
    #[error("member {member:?}: more than the {limit} files and directories allowed")]
    TooManyEntries {
        /// The first that was too many.
        member: String,
        /// What is allowed.
        limit: usize,
    },
    /// All paths together are longer than allowed.
    #[error("member {member:?}: all paths together are longer than the {limit} bytes allowed")]
    PathsTooLong {
        /// The first that was too much.
        member: String,
        /// What is allowed.
        limit: usize,
    },
    /// There is something after the end of the archive: garbage, or a second archive.
    #[error(
        "there is data after the end of the archive; archives that were joined must be joined by \
         `tar --concatenate`"
    )]
    TrailingData,
    /// The gzip around the archive is corrupt or ends too early.
    #[error("the gzip data is corrupt or truncated")]
    Gzip(#[source] io::Error),
    /// A stream that should be canonical isn't.
    #[error("member {member:?}: not as a canonical archive has it")]
    NotCanonical {
        /// The member.
        member: String,
    },
}

impl ReadError {
    /// Whether reading or writing failed, and not the archive is at fault.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Read(_) | Self::Write(_))
    }

    /// Whether the archive holds more than allowed.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::FileTooLarge { .. }
                | Self::TooLarge { .. }
                | Self::CopiesTooLarge { .. }
                | Self::TooManyEntries { .. }
                | Self::PathsTooLong { .. }
        )
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Read(error) | ReadError::Write(error) => error,
            ReadError::Truncated { .. } => Self::new(io::ErrorKind::UnexpectedEof, error),
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// The two kinds of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// Another name of an earlier member.
    Hard,
    /// A path to follow.
    Symbolic,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hard => "hard",
            Self::Symbolic => "symbolic",
        })
    }
}

/// Enough to recognise a name by; a hostile one may be any length.
const SHOWN_BYTES: usize = 200;

/// A member's name for an error message.
pub(crate) fn shown(name: &[u8]) -> String {
    if name.len() <= SHOWN_BYTES {
        return String::from_utf8_lossy(name).into_owned();
    }
    let mut end = SHOWN_BYTES;
    // Not within a character.
    while end > SHOWN_BYTES - 4 && name[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    format!("{}…", String::from_utf8_lossy(&name[..end]))
}

fn in_member(member: Option<&str>) -> String {
    member.map_or_else(String::new, |name| format!(" in or after member {name:?}"))
}

fn after(member: Option<&str>) -> String {
    member.map_or_else(
        || " at the start of the archive".to_owned(),
        |name| format!(" after member {name:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_member_on_one_line() {
        let path = |name: &[u8], reason| ReadError::Path { member: shown(name), reason };
        assert_eq!(
            path(b"../x", PathError::Parent).to_string(),
            r#"member "../x": path leads out of the archive ("..")"#
        );
        assert_eq!(path(b"/x", PathError::Absolute).to_string(), r#"member "/x": absolute path"#);
        assert_eq!(
            path(b"a\n\x1b[31m", PathError::Control { character: '\n' }).to_string(),
            r#"member "a\n\u{1b}[31m": path contains the control character U+000A"#
        );
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = format!("{}{}", "x".repeat(199), "ü".repeat(500));
        assert_eq!(shown(name.as_bytes()), format!("{}…", "x".repeat(199)));
        assert!(shown(&[0xbf; 1000]).len() < 1000);
    }
}
