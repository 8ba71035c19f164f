//! An archive as a list of parts whose lengths are known.

#[cfg(feature = "gzip")]
use crate::gzip::Compressed;
use crate::{Entry, LeftOut, entry::Attributes};
#[cfg(feature = "fs")]
use std::path::PathBuf;

#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) parts: Vec<Part>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) size: u64,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A stretch of the archive's bytes.
#[derive(Debug)]
pub(crate) enum Part {
    /// The header of the entry with this index, made when it is read.
    Header(usize, Attributes),
    Bytes(Vec<u8>),
    #[cfg(feature = "fs")]
    File {
        path: PathBuf,
        length: u64,
        /// Whether it may be a symbolic link by the time it is read.
        may_be_link: bool,
    },
    /// A whole tar, decompressed each time it is read.
    #[cfg(feature = "gzip")]
    Gzip(Compressed),
    Zeros(u64),
}

impl Plan {
    /// An existing tar, headers and all.
    pub(crate) fn of_tar(tar: Part, size: u64, entries: Vec<Entry>) -> Self {
        Self { parts: vec![tar], entries, size, left_out: Vec::new() }
    }
}
