//! What comes out of the safe reader, and where its input ends.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod forge;

use forge::{Forged, link, read, tar};
use pyexec_archive::read::{CanonicalKind, CanonicalReader, ReadError, ReadOptions, canonicalize};
use std::io::{self, Read};

#[test]
fn ends_good_and_bad() {
    let member = Forged::file("a", "xyz").to_vec();
    let whole = tar(&[Forged::file("a", "xyz")]);
    // As Python has it, the end of the input is an end, and one zero block is, too.
    for end in [member.len(), member.len() + 512, whole.len()] {
        assert_eq!(read(&whole[..end]).unwrap().0.files.len(), 1, "{end}");
    }
    for end in (513..1024).chain([1025, 1300, 1535]) {
        let error = read(&whole[..end]).unwrap_err();
        assert!(
            matches!(&error, ReadError::Truncated { member: Some(name) } if name == "a"),
            "{end}: {error}"
        );
    }
    assert!(matches!(read(&whole[..300]), Err(ReadError::Truncated { member: None })));
    assert!(matches!(read(&[]), Err(ReadError::Empty)));
    assert_eq!(read(&[0; 1024]).unwrap().0.files.len(), 0);
    // Zeros fill up the last record, as many as there are, and all of them are read.
    let mut padded = whole.clone();
    padded.resize(100 * 512 + 7, 0);
    let mut input = &padded[..];
    let mut output = Vec::new();
    let manifest = canonicalize(&mut input, &mut output, &ReadOptions::default()).unwrap();
    assert_eq!((manifest.files.len(), input.len()), (1, 0));
    assert_eq!(output, read(&whole).unwrap().1);
}

#[test]
fn nothing_may_follow_the_end() {
    let whole = tar(&[Forged::file("a", "xyz")]);
    let second = tar(&[Forged::file("b", "")]);
    let zeros = vec![0; 9000];
    for tail in [&b"x"[..], b"\0\0x", &second, &[&zeros[..], &second].concat()] {
        let joined = [&whole[..], tail].concat();
        let error = read(&joined).unwrap_err();
        assert!(matches!(error, ReadError::TrailingData), "{error}");
        assert!(error.to_string().contains("tar --concatenate"), "{error}");
    }
    // After a lone zero block as well, which Python and GNU tar take for an end.
    let lone = [&Forged::file("a", "").to_vec()[..], &[0; 512], &second].concat();
    assert!(matches!(read(&lone), Err(ReadError::TrailingData)));
}

#[test]
fn a_canonical_stream_says_what_matters() {
    let (manifest, stream) = read(&tar(&[
        Forged::new(b'5', "./e/").bytes(100, b"0007777\0"),
        Forged::file("./d//x", "run").bytes(100, b"0004755\0"),
        Forged::file("d/y", "").bytes(108, b"0001750\0").bytes(265, b"root"),
        Forged::new(b'5', "d"),
    ]))
    .unwrap();
    assert_eq!(manifest.stream_bytes, stream.len() as u64);
    assert!(manifest.contains_file("d/./x") && !manifest.contains_file("d"));
    assert!(!manifest.contains_file("d/../d/x") && !manifest.contains_file("/d/x"));
    assert_eq!(manifest.total_bytes(), 3);
    // It is a fixed point.
    assert_eq!(read(&stream).unwrap(), (manifest, stream.clone()));

    let mut reader = CanonicalReader::new(&stream[..]);
    let mut seen = Vec::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let data = io::read_to_string(&mut entry).unwrap();
        let kind = entry.kind() == CanonicalKind::File;
        seen.push((entry.path().to_owned(), kind, entry.is_executable() && kind, data));
    }
    let seen: Vec<_> = seen.iter().map(|(p, f, x, d)| (&p[..], *f, *x, &d[..])).collect();
    assert_eq!(
        seen,
        [("e", false, false, ""), ("d/x", true, true, "run"), ("d/y", true, false, "")]
    );
}

#[test]
fn the_canonical_reader_fails_closed() {
    let read_all = |bytes: &[u8]| {
        let mut reader = CanonicalReader::new(bytes);
        while let Some(entry) = reader.next_entry()? {
            assert!(!entry.path().starts_with('/'));
        }
        Ok::<_, ReadError>(())
    };
    for member in [
        Forged::file("./a", ""),
        Forged::file("../a", ""),
        Forged::file("/a", ""),
        Forged::new(b'5', "a//"),
        Forged::new(b'1', "a"),
        Forged::new(b'3', "a"),
        link(b'2', "a", ""),
        link(b'2', "a", "/b"),
        link(b'2', "a", ".."),
        link(b'2', "a", "./b"),
        link(b'2', "a", "b/"),
        link(b'2', "a", "b/../c"),
    ] {
        assert!(matches!(read_all(&tar(&[member])), Err(ReadError::NotCanonical { .. })));
    }
    // Links come last.
    assert!(read_all(&tar(&[Forged::file("b", ""), link(b'2', "a", "b")])).is_ok());
    for late in [Forged::file("b", ""), Forged::new(b'5', "d")] {
        let early = tar(&[link(b'2', "a", "b"), late]);
        assert!(matches!(read_all(&early), Err(ReadError::NotCanonical { .. })));
    }
    let (_, stream) = read(&tar(&[Forged::file("a", "xyz"), Forged::file("b", "")])).unwrap();
    assert!(read_all(&stream).is_ok());
    for end in (0..stream.len() - 1024).step_by(64) {
        assert!(read_all(&stream[..end]).is_err(), "{end}");
    }
    // Cut within a file's content, the content's reader says so.
    let mut reader = CanonicalReader::new(&stream[..514]);
    let mut entry = reader.next_entry().unwrap().unwrap();
    let error = io::read_to_string(&mut entry).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn failing_input_and_output_are_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let limits = ReadOptions::default();
    let error = canonicalize(Broken, io::sink(), &limits).unwrap_err();
    assert!(matches!(&error, ReadError::Read(e) if e.kind() == io::ErrorKind::ConnectionReset));
    assert!(error.is_io());
    let bytes = tar(&[Forged::file("a", "")]);
    let error = canonicalize(&bytes[..], Broken, &limits).unwrap_err();
    assert!(matches!(&error, ReadError::Write(e) if e.kind() == io::ErrorKind::StorageFull));
}
