//! The plan of an archive: names and sizes now, contents when it is read.

use crate::{
    ArchiveBuilder, ArchiveError, ArchiveReader, Entry, detect_entrypoint,
    entry::EntryKind,
    read::{self, listing},
};
#[cfg(feature = "fs")]
use std::path::{Path, PathBuf};
use std::{
    io::{self, Read},
    sync::Arc,
};

/// How many names [`ArchiveError::NoEntrypoint`] lists.
const NAMES_SHOWN: usize = 5;

/// A tar archive that is planned and not yet read.
///
/// Cheap to clone. Its exact [`size`](Self::size) is known, and every [`open`](Self::open) reads
/// the same bytes, so an upload can be announced and repeated. Files on disk are opened one at a
/// time while it is read.
///
/// ```
/// use pyexec_archive::Archive;
///
/// let archive = Archive::from_map([("b.py", "2"), ("a.py", "1")])?;
/// let names: Vec<_> = archive.entries().map(|entry| entry.name()).collect();
/// assert_eq!(names, ["a.py", "b.py"]);
/// # Ok::<(), pyexec_archive::ArchiveError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Archive {
    plan: Arc<Plan>,
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) parts: Vec<Part>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) size: u64,
    #[cfg(feature = "fs")]
    pub(crate) skipped: Vec<PathBuf>,
}

/// A stretch of the archive's bytes.
#[derive(Debug)]
pub(crate) enum Part {
    /// The header of the entry with this index, made when it is read.
    Header(usize),
    Bytes(Vec<u8>),
    #[cfg(feature = "fs")]
    File {
        path: PathBuf,
        length: u64,
    },
    Zeros(u64),
}

impl Archive {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan: Arc::new(plan) }
    }

    /// An empty archive to add to.
    pub fn builder() -> ArchiveBuilder {
        ArchiveBuilder::default()
    }

    /// An archive of files in memory, sorted by name whatever order they come in.
    ///
    /// # Errors
    ///
    /// As [`ArchiveBuilder::add_bytes`].
    pub fn from_map<N, C>(files: impl IntoIterator<Item = (N, C)>) -> Result<Self, ArchiveError>
    where
        N: AsRef<str>,
        C: Into<Vec<u8>>,
    {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let mut builder = Self::builder();
        for (name, contents) in files {
            builder.add_bytes(name, contents)?;
        }
        Ok(builder.build())
    }

    /// An archive of files on disk, each under its base name, in the order given.
    ///
    /// ```no_run
    /// # use pyexec_archive::Archive;
    /// let archive = Archive::from_files(["src/main.py", "data/input.csv"])?;
    /// # Ok::<(), pyexec_archive::ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchiveError::DuplicateBaseName`] where two would be stored under the same name, and
    /// as [`ArchiveBuilder::add_file`].
    #[cfg(feature = "fs")]
    pub fn from_files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Self, ArchiveError> {
        crate::files::plan(paths)
    }

    /// An archive of all that a directory holds, under paths relative to it.
    ///
    /// Files come before subdirectories, both sorted by name, so that a `main.py` at the top is
    /// the one that [`detect_entrypoint`](Self::detect_entrypoint) finds. Left out are `.git`,
    /// `__pycache__`, `.venv`, `node_modules` and `*.pyc`; sockets, pipes and devices are left out
    /// and listed by [`skipped`](Self::skipped). A symbolic link that stays within the directory
    /// is stored as what it leads to.
    ///
    /// ```no_run
    /// # use pyexec_archive::Archive;
    /// let archive = Archive::from_directory("my-project")?;
    /// println!("{} bytes, runs {}", archive.size(), archive.detect_entrypoint()?);
    /// # Ok::<(), pyexec_archive::ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotADirectory`]; [`ArchiveError::LinkLeadsOut`] and
    /// [`ArchiveError::LinkCycle`] for links that can't be stored; [`ArchiveError::NotUtf8`] and
    /// [`ArchiveError::InvalidName`] for names that can't; [`ArchiveError::Io`] for what can't be
    /// read, such as a link that leads nowhere.
    #[cfg(feature = "fs")]
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        crate::directory::plan(path.as_ref())
    }

    /// An existing, uncompressed tar from a reader, kept in memory and sent as it is.
    ///
    /// Its names are listed, and so it is known to be whole; whether a server takes what it holds
    /// is for the server to say.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Tar`] with what is wrong: not a tar, compressed, truncated, corrupt, or
    /// the reader failed.
    pub fn from_reader(mut reader: impl Read) -> Result<Self, ArchiveError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(read::ReadError::Read)?;
        let entries = listing::list(listing::Streamed(&bytes[..]))?;
        let size = bytes.len() as u64;
        Ok(Self::new(Plan::of_tar(Part::Bytes(bytes), size, entries)))
    }

    /// An existing, uncompressed tar on disk, sent as it is and streamed from there.
    ///
    /// Only its names are read now.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::TarFile`] with what is wrong; [`ArchiveError::Io`] or
    /// [`ArchiveError::NotAFile`] where it can't be opened.
    #[cfg(feature = "fs")]
    pub fn from_tar_file(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        crate::tar_file::plan(path.as_ref())
    }

    /// Exact number of bytes of the tar.
    pub fn size(&self) -> u64 {
        self.plan.size
    }

    /// A reader over the tar's bytes, from the start.
    ///
    /// It fails with an error that names the file where a file on disk has shrunk, grown or
    /// vanished since the archive was planned, and never yields another number of bytes than
    /// [`size`](Self::size) without an error.
    pub fn open(&self) -> ArchiveReader {
        ArchiveReader::new(Arc::clone(&self.plan))
    }

    /// Its members, in the order in which they are stored.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.plan.entries.iter()
    }

    /// Sockets, pipes and devices that [`from_directory`](Self::from_directory) left out.
    #[cfg(feature = "fs")]
    pub fn skipped(&self) -> &[PathBuf] {
        &self.plan.skipped
    }

    /// Picks the file to run by the rule of [`detect_entrypoint`](fn@detect_entrypoint).
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoEntrypoint`], with some of the names that are there instead.
    pub fn detect_entrypoint(&self) -> Result<&str, ArchiveError> {
        let files = || self.entries().filter(|entry| entry.is_file());
        detect_entrypoint(files().map(Entry::name)).ok_or_else(|| ArchiveError::NoEntrypoint {
            seen: files().take(NAMES_SHOWN).map(|entry| entry.name.clone()).collect(),
            files: files().count(),
        })
    }

    /// The whole tar in memory.
    ///
    /// # Errors
    ///
    /// As reading from [`open`](Self::open).
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open().read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Plan {
    /// An existing tar, headers and all.
    pub(crate) fn of_tar(tar: Part, size: u64, entries: Vec<Entry>) -> Self {
        Self {
            parts: vec![tar],
            entries,
            size,
            #[cfg(feature = "fs")]
            skipped: Vec::new(),
        }
    }

    /// The header that goes before the data of an entry.
    pub(crate) fn header(&self, index: usize) -> crate::header::Header<'_> {
        self.entries[index].header()
    }
}

impl Entry {
    pub(crate) fn header(&self) -> crate::header::Header<'_> {
        crate::header::Header {
            name: &self.name,
            size: self.size,
            is_directory: self.kind == EntryKind::Directory,
            is_executable: false,
        }
    }
}
