//! From bytes to text, piece by piece, whatever the size.

use super::stream::{KeptPlace, KeptStream, Stream};
use std::{fs::File, io, ops::Range, sync::Arc};

/// Bytes that are read at once.
const PIECE: usize = 128 << 10;

/// A stream as text: of one that is too long the first and the last half, and a line between that
/// says how much is left out. What isn't UTF-8 is replaced, but for characters that the cut went
/// through: they go with what was left out.
#[derive(Debug)]
pub(crate) struct Text {
    stream: Stream,
    /// What is still to be read, and what is left out after it.
    parts: std::vec::IntoIter<(Range<u64>, Option<u64>)>,
    part: Option<(Range<u64>, Option<u64>)>,
    decoder: Decoder,
}

impl Text {
    pub(super) fn of(mut kept: KeptStream) -> io::Result<Self> {
        // It may lose its name meanwhile.
        if let KeptPlace::Named(path) = &kept.place {
            kept.place = KeptPlace::Open(Arc::new(File::open(path)?));
        }
        let parts = match kept.middle() {
            None => vec![(0..kept.total, None)],
            Some(gap) => {
                let left_out = gap.end - gap.start;
                vec![(0..gap.start, Some(left_out)), (gap.end..kept.total, None)]
            }
        };
        let (stream, parts) = (Stream::from_kept(kept), parts.into_iter());
        Ok(Self { stream, parts, part: None, decoder: Decoder::default() })
    }

    /// The next piece, which may be empty; `None` at the end.
    fn piece(&mut self) -> io::Result<Option<String>> {
        let Some((range, left_out)) = self.part.take().or_else(|| self.parts.next()) else {
            return Ok(None);
        };
        let size = usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(PIECE);
        if size > 0 {
            let chunk = self.stream.read(range.start, size)?.ok_or_else(super::stream::lost)?;
            let next = chunk.offset + chunk.bytes.len() as u64;
            self.part = Some((next..range.end, left_out));
            return Ok(Some(self.decoder.push(&chunk.bytes)));
        }
        Ok(Some(match left_out {
            Some(bytes) => {
                self.decoder = Decoder { carry: Vec::new(), begins_torn: true };
                format!("\n[pyexec: {bytes} bytes left out]\n")
            }
            None => std::mem::take(&mut self.decoder).finish(),
        }))
    }
}

impl Iterator for Text {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        self.piece().transpose()
    }
}

/// Decodes bytes that arrive in pieces.
#[derive(Debug, Default)]
struct Decoder {
    /// The beginning of a character whose end is still to come.
    carry: Vec<u8>,
    /// What comes first may be the end of a character.
    begins_torn: bool,
}

impl Decoder {
    fn push(&mut self, mut bytes: &[u8]) -> String {
        if std::mem::take(&mut self.begins_torn) {
            let torn = bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
            bytes = &bytes[torn..];
        }
        let mut whole = std::mem::take(&mut self.carry);
        whole.extend_from_slice(bytes);
        let whole = match String::from_utf8(whole) {
            Ok(text) => return text,
            Err(error) => error.into_bytes(),
        };
        let mut text = String::with_capacity(whole.len());
        let mut left = whole.len();
        for chunk in whole.utf8_chunks() {
            text += chunk.valid();
            let invalid = chunk.invalid();
            left -= chunk.valid().len() + invalid.len();
            match std::str::from_utf8(invalid) {
                // Only the end may be the beginning of something.
                Err(error) if left == 0 && error.error_len().is_none() => {
                    self.carry = invalid.to_vec();
                }
                Err(_) => text.push(char::REPLACEMENT_CHARACTER),
                Ok(_) => {}
            }
        }
        text
    }

    fn finish(self) -> String {
        String::from_utf8_lossy(&self.carry).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut decoder = Decoder::default();
        let text: String = pieces.into_iter().map(|piece| decoder.push(piece)).collect();
        text + &decoder.finish()
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            bytes in prop::collection::vec(
                prop_oneof![Just(b'a'), Just(0xc3), Just(0xa9), Just(0xf0), Just(0x9f), any::<u8>()],
                0..40,
            ),
            size in 1..5usize,
        ) {
            prop_assert_eq!(decode(bytes.chunks(size)), String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn an_end_within_a_character_is_replaced_once() {
        assert_eq!(decode([&b"a\xf0\x9f"[..], b"\x98"]), "a\u{fffd}");
        assert_eq!(decode([&b"a\xf0\x9f"[..], b"\x98\x80b"]), "a😀b");
    }
}
