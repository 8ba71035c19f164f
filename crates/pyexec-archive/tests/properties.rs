//! What holds for any archive and any bytes.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]

use proptest::{collection, prelude::*};
use pyexec_archive::{
    Archive,
    read::{CanonicalKind, CanonicalReader, ReadOptions, canonicalize},
};
use std::{collections::BTreeMap, io::Read};

/// Names without clashes: no file lies where another's directory is, for directories end in `d`.
fn names() -> impl Strategy<Value = String> {
    let component = "[a-zA-Z0-9 ._'\"\\\\ü日-]{1,60}";
    (collection::vec(component, 0..6), component).prop_map(|(directories, file)| {
        let mut name = String::new();
        for directory in directories {
            name.push_str(&directory);
            name.push_str("d/");
        }
        name + &file + "f"
    })
}

fn files() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let content = collection::vec(any::<u8>(), 0..1500);
    collection::btree_map(names(), content, 0..12)
}

fn contents(canonical: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut reader = CanonicalReader::new(canonical);
    let mut found = BTreeMap::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        assert_eq!(data.len() as u64, entry.size());
        if entry.kind() == CanonicalKind::File {
            assert!(found.insert(entry.path().to_owned(), data).is_none());
        }
    }
    found
}

/// Whatever comes in, what goes out is canonical and is accepted again unchanged.
fn check_any(bytes: &[u8]) {
    let limits = ReadOptions::default();
    let mut output = Vec::new();
    if let Ok(manifest) = canonicalize(bytes, &mut output, &limits) {
        assert_eq!(contents(&output).len(), manifest.files.len());
        let mut again = Vec::new();
        assert_eq!(canonicalize(&output[..], &mut again, &limits).unwrap(), manifest);
        assert_eq!(again, output);
    }
    let mut reader = CanonicalReader::new(bytes);
    while let Ok(Some(mut entry)) = reader.next_entry() {
        if std::io::copy(&mut entry, &mut std::io::sink()).is_err() {
            break;
        }
    }
    if let Ok(archive) = Archive::from_tar_reader(bytes) {
        let _ = archive.detect_entrypoint();
    }
}

proptest! {
    #[test]
    fn any_files_make_the_round_trip(files in files()) {
        let archive = Archive::from_map(files.clone()).unwrap();
        let bytes = archive.to_vec().unwrap();
        prop_assert_eq!(bytes.len() as u64, archive.size());
        prop_assert_eq!(&bytes, &archive.to_vec().unwrap());

        let mut canonical = Vec::new();
        canonicalize(&bytes[..], &mut canonical, &ReadOptions::default()).unwrap();
        // Ours have nothing to make plain.
        prop_assert_eq!(&canonical, &bytes);
        prop_assert_eq!(contents(&canonical), files);
        let listed = Archive::from_tar_reader(&bytes[..]).unwrap();
        prop_assert!(listed.entries().eq(archive.entries()));
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in collection::vec(any::<u8>(), 0..3000)) {
        check_any(&bytes);
    }

    #[test]
    fn a_spoilt_tar_is_read_without_harm(
        files in files(),
        changes in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        repair in any::<bool>(),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = Archive::from_map(files).unwrap().to_vec().unwrap();
        for (index, value) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *value;
            // Else the checksum would keep most changes from being seen at all.
            if repair {
                repair_checksum(&mut bytes, at / 512 * 512);
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check_any(&bytes);
    }
}

fn repair_checksum(bytes: &mut [u8], start: usize) {
    let Some(block) = bytes.get_mut(start..start + 512) else {
        return;
    };
    if &block[257..262] == b"ustar" {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}
