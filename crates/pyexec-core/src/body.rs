//! What a request carries.

use crate::UploadError;
use bytes::{Buf, Bytes};
use pyexec_archive::{Archive, ArchiveReader};
use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
};

/// What a request carries: nothing, bytes, or a form that streams an archive. Its size is known
/// before it is read, it can be read again, and a copy is cheap.
///
/// ```
/// use pyexec_core::Body;
/// use std::io::Read;
///
/// let body = Body::from(r#"{"code":"1"}"#.to_owned());
/// assert_eq!(body.size(), 12);
/// let mut sent = String::new();
/// body.open().read_to_string(&mut sent)?;
/// assert_eq!(sent.as_bytes(), body.as_bytes().unwrap());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Body {
    head: Bytes,
    framed: Option<Framed>,
    watch: Option<Watch>,
}

/// Whoever is told how much was read.
#[derive(Clone)]
struct Watch(Arc<dyn Fn(u64) -> io::Result<()> + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// An archive with what follows it.
#[derive(Debug, Clone)]
struct Framed {
    archive: Archive,
    tail: Bytes,
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// An archive between a head and a tail.
    pub(crate) fn framed(head: impl Into<Bytes>, archive: Archive, tail: impl Into<Bytes>) -> Self {
        Self { head: head.into(), framed: Some(Framed { archive, tail: tail.into() }), watch: None }
    }

    /// Tells `watch` of every piece that is read how many bytes were read by then, counted anew
    /// each time that the body is opened. An error of it ends the reading.
    ///
    /// ```
    /// use pyexec_core::Body;
    /// use std::{io::Read, sync::{Arc, atomic::{AtomicU64, Ordering}}};
    ///
    /// let sent = Arc::new(AtomicU64::new(0));
    /// let seen = Arc::clone(&sent);
    /// let body = Body::from("twelve bytes".to_owned()).watched(move |bytes| {
    ///     seen.store(bytes, Ordering::Relaxed);
    ///     Ok(())
    /// });
    /// body.open().read_to_end(&mut Vec::new())?;
    /// assert_eq!(sent.load(Ordering::Relaxed), 12);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn watched(
        mut self,
        watch: impl Fn(u64) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.watch = Some(Watch(Arc::new(watch)));
        self
    }

    /// Its exact size in bytes.
    pub fn size(&self) -> u64 {
        let framed = self
            .framed
            .as_ref()
            .map_or(0, |framed| framed.archive.size() + framed.tail.len() as u64);
        self.head.len() as u64 + framed
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// The whole body, unless it streams an archive.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        self.framed.is_none().then_some(&self.head)
    }

    /// Reads it from the beginning.
    pub fn open(&self) -> BodyReader {
        let (archive, tail) = match &self.framed {
            Some(Framed { archive, tail }) => {
                (Some((archive.open(), archive.size())), tail.clone())
            }
            None => (None, Bytes::new()),
        };
        BodyReader { head: self.head.clone(), archive, tail, read: 0, watch: self.watch.clone() }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { head: bytes.into(), ..Self::default() }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// Reads a [`Body`]. It yields exactly [`Body::size`] bytes or an error: an archive that ends
/// early is an [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), never a short body. Errors of the
/// archive wrap an [`UploadError`].
pub struct BodyReader {
    head: Bytes,
    archive: Option<(ArchiveReader, u64)>,
    tail: Bytes,
    read: u64,
    watch: Option<Watch>,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.read_next(buffer)?;
        self.read += read as u64;
        if let (Some(Watch(watch)), 1..) = (&self.watch, read) {
            watch(self.read)?;
        }
        Ok(read)
    }
}

impl BodyReader {
    fn read_next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.head.has_remaining() {
            return (&mut self.head).reader().read(buffer);
        }
        if let Some((archive, left)) = &mut self.archive {
            match read_some(archive, *left, buffer).map_err(UploadError::wrap)? {
                0 => self.archive = None,
                read => {
                    *left -= read as u64;
                    return Ok(read);
                }
            }
        }
        (&mut self.tail).reader().read(buffer)
    }
}

/// Reads at most `left` bytes; none only if none are left.
fn read_some(reader: &mut impl Read, left: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
    if most == 0 {
        return Ok(0);
    }
    loop {
        match reader.read(&mut buffer[..most]) {
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the archive ended {left} bytes early"),
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.archive.as_ref().map_or(0, |(_, left)| *left);
        f.debug_struct("BodyReader")
            .field("left", &(self.head.len() as u64 + left + self.tail.len() as u64))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing() {
        let body = Body::empty();
        assert!(body.is_empty() && body.as_bytes().is_some_and(Bytes::is_empty));
        assert_eq!(body.open().read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn whole_in_reads_of_any_size() {
        let archive = Archive::from_map([("a.py", "1\n")]).unwrap();
        let mut expected = b"head".to_vec();
        archive.open().read_to_end(&mut expected).unwrap();
        expected.extend_from_slice(b"tail");
        let body = Body::framed("head", archive, "tail");
        assert!(body.as_bytes().is_none());
        assert_eq!(body.size(), expected.len() as u64);
        for step in [1, 3, 4, 512, 100_000] {
            let mut reader = body.open();
            let mut whole = Vec::new();
            let mut buffer = vec![0; step];
            loop {
                match reader.read(&mut buffer).unwrap() {
                    0 => break,
                    read => whole.extend_from_slice(&buffer[..read]),
                }
            }
            assert!(whole == expected, "in steps of {step}");
        }
    }

    #[test]
    fn a_watcher_hears_of_every_piece_and_may_end_it() {
        let archive = Archive::from_map([("a.py", "1\n")]).unwrap();
        let size = archive.size();
        let body = Body::framed("head", archive, "tail").watched(move |bytes| {
            if bytes > size { Err(io::Error::other("enough")) } else { Ok(()) }
        });
        // Each time from the beginning.
        for _ in 0..2 {
            let mut reader = body.open();
            let mut read = vec![0; 4];
            reader.read_exact(&mut read).unwrap();
            let error = reader.read_to_end(&mut read).unwrap_err();
            assert_eq!(error.to_string(), "enough");
        }
    }

    #[test]
    fn an_early_end_is_an_error() {
        let mut short: &[u8] = b"abc";
        let mut buffer = [0; 8];
        assert_eq!(read_some(&mut short, 5, &mut buffer).unwrap(), 3);
        let error = read_some(&mut short, 2, &mut buffer).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(error.to_string(), "the archive ended 2 bytes early");
        // What grew since is cut.
        let mut long: &[u8] = b"abcdef";
        assert_eq!(read_some(&mut long, 2, &mut buffer).unwrap(), 2);
        assert_eq!(read_some(&mut long, 0, &mut buffer).unwrap(), 0);
    }
}
