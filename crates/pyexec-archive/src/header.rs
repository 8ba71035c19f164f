//! Header blocks as this crate writes them: USTAR where it fits, PAX otherwise.

use std::{borrow::Cow, ops::Range};

/// Tar counts in blocks of this many bytes.
pub(crate) const BLOCK: u64 = 512;
/// Two zero blocks end an archive.
pub(crate) const END: u64 = 2 * BLOCK;
/// The largest size and time that eleven octal digits can say.
const MAX_OCTAL: u64 = 0o77_777_777_777;

// Where a block has what (POSIX.1-2017, pax, "ustar Interchange Format").
const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE_FLAG: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const PREFIX: Range<usize> = 345..500;

/// What is written of a member before its data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    /// Without a trailing slash, also for a directory.
    pub(crate) name: &'a str,
    pub(crate) kind: HeaderKind<'a>,
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
}

/// What the member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderKind<'a> {
    File,
    Directory,
    /// A symbolic link and its target.
    Symlink(&'a str),
}

impl Header<'_> {
    /// Appends the header's blocks. The same member always gives the same bytes.
    pub(crate) fn write_to(self, blocks: &mut Vec<u8>) {
        let name = self.stored_name();
        let mut records = Vec::new();
        self.each_record(&name, |key, value| push_record(&mut records, key, value));
        if !records.is_empty() {
            let body = records.len() as u64;
            let mut pax = Block::new(b'x', 0o644);
            pax.text(NAME, "././@PaxHeader");
            pax.octal(SIZE, body);
            blocks.extend_from_slice(&pax.finish());
            blocks.extend_from_slice(&records);
            blocks.resize(blocks.len() + padding(body) as usize, 0);
        }
        let (prefix, short) = split(&name).unwrap_or_else(|| ("", cut(&name, NAME.len())));
        let (flag, target) = match self.kind {
            HeaderKind::File => (b'0', ""),
            HeaderKind::Directory => (b'5', ""),
            HeaderKind::Symlink(target) => (b'2', target),
        };
        let mut block = Block::new(flag, self.mode & 0o777);
        block.text(NAME, short);
        block.text(PREFIX, prefix);
        block.text(LINK, cut(target, LINK.len()));
        // What a field can't say is in a record, which wins.
        block.octal(SIZE, if self.size > MAX_OCTAL { 0 } else { self.size });
        block.octal(MTIME, octal_time(self.mtime).unwrap_or(0));
        blocks.extend_from_slice(&block.finish());
    }

    /// How many bytes [`write_to`](Self::write_to) appends.
    pub(crate) fn length(self) -> u64 {
        let mut records = 0;
        self.each_record(&self.stored_name(), |key, value| records += record_length(key, value));
        if records == 0 { BLOCK } else { 2 * BLOCK + (records as u64).next_multiple_of(BLOCK) }
    }

    /// What doesn't fit into the block.
    fn each_record(self, name: &str, mut record: impl FnMut(&str, &str)) {
        if split(name).is_none() {
            record("path", name);
        }
        if let HeaderKind::Symlink(target) = self.kind
            && target.len() > LINK.len()
        {
            record("linkpath", target);
        }
        if self.size > MAX_OCTAL {
            record("size", &self.size.to_string());
        }
        if octal_time(self.mtime).is_none() {
            record("mtime", &self.mtime.to_string());
        }
    }
}

impl<'a> Header<'a> {
    fn stored_name(&self) -> Cow<'a, str> {
        match self.kind {
            HeaderKind::Directory => Cow::Owned(format!("{}/", self.name)),
            _ => Cow::Borrowed(self.name),
        }
    }
}

/// Zero bytes that fill the last block of `length` bytes.
pub(crate) fn padding(length: u64) -> u64 {
    // Not `next_multiple_of`, which overflows near the top.
    (BLOCK - length % BLOCK) % BLOCK
}

fn octal_time(mtime: i64) -> Option<u64> {
    u64::try_from(mtime).ok().filter(|time| *time <= MAX_OCTAL)
}

/// A USTAR block in the making.
struct Block([u8; BLOCK as usize]);

impl Block {
    fn new(flag: u8, mode: u32) -> Self {
        let mut block = Self([0; BLOCK as usize]);
        block.octal(MODE, u64::from(mode));
        block.octal(UID, 0);
        block.octal(GID, 0);
        block.0[TYPE_FLAG] = flag;
        block.0[MAGIC].copy_from_slice(b"ustar\x0000");
        block
    }

    fn text(&mut self, field: Range<usize>, text: &str) {
        self.0[field][..text.len()].copy_from_slice(text.as_bytes());
    }

    /// All but the last byte in octal digits, and a NUL.
    fn octal(&mut self, field: Range<usize>, mut value: u64) {
        for digit in self.0[field.start..field.end - 1].iter_mut().rev() {
            *digit = b'0' + (value % 8) as u8;
            value /= 8;
        }
    }

    /// With its checksum: six digits, a NUL, and a space that is left from summing.
    fn finish(mut self) -> [u8; BLOCK as usize] {
        self.0[CHECKSUM].fill(b' ');
        let sum = self.0.iter().map(|byte| u64::from(*byte)).sum();
        let field = CHECKSUM.start..CHECKSUM.end - 1;
        self.0[field.end - 1] = 0;
        self.octal(field, sum);
        self.0
    }
}

/// Prefix and name as USTAR holds them, if it can.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME.len() {
        return Some(("", name));
    }
    // The slash between the two isn't stored; the name must not be empty.
    let slash = name.as_bytes()[..name.len() - 1]
        .iter()
        .take(PREFIX.len() + 1)
        .rposition(|byte| *byte == b'/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (!prefix.is_empty() && rest.len() <= NAME.len()).then_some((prefix, rest))
}

/// What a reader without PAX shows.
fn cut(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn push_record(records: &mut Vec<u8>, key: &str, value: &str) {
    let length = record_length(key, value);
    records.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}

/// Length of `"<length> key=value\n"`, which counts its own digits.
fn record_length(key: &str, value: &str) -> usize {
    let rest = " =\n".len() + key.len() + value.len();
    let mut length = rest;
    while length != rest + digits(length) {
        length = rest + digits(length);
    }
    length
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> Header<'_> {
        Header { name, kind: HeaderKind::File, size, mode: 0o644, mtime: 0 }
    }

    fn blocks(header: Header<'_>) -> Vec<u8> {
        let mut blocks = Vec::new();
        header.write_to(&mut blocks);
        blocks
    }

    #[test]
    fn ustar_where_it_fits() {
        for name in [
            "a".repeat(100),
            format!("{}/{}", "p".repeat(155), "n".repeat(100)),
            format!("{}/{}", "p".repeat(99), "n".repeat(99)),
            "ü".repeat(50),
        ] {
            assert_eq!(blocks(file(&name, MAX_OCTAL)).len(), 512, "{name}");
        }
    }

    #[test]
    fn pax_otherwise_and_its_length_is_foretold() {
        for (name, size) in [
            ("a".repeat(101), 0),
            ("ü".repeat(51), 0),
            (format!("{}/{}", "p".repeat(156), "n".repeat(100)), 0),
            (format!("{}/{}", "p".repeat(155), "n".repeat(101)), 0),
            ("a/".repeat(500), 1),
            ("a".to_owned(), MAX_OCTAL + 1),
            ("x".repeat(600), u64::MAX),
        ] {
            let header = file(&name, size);
            let blocks = blocks(header);
            assert!(blocks.len() >= 1536, "{name}");
            assert_eq!(blocks.len() as u64, header.length());
        }
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        for length in 1..2000 {
            let value = "v".repeat(length);
            let mut record = Vec::new();
            push_record(&mut record, "path", &value);
            let text = String::from_utf8(record).unwrap();
            let said: usize = text.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(said, text.len());
        }
    }

    #[test]
    fn padding_never_overflows() {
        assert_eq!([0, 1, 511, 512, u64::MAX].map(padding), [0, 511, 1, 0, 1]);
    }
}
