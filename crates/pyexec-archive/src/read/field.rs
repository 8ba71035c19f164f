//! The fields of a header block, and the numbers in them.

/// A header block that was read, not yet believed.
#[derive(Debug)]
pub(crate) struct Block<'a>(pub(crate) &'a [u8; 512]);

impl<'a> Block<'a> {
    pub(crate) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the sum of all bytes is the one it states.
    pub(crate) fn has_valid_checksum(&self) -> bool {
        let Some(stated) = number(&self.0[148..156]) else {
            return false;
        };
        // The checksum itself counts as spaces.
        let bytes = || self.0[..148].iter().chain(&[b' '; 8]).chain(&self.0[156..]);
        let unsigned: u64 = bytes().map(|byte| u64::from(*byte)).sum();
        // Some old systems summed signed characters.
        let signed = || bytes().map(|byte| i64::from(byte.cast_signed())).sum();
        stated == unsigned || i64::try_from(stated) == Ok(signed())
    }

    /// Whether it says that it is one, in the words of POSIX or GNU.
    pub(crate) fn has_magic(&self) -> bool {
        &self.0[257..262] == b"ustar"
    }

    pub(crate) fn type_flag(&self) -> u8 {
        self.0[156]
    }

    pub(crate) fn size(&self) -> Option<u64> {
        number(&self.0[124..136])
    }

    pub(crate) fn mode(&self) -> Option<u64> {
        number(&self.0[100..108])
    }

    /// Where a link leads.
    pub(crate) fn link(&self) -> Vec<u8> {
        text(&self.0[157..257]).to_vec()
    }

    pub(crate) fn name(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        // Only POSIX has a prefix; GNU keeps other things in its place.
        if &self.0[257..263] != b"ustar\0" {
            return name.to_vec();
        }
        match text(&self.0[345..500]) {
            b"" => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// A number in octal digits or, of GNU, in base 256. Nothing stands for 0.
fn number(field: &[u8]) -> Option<u64> {
    match *field {
        [first @ 0x80..=0xbf, ref rest @ ..] => {
            // The first bit marks the base, the second would be the sign.
            let mut value = u64::from(first & 0x3f);
            for byte in rest {
                value = value.checked_mul(256)? | u64::from(*byte);
            }
            Some(value)
        }
        [0xc0..=0xff, ..] => None,
        _ => {
            let start = field.iter().position(|byte| *byte != b' ');
            let field = &field[start.unwrap_or(field.len())..];
            let end = field.iter().position(|byte| matches!(byte, 0 | b' '));
            let (digits, rest) = field.split_at(end.unwrap_or(field.len()));
            if !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
                return None;
            }
            digits.iter().try_fold(0u64, |value, digit| match digit {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
                _ => None,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"77777777777\0", Some(0o77_777_777_777)),
            (b"777777777777", Some(0o777_777_777_777)),
            (b"\0\0\0\0", Some(0)),
            (b"    ", Some(0)),
            (b"\0junk", None),
            (b"12 4", None),
            (b"0008", None),
            (b"-1\0\0", None),
            (b"+1\0\0", None),
            (b"0x10", None),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\x01", Some((2 << 32) | 1)),
            (b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", Some(u64::MAX)),
            (b"\x80\0\0\x01\0\0\0\0\0\0\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ];
        for (field, want) in cases {
            assert_eq!(number(field), *want, "{field:?}");
        }
    }

    #[test]
    fn a_prefix_is_posix_only() {
        let mut bytes = [0; 512];
        bytes[..1].copy_from_slice(b"n");
        bytes[345..346].copy_from_slice(b"p");
        bytes[257..265].copy_from_slice(b"ustar\x0000");
        assert_eq!(Block(&bytes).name(), b"p/n");
        bytes[257..265].copy_from_slice(b"ustar  \0");
        assert_eq!(Block(&bytes).name(), b"n");
    }
}
