use super::*;
use OutputStream::{Stderr, Stdout};

const MOST: usize = 8 << 30;

fn output(most: usize, quota: u64) -> (Output, Arc<SpoolSpace>) {
    let space = SpoolSpace::new(std::env::temp_dir(), quota);
    (Output::new(most, &space), space)
}

fn text(most: usize, chunks: &[&[u8]]) -> (String, bool) {
    let (output, _) = output(most, 0);
    for chunk in chunks {
        output.append(Stdout, chunk).unwrap();
    }
    let before = output.text(Stdout).unwrap();
    output.seal();
    assert_eq!(output.text(Stdout).unwrap(), before);
    (before, output.is_truncated())
}

fn read_all(output: &Output, mut offset: u64) -> Vec<(u64, usize)> {
    std::iter::from_fn(|| {
        let chunk = output.read(Stdout, offset, 64 << 10).unwrap()?;
        offset = chunk.offset + chunk.bytes.len() as u64;
        Some((chunk.offset, chunk.bytes.len()))
    })
    .collect()
}

#[test]
fn what_fits_is_kept_whole() {
    assert_eq!(text(6, &[b"abc", b"def"]), ("abcdef".into(), false));
    assert_eq!(text(6, &[b"a\xff\xfeb"]), ("a\u{fffd}\u{fffd}b".into(), false));
    let (split, character) = ("é".as_bytes(), "é");
    assert_eq!(text(64, &[&split[..1], &split[1..]]).0, character);
}

#[test]
fn what_does_not_fit_keeps_both_ends() {
    let expected = ("abc\n[pyexec: 4 bytes left out]\nhij".into(), true);
    assert_eq!(text(6, &[b"abcdefghij"]), expected);
    let bytes: Vec<&[u8]> = b"abcdefghij".chunks(1).collect();
    assert_eq!(text(6, &bytes), expected);
}

#[test]
fn a_cut_never_tears_a_character() {
    let (text, _) = text(6, &["ééééé".as_bytes()]);
    assert_eq!(text, "é\n[pyexec: 4 bytes left out]\né");
}

#[test]
fn readers_start_anywhere_and_jump_over_what_went() {
    let (output, _) = output(6, 0);
    output.append(Stdout, b"abcdefghij").unwrap();
    output.append(Stderr, b"e").unwrap();
    let read = |offset| output.read(Stdout, offset, 4).unwrap();
    let chunk = |offset, bytes: &[u8]| Some(Chunk { offset, bytes: bytes.to_vec() });
    assert_eq!(read(4), chunk(4, b"efgh"), "all of it is there while it runs");
    output.seal();
    assert_eq!([read(0), read(2)], [chunk(0, b"abc"), chunk(2, b"c")]);
    assert_eq!([read(3), read(4), read(7)], [chunk(7, b"hij"), chunk(7, b"hij"), chunk(7, b"hij")]);
    assert_eq!([read(9), read(10), read(99)], [chunk(9, b"j"), None, None]);
    assert_eq!((output.kept_bytes(), output.len(Stdout)), (7, 10));
}

#[test]
fn large_output_goes_to_a_file_and_its_space_returns() {
    let (output, space) = output(2 << 20, MOST as u64);
    let piece = vec![b'x'; 64 << 10];
    for _ in 0..64 {
        output.append(Stdout, &piece).unwrap();
    }
    assert!(!output.is_in_memory(Stdout) && output.is_in_memory(Stderr));
    assert_eq!(space.used(), 4 << 20);
    assert_eq!(read_all(&output, 0).len(), 64);
    output.seal();
    assert_eq!((space.used(), output.kept_bytes()), (2 << 20, 2 << 20));
    let read = read_all(&output, 0);
    assert_eq!((read.len(), read[16].0), (32, 3 << 20));
    assert_eq!(
        output.text(Stdout).unwrap().len(),
        (2 << 20) + "\n[pyexec: 2097152 bytes left out]\n".len()
    );
    drop(output);
    assert_eq!(space.used(), 0);
}

/// What wouldn't be kept in the end goes at once, and only then is there an error.
#[test]
fn a_full_spool_takes_the_middle_first() {
    let (output, space) = output(1 << 20, 2 << 20);
    let piece = vec![b'x'; 64 << 10];
    for _ in 0..160 {
        output.append(Stdout, &piece).unwrap();
    }
    assert_eq!(output.len(Stdout), 10 << 20);
    assert!(space.used() <= 2 << 20);
    output.seal();
    assert_eq!((space.used(), output.kept_bytes()), (1 << 20, 1 << 20));

    let (other, _) = self::output(16 << 20, 1 << 20);
    let failed = (0..32).find_map(|_| other.append(Stdout, &piece).err());
    assert_eq!(failed.unwrap().kind(), io::ErrorKind::QuotaExceeded);
    assert_eq!(other.len(Stdout), 1 << 20, "what was there before still is");
}
