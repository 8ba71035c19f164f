//! Which paths may stand in an archive, and the one way to write each.

use crate::read::ReadLimits;
use std::borrow::Cow;
use thiserror::Error;

/// Why a path can't be that of a file in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing is left of it: `""`, `"."`, `"./"`.
    #[error("empty path")]
    Empty,
    /// It begins with `/`.
    #[error("absolute path")]
    Absolute,
    /// It has a component `..`.
    #[error("path leads out of the archive (\"..\")")]
    Parent,
    /// It has a NUL byte.
    #[error("path contains a NUL byte")]
    Nul,
    /// It has a control character, such as a line break or an escape.
    #[error("path contains the control character U+{:04X}", u32::from(*.character))]
    Control {
        /// The first of them.
        character: char,
    },
    /// It isn't UTF-8.
    #[error("path is not valid UTF-8")]
    NotUtf8,
    /// It ends in `/` where a file is meant.
    #[error("path of a file ends in \"/\"")]
    TrailingSlash,
    /// It is longer than allowed.
    #[error("path of {length} bytes is longer than {limit} bytes")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// One of its components is longer than allowed.
    #[error("path has a component of {length} bytes, longer than {limit} bytes")]
    ComponentTooLong {
        /// The component's length in bytes.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// It has more components than allowed.
    #[error("path is {depth} levels deep, deeper than {limit}")]
    TooDeep {
        /// Its number of components.
        depth: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// Writes the path of a member or entrypoint in the one way a canonical stream has it.
///
/// ```
/// use pyexec_archive::read::{PathError, ReadLimits, normalize_path};
///
/// let limits = ReadLimits::default();
/// assert_eq!(normalize_path("./a//b.py", &limits)?, "a/b.py");
/// assert_eq!(normalize_path("a/../../b.py", &limits), Err(PathError::Parent));
/// assert_eq!(normalize_path("/etc/passwd", &limits), Err(PathError::Absolute));
/// # Ok::<(), PathError>(())
/// ```
///
/// # Errors
///
/// The first [`PathError`] that applies.
pub fn normalize_path(path: impl AsRef<[u8]>, limits: &ReadLimits) -> Result<String, PathError> {
    normalized(path.as_ref(), limits).map(Cow::into_owned)
}

/// [`normalize_path`] without a copy where there is nothing to change.
pub(crate) fn normalized<'a>(
    path: &'a [u8],
    limits: &ReadLimits,
) -> Result<Cow<'a, str>, PathError> {
    let path = normalize(path)?;
    check_lengths(&path, limits)?;
    Ok(path)
}

/// Whether a normalised path is short enough.
pub(crate) fn check_lengths(path: &str, limits: &ReadLimits) -> Result<(), PathError> {
    if path.len() > limits.max_path_bytes {
        return Err(PathError::TooLong { length: path.len(), limit: limits.max_path_bytes });
    }
    let depth = path.split('/').count();
    if depth > limits.max_components {
        return Err(PathError::TooDeep { depth, limit: limits.max_components });
    }
    let longest = path.split('/').map(str::len).max().unwrap_or(0);
    if longest > limits.max_component_bytes {
        return Err(PathError::ComponentTooLong {
            length: longest,
            limit: limits.max_component_bytes,
        });
    }
    Ok(())
}

/// A relative path in plain characters, with whatever components.
pub(crate) fn checked_text(path: &[u8]) -> Result<&str, PathError> {
    if path.contains(&0) {
        return Err(PathError::Nul);
    }
    let path = std::str::from_utf8(path).map_err(|_| PathError::NotUtf8)?;
    if let Some(character) = path.chars().find(|c| c.is_control()) {
        return Err(PathError::Control { character });
    }
    if path.starts_with('/') {
        return Err(PathError::Absolute);
    }
    Ok(path)
}

/// [`normalize_path`] without limits on length; most paths are as they should be.
pub(crate) fn normalize(path: &[u8]) -> Result<Cow<'_, str>, PathError> {
    let path = checked_text(path)?;
    let mut is_plain = true;
    for component in path.split('/') {
        match component {
            "" | "." => is_plain = false,
            ".." => return Err(PathError::Parent),
            _ => {}
        }
    }
    if is_plain {
        return Ok(Cow::Borrowed(path));
    }
    let names: Vec<_> =
        path.split('/').filter(|component| !matches!(*component, "" | ".")).collect();
    if names.is_empty() {
        return Err(PathError::Empty);
    }
    Ok(Cow::Owned(names.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &[u8]) -> Result<String, PathError> {
        normalize_path(path, &ReadLimits::default())
    }

    #[test]
    fn one_spelling_for_each_path() {
        for spelling in ["a/b", "./a/b", "a//b", "a/./b", "a/b/", ".//./a/b/."] {
            assert_eq!(check(spelling.as_bytes()).as_deref(), Ok("a/b"), "{spelling}");
        }
        assert_eq!(check(b"...").as_deref(), Ok("..."));
        assert_eq!(check(b"..a/b..").as_deref(), Ok("..a/b.."));
        assert_eq!(check("ü/日本.py".as_bytes()).as_deref(), Ok("ü/日本.py"));
        assert_eq!(check(br"a\..\b").as_deref(), Ok(r"a\..\b"));
    }

    #[test]
    fn what_is_no_path() {
        assert_eq!(check(b""), Err(PathError::Empty));
        assert_eq!(check(b"./."), Err(PathError::Empty));
        assert_eq!(check(b"/"), Err(PathError::Absolute));
        assert_eq!(check(b"//a"), Err(PathError::Absolute));
        assert_eq!(check(b".."), Err(PathError::Parent));
        assert_eq!(check(b"a/.."), Err(PathError::Parent));
        assert_eq!(check(b"a\0b"), Err(PathError::Nul));
        assert_eq!(check(b"a\nb"), Err(PathError::Control { character: '\n' }));
        assert_eq!(check("a\u{9b}b".as_bytes()), Err(PathError::Control { character: '\u{9b}' }));
        assert_eq!(check(b"a\xff"), Err(PathError::NotUtf8));
        assert_eq!(check(b"\xc0\xae\xc0\xae/x"), Err(PathError::NotUtf8));
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let deep = |n: usize| vec!["d"; n].join("/");
        assert!(check(deep(64).as_bytes()).is_ok());
        assert_eq!(check(deep(65).as_bytes()), Err(PathError::TooDeep { depth: 65, limit: 64 }));
        assert!(check(&[b'x'; 255]).is_ok());
        assert!(matches!(check(&[b'x'; 256]), Err(PathError::ComponentTooLong { .. })));
        let long = |n: usize| format!("{}{}", "xxxxxxx/".repeat(n / 8), "y".repeat(n % 8));
        let limits = ReadLimits { max_components: 1000, ..ReadLimits::default() };
        assert!(normalize_path(long(1023), &limits).is_ok());
        assert!(matches!(
            normalize_path(long(1026), &limits),
            Err(PathError::TooLong { length: 1026, .. })
        ));
    }
}
