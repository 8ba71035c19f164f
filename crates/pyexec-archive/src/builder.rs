//! Plans an archive member by member.

use crate::{
    Archive, ArchiveError, Entry,
    entry::{Attributes, EntryKind},
    header::{END, padding},
    path::normalized,
    plan::{Part, Plan},
    read::{PathError, ReadLimits, normalize_link_target},
    tree::{Clash, PathTree},
};
#[cfg(feature = "fs")]
use crate::{LeftOut, source_file};
use std::borrow::Cow;
#[cfg(feature = "fs")]
use std::{
    fs::Metadata,
    path::{Path, PathBuf},
};

/// The mode of files that don't keep their own.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

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
    #[cfg(feature = "fs")]
    preserve_mtime: bool,
    #[cfg(feature = "fs")]
    preserve_mode: bool,
}

impl Default for ArchiveBuilder {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            tree: PathTree::new(usize::MAX),
            #[cfg(feature = "fs")]
            preserve_mtime: false,
            #[cfg(feature = "fs")]
            preserve_mode: false,
        }
    }
}

impl ArchiveBuilder {
    /// Whether files on disk that are added from now on keep their time of change, in whole
    /// seconds. By default all are of 1970, so that equal contents give equal bytes.
    #[cfg(feature = "fs")]
    pub fn preserve_mtime(&mut self, preserve: bool) -> &mut Self {
        self.preserve_mtime = preserve;
        self
    }

    /// Whether files on disk that are added from now on keep their permission bits. By default
    /// files have 0644 and directories 0755. Set-user-ID, set-group-ID and sticky bits are never
    /// kept.
    #[cfg(feature = "fs")]
    pub fn preserve_mode(&mut self, preserve: bool) -> &mut Self {
        self.preserve_mode = preserve;
        self
    }

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
        let attributes = Attributes { mode: FILE_MODE, mtime: 0 };
        self.push_file(name.as_ref().to_owned(), length, attributes, Part::Bytes(contents))?;
        Ok(self)
    }

    /// Adds a file on disk, to be opened when the archive is read. Symbolic links are
    /// followed.
    ///
    /// # Errors
    ///
    /// As [`add_bytes`](Self::add_bytes); [`ArchiveError::Io`] where it can't be found or read,
    /// [`ArchiveError::NotAFile`] where it is a directory, device, socket or pipe.
    #[cfg(feature = "fs")]
    pub fn add_file(
        &mut self,
        name: impl AsRef<str>,
        path: impl Into<PathBuf>,
    ) -> Result<&mut Self, ArchiveError> {
        let path = path.into();
        let metadata = source_file::inspect(&path)?;
        self.add_file_on_disk(name.as_ref().to_owned(), path, &metadata, true)?;
        Ok(self)
    }

    /// Adds a directory. Only an empty one needs it: files bring their directories along.
    ///
    /// # Errors
    ///
    /// As [`add_bytes`](Self::add_bytes), but adding a directory twice is fine.
    pub fn add_directory(&mut self, name: impl AsRef<str>) -> Result<&mut Self, ArchiveError> {
        self.push_directory(name.as_ref(), Attributes { mode: DIRECTORY_MODE, mtime: 0 })?;
        Ok(self)
    }

    /// Adds a symbolic link, to be resolved where the archive is unpacked.
    ///
    /// The target is relative to the link's own directory and stays within the archive, and `..`
    /// comes only at its start; so a safe reader [keeps](crate::read::SymlinkPolicy::Keep) it.
    /// Whether there is such a file isn't asked.
    ///
    /// ```
    /// use pyexec_archive::Archive;
    ///
    /// let mut builder = Archive::builder();
    /// builder.add_bytes("data/v2.csv", "1,2\n")?.add_symlink("app/data.csv", "../data/v2.csv")?;
    /// let error = builder.add_symlink("app/passwd", "../../etc/passwd").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#""app/passwd" can't link to "../../etc/passwd" in an archive"#
    /// );
    /// # Ok::<(), pyexec_archive::ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`add_bytes`](Self::add_bytes); [`ArchiveError::InvalidLinkTarget`].
    pub fn add_symlink(
        &mut self,
        name: impl AsRef<str>,
        target: impl AsRef<str>,
    ) -> Result<&mut Self, ArchiveError> {
        let (name, target) = (name.as_ref(), target.as_ref());
        let path = leaf(name)?;
        let kept =
            normalize_link_target(&path, target, &ReadLimits::default()).map_err(|source| {
                ArchiveError::InvalidLinkTarget {
                    name: name.to_owned(),
                    target: target.to_owned(),
                    source,
                }
            })?;
        self.tree.add_leaf(&path, 0).map_err(|clash| refused(name, &clash))?;
        let entry = Entry { name: name.to_owned(), size: 0, kind: EntryKind::Symlink(kept) };
        self.push(entry, Attributes { mode: 0o777, mtime: 0 });
        Ok(self)
    }

    /// The archive of all that was added; leaves the builder empty, with its settings.
    pub fn build(&mut self) -> Archive {
        self.tree = PathTree::new(usize::MAX);
        let mut plan = std::mem::take(&mut self.plan);
        plan.parts.push(Part::Zeros(END));
        plan.size += END;
        Archive::new(plan)
    }

    #[cfg(feature = "fs")]
    pub(crate) fn add_file_on_disk(
        &mut self,
        name: String,
        path: PathBuf,
        metadata: &Metadata,
        may_be_link: bool,
    ) -> Result<(), ArchiveError> {
        let length = metadata.len();
        let attributes = self.attributes(&path, metadata, FILE_MODE)?;
        self.push_file(name, length, attributes, Part::File { path, length, may_be_link })
    }

    #[cfg(feature = "fs")]
    pub(crate) fn add_directory_on_disk(
        &mut self,
        name: &str,
        path: &Path,
        metadata: &Metadata,
    ) -> Result<(), ArchiveError> {
        let attributes = self.attributes(path, metadata, DIRECTORY_MODE)?;
        self.push_directory(name, attributes)
    }

    #[cfg(feature = "fs")]
    pub(crate) fn leave_out(&mut self, left_out: LeftOut) {
        self.plan.left_out.push(left_out);
    }

    #[cfg(feature = "fs")]
    fn attributes(
        &self,
        path: &Path,
        metadata: &Metadata,
        default_mode: u32,
    ) -> Result<Attributes, ArchiveError> {
        let mode = if self.preserve_mode { source_file::mode(metadata) } else { default_mode };
        let mtime = if self.preserve_mtime {
            source_file::mtime(metadata)
                .map_err(|source| ArchiveError::Io { path: path.to_owned(), source })?
        } else {
            0
        };
        Ok(Attributes { mode, mtime })
    }

    fn push_file(
        &mut self,
        name: String,
        size: u64,
        attributes: Attributes,
        content: Part,
    ) -> Result<(), ArchiveError> {
        let path = leaf(&name)?;
        self.tree.add_leaf(&path, 0).map_err(|clash| refused(&name, &clash))?;
        self.push(Entry { name, size, kind: EntryKind::File }, attributes);
        self.plan.parts.push(content);
        self.plan.parts.push(Part::Zeros(padding(size)));
        self.plan.size += size + padding(size);
        Ok(())
    }

    fn push_directory(&mut self, name: &str, attributes: Attributes) -> Result<(), ArchiveError> {
        let path = checked(name)?;
        self.tree.add_directory(&path).map_err(|clash| refused(name, &clash))?;
        let name = name.trim_end_matches('/').to_owned();
        self.push(Entry { name, size: 0, kind: EntryKind::Directory }, attributes);
        Ok(())
    }

    fn push(&mut self, entry: Entry, attributes: Attributes) {
        self.plan.size += entry.header(attributes).length();
        self.plan.parts.push(Part::Header(self.plan.entries.len(), attributes));
        self.plan.entries.push(entry);
    }
}

/// The path of a file or link.
fn leaf(name: &str) -> Result<Cow<'_, str>, ArchiveError> {
    // Other readers would take it for a directory.
    if name.ends_with('/') || name.ends_with("/.") {
        return Err(invalid(name, PathError::TrailingSlash));
    }
    // However much of it is `./`, it is stored.
    let limit = ReadLimits::default().max_path_bytes;
    if name.len() > 2 * limit {
        return Err(invalid(name, PathError::TooLong { length: name.len(), limit }));
    }
    checked(name)
}

/// What a safe reader would refuse is better refused before it is sent.
fn checked(name: &str) -> Result<Cow<'_, str>, ArchiveError> {
    normalized(name.as_bytes(), &ReadLimits::default()).map_err(|source| invalid(name, source))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_name_changes_nothing() {
        let mut builder = Archive::builder();
        builder.add_bytes("a", "1").unwrap();
        let before = format!("{:?}", builder.plan);
        for name in ["", ".", "/a", "a/../b", "..", "a\0", "a\n", "b/", "b/.", "a/b", "./a"] {
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
