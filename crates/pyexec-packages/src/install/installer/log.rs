//! What an installer writes: its beginning and its end, without credentials.

use super::redact::Secrets;
use std::collections::VecDeque;

/// How much of the beginning and of the end is kept.
const HEAD: usize = 16 << 10;
const TAIL: usize = 48 << 10;

/// What an installer wrote, ready to be shown: cut in the middle where it is long, no credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InstallerLog(String);

impl InstallerLog {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// This, then what came later.
    pub(crate) fn append(&mut self, later: &Self) {
        if !self.0.is_empty() && !self.0.ends_with('\n') {
            self.0.push('\n');
        }
        self.0.push_str(&later.0);
    }
}

/// Collects it as it is written.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    lost: u64,
}

impl Collector {
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.lost += surplus as u64;
    }

    pub(crate) fn finish(&self, secrets: &Secrets) -> InstallerLog {
        let mut head = self.head.as_slice();
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let mut tail = tail.as_slice();
        let cut = if self.lost > 0 {
            // Whole lines only: half of an address could end within a password.
            head = &head[..head.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)];
            tail = &tail[tail.iter().position(|b| *b == b'\n').map_or(tail.len(), |at| at + 1)..];
            "[…]\n"
        } else {
            ""
        };
        let head = String::from_utf8_lossy(head);
        let text = if self.lost > 0 {
            format!("{head}{cut}{}", String::from_utf8_lossy(tail))
        } else {
            String::from_utf8_lossy(&[head.as_bytes(), tail].concat()).into_owned()
        };
        InstallerLog(printable(&secrets.redact(&text)))
    }
}

/// Without what would move a terminal's cursor; carriage returns begin a new line.
fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(character),
            other if other.is_control() => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(pieces: &[&[u8]]) -> String {
        let mut collector = Collector::default();
        for piece in pieces {
            collector.take(piece);
        }
        collector.finish(&Secrets::default()).0
    }

    #[test]
    fn short_output_is_whole() {
        assert_eq!(collected(&[b"one\n", "zw\u{f6}lf".as_bytes()]), "one\nzw\u{f6}lf");
        let long = "x".repeat(HEAD + TAIL);
        assert_eq!(collected(&[long.as_bytes()]), long);
    }

    #[test]
    fn the_middle_is_cut_at_lines() {
        let line = |n: usize| format!("line {n:09}\n");
        let text: String = (0..100_000).map(line).collect();
        let kept = collected(&[text.as_bytes()]);
        assert!(kept.len() <= HEAD + TAIL + 8, "{}", kept.len());
        assert!(kept.starts_with(&line(0)) && kept.ends_with(&line(99_999)));
        assert!(kept.lines().all(|line| line == "[…]" || line.len() == 14), "{kept}");
    }

    #[test]
    fn a_line_longer_than_everything_leaves_nothing_half() {
        let secret = format!("https://user:{}@host/", "p".repeat(HEAD + TAIL));
        assert_eq!(collected(&[secret.as_bytes(), &[b'/'; 9]]), "[…]\n");
    }

    #[test]
    fn nothing_moves_a_cursor() {
        assert_eq!(collected(&[b"a\x1b[2Jb\rc\r\nd\x07"]), "a[2Jb\nc\nd");
    }
}
