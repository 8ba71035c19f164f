//! Reads a canonical stream, for what unpacks it.

use super::{
    ReadError, ReadLimits,
    error::shown,
    members::{Bounds, Kind, Members},
    source::Streamed,
};
use crate::{link::normalize_link_target, path::normalize};
use std::io::{self, Read};

/// Iterates over a canonical stream, as [`canonicalize`](super::canonicalize) wrote it.
///
/// It checks again that paths are plain and kinds known; that no path appears twice it takes on
/// trust. Headers are read one by one: give it a buffered reader where system calls count.
///
/// ```
/// use pyexec_archive::{Archive, read::CanonicalReader};
///
/// let stream = Archive::from_map([("pkg/main.py", "print(1)\n")])?.to_vec()?;
/// let mut reader = CanonicalReader::new(&stream[..]);
/// while let Some(mut entry) = reader.next_entry()? {
///     let content = std::io::read_to_string(&mut entry)?;
///     assert_eq!((entry.path(), content.as_str()), ("pkg/main.py", "print(1)\n"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CanonicalReader<R: Read> {
    members: Members<Streamed<R>>,
    /// Whether a symbolic link has come, after which only more of them may.
    in_symlinks: bool,
}

/// What an entry of a canonical stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CanonicalKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link. All of them come after all files and directories.
    Symlink,
}

/// An entry of a canonical stream; reading it gives the file's content.
#[derive(Debug)]
pub struct CanonicalEntry<'a, R: Read> {
    members: &'a mut Members<Streamed<R>>,
    path: String,
    kind: CanonicalKind,
    link_target: Option<String>,
    size: u64,
    is_executable: bool,
}

impl<R: Read> CanonicalReader<R> {
    /// Reads the stream from the reader's position on.
    pub fn new(reader: R) -> Self {
        // How much there may be was decided when the stream was written.
        let bounds = Bounds { total: u64::MAX, extension: 1 << 20 };
        Self { members: Members::new(Streamed(reader), bounds), in_symlinks: false }
    }

    /// The next entry, or nothing at the stream's end. What wasn't read of the entry before is
    /// passed over.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotCanonical`] or any other [`ReadError`] where the stream isn't one that
    /// [`canonicalize`](super::canonicalize) wrote to its end.
    pub fn next_entry(&mut self) -> Result<Option<CanonicalEntry<'_, R>>, ReadError> {
        let Some(member) = self.members.next()? else {
            if self.members.has_end_marker() {
                return Ok(None);
            }
            return Err(ReadError::Truncated { member: None });
        };
        let not_canonical = || ReadError::NotCanonical { member: shown(&member.name) };
        let (kind, name) = match member.kind {
            Kind::File => (CanonicalKind::File, &member.name[..]),
            Kind::Directory => {
                (CanonicalKind::Directory, member.name.strip_suffix(b"/").unwrap_or(&member.name))
            }
            Kind::SymbolicLink => (CanonicalKind::Symlink, &member.name[..]),
            _ => return Err(not_canonical()),
        };
        let path = normalize(name).map_err(|_| not_canonical())?.into_owned();
        if path.as_bytes() != name {
            return Err(not_canonical());
        }
        // One in front of a file could be written through.
        if self.in_symlinks && kind != CanonicalKind::Symlink {
            return Err(not_canonical());
        }
        let mut link_target = None;
        if kind == CanonicalKind::Symlink {
            self.in_symlinks = true;
            let target = normalize_link_target(&path, &member.link, &ReadLimits::none());
            let target = target.map_err(|_| not_canonical())?;
            if target.as_bytes() != member.link {
                return Err(not_canonical());
            }
            link_target = Some(target);
        }
        Ok(Some(CanonicalEntry {
            members: &mut self.members,
            path,
            kind,
            link_target,
            size: member.size,
            is_executable: member.is_executable,
        }))
    }
}

impl<R: Read> CanonicalEntry<'_, R> {
    /// Its normalised path: relative, without `.` and `..`, without a trailing slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is.
    pub fn kind(&self) -> CanonicalKind {
        self.kind
    }

    /// Where it leads from its own directory, if it is a symbolic link: to a place within the
    /// archive.
    pub fn link_target(&self) -> Option<&str> {
        self.link_target.as_deref()
    }

    /// Whether the file may be executed; of anything else it says nothing.
    pub fn is_executable(&self) -> bool {
        self.is_executable
    }

    /// Bytes of its content; 0 for anything but a file.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl<R: Read> Read for CanonicalEntry<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.members.read_data(buffer)?)
    }
}
