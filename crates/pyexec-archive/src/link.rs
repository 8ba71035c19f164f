//! Where a symbolic link in an archive may lead.

use crate::{
    path::{PathError, checked_text},
    read::ReadLimits,
};
use thiserror::Error;

/// Why a link can't lead where it says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkTargetError {
    /// It is no path that an archive may hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It leads above the archive's top.
    #[error("leads out of the archive")]
    LeadsOut,
    /// It goes up again after it went down. The name before the `..` may itself be a link, and
    /// where the whole then leads can't be told from the names.
    #[error("has \"..\" after a name")]
    ParentAfterName,
    /// A hard link names no file that came before it.
    #[error("no earlier file of the archive")]
    NotAnEarlierFile,
}

/// Writes the target of a symbolic link in the one way a canonical stream has it.
///
/// `path` is the link's own, normalised. What passes leads to a place within the archive, through
/// whatever other links that passed: `..` comes first only, where all parents are directories.
///
/// ```
/// use pyexec_archive::read::{LinkTargetError, ReadLimits, normalize_link_target};
///
/// let limits = ReadLimits::default();
/// let target = |target| normalize_link_target("app/link", target, &limits);
/// assert_eq!(target("./data//x"), Ok("data/x".to_owned()));
/// assert_eq!(target("../data/x"), Ok("../data/x".to_owned()));
/// assert_eq!(target("../../etc/passwd"), Err(LinkTargetError::LeadsOut));
/// assert_eq!(target("sub/../x"), Err(LinkTargetError::ParentAfterName));
/// ```
///
/// # Errors
///
/// The first [`LinkTargetError`] that applies.
pub fn normalize_link_target(
    path: &str,
    target: impl AsRef<[u8]>,
    limits: &ReadLimits,
) -> Result<String, LinkTargetError> {
    let target = target.as_ref();
    if target.is_empty() {
        return Err(PathError::Empty.into());
    }
    let target = checked_text(target)?;
    let depth = path.split('/').count() - 1;
    let mut ups = 0;
    let mut names = Vec::new();
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." if !names.is_empty() => return Err(LinkTargetError::ParentAfterName),
            ".." if ups == depth => return Err(LinkTargetError::LeadsOut),
            ".." => ups += 1,
            name => names.push(name),
        }
    }
    // Where it leads is a path like any other.
    let base = path.split('/').take(depth - ups);
    let led: Vec<_> = base.chain(names.iter().copied()).collect();
    if !led.is_empty() {
        crate::path::check_lengths(&led.join("/"), limits)?;
    }
    let plain: Vec<_> = std::iter::repeat_n("..", ups).chain(names).collect();
    Ok(if plain.is_empty() { ".".to_owned() } else { plain.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, target: &str) -> Result<String, LinkTargetError> {
        normalize_link_target(path, target, &ReadLimits::default())
    }

    #[test]
    fn targets_within() {
        for (path, target, plain) in [
            ("a", "b", "b"),
            ("a", "./b//c/", "b/c"),
            ("a", ".", "."),
            ("d/a", "..", ".."),
            ("d/a", ".././b", "../b"),
            ("d/e/a", "../../b", "../../b"),
            ("d/e/a", "../..", "../.."),
            ("a", "...", "..."),
            ("a", "a", "a"),
        ] {
            assert_eq!(check(path, target).as_deref(), Ok(plain), "{path} -> {target}");
        }
    }

    #[test]
    fn targets_beyond() {
        let path = LinkTargetError::Path;
        for (link, target, error) in [
            ("a", "", path(PathError::Empty)),
            ("a", "/etc/passwd", path(PathError::Absolute)),
            ("a", "x\0y", path(PathError::Nul)),
            ("a", "x\ny", path(PathError::Control { character: '\n' })),
            ("a", "..", LinkTargetError::LeadsOut),
            ("a", "./../x", LinkTargetError::LeadsOut),
            ("d/a", "../..", LinkTargetError::LeadsOut),
            ("d/a", "../../work/x", LinkTargetError::LeadsOut),
            ("d/a", "b/..", LinkTargetError::ParentAfterName),
            ("d/a", "../b/../../x", LinkTargetError::ParentAfterName),
        ] {
            assert_eq!(check(link, target), Err(error), "{link} -> {target}");
        }
        assert!(matches!(
            normalize_link_target("a", b"\xff", &ReadLimits::default()),
            Err(LinkTargetError::Path(PathError::NotUtf8))
        ));
        let deep = vec!["d"; 65].join("/");
        assert!(matches!(
            check("a", &deep),
            Err(LinkTargetError::Path(PathError::TooDeep { depth: 65, .. }))
        ));
        // What counts is where it leads.
        let link = format!("{}/link", vec!["d"; 60].join("/"));
        assert!(check(&link, "1/2/3/4").is_ok());
        assert!(matches!(
            check(&link, "1/2/3/4/5"),
            Err(LinkTargetError::Path(PathError::TooDeep { depth: 65, .. }))
        ));
        assert!(check(&link, "../1/2/3/4/5").is_ok());
        assert!(matches!(
            check("a", &"x".repeat(1025)),
            Err(LinkTargetError::Path(PathError::TooLong { .. }))
        ));
    }
}
