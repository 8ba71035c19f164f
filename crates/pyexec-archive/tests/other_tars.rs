//! The same archives, seen by Python's `tarfile` and GNU tar.
//!
//! Both are needed: without them these tests fail rather than pass for nothing.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(all(unix, feature = "fs"))]

use pyexec_archive::{
    Archive, Entry,
    read::{
        CanonicalReader, Manifest, ReadError, ReadOptions, SymlinkPolicy, canonicalize,
        canonicalize_seekable,
    },
};
use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Read},
    os::unix::fs::{FileExt, MetadataExt, symlink},
    path::Path,
    process::{Command, Output, Stdio},
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
    canonicalize(tar, &mut canonical, &ReadOptions::default()).unwrap();
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

/// What the safe reader makes of a tar on disk, links included.
fn read_links(tar: &Path) -> (Manifest, Vec<u8>) {
    let mut options = ReadOptions::default();
    options.symlinks = SymlinkPolicy::Keep;
    let mut stream = Cursor::new(Vec::new());
    let tar = fs::File::open(tar).unwrap();
    let manifest = canonicalize_seekable(tar, &mut stream, &options).unwrap();
    (manifest, stream.into_inner())
}

#[test]
fn links_they_write_are_copied_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let long = "long/".repeat(30) + "name";
    fs::create_dir_all(at(&long).parent().unwrap()).unwrap();
    fs::write(at(&long), "x").unwrap();
    fs::hard_link(at(&long), at("hard")).unwrap();
    symlink(&long, at("soft")).unwrap();
    symlink("./none", at("dangling")).unwrap();
    let order = [&long, "hard", "soft", "dangling"];
    let python = "import sys, tarfile
tar = tarfile.open(sys.argv[1], 'w', format=getattr(tarfile, sys.argv[2]))
[tar.add(name) for name in sys.argv[3:]]
tar.close()";
    for (program, first) in [
        ("tar", &["--format=gnu", "-cf", "x.tar"][..]),
        ("tar", &["--format=pax", "-cf", "x.tar"]),
        ("python3", &["-c", python, "x.tar", "PAX_FORMAT"]),
        ("python3", &["-c", python, "x.tar", "GNU_FORMAT"]),
    ] {
        run(program, &[first, &order].concat(), dir.path());
        let (manifest, stream) = read_links(&at("x.tar"));
        let files: Vec<_> = manifest.files.iter().map(|file| (&file.name[..], file.size)).collect();
        assert_eq!(files, [(&long[..], 1), ("hard", 1)], "{program} {first:?}");
        let links: Vec<_> =
            manifest.symlinks.iter().map(|link| (&link.name[..], &link.target[..])).collect();
        assert_eq!(links, [("soft", &long[..]), ("dangling", "none")], "{program} {first:?}");
        assert!(manifest.contains_file("soft"));

        // And they agree on what we made of it.
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("y.tar"), &stream).unwrap();
        run("tar", &["-xf", "y.tar"], out.path());
        assert_eq!(fs::read_to_string(out.path().join("soft")).unwrap(), "x");
        assert_eq!(fs::metadata(out.path().join("hard")).unwrap().nlink(), 1);

        // Without a decision about links they are refused, by name.
        let tar = || fs::File::open(at("x.tar")).unwrap();
        let error = canonicalize(tar(), std::io::sink(), &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, ReadError::Link { member, .. } if member == "hard"));
        // As an archive to send it is listed.
        let archive = Archive::from_tar_file(at("x.tar")).unwrap();
        assert_eq!((archive.report().files, archive.report().symlinks), (1, 2));
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

        // The `tar` crate, which other Rust programs read with.
        let bytes = archive.to_vec().unwrap();
        let mut reader = tar::Archive::new(&bytes[..]);
        let seen: Vec<_> = reader
            .entries()
            .unwrap()
            .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
            .collect();
        assert_eq!(seen, slashed);

        run("tar", &["-xf", "x.tar"], out.path());
        for (name, content) in samples() {
            assert!(fs::read(out.path().join(&name)).unwrap() == content, "{name}");
        }
    }
}

/// Each of the three writes a file of more than 8 GiB, each of the three reads it.
///
/// What they write is cut after the headers and made long again by a hole, for a file of zeros is
/// just that, as is the end of an archive.
#[test]
fn a_file_of_more_than_8_gib() {
    let dir = tempfile::tempdir().unwrap();
    let size = (8u64 << 30) + 1;
    let huge = dir.path().join("huge.bin");
    fs::File::create(&huge).unwrap().set_len(size).unwrap();
    fs::write(dir.path().join("after.txt"), "after").unwrap();

    let ours = Archive::from_files([&huge]).unwrap();
    let python = "import sys, tarfile
tarfile.open(fileobj=sys.stdout.buffer, mode='w|').add('huge.bin')";
    let written = [
        ("ours", start_of(ours.open())),
        ("gnu", start_of_output(Command::new("tar").args(["-cf", "-", "huge.bin"]), dir.path())),
        ("python", start_of_output(Command::new("python3").args(["-c", python]), dir.path())),
    ];
    for (writer, start) in written {
        // GNU says it in one block, PAX in three.
        let headers = if &start[257..263] == b"ustar " { 512 } else { 3 * 512 };
        let path = dir.path().join(format!("{writer}.tar"));
        let tar = fs::File::create(&path).unwrap();
        tar.write_all_at(&start[..headers], 0).unwrap();
        // Another member behind it, which is only found by those who believe the size.
        let second = Archive::from_files([dir.path().join("after.txt")]).unwrap();
        let end = headers as u64 + size.next_multiple_of(512);
        tar.write_all_at(&second.to_vec().unwrap(), end).unwrap();

        let members = [("huge.bin".to_owned(), size), ("after.txt".to_owned(), 5)];
        let python = "import sys, tarfile
for m in tarfile.open(sys.argv[1]): print(m.name, m.size)";
        let path_text = path.to_str().unwrap();
        let seen = lines(&run("python3", &["-c", python, path_text], dir.path()));
        assert_eq!(seen, members.clone().map(|(name, size)| format!("{name} {size}")), "{writer}");

        let seen = lines(&run("tar", &["-tvf", path_text], dir.path()));
        let columns = |line: &String| {
            let columns: Vec<_> = line.split_whitespace().collect();
            (columns[5].to_owned(), columns[2].parse().unwrap())
        };
        assert_eq!(seen.iter().map(columns).collect::<Vec<_>>(), members, "{writer}");

        let archive = Archive::from_tar_file(&path).unwrap();
        let seen: Vec<_> = archive.entries().map(|e| (e.name().to_owned(), e.size())).collect();
        assert_eq!(seen, members, "{writer}");

        let mut options = ReadOptions::default();
        options.limits.max_file_bytes = 10 << 30;
        options.limits.max_total_bytes = 10 << 30;
        let manifest = canonicalize(archive.open(), std::io::sink(), &options).unwrap();
        let seen: Vec<_> = manifest.files.iter().map(|f| (f.name.clone(), f.size)).collect();
        assert_eq!(seen, members, "{writer}");
    }
}

fn start_of(mut tar: impl Read) -> Vec<u8> {
    let mut start = vec![0; 4096];
    tar.read_exact(&mut start).unwrap();
    start
}

/// The rest is never written: the pipe closes.
fn start_of_output(command: &mut Command, directory: &Path) -> Vec<u8> {
    let mut child = command
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("these tests need tar and python3");
    let start = start_of(child.stdout.take().unwrap());
    child.wait().unwrap();
    start
}
