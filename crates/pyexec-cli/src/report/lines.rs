//! For programs: a JSON object a line, as things happen.

use super::{
    Report,
    record::{self, Record},
};
use crate::{
    backend::Place,
    failure::Failure,
    watch::{Missing, Stream},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use pyexec_blocking::{
    Output,
    types::{ExecutionId, ExecutionResult, StatusChange},
};
use serde::Serialize;

/// Prints every event of an execution as a JSON object on a line of its own.
pub(crate) struct Lines {
    place: Place,
    /// The beginning of a character of each stream, whose rest is still to come.
    begun: [Output; 2],
}

#[derive(Serialize)]
struct Event<'a, T> {
    event: &'a str,
    #[serde(flatten)]
    details: T,
}

/// `text` where it is UTF-8, else `base64`.
#[derive(Serialize)]
struct Piece<'a> {
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Lines {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, begun: Default::default() }
    }

    /// Prints what is left of a character that never ended.
    fn flush(&mut self, stream: Stream) -> Result<(), Failure> {
        let begun = std::mem::take(&mut self.begun[stream as usize]);
        line(name(stream), Piece::of(&begun))
    }

    fn flush_all(&mut self) -> Result<(), Failure> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !self.begun[stream as usize].bytes.is_empty() {
                self.flush(stream)?;
            }
        }
        Ok(())
    }
}

impl<'a> Piece<'a> {
    fn of(output: &'a Output) -> Self {
        let text = std::str::from_utf8(&output.bytes).ok();
        let base64 = text.is_none().then(|| BASE64_STANDARD.encode(&output.bytes));
        Self { offset: output.offset, text, base64 }
    }
}

fn name(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    }
}

fn line(event: &str, details: impl Serialize) -> Result<(), Failure> {
    record::print(&Event { event, details })
}

/// A piece without the character at its end that isn't complete, and the beginning of that.
fn split(piece: &Output) -> (Output, Output) {
    let end = match std::str::from_utf8(&piece.bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => piece.bytes.len(),
    };
    let whole = Output::new(piece.offset, piece.bytes.slice(..end));
    let begun = Output::new(whole.end(), piece.bytes.slice(end..));
    (whole, begun)
}

impl Report for Lines {
    fn accepted(&mut self, _: &ExecutionId) -> Result<(), Failure> {
        Ok(())
    }

    fn status(&mut self, change: &StatusChange) -> Result<(), Failure> {
        line("status", change)
    }

    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure> {
        let begun = &self.begun[stream as usize];
        let joined = if begun.bytes.is_empty() {
            piece.clone()
        } else if begun.end() == piece.offset {
            Output::new(begun.offset, [&begun.bytes[..], &piece.bytes[..]].concat())
        } else {
            self.flush(stream)?;
            piece.clone()
        };
        let (whole, begun) = split(&joined);
        self.begun[stream as usize] = begun;
        match whole.bytes.is_empty() {
            true => Ok(()),
            false => line(name(stream), Piece::of(&whole)),
        }
    }

    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure> {
        self.flush_all()?;
        let (missing, server) = (missing.failure(), self.place.to_string());
        line("result", Record { server: &server, ..Record::of(result, missing.as_ref()) })?;
        Ok(super::exit_code(result, missing.as_ref()))
    }

    fn failed(&mut self, failure: Failure) -> Result<u8, Failure> {
        self.flush_all()?;
        let exit_code = failure.exits_with();
        line("error", super::FailureRecord { error: failure.record(), exit_code })?;
        Ok(exit_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_not_cut() {
        let cut = |bytes: &'static [u8]| {
            let (whole, begun) = split(&Output::new(5, bytes));
            (whole.bytes.to_vec(), begun.offset, begun.bytes.to_vec())
        };
        assert_eq!(cut(b"ab"), (b"ab".to_vec(), 7, vec![]));
        assert_eq!(cut(b"ab\xc3"), (b"ab".to_vec(), 7, vec![0xc3]));
        // This won't become text whatever follows.
        assert_eq!(cut(b"\xffab\xc3"), (b"\xffab\xc3".to_vec(), 9, vec![]));
    }
}
