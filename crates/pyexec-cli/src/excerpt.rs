//! A part of an execution's output, for those who know the rest.

use crate::{
    failure::Failure,
    report::Report,
    watch::{Missing, Stream},
};
use pyexec_blocking::{
    Output,
    types::{ExecutionId, ExecutionResult, StatusChange},
};
use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// How far both streams were seen: `<standard output>-<standard error>`, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offsets(pub(crate) [u64; 2]);

impl FromStr for Offsets {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().ok(),
            false => None,
        };
        text.split_once('-')
            .and_then(|(stdout, stderr)| Some(Self([number(stdout)?, number(stderr)?])))
            .ok_or("it is two numbers of bytes, of standard output and standard error: 120-0")
    }
}

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0[0], self.0[1])
    }
}

/// What is left out of each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// So many bytes at the beginning.
    Since(Offsets),
    /// Of what was written before anybody listened, all but so many lines at the end.
    LastLines(usize),
}

/// How far an execution was seen, while others watch it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Marks>);

#[derive(Debug, Default)]
struct Marks {
    offsets: [AtomicU64; 2],
    is_under_way: AtomicBool,
}

impl Seen {
    pub(crate) fn offsets(&self) -> Offsets {
        Offsets([0, 1].map(|stream| self.0.offsets[stream].load(Ordering::SeqCst)))
    }

    /// Whether it wasn't over when somebody began to watch.
    pub(crate) fn is_under_way(&self) -> bool {
        self.0.is_under_way.load(Ordering::SeqCst)
    }
}

/// Hands a part of the output on to a report, and everything else.
pub(crate) struct Excerpt<R> {
    report: R,
    part: Part,
    seen: Seen,
    /// What may be among the last lines.
    last: [Output; 2],
}

impl<R: Report> Excerpt<R> {
    pub(crate) fn new(report: R, part: Part, seen: Seen) -> Self {
        Self { report, part, seen, last: Default::default() }
    }

    /// Hands on the last lines, and from now on everything.
    fn release(&mut self) -> Result<(), Failure> {
        let Part::LastLines(lines) = self.part else { return Ok(()) };
        self.part = Part::Since(Offsets::default());
        for stream in [Stream::Stdout, Stream::Stderr] {
            let last = std::mem::take(&mut self.last[stream as usize]);
            let last = last_lines(&last, lines);
            if !last.bytes.is_empty() {
                self.report.output(stream, &last)?;
            }
        }
        Ok(())
    }
}

/// What comes after so many bytes of the stream.
fn since(piece: &Output, offset: u64) -> Output {
    let known = offset.saturating_sub(piece.offset).min(piece.bytes.len() as u64);
    // Not more than its length, which is a `usize`.
    Output::new(piece.offset + known, piece.bytes.slice(known as usize..))
}

/// The last lines of a text, the last of which may lack its end.
fn last_lines(text: &Output, lines: usize) -> Output {
    let bytes = &text.bytes[..];
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if lines == 0 {
        return Output::new(text.end(), Vec::new());
    }
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let from = ends.nth(lines - 1).map_or(0, |(at, _)| at + 1);
    Output::new(text.offset + from as u64, text.bytes.slice(from..))
}

impl<R: Report> Report for Excerpt<R> {
    fn accepted(&mut self, id: &ExecutionId) -> Result<(), Failure> {
        self.report.accepted(id)
    }

    fn status(&mut self, change: &StatusChange) -> Result<(), Failure> {
        self.seen.0.is_under_way.store(true, Ordering::SeqCst);
        self.report.status(change)
    }

    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure> {
        let index = stream as usize;
        self.seen.0.offsets[index].store(piece.end(), Ordering::SeqCst);
        let shown = match self.part {
            Part::Since(offsets) => since(piece, offsets.0[index]),
            Part::LastLines(lines) => {
                let last = &self.last[index];
                let joined = [&last.bytes[..], &piece.bytes[..]].concat();
                let start = piece.end().saturating_sub(joined.len() as u64);
                self.last[index] = last_lines(&Output::new(start, joined), lines);
                return Ok(());
            }
        };
        match shown.bytes.is_empty() {
            true => Ok(()),
            false => self.report.output(stream, &shown),
        }
    }

    fn caught_up(&mut self) -> Result<(), Failure> {
        self.release()
    }

    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure> {
        self.release()?;
        self.report.ended(result, missing)
    }

    fn failed(&mut self, failure: Failure) -> Result<u8, Failure> {
        self.release()?;
        self.report.failed(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(output: Output) -> (u64, String) {
        (output.offset, String::from_utf8(output.bytes.to_vec()).unwrap())
    }

    #[test]
    fn offsets_read_and_write() {
        assert_eq!("120-0".parse(), Ok(Offsets([120, 0])));
        assert_eq!(Offsets([7, 8]).to_string(), "7-8");
        for bad in ["", "1", "-", "1-", "-1", "+1-2", "5m", "1-2-3"] {
            assert!(bad.parse::<Offsets>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_known_are_left_out() {
        let piece = Output::new(10, "abcd");
        let since = |offset| shown(since(&piece, offset));
        assert_eq!(since(0), (10, "abcd".into()));
        assert_eq!(since(12), (12, "cd".into()));
        assert_eq!(since(99), (14, String::new()));
    }

    #[test]
    fn lines_at_the_end() {
        let last = |text: &str, lines| shown(last_lines(&Output::new(100, text.to_owned()), lines));
        assert_eq!(last("a\nb\nc\n", 2), (102, "b\nc\n".into()));
        assert_eq!(last("a\nb\nc", 1), (104, "c".into()));
        assert_eq!(last("a\n", 5), (100, "a\n".into()));
        assert_eq!(last("a\n", 0), (102, String::new()));
        assert_eq!(last("\n\n", 1), (101, "\n".into()));
    }
}
