//! Output in bounded memory: the first and the last half of what a stream may keep.

use pyexec_sandbox::OutputStream;
use std::collections::VecDeque;

/// Both streams of one execution.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: Stream,
    stderr: Stream,
}

impl Output {
    /// Keeps at most `most` bytes of each stream.
    pub(crate) fn new(most: usize) -> Self {
        Self { stdout: Stream::new(most), stderr: Stream::new(most) }
    }

    pub(crate) fn push(&mut self, stream: OutputStream, bytes: &[u8]) {
        match stream {
            OutputStream::Stdout => self.stdout.push(bytes),
            OutputStream::Stderr => self.stderr.push(bytes),
        }
    }

    /// Standard output, standard error, and whether anything is missing.
    pub(crate) fn into_text(self) -> (String, String, bool) {
        let truncated = self.stdout.left_out() > 0 || self.stderr.left_out() > 0;
        (self.stdout.into_text(), self.stderr.into_text(), truncated)
    }
}

#[derive(Debug)]
struct Stream {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    total: u64,
}

impl Stream {
    fn new(most: usize) -> Self {
        Self { head: Vec::new(), tail: VecDeque::new(), half: most / 2, total: 0 }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    fn left_out(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    fn into_text(self) -> String {
        let left_out = self.left_out();
        let (mut head, tail) = (self.head, Vec::from(self.tail));
        if left_out == 0 {
            head.extend(tail);
            return into_text(head);
        }
        // A character that the cut went through goes with what was left out.
        let whole = std::str::from_utf8(&head).err().filter(|error| error.error_len().is_none());
        head.truncate(whole.map_or(head.len(), |error| error.valid_up_to()));
        let torn = tail.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        let mut text = into_text(head);
        text += &format!("\n[pyexec: {left_out} bytes left out]\n");
        text += &String::from_utf8_lossy(&tail[torn..]);
        text
    }
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(most: usize, chunks: &[&[u8]]) -> (String, bool) {
        let mut output = Output::new(most);
        for chunk in chunks {
            output.push(OutputStream::Stdout, chunk);
        }
        let (stdout, _, truncated) = output.into_text();
        (stdout, truncated)
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
}
