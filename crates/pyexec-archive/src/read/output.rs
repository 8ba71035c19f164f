//! Where a canonical stream is written.

use super::ReadError;
use crate::header::{END, Header};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// An output that can be read back, or says that it can't.
pub(super) trait Output {
    const CAN_READ_BACK: bool;

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn flush(&mut self) -> io::Result<()>;
    /// Fills the buffer with what was written at that offset of the stream.
    fn read_back(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// Any writer.
pub(super) struct WriteOnly<W>(pub(super) W);

impl<W: Write> Output for WriteOnly<W> {
    const CAN_READ_BACK: bool = false;

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn read_back(&mut self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A file or the like.
pub(super) struct Seekable<F> {
    inner: F,
    /// Where the stream begins.
    start: u64,
}

impl<F: Read + Write + Seek> Seekable<F> {
    pub(super) fn new(mut inner: F) -> io::Result<Self> {
        let start = inner.stream_position()?;
        Ok(Self { inner, start })
    }
}

impl<F: Read + Write + Seek> Output for Seekable<F> {
    const CAN_READ_BACK: bool = true;

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }

    fn read_back(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = self.inner.stream_position()?;
        self.inner.seek(SeekFrom::Start(self.start + offset))?;
        self.inner.read_exact(buffer)?;
        self.inner.seek(SeekFrom::Start(end))?;
        Ok(())
    }
}

/// Counts and collects what is written.
pub(super) struct Canonical<O> {
    inner: O,
    pending: Vec<u8>,
    room: usize,
    written: u64,
}

impl<O: Output> Canonical<O> {
    pub(super) fn new(inner: O, room: usize) -> Self {
        Self { inner, pending: Vec::with_capacity(room), room, written: 0 }
    }

    /// Where in the stream the next byte goes.
    pub(super) fn position(&self) -> u64 {
        self.written
    }

    pub(super) fn header(&mut self, header: Header<'_>) -> Result<(), ReadError> {
        let before = self.pending.len();
        header.write_to(&mut self.pending);
        self.written += (self.pending.len() - before) as u64;
        if self.pending.len() >= self.room { self.flush() } else { Ok(()) }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        if self.pending.len() + bytes.len() > self.room {
            self.flush()?;
        }
        if bytes.len() >= self.room {
            self.inner.write_all(bytes).map_err(ReadError::Write)?;
        } else {
            self.pending.extend_from_slice(bytes);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn zeros(&mut self, count: u64) -> Result<(), ReadError> {
        self.write(&[0; END as usize][..count as usize])
    }

    /// Writes once more what is there from an offset on.
    pub(super) fn copy(
        &mut self,
        mut from: u64,
        mut left: u64,
        buffer: &mut [u8],
    ) -> Result<(), ReadError> {
        self.flush()?;
        while left > 0 {
            let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let chunk = &mut buffer[..count];
            self.inner.read_back(from, chunk).map_err(ReadError::Write)?;
            self.inner.write_all(chunk).map_err(ReadError::Write)?;
            self.written += count as u64;
            from += count as u64;
            left -= count as u64;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ReadError> {
        self.inner.write_all(&self.pending).map_err(ReadError::Write)?;
        self.pending.clear();
        Ok(())
    }

    /// Writes the end; how many bytes the whole stream has.
    pub(super) fn finish(mut self) -> Result<u64, ReadError> {
        self.zeros(END)?;
        self.flush()?;
        self.inner.flush().map_err(ReadError::Write)?;
        Ok(self.written)
    }
}
