//! Files that change between planning and reading: always an error that names them.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(feature = "fs")]

use pyexec_archive::Archive;
use std::{
    fs,
    io::{ErrorKind, Read},
    path::Path,
};

const LENGTH: usize = 100_000;

fn planned(dir: &Path) -> Archive {
    fs::write(dir.join("data.bin"), vec![1; LENGTH]).unwrap();
    fs::write(dir.join("main.py"), "print(1)\n").unwrap();
    Archive::from_files([dir.join("main.py"), dir.join("data.bin")]).unwrap()
}

#[test]
fn before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let archive = planned(dir.path());
    let path = dir.path().join("data.bin");
    assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());

    fs::write(&path, vec![1; LENGTH - 1]).unwrap();
    let error = archive.to_vec().unwrap_err().to_string();
    assert!(error.contains("data.bin shrank from 100000 to 99999 bytes"), "{error}");

    fs::write(&path, vec![1; LENGTH + 1]).unwrap();
    let error = archive.to_vec().unwrap_err().to_string();
    assert!(error.contains("data.bin grew from 100000 to 100001 bytes"), "{error}");

    fs::remove_file(&path).unwrap();
    let error = archive.to_vec().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("data.bin"), "{error}");

    fs::create_dir(&path).unwrap();
    let error = archive.to_vec().unwrap_err().to_string();
    assert!(error.contains("data.bin"), "{error}");

    // The plan itself is unharmed.
    fs::remove_dir(&path).unwrap();
    fs::write(&path, vec![2; LENGTH]).unwrap();
    assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());
}

#[test]
fn while_it_is_read() {
    for (length, word) in [(LENGTH / 2, "shrank"), (LENGTH * 2, "grew"), (0, "shrank")] {
        let dir = tempfile::tempdir().unwrap();
        let archive = planned(dir.path());
        let mut reader = archive.open();
        let mut start = vec![0; 10_000];
        reader.read_exact(&mut start).unwrap();
        let file = fs::OpenOptions::new().write(true).open(dir.path().join("data.bin")).unwrap();
        file.set_len(length as u64).unwrap();

        let mut rest = Vec::new();
        let error = reader.read_to_end(&mut rest).unwrap_err();
        assert!(error.to_string().contains(&format!("data.bin {word}")), "{error}");
        assert!((start.len() + rest.len()) < archive.size() as usize);
        // It can't be mistaken for a whole archive by reading on.
        assert!(reader.read(&mut [0; 10]).is_err());
    }
}

/// Files of the kernel have contents and no length.
#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_length_is_not_taken_for_empty() {
    let archive = Archive::from_files(["/proc/self/status"]).unwrap();
    let error = archive.to_vec().unwrap_err().to_string();
    assert_eq!(error, "/proc/self/status has more content than its length of 0 bytes");
}

#[test]
fn a_file_vanishing_while_it_is_open_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let archive = planned(dir.path());
    let mut reader = archive.open();
    reader.read_exact(&mut [0; 10_000]).unwrap();
    fs::remove_file(dir.path().join("data.bin")).unwrap();
    let mut rest = Vec::new();
    // Unix keeps it until it is closed; elsewhere it can't be removed.
    if cfg!(unix) {
        assert_eq!(reader.read_to_end(&mut rest).unwrap() as u64 + 10_000, archive.size());
    }
    assert_eq!(archive.to_vec().unwrap_err().kind(), ErrorKind::NotFound);
}
