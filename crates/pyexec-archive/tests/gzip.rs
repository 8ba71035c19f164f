//! `.tar.gz`, decompressed under a cap.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(feature = "gzip")]

use flate2::{Compression, write::GzEncoder};
use pyexec_archive::{
    Archive, ArchiveError,
    read::{self, ReadError},
};
use std::io::{ErrorKind, Read, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn project() -> Archive {
    let noise: Vec<u8> =
        (0..100_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    Archive::from_map([("app/main.py", b"print(1)\n".to_vec()), ("noise.bin", noise)]).unwrap()
}

fn error(bytes: &[u8]) -> ReadError {
    match Archive::from_gzip_reader(bytes, 10 << 20) {
        Err(ArchiveError::Tar(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_the_tar_within() {
    let tar = project().to_vec().unwrap();
    let compressed = gzip(&tar);
    for archive in [
        Archive::from_gzip_reader(&compressed[..], tar.len() as u64).unwrap(),
        Archive::from_tar_reader(&compressed[..]).unwrap(),
    ] {
        assert_eq!(archive.size(), tar.len() as u64);
        assert!(archive.entries().eq(project().entries()));
        assert_eq!(archive.detect_entrypoint().unwrap(), "app/main.py");
        // As often as it is asked for.
        for _ in 0..2 {
            assert!(archive.to_vec().unwrap() == tar);
        }
    }
    // In two pieces, as `cat a.gz b.gz` makes it, and as pigz does.
    let halves = [gzip(&tar[..70_000]), gzip(&tar[70_000..])].concat();
    assert!(Archive::from_tar_reader(&halves[..]).unwrap().to_vec().unwrap() == tar);
}

#[test]
fn each_kind_of_bad_input_has_its_own_error() {
    let tar = project().to_vec().unwrap();
    let compressed = gzip(&tar);
    assert!(matches!(error(b""), ReadError::Gzip(_)));
    assert!(matches!(error(b"print('hi')"), ReadError::Gzip(_)));
    assert!(matches!(error(&gzip(b"")), ReadError::Empty));
    assert!(matches!(error(&gzip(b"print('hi')")), ReadError::NotATar));
    assert!(matches!(error(&gzip(&tar[..100_000])), ReadError::Truncated { .. }));
    let zip = gzip(b"PK\x03\x04\x14\0\0\0");
    assert!(matches!(error(&zip), ReadError::Compressed { format: read::Compression::Zip }));
    let twice = gzip(&compressed);
    assert!(matches!(error(&twice), ReadError::Compressed { format: read::Compression::Gzip }));
    for end in (10..compressed.len()).step_by(compressed.len() / 50) {
        let error = error(&compressed[..end]);
        assert!(matches!(error, ReadError::Gzip(_)), "{end}: {error:?}");
    }
    assert_eq!(error(&compressed[..5000]).to_string(), "the gzip data is corrupt or truncated");
    let mut spoilt = compressed.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    assert!(matches!(error(&spoilt), ReadError::Gzip(_)));
    let trailing = [&compressed[..], b"garbage"].concat();
    assert!(matches!(error(&trailing), ReadError::Gzip(_)));
}

#[test]
fn the_cap_is_exact() {
    let tar = project().to_vec().unwrap();
    let compressed = gzip(&tar);
    let size = tar.len() as u64;
    assert!(Archive::from_gzip_reader(&compressed[..], size).is_ok());
    let error = Archive::from_gzip_reader(&compressed[..], size - 1).unwrap_err();
    let error = error.tar_error().unwrap();
    assert!(matches!(error, ReadError::TooLarge { limit } if *limit == size - 1));
    assert!(error.is_too_large());
    // Zeros after the end count as well, or they'd be sent without having been asked about.
    let padded = gzip(&[&tar[..], &[0; 5000]].concat());
    assert!(Archive::from_gzip_reader(&padded[..], size).is_err());
    assert_eq!(Archive::from_gzip_reader(&padded[..], size + 5000).unwrap().size(), size + 5000);
}

#[test]
fn a_failing_reader_is_no_bad_archive() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
    }
    let error = Archive::from_gzip_reader(Broken, 1000).unwrap_err();
    assert!(matches!(error, ArchiveError::Tar(ReadError::Read(_))));
}

#[cfg(feature = "fs")]
mod on_disk {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_streamed_from_disk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.tar.gz");
        let tar = project().to_vec().unwrap();
        fs::write(&path, gzip(&tar)).unwrap();
        for archive in [
            Archive::from_gzip_file(&path, tar.len() as u64).unwrap(),
            Archive::from_tar_file(&path).unwrap(),
        ] {
            assert_eq!(archive.size(), tar.len() as u64);
            assert!(archive.to_vec().unwrap() == tar);
        }
        let error = Archive::from_gzip_file(&path, 5000).unwrap_err();
        assert!(matches!(error, ArchiveError::TarFile { source: ReadError::TooLarge { .. }, .. }));
        assert!(error.to_string().contains("p.tar.gz"), "{error}");
        let missing = Archive::from_gzip_file(dir.path().join("none"), 5000).unwrap_err();
        assert!(matches!(missing, ArchiveError::Io { .. }));
    }

    #[test]
    fn one_that_changes_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.tar.gz");
        let tar =
            |text: &str| gzip(&Archive::from_map([("a.py", text)]).unwrap().to_vec().unwrap());
        fs::write(&path, tar("1")).unwrap();
        let archive = Archive::from_tar_file(&path).unwrap();
        fs::write(&path, &tar("1")[1..]).unwrap();
        let error = archive.to_vec().unwrap_err().to_string();
        assert!(error.contains("p.tar.gz shrank"), "{error}");

        // As long as before when compressed, by a longer name in the header, but of another size
        // within.
        let tar = |text_bytes: usize, length: usize| {
            let tar = Archive::from_map([("a.py", vec![b'x'; text_bytes])]).unwrap();
            let tar = tar.to_vec().unwrap();
            // The name and the NUL that ends it.
            let name = vec![b'n'; length - gzip(&tar).len() - 1];
            let mut encoder =
                flate2::GzBuilder::new().filename(name).write(Vec::new(), Compression::fast());
            encoder.write_all(&tar).unwrap();
            encoder.finish().unwrap()
        };
        let length = 500;
        let (small, large) = (tar(1000, length), tar(3000, length));
        assert_eq!((small.len(), large.len()), (length, length));
        for (first, then) in [(&small, &large), (&large, &small)] {
            fs::write(&path, first).unwrap();
            let archive = Archive::from_tar_file(&path).unwrap();
            fs::write(&path, then).unwrap();
            let error = archive.to_vec().unwrap_err().to_string();
            assert!(error.contains("p.tar.gz: changed while"), "{error}");
        }
    }
}

#[test]
fn what_never_ends_and_what_is_all_names_is_refused() {
    let error = Archive::from_gzip_reader(std::io::repeat(0x1f), 1 << 20).unwrap_err();
    assert!(matches!(error.tar_error(), Some(ReadError::TooLarge { .. })), "{error}");
    // 600 names of 60 KB compress to next to nothing, and would be kept in memory.
    let mut tar = Vec::new();
    for n in 0..600 {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(60_000);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend(std::iter::repeat_n(b'n', 60_000 + 416));
        let mut header = tar::Header::new_gnu();
        header.set_path(format!("f{n}")).unwrap();
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
    }
    tar.resize(tar.len() + 1024, 0);
    let error = Archive::from_gzip_reader(&gzip(&tar)[..], 1 << 30).unwrap_err();
    assert!(matches!(error.tar_error(), Some(ReadError::PathsTooLong { .. })), "{error}");
}
