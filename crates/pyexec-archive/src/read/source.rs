//! Where an archive's bytes come from.

use std::io::{self, Read};

/// A reader that can pass over bytes.
pub(crate) trait Source {
    /// Reads some bytes; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Passes over up to `count` bytes; how many, fewer only at the end.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// Any reader, which passes over bytes by reading them.
#[derive(Debug)]
pub(crate) struct Streamed<R>(pub(crate) R);

impl<R: Read> Source for Streamed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut self.0.by_ref().take(count), &mut io::sink())
    }
}
