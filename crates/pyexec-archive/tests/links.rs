//! Links in strangers' archives: refused, kept within, copied.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

mod forge;

use forge::{Forged, link, pax, read, read_links, read_links_with, tar};
use pyexec_archive::read::{
    CanonicalKind, CanonicalReader, LinkTargetError, ReadError, ReadLimits,
};
use std::io;

const HARD: u8 = b'1';
const SYMBOLIC: u8 = b'2';

fn refused(members: &[Forged]) -> String {
    read_links(&tar(members)).unwrap_err().to_string()
}

/// The stream's entries: `name=content`, `name/`, `name -> target`.
fn entries(members: &[Forged]) -> Vec<String> {
    let (_, stream) = read_links(&tar(members)).unwrap();
    let mut reader = CanonicalReader::new(&stream[..]);
    let mut entries = Vec::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let content = io::read_to_string(&mut entry).unwrap();
        entries.push(match entry.kind() {
            CanonicalKind::File => format!("{}={content}", entry.path()),
            CanonicalKind::Directory => format!("{}/", entry.path()),
            CanonicalKind::Symlink => {
                format!("{} -> {}", entry.path(), entry.link_target().unwrap())
            }
        });
    }
    entries
}

#[test]
fn none_by_default() {
    let file = Forged::file("a", "x");
    let error = |kind| read(&tar(&[file.clone(), link(kind, "l", "a")])).unwrap_err().to_string();
    assert_eq!(error(HARD), r#"member "l": hard links are not accepted"#);
    assert_eq!(error(SYMBOLIC), r#"member "l": symbolic links are not accepted"#);
}

#[test]
fn symbolic_links_within_are_kept_and_come_last() {
    assert_eq!(
        entries(&[
            link(SYMBOLIC, "bin/run", "../app/./main.py"),
            Forged::new(b'5', "app"),
            link(SYMBOLIC, "./latest", "app//"),
            Forged::file("app/main.py", "1"),
            link(SYMBOLIC, "nowhere", "none"),
            link(SYMBOLIC, "app/self", "."),
        ]),
        [
            "app/",
            "app/main.py=1",
            "bin/run -> ../app/main.py",
            "latest -> app",
            "nowhere -> none",
            "app/self -> .",
        ]
    );
    let members = [Forged::file("app/main.py", ""), link(SYMBOLIC, "main.py", "app/main.py")];
    let (manifest, stream) = read_links(&tar(&members)).unwrap();
    assert_eq!((manifest.files.len(), manifest.symlinks.len()), (1, 1));
    assert!(manifest.contains_file("main.py"));
    // It is a fixed point.
    assert_eq!(read_links(&stream).unwrap(), (manifest, stream));
}

#[test]
fn symbolic_links_out_are_refused_by_name() {
    let to = |target: &str| refused(&[Forged::file("a", ""), link(SYMBOLIC, "d/l", target)]);
    assert_eq!(to("/etc/passwd"), r#"member "d/l": link target "/etc/passwd": absolute path"#);
    assert_eq!(to("../../x"), r#"member "d/l": link target "../../x": leads out of the archive"#);
    assert_eq!(
        to("a/../../.."),
        r#"member "d/l": link target "a/../../..": has ".." after a name"#
    );
    assert!(to("").contains("empty path"));
    assert!(to("a\nb").contains("U+000A"));
    // By way of PAX and of a GNU long link.
    let pax = [pax(b'x', &[("linkpath", "../../etc")]), link(SYMBOLIC, "d/l", "fine")];
    assert!(refused(&pax).contains(r#"link target "../../etc": leads out"#));
    let long = [Forged::new(b'K', "L").data("/etc/x\0"), link(SYMBOLIC, "d/l", "fine")];
    assert!(refused(&long).contains(r#"link target "/etc/x": absolute"#));
    let nul = [Forged::new(b'K', "L").data("a\0b\0"), link(SYMBOLIC, "d/l", "fine")];
    assert!(refused(&nul).contains("NUL"));
    let raw = [link(SYMBOLIC, "l", b"a\xff")];
    assert!(refused(&raw).contains("UTF-8"));
    // Each alone stays within, together they lead out: refused for the `..` after a name.
    let chain = [
        Forged::file("top/x", ""),
        link(SYMBOLIC, "p/q/r/d", "../../../top"),
        link(SYMBOLIC, "e", "p/q/r/d/../../x"),
    ];
    assert!(refused(&chain).contains(r#"member "e""#));
}

#[test]
fn nothing_is_written_through_a_link() {
    let through = Forged::file("l/x", "");
    for members in [
        [link(SYMBOLIC, "l", "d"), through.clone()],
        [through.clone(), link(SYMBOLIC, "l", "d")],
        [link(SYMBOLIC, "l", "d"), Forged::new(b'5', "l")],
        [link(SYMBOLIC, "l", "d"), Forged::new(b'5', "l/x")],
        [link(SYMBOLIC, "l", "d"), link(SYMBOLIC, "l/m", "x")],
    ] {
        assert!(refused(&members).contains("a file and a directory in the same place"));
    }
    for second in [Forged::file("l", ""), link(SYMBOLIC, "l", "e"), link(HARD, "l", "x")] {
        let members = [Forged::file("x", ""), link(SYMBOLIC, "l", "x"), second];
        assert_eq!(refused(&members), r#"member "l": appears twice"#);
    }
    // Even where links are refused, what comes through one is not what is found.
    let error = read(&tar(&[link(SYMBOLIC, "l", "/tmp"), through])).unwrap_err();
    assert!(matches!(error, ReadError::Link { member, .. } if member == "l"));
}

#[test]
fn hard_links_become_copies() {
    let large: String = (0..200_000).map(|n| char::from(b'a' + (n % 23) as u8)).collect();
    let mut script = Forged::file("./bin/run", &large);
    script = script.bytes(100, b"0000755\0");
    let members = [
        script,
        Forged::file("e", ""),
        link(HARD, "copy", "bin/run"),
        link(HARD, "d/again", "./copy"),
        link(HARD, "empty", "e"),
    ];
    assert_eq!(
        entries(&members),
        [
            format!("bin/run={large}"),
            "e=".to_owned(),
            format!("copy={large}"),
            format!("d/again={large}"),
            "empty=".to_owned(),
        ]
    );
    let (manifest, stream) = read_links(&tar(&members)).unwrap();
    assert_eq!(manifest.total_bytes(), 600_000);
    assert_eq!(manifest.stream_bytes, stream.len() as u64);
    let mut reader = CanonicalReader::new(&stream[..]);
    let mut modes = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        modes.push(entry.is_executable());
    }
    assert_eq!(modes, [true, false, true, true, false]);
    let long = [
        Forged::file("a", "x"),
        pax(b'x', &[("linkpath", "a"), ("path", "by pax")]),
        link(HARD, "l", "none"),
        Forged::new(b'K', "L").data("a\0"),
        link(HARD, "by gnu", "none"),
    ];
    assert_eq!(entries(&long), ["a=x", "by pax=x", "by gnu=x"]);
}

#[test]
fn a_stream_may_begin_anywhere_in_its_file() {
    use pyexec_archive::read::{ReadOptions, canonicalize_seekable};
    use std::io::{Seek, Write};
    let bytes = tar(&[Forged::file("a", "content"), link(HARD, "b", "a")]);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before").unwrap();
    let manifest = canonicalize_seekable(&bytes[..], &mut file, &ReadOptions::default()).unwrap();
    assert_eq!(file.stream_position().unwrap(), 6 + manifest.stream_bytes);
    file.seek(io::SeekFrom::Start(6)).unwrap();
    let stream = io::read_to_string(file).unwrap();
    assert_eq!(stream.as_bytes(), read_links(&bytes).unwrap().1);
}

#[test]
fn hard_links_to_anything_but_an_earlier_file_are_refused() {
    let to = |target: &str| {
        refused(&[
            Forged::file("a", ""),
            Forged::new(b'5', "d"),
            link(SYMBOLIC, "s", "a"),
            link(HARD, "l", target),
            Forged::file("later", ""),
        ])
    };
    for target in ["none", "later", "d", "s", "l", "a/x", "d/a"] {
        assert!(to(target).contains("no earlier file of the archive"), "{target}");
    }
    assert!(to("../../etc/passwd").contains("leads out"));
    assert!(to("/etc/passwd").contains("absolute"));
    assert!(to("").contains("empty path"));
    let error = read_links(&tar(&[link(HARD, "l", "x")])).unwrap_err();
    assert!(matches!(
        error,
        ReadError::LinkTarget { reason: LinkTargetError::NotAnEarlierFile, .. }
    ));
    // A size of its own would mean content to some readers.
    assert!(refused(&[Forged::file("a", "x"), link(HARD, "l", "a").data("x")]).contains("content"));
}

#[test]
fn copies_and_targets_count() {
    let bomb: Vec<_> = std::iter::once(Forged::file("a", vec![b'x'; 1 << 20]))
        .chain((0..100).map(|n| link(HARD, &format!("l{n}"), "a")))
        .collect();
    let mut limits = ReadLimits::default();
    limits.max_total_bytes = 10 << 20;
    let error = read_links_with(&tar(&bomb), &limits).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { limit } if limit == 10 << 20));
    assert!(read_links_with(&tar(&bomb[..10]), &limits).is_ok());

    let mut limits = ReadLimits::default();
    limits.max_copied_bytes = 3 << 20;
    assert!(read_links_with(&tar(&bomb[..4]), &limits).is_ok());
    let error = read_links_with(&tar(&bomb[..5]), &limits).unwrap_err();
    assert!(matches!(&error, ReadError::CopiesTooLarge { member, .. } if member == "l3"));
    assert!(error.is_too_large());
    assert!(ReadLimits::default().max_copied_bytes <= 64 << 20);

    let links: Vec<_> =
        (0..10).map(|n| link(SYMBOLIC, &format!("l{n}"), "target".repeat(10))).collect();
    let mut limits = ReadLimits::default();
    limits.max_paths_bytes = 10 * 62;
    assert!(read_links_with(&tar(&links), &limits).is_ok());
    limits.max_paths_bytes -= 1;
    let error = read_links_with(&tar(&links), &limits).unwrap_err();
    assert!(matches!(error, ReadError::PathsTooLong { member, .. } if member == "l9"));
    limits.max_entries = 9;
    let error = read_links_with(&tar(&links), &limits).unwrap_err();
    assert!(matches!(error, ReadError::TooManyEntries { member, .. } if member == "l9"));
}
