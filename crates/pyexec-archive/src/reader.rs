//! Reads a planned archive.

use crate::plan::{Part, Plan};
#[cfg(feature = "fs")]
use crate::source_file::OpenFile;
use std::{
    io::{self, Read},
    sync::Arc,
};

/// The bytes of an [`Archive`](crate::Archive), with one file open at a time.
///
/// Once it has failed it fails again, so that what was read can't pass for a whole archive.
#[derive(Debug)]
pub struct ArchiveReader {
    plan: Arc<Plan>,
    /// The part that is read, or comes next.
    index: usize,
    /// How much of it was read.
    position: u64,
    source: Source,
    /// The current header's bytes; kept, since there are many.
    header: Vec<u8>,
    failed: Option<(io::ErrorKind, String)>,
}

#[derive(Debug)]
enum Source {
    /// What the plan itself says.
    Plan,
    #[cfg(feature = "fs")]
    File(OpenFile),
    #[cfg(feature = "gzip")]
    Gzip(Box<crate::gzip::Decompressed>),
}

impl ArchiveReader {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, index: 0, position: 0, source: Source::Plan, header: Vec::new(), failed: None }
    }

    fn next_part(&mut self) {
        self.index += 1;
        self.position = 0;
        self.source = Source::Plan;
    }

    /// Reads from the current part; 0 at its end.
    fn read_part(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.plan.parts[self.index] {
            Part::Header(entry, attributes) => {
                if self.position == 0 {
                    self.header.clear();
                    self.plan.entries[*entry].header(*attributes).write_to(&mut self.header);
                }
                copy(&self.header, self.position, buffer)
            }
            Part::Bytes(bytes) => copy(bytes, self.position, buffer),
            Part::Zeros(length) => {
                let count = fitting(length - self.position, buffer.len());
                buffer[..count].fill(0);
                count
            }
            #[cfg(feature = "fs")]
            Part::File { path, length, may_be_link } => {
                if matches!(self.source, Source::Plan) {
                    self.source = Source::File(OpenFile::new(path, *length, *may_be_link)?);
                }
                let Source::File(file) = &mut self.source else {
                    return Ok(0);
                };
                file.read(path, *length, self.position, buffer)?
            }
            #[cfg(feature = "gzip")]
            Part::Gzip(compressed) => {
                if matches!(self.source, Source::Plan) {
                    self.source = Source::Gzip(Box::new(compressed.open()?));
                }
                let Source::Gzip(decompressed) = &mut self.source else {
                    return Ok(0);
                };
                decompressed.read(buffer)?
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Read for ArchiveReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        // Filled up across parts: an archive of small files would else come in tiny pieces.
        while filled < buffer.len() && self.failed.is_none() && self.index < self.plan.parts.len() {
            match self.read_part(&mut buffer[filled..]) {
                Ok(0) => self.next_part(),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some((error.kind(), error.to_string())),
            }
        }
        match &self.failed {
            Some((kind, message)) if filled == 0 && !buffer.is_empty() => {
                Err(io::Error::new(*kind, message.clone()))
            }
            _ => Ok(filled),
        }
    }
}

fn copy(bytes: &[u8], position: u64, buffer: &mut [u8]) -> usize {
    let rest = &bytes[position as usize..];
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}

/// How much of a part fits into the buffer.
pub(crate) fn fitting(length: u64, room: usize) -> usize {
    usize::try_from(length).map_or(room, |length| length.min(room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Archive;

    #[test]
    fn can_travel_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<ArchiveReader>();
        travels::<Archive>();
    }

    #[test]
    fn any_buffer_gives_the_same_bytes() {
        let name = "d/".repeat(60) + &"long".repeat(60) + ".py";
        let archive = Archive::from_map([("a.py", "x".repeat(700)), (&name, "y".repeat(512))]);
        let archive = archive.unwrap();
        let whole = archive.to_vec().unwrap();
        assert_eq!(whole.len() as u64, archive.size());
        for step in [1, 7, 511, 513, 4096] {
            let mut reader = archive.open();
            let mut bytes = Vec::new();
            let mut buffer = vec![0; step];
            loop {
                let count = reader.read(&mut buffer).unwrap();
                if count == 0 {
                    break;
                }
                bytes.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(bytes, whole);
        }
        assert_eq!(archive.open().read(&mut []).unwrap(), 0);
    }
}
