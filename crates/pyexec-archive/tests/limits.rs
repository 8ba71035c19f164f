//! How much is too much, and when that is noticed.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod forge;

use forge::{Forged, pax, read, read_with, tar};
use pyexec_archive::read::{PathError, ReadError, ReadLimits, ReadOptions, canonicalize};
use std::io::{self, Read};

#[test]
fn limits() {
    let small = |change: fn(&mut ReadLimits)| {
        let mut limits = ReadLimits::default();
        change(&mut limits);
        limits
    };
    let two = tar(&[Forged::file("d/a", "12345"), Forged::file("d/b", "")]);
    let entries = |count| {
        let mut limits = ReadLimits::default();
        limits.max_entries = count;
        read_with(&two, &limits)
    };
    assert!(entries(3).is_ok());
    let error = entries(2).unwrap_err();
    assert!(matches!(&error, ReadError::TooManyEntries { member, limit: 2 } if member == "d/b"));
    assert!(error.is_too_large());
    assert!(read_with(&two, &small(|limits| limits.max_file_bytes = 5)).is_ok());
    let error = read_with(&two, &small(|limits| limits.max_file_bytes = 4)).unwrap_err();
    assert_eq!(error.to_string(), r#"member "d/a": 5 bytes, more than the 4 allowed for a file"#);
    let error = read_with(&two, &small(|limits| limits.max_paths_bytes = 5)).unwrap_err();
    assert!(matches!(error, ReadError::PathsTooLong { .. }));
    let total = two.len() as u64;
    let mut limits = ReadLimits::default();
    limits.max_total_bytes = total;
    assert!(read_with(&two, &limits).is_ok());
    limits.max_total_bytes = total - 1;
    assert!(matches!(read_with(&two, &limits), Err(ReadError::TooLarge { .. })));
    let deep = [pax(b'x', &[("path", &"d/".repeat(1000))]), Forged::new(b'5', "d")];
    assert!(matches!(
        read(&tar(&deep)),
        Err(ReadError::Path { reason: PathError::TooLong { .. } | PathError::TooDeep { .. }, .. })
    ));
    // As a member says it is large, nothing of it is read.
    let liar = Forged::file("a", "").size(3 << 30).to_vec();
    let liar = &liar[..];
    let endless = liar.chain(io::repeat(0));
    let error = canonicalize(endless, io::sink(), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, ReadError::FileTooLarge { .. }));
}

#[test]
fn endless_input_ends() {
    let mut limits = ReadLimits::default();
    limits.max_total_bytes = 10 << 20;
    // Zeros after the end, the same directory for ever, comments for ever.
    let directory = Forged::new(b'5', "d").to_vec();
    let comment = pax(b'g', &[("comment", "x")]).to_vec();
    for unit in [vec![0; 512], directory, comment] {
        let error =
            canonicalize(Repeated { unit, at: 0 }, io::sink(), &ReadOptions::from(limits.clone()))
                .unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { limit } if limit == 10 << 20));
    }
}

#[test]
fn a_million_entries_are_refused_early() {
    /// Headers of ever new files, without end.
    struct Files {
        next: u32,
        block: Vec<u8>,
    }
    impl Read for Files {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.block.is_empty() {
                self.block = Forged::file(format!("f{}", self.next), "").to_vec();
                self.next += 1;
                assert!(self.next < 1_000_000);
            }
            let count = self.block.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.block[..count]);
            self.block.drain(..count);
            Ok(count)
        }
    }
    let files = Files { next: 0, block: Vec::new() };
    let error = canonicalize(files, io::sink(), &ReadOptions::default()).unwrap_err();
    assert!(
        matches!(&error, ReadError::TooManyEntries { member, limit: 65_536 } if member == "f65536"),
        "{error}"
    );
}

struct Repeated {
    unit: Vec<u8>,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.unit[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.unit.len();
        Ok(count)
    }
}
