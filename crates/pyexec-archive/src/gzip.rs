//! Compressed tars, decompressed each time they are read.

#[cfg(feature = "fs")]
use crate::source_file;
use crate::{
    Archive,
    plan::{Part, Plan},
    read::{
        ReadError, ReadLimits,
        listing::{self, Streamed},
    },
};
use flate2::bufread::MultiGzDecoder;
#[cfg(feature = "fs")]
use std::{fs::File, path::PathBuf};
use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    sync::Arc,
};

/// The most tar that a `.tar.gz` may hold where the caller doesn't say.
pub(crate) fn default_max_bytes() -> u64 {
    ReadLimits::default().max_total_bytes
}

pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// Where the compressed bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Memory(Arc<[u8]>),
    #[cfg(feature = "fs")]
    File {
        path: PathBuf,
        length: u64,
    },
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes.into())
    }
}

impl Source {
    fn open(&self) -> io::Result<Input> {
        match self {
            Self::Memory(bytes) => Ok(Input::Memory(Cursor::new(Arc::clone(bytes)))),
            #[cfg(feature = "fs")]
            Self::File { path, length } => {
                Ok(Input::File(BufReader::new(source_file::reopen(path, *length)?)))
            }
        }
    }

    /// What an error is about, where it is a file.
    fn about(&self, error: io::Error) -> io::Error {
        match self {
            Self::Memory(_) => error,
            #[cfg(feature = "fs")]
            Self::File { path, .. } => source_file::about(path, &error),
        }
    }
}

#[derive(Debug)]
enum Input {
    Memory(Cursor<Arc<[u8]>>),
    #[cfg(feature = "fs")]
    File(BufReader<File>),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            #[cfg(feature = "fs")]
            Self::File(file) => file.read(buffer),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Memory(bytes) => bytes.fill_buf(),
            #[cfg(feature = "fs")]
            Self::File(file) => file.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Memory(bytes) => bytes.consume(count),
            #[cfg(feature = "fs")]
            Self::File(file) => file.consume(count),
        }
    }
}

/// A tar whose compressed form and decompressed size are known.
#[derive(Debug)]
pub(crate) struct Compressed {
    source: Source,
    size: u64,
}

impl Compressed {
    pub(crate) fn open(&self) -> io::Result<Decompressed> {
        Ok(Decompressed {
            inner: MultiGzDecoder::new(self.source.open()?),
            source: self.source.clone(),
            left: self.size,
        })
    }
}

/// Exactly as many bytes as there were when the archive was planned, or an error.
#[derive(Debug)]
pub(crate) struct Decompressed {
    inner: MultiGzDecoder<Input>,
    source: Source,
    left: u64,
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let other = || self.source.about(io::Error::other("changed while it was being archived"));
        let count = self.inner.read(buffer).map_err(|error| self.source.about(error))?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(other());
        }
        self.left = self.left.checked_sub(count as u64).ok_or_else(other)?;
        Ok(count)
    }
}

/// Plans an archive of the tar within, after decompressing it once.
pub(crate) fn plan(source: Source, max_bytes: u64) -> Result<Archive, ReadError> {
    let mut tar = Measured {
        inner: BufReader::new(MultiGzDecoder::new(source.open().map_err(ReadError::Read)?)),
        size: 0,
        max_bytes,
    };
    // A bomb may also be one of names.
    let entries = listing::list(Streamed(&mut tar), &ReadLimits::default())
        .and_then(|entries| match io::copy(&mut tar, &mut io::sink()) {
            Ok(_) => Ok(entries),
            Err(error) => Err(ReadError::Read(error)),
        })
        .map_err(refused)?;
    let size = tar.size;
    Ok(Archive::new(Plan::of_tar(Part::Gzip(Compressed { source, size }), size, entries)))
}

/// Counts what is read, up to a cap.
struct Measured<R> {
    inner: R,
    size: u64,
    max_bytes: u64,
}

/// The cap, on its way through layers that know no more than I/O errors.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
struct CapReached(u64);

impl<R: Read> Read for Measured<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.size += count as u64;
        if self.size > self.max_bytes {
            return Err(io::Error::other(CapReached(self.max_bytes)));
        }
        Ok(count)
    }
}

/// Tells the cap and bad data from failing reads.
fn refused(error: ReadError) -> ReadError {
    let ReadError::Read(error) = error else {
        return error;
    };
    let cap = error.get_ref().and_then(|error| error.downcast_ref::<CapReached>());
    match (cap, error.kind()) {
        (Some(CapReached(limit)), _) => ReadError::TooLarge { limit: *limit },
        // What the decoder says of data; reading a file fails in other ways.
        (
            None,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof,
        ) => ReadError::Gzip(error),
        (None, _) => ReadError::Read(error),
    }
}
