//! The same archives, seen by Python's `tarfile` and GNU tar.
//!
//! Both are needed: without them these tests fail rather than pass for nothing.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(all(unix, feature = "fs"))]

use pyexec_archive::{
    Archive, Entry,
    read::{CanonicalReader, ReadError, ReadLimits, canonicalize},
};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::Path,
    process::{Command, Output},
};

fn run(program: &str, arguments: &[&str], directory: &Path) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| panic!("these tests need {program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Names that fit each format in another way, or not at all.
fn samples() -> BTreeMap<String, Vec<u8>> {
    let deep = |n: usize| "directory/".repeat(n);
    [
        ("main.py".to_owned(), 9),
        ("empty".to_owned(), 0),
        ("a block.bin".to_owned(), 512),
        ("x".repeat(100), 1),
        ("y".repeat(101), 2),
        ("z".repeat(255), 3),
        (format!("{}{}", deep(14), "n".repeat(100)), 4),
        (format!("{}{}", deep(15), "n".repeat(101)), 5),
        (format!("{}m", deep(60)), 6),
        ("ü/日本語.py".to_owned(), 7),
        ("ü".repeat(50), 8),
        ("é".repeat(90), 513),
        ("quote'\"\\back".to_owned(), 10),
        ("large".to_owned(), 70_000),
    ]
    .into_iter()
    .map(|(name, size)| (name, (0..size).map(|n| (n % 251) as u8).collect()))
    .collect()
}

fn write_samples(directory: &Path) {
    for (name, content) in samples() {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn canonical_files(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut canonical = Vec::new();
    canonicalize(tar, &mut canonical, &ReadLimits::default()).unwrap();
    let mut reader = CanonicalReader::new(&canonical[..]);
    let mut files = BTreeMap::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        if entry.kind() == pyexec_archive::read::CanonicalKind::File {
            files.insert(entry.path().to_owned(), data);
        }
    }
    files
}

/// As many as the format can name.
fn expect(tar: &[u8], at_least: usize, what: &str) {
    let samples = samples();
    let files = canonical_files(tar);
    assert!(files.len() >= at_least, "{what}: {}", files.len());
    for (name, content) in &files {
        assert!(samples[name] == *content, "{what}: {name}");
    }
}

#[test]
fn what_gnu_tar_writes() {
    let dir = tempfile::tempdir().unwrap();
    write_samples(dir.path());
    let archive = tempfile::tempdir().unwrap();
    let tar = archive.path().join("x.tar");
    let path = tar.to_str().unwrap();
    for (format, count) in [("gnu", 14), ("pax", 14), ("posix", 14), ("oldgnu", 14)] {
        run("tar", &["--format", format, "-cf", path, "."], dir.path());
        expect(&fs::read(&tar).unwrap(), count, format);
    }
    // These can't name all of them, and say so with their exit code.
    for (format, count) in [("ustar", 9), ("v7", 6)] {
        Command::new("tar")
            .args(["--format", format, "-cf", path, "."])
            .current_dir(dir.path())
            .output()
            .expect("these tests need tar");
        expect(&fs::read(&tar).unwrap(), count, format);
    }
}

#[test]
fn what_python_writes() {
    let dir = tempfile::tempdir().unwrap();
    write_samples(dir.path());
    let archive = tempfile::tempdir().unwrap();
    let tar = archive.path().join("x.tar");
    let script = "
import os, sys, tarfile
with tarfile.open(sys.argv[1], 'w', format=getattr(tarfile, sys.argv[2])) as tar:
    for top, directories, files in os.walk('.'):
        for name in files + directories:
            try:
                tar.add(os.path.join(top, name), recursive=False)
            except ValueError as error:
                assert 'too long' in str(error), error
";
    for (format, count) in [("PAX_FORMAT", 14), ("GNU_FORMAT", 14), ("USTAR_FORMAT", 9)] {
        let path = tar.to_str().unwrap();
        run("python3", &["-c", script, path, format], dir.path());
        expect(&fs::read(&tar).unwrap(), count, format);
    }
}

#[test]
fn links_they_write_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("a"), "x").unwrap();
    fs::hard_link(at("a"), at("b")).unwrap();
    run("tar", &["-cf", "hard.tar", "a", "b"], dir.path());
    std::os::unix::fs::symlink("a", at("s")).unwrap();
    run("tar", &["-cf", "soft.tar", "a", "s"], dir.path());
    for (tar, member) in [("hard.tar", "b"), ("soft.tar", "s")] {
        let file = fs::File::open(at(tar)).unwrap();
        let error = canonicalize(file, std::io::sink(), &ReadLimits::default()).unwrap_err();
        assert!(matches!(error, ReadError::Link { member: named, .. } if named == member));
        // As an archive to send it is listed.
        assert_eq!(Archive::from_tar_file(at(tar)).unwrap().entries().count(), 2);
    }
}

#[test]
fn what_we_write() {
    let dir = tempfile::tempdir().unwrap();
    write_samples(dir.path());
    fs::create_dir(dir.path().join("nothing")).unwrap();
    let archives =
        [Archive::from_map(samples()).unwrap(), Archive::from_directory(dir.path()).unwrap()];
    for archive in archives {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("x.tar"), archive.to_vec().unwrap()).unwrap();

        let names: Vec<_> = archive.entries().map(Entry::name).collect();
        let script = "
import sys, tarfile
sys.stdout.reconfigure(encoding='utf-8')
for m in tarfile.open('x.tar'):
    assert m.isreg() and m.mode == 0o644 or m.isdir() and m.mode == 0o755, m
    assert (m.mtime, m.uid, m.gid, m.uname, m.gname) == (0, 0, 0, '', ''), m
    print(m.name)
";
        assert_eq!(lines(&run("python3", &["-c", script], out.path())), names);

        let slashed: Vec<_> = archive
            .entries()
            .map(|entry| format!("{}{}", entry.name(), if entry.is_file() { "" } else { "/" }))
            .collect();
        let listing = run("tar", &["--quoting-style=literal", "-tf", "x.tar"], out.path());
        assert_eq!(lines(&listing), slashed);
        assert!(listing.stderr.is_empty());

        run("tar", &["-xf", "x.tar"], out.path());
        for (name, content) in samples() {
            assert!(fs::read(out.path().join(&name)).unwrap() == content, "{name}");
        }
    }
}

#[test]
fn a_file_of_more_than_8_gib() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge.bin");
    let size = (8u64 << 30) + 1;
    fs::File::create(&path).unwrap().set_len(size).unwrap();
    let archive = Archive::from_files([&path]).unwrap();
    // The headers are enough: Python doesn't look beyond when asked for the first member.
    let mut start = vec![0; 4096];
    archive.open().read_exact(&mut start).unwrap();
    fs::write(dir.path().join("start.tar"), start).unwrap();
    let script = "
import tarfile
print(tarfile.open('start.tar').next().size)
";
    let seen = lines(&run("python3", &["-c", script], dir.path()));
    assert_eq!(seen, [size.to_string()]);
    assert_eq!(archive.size(), 512 * 3 + size.next_multiple_of(512) + 1024);
}
