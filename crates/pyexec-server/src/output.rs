//! The output of an execution: written once, read by whoever wants it, at their own pace, while it
//! runs and afterwards.
//!
//! A stream stays in memory while it is small and goes to a file of the spool once it isn't. Of one
//! that is longer than it may be, the middle goes when the execution ends, or earlier where the
//! spool is full; offsets stay what they were.

mod stream;
mod text;

use crate::space::SpoolSpace;
use pyexec_sandbox::OutputStream;
use std::{io, sync::Arc};
use stream::Stream;
use text::Text;
use tokio::sync::watch;

pub use stream::{Chunk, KeptPlace, KeptStream};

/// Both output streams of an execution. Clones share them.
#[derive(Debug, Clone)]
pub struct Output(Arc<Streams>);

#[derive(Debug)]
struct Streams {
    stdout: Stream,
    stderr: Stream,
    grown: watch::Sender<()>,
}

impl Output {
    /// An output that keeps at most `most` bytes of each stream in the end, in files of `space`
    /// where it is large.
    pub(crate) fn new(most: usize, space: &Arc<SpoolSpace>) -> Self {
        let stream = || Stream::new(most as u64, space);
        Self::of(stream(), stream())
    }

    /// What a store kept of an output.
    pub fn from_kept(stdout: KeptStream, stderr: KeptStream) -> Self {
        Self::of(Stream::from_kept(stdout), Stream::from_kept(stderr))
    }

    /// No output at all.
    pub fn empty() -> Self {
        Self::from_kept(KeptStream::default(), KeptStream::default())
    }

    fn of(stdout: Stream, stderr: Stream) -> Self {
        Self(Arc::new(Streams { stdout, stderr, grown: watch::Sender::new(()) }))
    }

    fn stream(&self, which: OutputStream) -> &Stream {
        match which {
            OutputStream::Stdout => &self.0.stdout,
            OutputStream::Stderr => &self.0.stderr,
        }
    }

    /// Adds what the execution wrote and wakes those who wait for it. Only one thread may.
    pub(crate) fn append(&self, which: OutputStream, bytes: &[u8]) -> io::Result<()> {
        self.stream(which).append(bytes)?;
        self.0.grown.send_replace(());
        Ok(())
    }

    /// Nothing more comes: what was too much goes.
    pub(crate) fn seal(&self) {
        self.0.stdout.seal();
        self.0.stderr.seal();
    }

    /// Hears whenever there is more.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.0.grown.subscribe()
    }

    /// How many bytes were written to a stream.
    pub fn len(&self, which: OutputStream) -> u64 {
        self.stream(which).len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.stdout.len() == 0 && self.0.stderr.len() == 0
    }

    /// Whether the middle of a stream is left out.
    pub fn is_truncated(&self) -> bool {
        self.0.stdout.is_too_long() || self.0.stderr.is_too_long()
    }

    /// Bytes that are kept of both streams, in memory and in files.
    pub fn kept_bytes(&self) -> u64 {
        self.0.stdout.kept_bytes() + self.0.stderr.kept_bytes()
    }

    /// Whether reading a stream may have to wait for a disk.
    pub fn is_in_memory(&self, which: OutputStream) -> bool {
        self.stream(which).is_in_memory()
    }

    /// Up to `most` bytes from `offset`, or from where the gap ends that it lies in; `None` where
    /// there is nothing (yet).
    ///
    /// # Errors
    /// Where a file can't be read.
    pub fn read(&self, which: OutputStream, offset: u64, most: usize) -> io::Result<Option<Chunk>> {
        self.stream(which).read(offset, most)
    }

    /// A stream as text: of one that is too long the first and the last half, and a line between
    /// that says how much is left out.
    ///
    /// # Errors
    /// Where a file can't be read.
    pub fn text(&self, which: OutputStream) -> io::Result<String> {
        self.pieces(which)?.collect()
    }

    /// The same piece by piece, each of which may have to be waited for.
    pub(crate) fn pieces(&self, which: OutputStream) -> io::Result<Text> {
        Text::of(self.keep(which))
    }

    /// What a store has to keep of a stream whose execution is over.
    pub fn keep(&self, which: OutputStream) -> KeptStream {
        self.stream(which).keep()
    }
}

impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests;
