//! Tars that are there already, and what only pretends to be one.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod forge;

use forge::{Forged, pax, tar};
use pyexec_archive::{
    Archive, ArchiveError,
    read::{Compression, ReadError},
};

fn project() -> Vec<u8> {
    tar(&[
        pax(b'g', &[("comment", "of git archive")]),
        Forged::new(b'5', "./"),
        Forged::new(b'5', "./x.py/"),
        Forged::new(b'2', "./main.py").bytes(157, b"app.py"),
        Forged::file("./app.py", "print(1)\n"),
        Forged::file("./x.py/data", vec![7; 3000]),
    ])
}

fn expect_project(archive: &Archive) {
    assert_eq!(archive.to_vec().unwrap(), project());
    assert_eq!(archive.size(), project().len() as u64);
    let entries: Vec<_> =
        archive.entries().map(|entry| (entry.name(), entry.size(), entry.is_file())).collect();
    assert_eq!(
        entries,
        [
            (".", 0, false),
            ("./x.py", 0, false),
            ("./main.py", 0, false),
            ("./app.py", 9, true),
            ("./x.py/data", 3000, true),
        ]
    );
    assert_eq!(archive.detect_entrypoint().unwrap(), "./app.py");
}

#[test]
fn it_is_sent_as_it_is() {
    expect_project(&Archive::from_tar_reader(&project()[..]).unwrap());
}

#[cfg(feature = "fs")]
#[test]
fn it_is_streamed_from_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.tar");
    std::fs::write(&path, project()).unwrap();
    let archive = Archive::from_tar_file(&path).unwrap();
    expect_project(&archive);
    std::fs::write(&path, &project()[1..]).unwrap();
    let error = archive.to_vec().unwrap_err().to_string();
    assert!(error.contains("p.tar shrank"), "{error}");

    for end in [0, 3, 511, 513, project().len() - 2000, project().len() - 1025] {
        std::fs::write(&path, &project()[..end]).unwrap();
        let error = Archive::from_tar_file(&path).unwrap_err();
        assert!(error.to_string().contains("p.tar"), "{error}");
        assert!(error.tar_error().is_some(), "{end}: {error:?}");
    }
    let missing = Archive::from_tar_file(dir.path().join("none")).unwrap_err();
    assert!(matches!(missing, ArchiveError::Io { .. }));
    let directory = Archive::from_tar_file(dir.path()).unwrap_err();
    assert!(matches!(directory, ArchiveError::NotAFile { .. }));
}

#[test]
fn what_is_no_tar() {
    let error = |bytes: &[u8]| match Archive::from_tar_reader(bytes) {
        Err(ArchiveError::Tar(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(error(b""), ReadError::Empty));
    assert!(matches!(error(b"print('hi')\n"), ReadError::NotATar));
    assert!(matches!(error(&[b'x'; 5000]), ReadError::NotATar));
    for (magic, format) in [
        (&b"\x1f\x8b\x08\0"[..], Compression::Gzip),
        (b"BZh91AY&SY", Compression::Bzip2),
        (b"\xfd7zXZ\0\0", Compression::Xz),
        (b"\x28\xb5\x2f\xfd\0", Compression::Zstd),
        (b"PK\x03\x04\x14\0", Compression::Zip),
        (b"PK\x05\x06", Compression::Zip),
        (b"7z\xbc\xaf\x27\x1c", Compression::SevenZip),
    ] {
        // With the feature it is read; see the tests of gzip.
        if cfg!(feature = "gzip") && format == Compression::Gzip {
            continue;
        }
        for length in [magic.len(), 512, 5000] {
            let mut bytes = magic.to_vec();
            bytes.resize(length, 0x55);
            let found = error(&bytes);
            assert!(
                matches!(found, ReadError::Compressed { format: found } if found == format),
                "{found:?}"
            );
        }
    }
    // A tar is a tar, whatever its first member is called.
    let odd = tar(&[Forged::file("BZh.py", "")]);
    assert!(Archive::from_tar_reader(&odd[..]).is_ok());
    let whole = tar(&[Forged::file("a.py", "x")]);
    // Joined archives would lose the second one at the server.
    assert!(matches!(error(&[&whole[..], &whole].concat()), ReadError::TrailingData));
    for end in [512, 513, 1023] {
        let error = error(&whole[..end]);
        assert!(matches!(error, ReadError::Truncated { member: Some(_) }), "{end}");
    }
}
