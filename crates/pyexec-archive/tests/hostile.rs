//! Archives made to deceive, and what is said of them.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod forge;

use forge::{Forged, pax, read, read_with, tar};
use pyexec_archive::read::{ReadError, ReadLimits};

fn refused(members: &[Forged]) -> String {
    read(&tar(members)).unwrap_err().to_string()
}

fn names(members: &[Forged]) -> Vec<String> {
    let (manifest, _) = read(&tar(members)).unwrap();
    manifest.files.into_iter().map(|file| file.name).collect()
}

#[test]
fn paths_that_lead_out() {
    let file = |name: &str| refused(&[Forged::file("ok", "1"), Forged::file(name, "2")]);
    assert_eq!(file("../x"), r#"member "../x": path leads out of the archive ("..")"#);
    assert_eq!(file("/x"), r#"member "/x": absolute path"#);
    assert!(file("a/../../x").contains(".."));
    assert!(file("a/..").contains(".."));
    assert!(file("//x").contains("absolute"));
    assert!(file("a\nb").contains("U+000A"));
    assert!(file(".").contains("empty path"));
    let raw = refused(&[Forged::file(b"a\xff", "")]);
    assert_eq!(raw, "member \"a\u{fffd}\": path is not valid UTF-8");
    assert!(refused(&[Forged::new(b'5', "../d/")]).contains(".."));
    assert!(refused(&[Forged::new(b'5', "/")]).contains("absolute"));
    let at = |depth: usize| vec!["d"; depth].join("/");
    let path = |path: &str| read(&tar(&[pax(b'x', &[("path", path)]), Forged::file("x", "")]));
    assert!(path(&at(64)).is_ok());
    assert!(path(&at(65)).unwrap_err().to_string().contains("65 levels deep"));
    let long = |length: usize| format!("{}{}", "seven77/".repeat(60), "y".repeat(length - 480));
    let wide = |length: usize| long(length).replace("yyyyyyyy", "yyyyyyy/");
    let limits = {
        let mut limits = ReadLimits::default();
        limits.max_components = 1000;
        limits
    };
    let path_of = |length: usize| {
        let members = [pax(b'x', &[("path", &wide(length))]), Forged::file("x", "")];
        read_with(&tar(&members), &limits)
    };
    assert!(path_of(1023).is_ok());
    assert!(path_of(1025).unwrap_err().to_string().contains("1025 bytes is longer than 1024"));
    // By way of the prefix, of PAX and of a GNU long name.
    let prefixed = Forged::file("x", "").bytes(345, b"..");
    assert!(refused(&[prefixed]).contains(".."));
    let absolute = Forged::file("x", "").bytes(345, b"/etc");
    assert!(refused(&[absolute]).contains("absolute"));
    let renamed = [pax(b'x', &[("path", "../../x")]), Forged::file("fine", "")];
    assert!(refused(&renamed).contains(r#"member "../../x""#));
    let long = [Forged::new(b'L', "././@LongLink").data("/etc/x\0"), Forged::file("x", "")];
    assert!(refused(&long).contains(r#"member "/etc/x""#));
    let nul = [pax(b'x', &[("path", "a\0b")]), Forged::file("x", "")];
    assert!(refused(&nul).contains("NUL"));
    let nul = [Forged::new(b'L', "L").data("a\0b\0"), Forged::file("x", "")];
    assert!(refused(&nul).contains("NUL"));
}

#[test]
fn kinds_that_are_neither_file_nor_directory() {
    let kind = |flag: u8| refused(&[Forged::new(flag, "x")]);
    assert_eq!(kind(b'3'), r#"member "x": devices are not accepted"#);
    assert_eq!(kind(b'4'), r#"member "x": devices are not accepted"#);
    assert_eq!(kind(b'6'), r#"member "x": pipes are not accepted"#);
    assert_eq!(kind(b'S'), r#"member "x": sparse files are not accepted"#);
    for flag in [b'8', b'D', b'M', b'N', b'V', b'X', b'A', b'Z', 0x80, 0xff] {
        assert!(kind(flag).contains("unknown type"), "{flag}");
    }
    let sparse = [pax(b'x', &[("GNU.sparse.major", "1")]), Forged::file("x", "")];
    assert!(refused(&sparse).contains("sparse"));
}

#[test]
fn what_counts_as_file_and_directory() {
    assert_eq!(
        names(&[
            Forged::file("a", "1"),
            Forged::new(0, "b").data("2"),
            Forged::new(b'7', "c").data("3"),
        ]),
        ["a", "b", "c"]
    );
    let (manifest, _) = read(&tar(&[
        Forged::new(b'5', "./"),
        Forged::new(b'5', "."),
        Forged::new(b'5', "d"),
        Forged::new(b'5', "./d/"),
        Forged::new(0, "old/"),
        Forged::new(b'0', "bsd/"),
    ]))
    .unwrap();
    assert_eq!((manifest.files.len(), manifest.directories), (0, 3));
    // Readers disagree on what follows these.
    assert!(refused(&[Forged::new(b'5', "d").data("x")]).contains("content"));
    assert!(refused(&[Forged::new(b'0', "d/").data("x")]).contains("content"));
    assert!(refused(&[Forged::new(b'2', "l").data("x")]).contains("content"));
    assert!(refused(&[Forged::new(b'7', "f/")]).contains("ends in"));
}

#[test]
fn one_path_one_file() {
    let file = |name: &str| Forged::file(name, "");
    assert_eq!(refused(&[file("a/b"), file("./a//b")]), r#"member "./a//b": appears twice"#);
    for pair in [
        [file("a"), file("a/b")],
        [file("a/b"), file("a")],
        [Forged::new(b'5', "a"), file("a")],
        [file("a"), Forged::new(b'5', "a")],
        [file("a"), Forged::new(b'5', "a/b")],
    ] {
        assert!(refused(&pair).contains("a file and a directory"));
    }
}

#[test]
fn global_headers() {
    let comment = pax(b'g', &[("comment", "8d2f1e")]);
    assert_eq!(names(&[comment.clone(), Forged::file("a", "")]), ["a"]);
    for key in ["path", "size", "linkpath", "GNU.sparse.name"] {
        let global = pax(b'g', &[(key, "1")]);
        assert!(refused(&[global, Forged::file("a", "")]).contains("extended header"), "{key}");
    }
    let between = [pax(b'x', &[("path", "b")]), comment, Forged::file("a", "")];
    assert!(refused(&between).contains("extended header"));
}

#[test]
fn extended_headers() {
    let named = |extensions: &[Forged]| {
        let mut members = extensions.to_vec();
        members.push(Forged::file("short", "data"));
        members
    };
    let long = Forged::new(b'L', "././@LongLink").data("n/long.py\0");
    let link = Forged::new(b'K', "././@LongLink").data("target\0");
    let path = pax(b'x', &[("mtime", "1.5"), ("path", "p/pax.py"), ("SCHILY.xattr.a", "b\nc")]);
    assert_eq!(names(&named(std::slice::from_ref(&long))), ["n/long.py"]);
    assert_eq!(names(&named(&[link.clone(), long.clone()])), ["n/long.py"]);
    assert_eq!(names(&named(std::slice::from_ref(&path))), ["p/pax.py"]);
    let times = pax(b'x', &[("mtime", "1.5")]);
    assert_eq!(names(&named(&[times.clone(), long.clone()])), ["n/long.py"]);

    assert!(refused(&named(&[long.clone(), path.clone()])).contains("two names"));
    assert!(refused(&named(&[path.clone(), long.clone()])).contains("two names"));
    assert!(refused(&named(&[long.clone(), long])).contains("two names"));
    assert!(refused(&named(&[times.clone(), path.clone()])).contains("two PAX headers"));
    assert!(refused(&named(&[link.clone(), link])).contains("two link targets"));
    let garbage = Forged::new(b'x', "x").data("not a record\n");
    assert!(refused(&named(&[garbage])).contains("malformed"));
    let huge = Forged::new(b'x', "x").size(1 << 40);
    assert!(refused(&named(&[huge])).contains("longer than allowed"));
    let huge = Forged::new(b'L', "x").data(vec![b'a'; (64 << 10) + 1]);
    assert!(refused(&named(&[huge])).contains("longer than allowed"));
    // It speaks of a member that never comes.
    assert!(refused(&[Forged::file("a", ""), path]).contains("truncated"));
}

#[test]
fn a_pax_size_is_the_size() {
    let mut bytes = pax(b'x', &[("size", "3")]).to_vec();
    bytes.extend(Forged::file("a", "xyz").size(0).to_vec());
    bytes.extend(tar(&[Forged::file("b", "")]));
    let (manifest, _) = read(&bytes).unwrap();
    assert_eq!(manifest.files[0].size, 3);
    assert_eq!(manifest.files[1].name, "b");
    // Also where the block says more.
    let mut bytes = pax(b'x', &[("size", "3")]).to_vec();
    bytes.extend(&Forged::file("a", "xyz").size(600).to_vec()[..1024]);
    bytes.extend(tar(&[Forged::file("b", "")]));
    let (manifest, _) = read(&bytes).unwrap();
    assert_eq!((manifest.files[0].size, &manifest.files[1].name[..]), (3, "b"));
    // A huge one ends nowhere, and is never believed in memory.
    for size in ["9223372036854775808", "18446744073709551615"] {
        let huge = [pax(b'x', &[("size", size)]), Forged::file("a", "")];
        assert!(refused(&huge).contains("bad size"), "{size}");
    }
    let huge = [pax(b'x', &[("size", "9223372036854775807")]), Forged::file("a", "")];
    assert!(matches!(read(&tar(&huge)), Err(ReadError::FileTooLarge { .. })));
}

#[test]
fn numbers_and_checksums() {
    let base256 = Forged::file("a", "xyz").bytes(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x03");
    assert_eq!(read(&tar(&[base256])).unwrap().0.files[0].size, 3);
    for size in [
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\x01\0\0\0\0\0\0\0\0",
        b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"0000000000z\0",
        b"-0000000001\0",
        b"0000 000000\0",
    ] {
        let member = Forged::file("a", "").bytes(124, size);
        assert!(
            refused(&[Forged::file("b", ""), member]).contains(r#"after member "b": bad size"#)
        );
    }
    // What the mode says beyond the permission to execute is dropped.
    let special = Forged::file("a", "").bytes(100, b"0107777\0");
    let (_, stream) = read(&tar(&[special])).unwrap();
    assert_eq!(&stream[100..108], b"0000755\0");
    let group = Forged::file("a", "").bytes(100, b"0000610\0");
    let (_, stream) = read(&tar(&[group])).unwrap();
    assert_eq!(&stream[100..108], b"0000755\0");
    // Some old systems summed signed characters.
    let mut signed = tar(&[Forged::file("ü", "")]);
    let sum: i64 = signed[..148].iter().chain(&signed[156..512]).map(|b| i64::from(*b as i8)).sum();
    signed[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 8 * 32).as_bytes());
    assert_eq!(read(&signed).unwrap().0.files[0].name, "ü");
    let mode = Forged::file("a", "").bytes(100, b"rwxr-xr-");
    assert!(refused(&[mode]).contains("bad mode"));

    let mut bytes = tar(&[Forged::file("a", ""), Forged::file("b", "")]);
    bytes[512] = b'c';
    let error = read(&bytes).unwrap_err();
    assert_eq!(error.to_string(), r#"corrupt header after member "a": wrong checksum"#);
    bytes[0] = b'c';
    assert!(matches!(read(&bytes), Err(ReadError::Checksum { member: None })));
}
