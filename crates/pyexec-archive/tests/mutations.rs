//! Whatever is done to an archive: what the safe reader announces is exactly what Python's
//! `tarfile` and GNU tar find in the stream that it writes.
//!
//! A short run by default. The long one, which takes some minutes:
//!
//! ```text
//! PROPTEST_CASES=100000 cargo test --release -p pyexec-archive --test mutations
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers are tests, too")]
#![cfg(unix)]

mod forge;

use forge::{Forged, link, pax, read_links, tar};
use proptest::{
    collection,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use pyexec_archive::{
    Archive,
    read::{CanonicalKind, CanonicalReader},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Where a header has what: start and length.
const FIELDS: [(usize, usize); 10] = [
    (0, 100),
    (100, 8),
    (108, 8),
    (124, 12),
    (136, 12),
    (156, 1),
    (157, 100),
    (257, 8),
    (265, 32),
    (345, 155),
];
const TYPES: &[u8] = b"0\x001234567gxLKSVMDAN";
const TEXTS: [&[u8]; 22] = [
    b"",
    b".",
    b"..",
    b"/",
    b"a",
    b"./a",
    b"a/",
    b"a//b",
    b"d/../a",
    b"../x",
    b"/etc/passwd",
    b"a\nb",
    b"a\xff",
    b"l/x",
    b"d/e/f",
    b"00000000000\0",
    b"00000001000\0",
    b"77777777777\0",
    b"\x80\0\0\0\0\0\0\0\0\0\0\x05",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"ustar  \0",
    b"ustar\x0000",
];

/// Archives that hold something of everything.
fn originals() -> Vec<Vec<u8>> {
    let global = pax(b'g', &[("comment", "of git archive")]);
    let path = pax(b'x', &[("path", "pax/path.py"), ("mtime", "1.5")]);
    let size = pax(b'x', &[("size", "600"), ("path", "sized")]);
    let long = Forged::new(b'L', "././@LongLink").data("gnu/long.py\0");
    let long_link = Forged::new(b'K', "././@LongLink").data("a\0");
    let prefixed = Forged::file("name.py", "x".repeat(600)).bytes(345, b"prefix/of");
    let named = "n".repeat(120);
    let ours = Archive::from_map([("main.py", "print(1)\n"), (&named, "2"), ("d/e/f", "3")]);
    vec![
        tar(&[Forged::file("a", "1"), Forged::new(b'5', "d"), Forged::file("d/b", "22")]),
        tar(&[global, path, Forged::file("x", "33"), size, Forged::file("y", "4".repeat(600))]),
        tar(&[long, Forged::file("z", "5"), prefixed, Forged::file("./e//", "").bytes(156, b"5")]),
        tar(&[
            Forged::file("a", "content").bytes(100, b"0000755\0"),
            link(b'1', "hard", "a"),
            link(b'2', "l", "d/e"),
            long_link,
            link(b'1', "d/again", "?"),
            link(b'2', "d/up", "../a"),
        ]),
        ours.unwrap().to_vec().unwrap(),
    ]
}

/// One change.
#[derive(Debug, Clone)]
enum Change {
    /// Another text in a field of a header.
    Field {
        block: Index,
        field: (usize, usize),
        text: Vec<u8>,
    },
    /// Another type.
    Type {
        block: Index,
        flag: u8,
    },
    /// Another byte anywhere.
    Byte {
        at: Index,
        value: u8,
    },
    /// A block once more at another place.
    Copy {
        block: Index,
        to: Index,
    },
    Remove {
        block: Index,
    },
    Cut {
        block: Index,
    },
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let index = any::<Index>;
    let texts: Vec<_> = TEXTS.iter().map(|text| text.to_vec()).collect();
    let change = prop_oneof![
        6 => (index(), select(&FIELDS[..]), select(texts))
            .prop_map(|(block, field, text)| Change::Field { block, field, text }),
        3 => (index(), select(TYPES)).prop_map(|(block, flag)| Change::Type { block, flag }),
        4 => (index(), any::<u8>()).prop_map(|(at, value)| Change::Byte { at, value }),
        2 => (index(), index()).prop_map(|(block, to)| Change::Copy { block, to }),
        1 => index().prop_map(|block| Change::Remove { block }),
        1 => index().prop_map(|block| Change::Cut { block }),
    ];
    collection::vec(change, 1..5)
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let start = |bytes: &[u8], block: &Index| block.index(bytes.len() / 512) * 512;
    match change {
        Change::Field { block, field: (at, length), text } => {
            let at = start(bytes, block) + at;
            let field = &mut bytes[at..at + length];
            field.fill(0);
            let text = &text[..text.len().min(*length)];
            field[..text.len()].copy_from_slice(text);
        }
        Change::Type { block, flag } => {
            let start = start(bytes, block);
            bytes[start + 156] = *flag;
        }
        Change::Byte { at, value } => {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        Change::Copy { block, to } => {
            let start = start(bytes, block);
            let copy = bytes[start..start + 512].to_vec();
            let to = to.index(bytes.len() / 512) * 512;
            bytes.splice(to..to, copy);
        }
        // One block stays, for the next change.
        Change::Remove { block } if bytes.len() > 512 => {
            let start = start(bytes, block);
            bytes.drain(start..start + 512);
        }
        Change::Cut { block } => {
            let start = start(bytes, block);
            bytes.truncate(start.max(512));
        }
        Change::Remove { .. } => {}
    }
}

/// Else the checksum would keep most changes from being seen at all.
fn repair_checksums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    File { content: Vec<u8>, is_executable: bool },
    Directory,
    Symlink(String),
}

/// What our own reader finds, in the stream's order.
fn found_by_us(stream: &[u8]) -> Vec<(String, Found)> {
    let mut reader = CanonicalReader::new(stream);
    let mut found = Vec::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let what = match entry.kind() {
            CanonicalKind::File => Found::File { content, is_executable: entry.is_executable() },
            CanonicalKind::Directory => Found::Directory,
            CanonicalKind::Symlink => Found::Symlink(entry.link_target().unwrap().to_owned()),
        };
        found.push((entry.path().to_owned(), what));
    }
    found
}

/// A Python that lists one archive after another.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    const SCRIPT: &str = "
import io, struct, sys, tarfile
while (length := sys.stdin.buffer.read(8)):
    tar = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read(*struct.unpack('<q', length))))
    for m in tar:
        name = m.name.encode('utf-8', 'surrogateescape').hex()
        if m.type == tarfile.REGTYPE:
            print('file', name, 'x' if m.mode == 0o755 else '-', tar.extractfile(m).read().hex())
        elif m.type == tarfile.DIRTYPE:
            print('directory', name)
        elif m.type == tarfile.SYMTYPE:
            print('symlink', name, m.linkname.encode().hex())
        else:
            print('other', name)
    print(flush=True)
";

    fn start() -> Self {
        let mut child = Command::new("python3")
            .args(["-c", Self::SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn list(&mut self, tar: &[u8]) -> Vec<(String, Found)> {
        self.input.write_all(&(tar.len() as u64).to_le_bytes()).unwrap();
        self.input.write_all(tar).unwrap();
        self.input.flush().unwrap();
        let mut found = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "tarfile failed");
            let words: Vec<_> = line.trim_end_matches('\n').split(' ').collect();
            let text = |hex: &str| String::from_utf8(unhex(hex)).unwrap();
            let what = match words[..] {
                [""] => return found,
                ["file", _, mode, content] => {
                    Found::File { content: unhex(content), is_executable: mode == "x" }
                }
                ["directory", _] => Found::Directory,
                ["symlink", _, target] => Found::Symlink(text(target)),
                _ => panic!("{line}"),
            };
            found.push((text(words[1]), what));
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// What GNU tar leaves on disk.
fn unpacked_by_gnu(tar: &[u8]) -> BTreeMap<String, Found> {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new("tar")
        .args(["-xf", "-", "-C"])
        .arg(dir.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .spawn()
        .expect("this test needs tar");
    child.stdin.take().unwrap().write_all(tar).unwrap();
    assert!(child.wait().unwrap().success());
    let mut found = BTreeMap::new();
    walk(dir.path(), "", &mut found);
    found
}

fn walk(path: &Path, name: &str, found: &mut BTreeMap<String, Found>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let base_name = path.file_name().unwrap().to_str().unwrap();
        let name =
            if name.is_empty() { base_name.to_owned() } else { format!("{name}/{base_name}") };
        let metadata = fs::symlink_metadata(&path).unwrap();
        let what = if metadata.is_symlink() {
            Found::Symlink(fs::read_link(&path).unwrap().to_str().unwrap().to_owned())
        } else if metadata.is_dir() {
            walk(&path, &name, found);
            Found::Directory
        } else {
            let is_executable = metadata.permissions().mode() & 0o111 != 0;
            Found::File { content: fs::read(&path).unwrap(), is_executable }
        };
        found.insert(name, what);
    }
}

/// What is on disk when all that was found is unpacked.
fn with_parents(found: &[(String, Found)]) -> BTreeMap<String, Found> {
    let mut all: BTreeMap<_, _> = found.iter().cloned().collect();
    assert_eq!(all.len(), found.len(), "a path twice");
    for (path, _) in found {
        for (end, _) in path.match_indices('/') {
            let parent = all.entry(path[..end].to_owned()).or_insert(Found::Directory);
            assert_eq!(*parent, Found::Directory, "{path}");
        }
    }
    all
}

#[test]
fn others_find_what_was_announced() {
    let originals = originals();
    let python = RefCell::new(Python::start());
    let (cases, accepted) = (Cell::new(0), Cell::new(0));
    let check = |bytes: &[u8]| {
        cases.set(cases.get() + 1);
        let Ok((manifest, stream)) = read_links(bytes) else {
            return false;
        };
        accepted.set(accepted.get() + 1);
        let found = found_by_us(&stream);
        let announced: Vec<_> = manifest.files.iter().map(|f| (&f.name[..], f.size)).collect();
        let files: Vec<_> = found
            .iter()
            .filter_map(|(path, what)| match what {
                Found::File { content, .. } => Some((&path[..], content.len() as u64)),
                _ => None,
            })
            .collect();
        assert_eq!(files, announced);
        assert_eq!(python.borrow_mut().list(&stream), found);
        assert_eq!(unpacked_by_gnu(&stream), with_parents(&found));
        true
    };
    for original in &originals {
        assert!(check(original));
    }

    let config = Config { failure_persistence: None, ..Config::default() };
    let strategy = (any::<Index>(), changes(), prop::bool::weighted(0.9));
    let result = TestRunner::new(config).run(&strategy, |(original, changes, repair)| {
        let mut bytes = original.get(&originals).clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        if repair {
            repair_checksums(&mut bytes);
        }
        check(&bytes);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{} archives, {} of them accepted", cases.get(), accepted.get());
    // Else it would only show that everything is refused.
    assert!(accepted.get() * 10 > cases.get(), "{} of {}", accepted.get(), cases.get());
}
