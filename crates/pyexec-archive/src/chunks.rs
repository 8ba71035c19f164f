//! An archive in pieces of equal size.

use crate::ArchiveReader;
use std::io::{self, Read};

/// The bytes of an [`Archive`](crate::Archive) in pieces; ends after the first error.
#[derive(Debug)]
pub struct ArchiveChunks {
    reader: ArchiveReader,
    /// What is still to come.
    left: u64,
    chunk_bytes: usize,
}

impl ArchiveChunks {
    pub(crate) fn new(reader: ArchiveReader, size: u64, chunk_bytes: usize) -> Self {
        assert!(chunk_bytes > 0, "chunk_bytes must not be 0");
        Self { reader, left: size, chunk_bytes }
    }
}

impl Iterator for ArchiveChunks {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let length = self.left.min(self.chunk_bytes as u64);
        let mut chunk = vec![0; length as usize];
        let filled = self.reader.read_exact(&mut chunk);
        self.left = if filled.is_ok() { self.left - length } else { 0 };
        Some(filled.map(|()| chunk))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = usize::try_from(self.left.div_ceil(self.chunk_bytes as u64)).ok();
        // An error ends it early.
        (usize::from(self.left > 0), count)
    }
}

impl std::iter::FusedIterator for ArchiveChunks {}
