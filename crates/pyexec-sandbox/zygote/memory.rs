//! A copy shares its memory with the zygote, page by page, until it writes to a page. An
//! interpreter writes to nearly all of them before it ends, since every look at an object counts a
//! reference: hundreds of faults, one after the other. A copy that waits has the time to take them
//! beforehand, all at once.

use crate::kernel;

/// An interpreter that has just started has a few MiB. What is larger than this isn't what we are
/// after.
const MOST: usize = 16 << 20;

/// Makes writable memory this process's own; as much as the kernel grants.
pub fn make_own() {
    let maps = kernel::open(c"/proc/self/maps") as i32;
    if maps < 0 {
        return;
    }
    let (mut text, mut left, mut line) = ([0; 4096], MOST, Line::new());
    loop {
        let read = kernel::read(maps, &mut text);
        let Some(bytes) = text.get(..read.max(0) as usize).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        for byte in bytes {
            let Some((start, length)) = line.push(*byte).filter(|(_, length)| *length <= left)
            else {
                continue;
            };
            // Before Linux 5.14 there is no such call, and everything is as it was.
            if kernel::populate(start, length) == 0 {
                left -= length;
            }
        }
    }
    kernel::close_range(maps as u32, maps as u32);
}

/// What was read of a line such as `7f00-8000 rw-p …`.
struct Line {
    start: usize,
    end: usize,
    /// How many words have begun; the numbers count as one each.
    word: usize,
    /// How many letters of `rw-p` were there, one after the other.
    letters: usize,
}

impl Line {
    fn new() -> Self {
        Self { start: 0, end: 0, word: 0, letters: 0 }
    }

    /// At the end of a line about private, writable memory: its start and length.
    fn push(&mut self, byte: u8) -> Option<(usize, usize)> {
        const WANTED: [u8; 4] = *b"rw-p";
        match (byte, self.word) {
            (b'\n', _) => {
                let line = core::mem::replace(self, Self::new());
                return (line.letters == WANTED.len())
                    .then(|| (line.start, line.end.wrapping_sub(line.start)));
            }
            (b'-', 0) | (b' ', _) => self.word += 1,
            (_, 0) => self.start = self.start << 4 | digit(byte),
            (_, 1) => self.end = self.end << 4 | digit(byte),
            (_, 2) if WANTED.get(self.letters) == Some(&byte) => self.letters += 1,
            _ => {}
        }
        None
    }
}

/// The value of a hexadecimal digit, as the kernel writes them.
fn digit(byte: u8) -> usize {
    usize::from(if byte <= b'9' { byte.wrapping_sub(b'0') } else { byte.wrapping_sub(b'a' - 10) })
}
