//! Files with holes: read as if they had none.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(all(target_os = "linux", feature = "fs"))]

use pyexec_archive::Archive;
use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

const MIB: u64 = 1 << 20;

/// A file with data at these offsets, and holes elsewhere.
fn sparse(path: &Path, length: u64, data: &[u64]) -> Vec<u8> {
    let file = File::create(path).unwrap();
    file.set_len(length).unwrap();
    let mut expected = vec![0; length as usize];
    for (index, at) in data.iter().enumerate() {
        let byte = b'a' + index as u8;
        file.write_all_at(&[byte; 5000], *at).unwrap();
        expected[*at as usize..][..5000].fill(byte);
    }
    file.sync_all().unwrap();
    expected
}

fn content(archive: &Archive, length: usize, step: usize) -> Vec<u8> {
    let mut reader = archive.open();
    reader.read_exact(&mut [0; 512]).unwrap();
    let mut bytes = vec![0; length];
    for chunk in bytes.chunks_mut(step) {
        reader.read_exact(chunk).unwrap();
    }
    bytes
}

#[test]
fn holes_are_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let cases: [(u64, &[u64]); 5] = [
        (8 * MIB, &[]),
        (8 * MIB, &[0]),
        (8 * MIB, &[3 * MIB + 7, 5 * MIB]),
        (8 * MIB + 5000, &[0, 8 * MIB]),
        (4 * MIB + 1, &[2 * MIB - 2500]),
    ];
    for (length, data) in cases {
        let expected = sparse(&path, length, data);
        // The case is one: the file takes less room than its length.
        let metadata = fs::metadata(&path).unwrap();
        assert!(metadata.blocks() * 512 < metadata.len());
        let archive = Archive::from_files([&path]).unwrap();
        for step in [1000, 64 << 10, 3 << 20] {
            assert!(content(&archive, length as usize, step) == expected, "{data:?} by {step}");
        }
        assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());
    }
}

#[test]
fn one_that_changes_is_an_error_as_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for (length, word) in [(MIB, "shrank"), (9 * MIB, "grew")] {
        sparse(&path, 8 * MIB, &[4 * MIB]);
        let archive = Archive::from_files([&path]).unwrap();
        let mut reader = archive.open();
        reader.read_exact(&mut [0; 2000]).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains(&format!("f {word} from 8388608")), "{error}");
    }
}
