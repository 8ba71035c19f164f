//! The one parser: members of a tar, one after another.
//!
//! It knows the format and no policy: what a member is called and how long its data is, but not
//! whether such a member is welcome.

use super::{
    Compression, ReadError,
    error::shown,
    extension::{self, Extension},
    field::Block,
    source::Source,
};
use crate::header::{BLOCK, padding};
use std::io;

/// How much is read at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) total: u64,
    pub(crate) extension: u64,
}

/// A member as its headers describe it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: Kind,
    /// Where a link leads; of anything else it says nothing.
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) is_executable: bool,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    HardLink,
    SymbolicLink,
    /// What such members are called.
    Other(&'static str),
}

#[derive(Debug)]
pub(crate) struct Members<S> {
    source: S,
    bounds: Bounds,
    used: u64,
    /// Data of the current member that wasn't read yet, and what fills its last block.
    data_left: u64,
    padding_left: u64,
    blocks: u64,
    /// The current member, for messages.
    current: Option<String>,
    is_ended: bool,
    has_end_marker: bool,
}

impl<S: Source> Members<S> {
    pub(crate) fn new(source: S, bounds: Bounds) -> Self {
        Self {
            source,
            bounds,
            used: 0,
            data_left: 0,
            padding_left: 0,
            blocks: 0,
            current: None,
            is_ended: false,
            has_end_marker: false,
        }
    }

    /// The next member. What is left of the current one's data is passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, ReadError> {
        self.finish_data()?;
        let mut extension = Extension::default();
        loop {
            let mut bytes = [0; 512];
            if !self.header_block(&mut bytes)? {
                if extension.is_present {
                    return Err(self.truncated());
                }
                return Ok(None);
            }
            let block = Block(&bytes);
            // No sum of it with a few blocks can overflow.
            let size = block.size().filter(|size| i64::try_from(*size).is_ok());
            let size = size.ok_or_else(|| self.number("size"))?;
            let added = match block.type_flag() {
                b'x' => extension.add_pax(&self.extension_body(size)?),
                b'L' => extension.add_long_name(&self.extension_body(size)?),
                b'K' => extension.add_long_link(&self.extension_body(size)?),
                b'g' => {
                    let body = self.extension_body(size)?;
                    if extension.is_present {
                        Err("a global header between a member and its own")
                    } else {
                        extension::check_global(&body)
                    }
                }
                _ => return self.member(&block, size, extension).map(Some),
            };
            added.map_err(|problem| self.extension(problem))?;
        }
    }

    /// Reads data of the current member; 0 at its end.
    pub(crate) fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let room =
            usize::try_from(self.data_left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if room == 0 {
            return Ok(0);
        }
        let count = self.read_some(&mut buffer[..room])?;
        if count == 0 {
            return Err(self.truncated());
        }
        self.data_left -= count as u64;
        Ok(count)
    }

    /// Passes over the zeros that come after the end.
    ///
    /// Anything else would be lost without a word, such as the second of two joined archives.
    pub(crate) fn drain(&mut self) -> Result<(), ReadError> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            match self.read_some(&mut buffer)? {
                0 => return Ok(()),
                count if buffer[..count].iter().all(|byte| *byte == 0) => {}
                _ => return Err(ReadError::TrailingData),
            }
        }
    }

    /// Whether the archive ended with the marker that every writer puts there.
    pub(crate) fn has_end_marker(&self) -> bool {
        self.has_end_marker
    }

    fn member(
        &mut self,
        block: &Block<'_>,
        size: u64,
        extension: Extension,
    ) -> Result<Member, ReadError> {
        let mode = block.mode().ok_or_else(|| self.number("mode"))?;
        let name = extension.path.unwrap_or_else(|| block.name());
        let size = extension.size.unwrap_or(size);
        let kind = match block.type_flag() {
            // Before there was a type for directories they were written so.
            b'0' | 0 if name.ends_with(b"/") => Kind::Directory,
            b'0' | 0 | b'7' => Kind::File,
            b'5' => Kind::Directory,
            b'1' => Kind::HardLink,
            b'2' => Kind::SymbolicLink,
            b'3' | b'4' => Kind::Other("devices"),
            b'6' => Kind::Other("pipes"),
            _ => Kind::Other("members of unknown type"),
        };
        let link = match kind {
            Kind::HardLink | Kind::SymbolicLink => extension.link.unwrap_or_else(|| block.link()),
            _ => Vec::new(),
        };
        let member = shown(&name);
        // Its map may go on in blocks of its own, so that what follows can't be told.
        if block.type_flag() == b'S' {
            return Err(ReadError::Unsupported { member, kind: "sparse files" });
        }
        // Readers disagree on whether content follows these.
        if size > 0 && !matches!(kind, Kind::File | Kind::Other(_)) {
            return Err(ReadError::Content { member });
        }
        // No sum of it with a few blocks can overflow.
        if i64::try_from(size).is_err() {
            return Err(self.number("size"));
        }
        self.current = Some(member);
        self.data_left = size;
        self.padding_left = padding(size);
        Ok(Member { name, kind, link, size, is_executable: mode & 0o111 != 0 })
    }

    fn finish_data(&mut self) -> Result<(), ReadError> {
        let count = self.data_left + self.padding_left;
        if count == 0 {
            return Ok(());
        }
        // Asked before it is read, so that a lie about the size costs nothing.
        if count > self.bounds.total - self.used {
            return Err(self.too_large());
        }
        if self.source.skip(count).map_err(ReadError::Read)? < count {
            return Err(self.truncated());
        }
        self.used += count;
        self.data_left = 0;
        self.padding_left = 0;
        Ok(())
    }

    fn extension_body(&mut self, size: u64) -> Result<Vec<u8>, ReadError> {
        if size > self.bounds.extension {
            return Err(self.extension("longer than allowed"));
        }
        let mut body = vec![0; (size + padding(size)) as usize];
        if self.read_full(&mut body)? < body.len() {
            return Err(self.truncated());
        }
        body.truncate(size as usize);
        Ok(body)
    }

    /// Reads a header block; false at the end of the archive.
    fn header_block(&mut self, bytes: &mut [u8; 512]) -> Result<bool, ReadError> {
        if self.is_ended {
            return Ok(false);
        }
        let count = self.read_full(bytes)?;
        let block = Block(bytes);
        let is_first = self.blocks == 0;
        self.blocks += 1;
        if count == 0 && is_first {
            return Err(ReadError::Empty);
        }
        if count == 0 && self.current.is_some() {
            self.is_ended = true;
            return Ok(false);
        }
        let is_whole = count as u64 == BLOCK;
        if is_whole && block.is_zero() {
            self.is_ended = true;
            self.has_end_marker = true;
            return Ok(false);
        }
        if is_whole && block.has_valid_checksum() {
            return Ok(true);
        }
        if is_first && let Some(format) = Compression::of(&bytes[..count]) {
            return Err(ReadError::Compressed { format });
        }
        if is_first && !block.has_magic() {
            return Err(ReadError::NotATar);
        }
        if !is_whole {
            return Err(self.truncated());
        }
        Err(ReadError::Checksum { member: self.current.clone() })
    }

    /// Fills the buffer as far as the input reaches.
    fn read_full(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_some(&mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            match self.source.read(buffer) {
                Ok(count) if count as u64 > self.bounds.total - self.used => {
                    return Err(self.too_large());
                }
                Ok(count) => {
                    self.used += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Read(error)),
            }
        }
    }

    fn too_large(&self) -> ReadError {
        ReadError::TooLarge { limit: self.bounds.total }
    }

    fn truncated(&self) -> ReadError {
        ReadError::Truncated { member: self.current.clone() }
    }

    fn number(&self, field: &'static str) -> ReadError {
        ReadError::Number { member: self.current.clone(), field }
    }

    fn extension(&self, problem: &'static str) -> ReadError {
        ReadError::Extension { member: self.current.clone(), problem }
    }
}
