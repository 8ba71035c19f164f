//! Plans an archive member by member.

use crate::{
    Archive, ArchiveError, Entry,
    archive::{Part, Plan},
    entry::EntryKind,
    header::{END, padding},
    read::{PathError, ReadLimits, normalize_path},
    tree::{Clash, PathTree},
};
#[cfg(feature = "fs")]
use std::path::{Path, PathBuf};

/// Collects the members of an [`Archive`] in the order in which they are added.
///
/// ```
/// use pyexec_archive::{Archive, ArchiveError};
///
/// let mut builder = Archive::builder();
/// builder.add_bytes("main.py", "print(open('data/x').read())")?;
/// builder.add_bytes("data/x", "42")?;
/// assert!(matches!(
///     builder.add_bytes("../x", "43"),
///     Err(ArchiveError::InvalidName { .. })
/// ));
/// let archive = builder.build();
/// assert_eq!(archive.entries().count(), 2);
/// # Ok::<(), ArchiveError>(())
/// ```
#[derive(Debug)]
pub struct ArchiveBuilder {
    plan: Plan,
    tree: PathTree,
}

impl Default for ArchiveBuilder {
    fn default() -> Self {
        Self { plan: Plan::default(), tree: PathTree::new(usize::MAX) }
    }
}

impl ArchiveBuilder {
    /// Adds a file whose content is in memory.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::InvalidName`] where the name is absolute, has a component `..`, control
    /// characters or nothing at all, or is beyond the default [`ReadLimits`];
    /// [`ArchiveError::DuplicateName`]; [`ArchiveError::Conflict`] where a file is needed as a
    /// directory. The archive is then as it was before.
    pub fn add_bytes(
        &mut self,
        name: impl AsRef<str>,
        contents: impl Into<Vec<u8>>,
    ) -> Result<&mut Self, ArchiveError> {
        let contents = contents.into();
        let length = contents.len() as u64;
        self.push_file(name.as_ref(), length, Part::Bytes(contents))?;
        Ok(self)
    }

    /// Adds a file on disk, to be opened when the archive is read. Symbolic links are followed.
    ///
    /// # Errors
    ///
    /// As [`add_bytes`](Self::add_bytes); [`ArchiveError::Io`] where it can't be found,
    /// [`ArchiveError::NotAFile`] where it is a directory, device, socket or pipe.
    #[cfg(feature = "fs")]
    pub fn add_file(
        &mut self,
        name: impl AsRef<str>,
        path: impl Into<PathBuf>,
    ) -> Result<&mut Self, ArchiveError> {
        let path = path.into();
        let length = regular_file_length(&path)?;
        self.push_file(name.as_ref(), length, Part::File { path, length })?;
        Ok(self)
    }

    /// Adds a directory. Only an empty one needs it: files bring their directories along.
    ///
    /// # Errors
    ///
    /// As [`add_bytes`](Self::add_bytes), but adding a directory twice is fine.
    pub fn add_directory(&mut self, name: impl AsRef<str>) -> Result<&mut Self, ArchiveError> {
        let name = name.as_ref();
        let path = checked(name)?;
        self.tree.add_directory(&path).map_err(|clash| refused(name, &clash))?;
        self.push(Entry {
            name: name.trim_end_matches('/').to_owned(),
            size: 0,
            kind: EntryKind::Directory,
        });
        Ok(self)
    }

    /// The archive of all that was added; leaves the builder empty.
    pub fn build(&mut self) -> Archive {
        let Self { mut plan, .. } = std::mem::take(self);
        plan.parts.push(Part::Zeros(END));
        plan.size += END;
        Archive::new(plan)
    }

    #[cfg(feature = "fs")]
    pub(crate) fn skip(&mut self, path: PathBuf) {
        self.plan.skipped.push(path);
    }

    fn push_file(&mut self, name: &str, size: u64, content: Part) -> Result<(), ArchiveError> {
        if name.ends_with('/') {
            return Err(invalid(name, PathError::TrailingSlash));
        }
        let path = checked(name)?;
        self.tree.add_file(&path).map_err(|clash| refused(name, &clash))?;
        self.push(Entry { name: name.to_owned(), size, kind: EntryKind::File });
        self.plan.parts.push(content);
        self.plan.parts.push(Part::Zeros(padding(size)));
        self.plan.size += size + padding(size);
        Ok(())
    }

    fn push(&mut self, entry: Entry) {
        self.plan.size += entry.header().length();
        self.plan.parts.push(Part::Header(self.plan.entries.len()));
        self.plan.entries.push(entry);
    }
}

/// What a safe reader would refuse is better refused before it is sent.
fn checked(name: &str) -> Result<String, ArchiveError> {
    normalize_path(name, &ReadLimits::default()).map_err(|source| invalid(name, source))
}

fn invalid(name: &str, source: PathError) -> ArchiveError {
    ArchiveError::InvalidName { name: name.to_owned(), source }
}

fn refused(name: &str, clash: &Clash) -> ArchiveError {
    let name = name.to_owned();
    match clash {
        Clash::Duplicate => ArchiveError::DuplicateName { name },
        Clash::Kind | Clash::Full => ArchiveError::Conflict { name },
    }
}

#[cfg(feature = "fs")]
pub(crate) fn regular_file_length(path: &Path) -> Result<u64, ArchiveError> {
    let metadata = std::fs::metadata(path)
        .map_err(|source| ArchiveError::Io { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(ArchiveError::NotAFile { path: path.to_owned() });
    }
    Ok(metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_name_changes_nothing() {
        let mut builder = Archive::builder();
        builder.add_bytes("a", "1").unwrap();
        let before = format!("{:?}", builder.plan);
        for name in ["", ".", "/a", "a/../b", "..", "a\0", "a\n", "b/", "a/b", "./a"] {
            builder.add_bytes(name, "2").unwrap_err();
        }
        assert_eq!(format!("{:?}", builder.plan), before);
    }

    #[test]
    fn names_stay_as_given_and_clash_as_meant() {
        let mut builder = Archive::builder();
        builder.add_bytes("./pkg/main.py", "").unwrap();
        let twice = builder.add_bytes("pkg//main.py", "").unwrap_err();
        assert!(matches!(twice, ArchiveError::DuplicateName { name } if name == "pkg//main.py"));
        let below = builder.add_bytes("pkg/main.py/x", "").unwrap_err();
        assert!(matches!(below, ArchiveError::Conflict { .. }));
        let archive = builder.build();
        assert_eq!(archive.detect_entrypoint().unwrap(), "./pkg/main.py");
        assert_eq!(builder.build().entries().count(), 0);
    }
}
