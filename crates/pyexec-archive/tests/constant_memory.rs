//! Archives larger than memory: read, planned and refused in a few megabytes.
//!
//! One test, alone in its program, since it measures the whole process.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers are tests, too")]
#![cfg(all(target_os = "linux", feature = "fs", feature = "gzip"))]

use flate2::{Compression, write::GzEncoder};
use pyexec_archive::{Archive, read::ReadError};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

/// Of the whole process, its code and the test harness included.
const MOST_KIB: u64 = 16_000_000 / 1024;

#[test]
fn a_few_megabytes_serve_for_all() {
    let dir = tempfile::tempdir().unwrap();
    ten_gibibytes_are_archived(dir.path());
    expect_small("archiving 10 GiB");
    a_bomb_is_refused(dir.path());
    expect_small("a gzip bomb");
}

fn ten_gibibytes_are_archived(dir: &Path) {
    let path = dir.join("sparse.bin");
    let size = 10u64 << 30;
    File::create(&path).unwrap().set_len(size).unwrap();
    let archive = Archive::from_directory(dir).unwrap();
    // Known before the first byte is read: a PAX header as the size needs one, data, end.
    assert_eq!(archive.size(), 3 * 512 + size + 1024);

    let mut reader = archive.open();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = reader.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        total += count as u64;
    }
    assert_eq!(total, archive.size());
    fs::remove_file(path).unwrap();
}

/// A file of 1 GB of zeros in a `.tar.gz` of a few megabytes.
fn a_bomb_is_refused(dir: &Path) {
    let path = dir.join("bomb.tar.gz");
    let zeros = dir.join("zeros.bin");
    File::create(&zeros).unwrap().set_len(1_000_000_000).unwrap();
    let mut tar = Archive::from_files([&zeros]).unwrap().open();
    let mut header = [0; 512];
    tar.read_exact(&mut header).unwrap();
    let mut bomb = File::create(&path).unwrap();
    bomb.write_all(&gzip(&header)).unwrap();
    let megabyte = gzip(&vec![0; 1_000_000]);
    for _ in 0..1000 {
        bomb.write_all(&megabyte).unwrap();
    }
    bomb.write_all(&gzip(&[0; 2048])).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 8 << 20);

    let error = Archive::from_gzip_file(&path, 50 << 20).unwrap_err();
    assert!(matches!(error.tar_error(), Some(ReadError::TooLarge { limit }) if *limit == 50 << 20));
    let error = Archive::from_gzip_reader(File::open(&path).unwrap(), 50 << 20).unwrap_err();
    assert!(matches!(error.tar_error(), Some(ReadError::TooLarge { .. })));
    // One below the cap is taken, and read without being kept.
    let archive = Archive::from_gzip_reader(io::Cursor::new(padded()), 200 << 20).unwrap();
    assert_eq!(io::copy(&mut archive.open(), &mut io::sink()).unwrap(), archive.size());
}

/// A small archive and 50 MB of zeros after its end.
fn padded() -> Vec<u8> {
    let archive = Archive::from_map([("a.py", "")]).unwrap();
    let mut bytes = gzip(&archive.to_vec().unwrap());
    let megabyte = gzip(&vec![0; 1_000_000]);
    for _ in 0..50 {
        bytes.extend_from_slice(&megabyte);
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn expect_small(what: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < MOST_KIB, "{what} took {peak} KiB at its peak");
    println!("{what}: {peak} KiB at its peak");
}
