//! The plan of an archive: names and sizes now, contents when it is read.

#[cfg(feature = "fs")]
use crate::DirectoryOptions;
use crate::{
    ArchiveBuilder, ArchiveChunks, ArchiveError, ArchiveReader, Entry, Report, detect_entrypoint,
    entrypoint_candidates, plan::Plan,
};
#[cfg(feature = "fs")]
use std::path::Path;
use std::{
    io::{self, Read},
    sync::Arc,
};

/// How many names an error about entrypoints lists.
const NAMES_SHOWN: usize = 5;

/// A tar archive that is planned and not yet read.
///
/// Cheap to clone. Its exact [`size`](Self::size) is known, and every [`open`](Self::open) reads
/// that many bytes or fails, so an upload can be announced and repeated; they are the same as long
/// as nobody edits the files meanwhile. Files on disk are opened one at a
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

    /// An archive of a directory, under paths relative to it, with the default
    /// [`DirectoryOptions`].
    ///
    /// Files come before subdirectories, both sorted by name, so that a `main.py` at the top is
    /// the one that [`detect_entrypoint`](Self::detect_entrypoint) finds. Left out are what
    /// `.gitignore` and `.pyexecignore` name, `.git`, `__pycache__`, `.venv`, `node_modules` and
    /// `*.pyc`, sockets, pipes and devices; [`report`](Self::report) lists them with the reason.
    /// A symbolic link that stays within the directory is stored as what it leads to.
    ///
    /// ```no_run
    /// # use pyexec_archive::Archive;
    /// let archive = Archive::from_directory("my-project")?;
    /// println!("{} bytes, runs {}", archive.size(), archive.detect_entrypoint()?);
    /// for left_out in archive.report().left_out {
    ///     println!("not sent: {left_out}");
    /// }
    /// # Ok::<(), pyexec_archive::ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`DirectoryOptions::archive`].
    #[cfg(feature = "fs")]
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        DirectoryOptions::new().archive(path)
    }

    /// An archive of one file, whose content comes from a reader and is kept in memory: a script
    /// from standard input, say.
    ///
    /// ```
    /// use pyexec_archive::Archive;
    ///
    /// let archive = Archive::from_reader(&b"print('piped')\n"[..], "main.py")?;
    /// assert_eq!(archive.detect_entrypoint()?, "main.py");
    /// # Ok::<(), pyexec_archive::ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Tar`] where the reader fails; as [`ArchiveBuilder::add_bytes`].
    pub fn from_reader(mut reader: impl Read, name: impl AsRef<str>) -> Result<Self, ArchiveError> {
        let mut contents = Vec::new();
        reader.read_to_end(&mut contents).map_err(crate::read::ReadError::Read)?;
        Ok(Self::builder().add_bytes(name, contents)?.build())
    }

    /// An existing tar from a reader, kept in memory and sent as it is.
    ///
    /// With the feature `gzip` it may be a `.tar.gz`; see
    #[cfg_attr(feature = "gzip", doc = "[`from_gzip_reader`](Self::from_gzip_reader),")]
    #[cfg_attr(not(feature = "gzip"), doc = "`from_gzip_reader`,")]
    /// here with 2 GiB as the most that it may hold.
    ///
    /// Its names are listed, and so it is known to be whole; whether a server takes what it holds
    /// is for the server to say.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Tar`] with what is wrong: not a tar, compressed, truncated, corrupt, or
    /// the reader failed.
    pub fn from_tar_reader(reader: impl Read) -> Result<Self, ArchiveError> {
        crate::existing::in_memory(reader)
    }

    /// An existing tar on disk, sent as it is and streamed from there.
    ///
    /// With the feature `gzip` it may be a `.tar.gz`; see
    #[cfg_attr(feature = "gzip", doc = "[`from_gzip_file`](Self::from_gzip_file),")]
    #[cfg_attr(not(feature = "gzip"), doc = "`from_gzip_file`,")]
    /// here with 2 GiB as the most that it may hold. Of a plain tar only the names are read now.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::TarFile`] with what is wrong; [`ArchiveError::Io`] or
    /// [`ArchiveError::NotAFile`] where it can't be opened.
    #[cfg(feature = "fs")]
    pub fn from_tar_file(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        crate::existing::on_disk(path.as_ref())
    }

    /// A `.tar.gz` from a reader, sent as the plain tar within.
    ///
    /// Only the compressed bytes are kept in memory. They are decompressed once now, for the size
    /// and the names, and again each time the archive is read.
    ///
    /// ```
    /// # use pyexec_archive::{Archive, ArchiveError, read::ReadError};
    /// # use std::io::Write;
    /// # let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    /// # encoder.write_all(&Archive::from_map([("main.py", vec![0; 1 << 20])])?.to_vec()?)?;
    /// # let project_tar_gz = encoder.finish()?;
    /// let archive = Archive::from_gzip_reader(&project_tar_gz[..], 10 << 20)?;
    /// assert_eq!(archive.detect_entrypoint()?, "main.py");
    ///
    /// let error = Archive::from_gzip_reader(&project_tar_gz[..], 1 << 20).unwrap_err();
    /// assert!(matches!(error.tar_error(), Some(ReadError::TooLarge { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Tar`] with what is wrong, such as more than `max_bytes` of tar.
    #[cfg(feature = "gzip")]
    pub fn from_gzip_reader(mut reader: impl Read, max_bytes: u64) -> Result<Self, ArchiveError> {
        use crate::read::ReadError;
        // What doesn't compress at all grows a little.
        let most = max_bytes.saturating_add(max_bytes / 4).saturating_add(64 << 10);
        let mut bytes = Vec::new();
        reader
            .by_ref()
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(ReadError::Read)?;
        if bytes.len() as u64 > most {
            return Err(ReadError::TooLarge { limit: max_bytes }.into());
        }
        Ok(crate::gzip::plan(bytes.into(), max_bytes)?)
    }

    /// A `.tar.gz` on disk, sent as the plain tar within.
    ///
    /// It is decompressed once now, for the size and the names, and again each time the archive
    /// is read, in constant memory.
    ///
    /// # Errors
    ///
    /// As [`from_tar_file`](Self::from_tar_file), also where there are more than `max_bytes` of
    /// tar.
    #[cfg(all(feature = "gzip", feature = "fs"))]
    pub fn from_gzip_file(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self, ArchiveError> {
        crate::existing::gzip_on_disk(path.as_ref(), max_bytes)
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

    /// The tar's bytes in pieces of `chunk_bytes`, the last one shorter, from the start.
    ///
    /// For what takes a stream of buffers instead of a reader:
    ///
    /// ```
    /// use pyexec_archive::Archive;
    ///
    /// let archive = Archive::from_map([("main.py", "print(1)\n")])?;
    /// let mut sent = 0;
    /// for chunk in archive.chunks(1000) {
    ///     sent += chunk?.len() as u64;
    /// }
    /// assert_eq!(sent, archive.size());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Where `chunk_bytes` is 0, as [`slice::chunks`] does.
    pub fn chunks(&self, chunk_bytes: usize) -> ArchiveChunks {
        ArchiveChunks::new(self.open(), self.size(), chunk_bytes)
    }

    /// SHA-256 of the tar's bytes, for cache keys. Reads the whole archive.
    ///
    /// Equal files give equal bytes whatever the machine, so equal digests; another version of
    /// this crate may write the same files differently.
    ///
    /// ```
    /// use pyexec_archive::Archive;
    ///
    /// let one = Archive::from_map([("a.py", "1"), ("b.py", "2")])?.digest()?;
    /// let two = Archive::from_map([("b.py", "2"), ("a.py", "1")])?.digest()?;
    /// assert_eq!(one, two);
    /// assert_eq!(one.to_string().len(), 64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As reading from [`open`](Self::open).
    #[cfg(feature = "digest")]
    pub fn digest(&self) -> io::Result<crate::ArchiveDigest> {
        crate::ArchiveDigest::of(self.open())
    }

    /// Its members, in the order in which they are stored.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.plan.entries.iter()
    }

    /// What it includes, and what was left out of it and why.
    pub fn report(&self) -> Report<'_> {
        Report::new(&self.plan.entries, &self.plan.left_out)
    }

    /// Picks the file to run by the rule of [`detect_entrypoint`](fn@detect_entrypoint).
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoEntrypoint`], with some of the names that are there instead.
    pub fn detect_entrypoint(&self) -> Result<&str, ArchiveError> {
        detect_entrypoint(self.file_names()).ok_or_else(|| self.no_entrypoint())
    }

    /// The file to run if there is only one that it can be, for those who'd rather ask than
    /// guess.
    ///
    /// ```
    /// use pyexec_archive::{Archive, ArchiveError};
    ///
    /// let archive = Archive::from_map([("b.py", ""), ("a.py", "")])?;
    /// assert_eq!(archive.detect_entrypoint()?, "a.py");
    /// let Err(ArchiveError::AmbiguousEntrypoint { candidates }) = archive.only_entrypoint() else {
    ///     panic!("both may be meant");
    /// };
    /// assert_eq!(candidates, ["a.py", "b.py"]);
    /// # Ok::<(), ArchiveError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArchiveError::AmbiguousEntrypoint`] with all that
    /// [`entrypoint_candidates`](fn@entrypoint_candidates) finds;
    /// [`ArchiveError::NoEntrypoint`].
    pub fn only_entrypoint(&self) -> Result<&str, ArchiveError> {
        match entrypoint_candidates(self.file_names())[..] {
            [] => Err(self.no_entrypoint()),
            [only] => Ok(only),
            ref several => Err(ArchiveError::AmbiguousEntrypoint {
                candidates: several.iter().map(|name| (*name).to_owned()).collect(),
            }),
        }
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

    fn file_names(&self) -> impl Iterator<Item = &str> {
        self.entries().filter(|entry| entry.is_file()).map(Entry::name)
    }

    fn no_entrypoint(&self) -> ArchiveError {
        ArchiveError::NoEntrypoint {
            seen: self.file_names().take(NAMES_SHOWN).map(str::to_owned).collect(),
            files: self.file_names().count(),
        }
    }
}
