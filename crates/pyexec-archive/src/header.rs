//! Header blocks as this crate writes them: USTAR where it fits, PAX otherwise.

/// Tar counts in blocks of this many bytes.
pub(crate) const BLOCK: u64 = 512;
/// Two zero blocks end an archive.
pub(crate) const END: u64 = 2 * BLOCK;
/// The largest size that eleven octal digits can say.
const USTAR_MAX_SIZE: u64 = 0o77_777_777_777;
const NAME: usize = 100;
const PREFIX: usize = 155;

/// What is written of a member before its data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    /// Without a trailing slash, also for a directory.
    pub(crate) name: &'a str,
    pub(crate) size: u64,
    pub(crate) is_directory: bool,
    pub(crate) is_executable: bool,
}

impl Header<'_> {
    /// The header's blocks. The same member always gives the same bytes.
    pub(crate) fn to_blocks(self) -> Vec<u8> {
        let name = self.stored_name();
        let mut records = Vec::new();
        let (prefix, short) = split(&name).unwrap_or_else(|| {
            push_record(&mut records, "path", &name);
            ("", truncated(&name))
        });
        let mut size = self.size;
        if size > USTAR_MAX_SIZE {
            push_record(&mut records, "size", &size.to_string());
            size = 0;
        }

        let mut blocks = Vec::with_capacity(self.length() as usize);
        if !records.is_empty() {
            let body = records.len() as u64;
            let pax = block("", "././@PaxHeader", tar::EntryType::XHeader, 0o644, body);
            blocks.extend_from_slice(&pax);
            blocks.extend_from_slice(&records);
            blocks.resize(blocks.len() + padding(body) as usize, 0);
        }
        let (kind, mode) = match (self.is_directory, self.is_executable) {
            (true, _) => (tar::EntryType::Directory, 0o755),
            (false, true) => (tar::EntryType::Regular, 0o755),
            (false, false) => (tar::EntryType::Regular, 0o644),
        };
        blocks.extend_from_slice(&block(prefix, short, kind, mode, size));
        blocks
    }

    /// How many bytes [`to_blocks`](Self::to_blocks) gives.
    pub(crate) fn length(self) -> u64 {
        let name = self.stored_name();
        let mut records = 0;
        if split(&name).is_none() {
            records += record_length("path", &name);
        }
        if self.size > USTAR_MAX_SIZE {
            records += record_length("size", &self.size.to_string());
        }
        if records == 0 { BLOCK } else { 2 * BLOCK + (records as u64).next_multiple_of(BLOCK) }
    }

    fn stored_name(self) -> String {
        let slash = if self.is_directory { "/" } else { "" };
        format!("{}{slash}", self.name)
    }
}

/// Zero bytes that fill the last block of `length` bytes.
pub(crate) fn padding(length: u64) -> u64 {
    // Not `next_multiple_of`, which overflows near the top.
    (BLOCK - length % BLOCK) % BLOCK
}

fn block(prefix: &str, name: &str, kind: tar::EntryType, mode: u32, size: u64) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    // Filled in as bytes: `Header::set_path` has rules of its own about what a path is.
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.name[..name.len()].copy_from_slice(name.as_bytes());
        ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
    }
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

/// Prefix and name as USTAR holds them, if it can.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME {
        return Some(("", name));
    }
    // The slash between the two isn't stored; the name must not be empty.
    let slash = name.as_bytes()[..name.len() - 1]
        .iter()
        .take(PREFIX + 1)
        .rposition(|byte| *byte == b'/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (!prefix.is_empty() && rest.len() <= NAME).then_some((prefix, rest))
}

/// What a reader without PAX shows.
fn truncated(name: &str) -> &str {
    let mut end = NAME;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
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
        Header { name, size, is_directory: false, is_executable: false }
    }

    #[test]
    fn ustar_where_it_fits() {
        for name in [
            "a".repeat(100),
            format!("{}/{}", "p".repeat(155), "n".repeat(100)),
            format!("{}/{}", "p".repeat(99), "n".repeat(99)),
            "ü".repeat(50),
        ] {
            assert_eq!(file(&name, USTAR_MAX_SIZE).to_blocks().len(), 512, "{name}");
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
            ("a".to_owned(), USTAR_MAX_SIZE + 1),
            ("x".repeat(600), u64::MAX),
        ] {
            let header = file(&name, size);
            let blocks = header.to_blocks();
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
