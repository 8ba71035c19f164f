//! An execution's events, reported as they come.

use crate::{
    failure::Failure,
    report::{self, Report},
};
use pyexec_blocking::{Error, ExecutionEvent, Output, types::ExecutionResult};
use std::fmt;

/// One of a program's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "standard output",
            Self::Stderr => "standard error",
        })
    }
}

/// What of a program's output we know not to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Bytes of standard output and of standard error.
    pub(crate) bytes: [u64; 2],
    /// The server cut something, and we don't know how much.
    pub(crate) is_cut: bool,
}

impl Missing {
    /// What is wrong, if anything is.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let of = |(stream, bytes): (Stream, u64)| match bytes {
            0 => None,
            1 => Some(format!("1 byte of {stream}")),
            bytes => Some(format!("{bytes} bytes of {stream}")),
        };
        let streams = [Stream::Stdout, Stream::Stderr].into_iter().zip(self.bytes);
        let parts: Vec<String> = streams.filter_map(of).collect();
        let message = match (parts.is_empty(), self.is_cut) {
            (false, _) => {
                format!("the output is incomplete: {} left out", parts.join(" and "))
            }
            (true, true) => "the output is incomplete: the server cut it".into(),
            (true, false) => return None,
        };
        let hint = "a server keeps the beginning and the end of what is too long; have the \
                    program write less";
        Some(Failure::ours(message).code("incomplete_output").hint(hint))
    }
}

/// How watching ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The execution is over.
    Result(Box<ExecutionResult>, Missing),
    /// The server is gone, or knows nothing of it any more.
    Lost(Error),
}

/// Reports every event up to the last. `is_live` says whether the server gives output as it was
/// written, rather than as a text that may be cut.
///
/// # Errors
///
/// Where the report can't be written.
pub(crate) fn watch(
    events: impl IntoIterator<Item = Result<ExecutionEvent, Error>>,
    is_live: impl FnOnce() -> bool,
    audience: &mut dyn Report,
) -> Result<End, Failure> {
    let mut progress = Progress::default();
    for event in events {
        match event {
            Ok(ExecutionEvent::Status(change)) => audience.status(&change)?,
            Ok(ExecutionEvent::Stdout(piece)) => {
                progress.came(Stream::Stdout, &piece);
                audience.output(Stream::Stdout, &piece)?;
            }
            Ok(ExecutionEvent::Stderr(piece)) => {
                progress.came(Stream::Stderr, &piece);
                audience.output(Stream::Stderr, &piece)?;
            }
            Ok(ExecutionEvent::Result(mut result)) => {
                let mut missing = progress.missing;
                for (stream, text) in
                    [(Stream::Stdout, &mut result.stdout), (Stream::Stderr, &mut result.stderr)]
                {
                    // The server took back what it had shown; a cut text is better than none.
                    let text = std::mem::take(text);
                    if !text.is_empty() {
                        missing.is_cut = true;
                        audience.output(stream, &Output::new(0, text))?;
                    }
                }
                missing.is_cut |= report::is_cut(&result) && !is_live();
                return Ok(End::Result(result, missing));
            }
            // Of a newer client.
            Ok(_) => {}
            Err(error) => return Ok(End::Lost(error)),
        }
    }
    Ok(End::Lost(Error::invalid("the events ended before the execution")))
}

/// How much of each stream came.
#[derive(Debug, Default)]
struct Progress {
    next: [u64; 2],
    missing: Missing,
}

impl Progress {
    fn came(&mut self, stream: Stream, piece: &Output) {
        let next = &mut self.next[stream as usize];
        self.missing.bytes[stream as usize] += piece.offset.saturating_sub(*next);
        *next = piece.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted() {
        let mut progress = Progress::default();
        progress.came(Stream::Stdout, &Output::new(0, "ab"));
        progress.came(Stream::Stdout, &Output::new(2, "cd"));
        assert_eq!(progress.missing, Missing::default());
        assert!(progress.missing.failure().is_none());
        progress.came(Stream::Stdout, &Output::new(10, "e"));
        progress.came(Stream::Stderr, &Output::new(1, "x"));
        assert_eq!(progress.missing.bytes, [6, 1]);
        let failure = format!("{:?}", progress.missing.failure().unwrap());
        let text = "incomplete: 6 bytes of standard output and 1 byte of standard error left out";
        assert!(failure.contains(text), "{failure}");
    }
}
