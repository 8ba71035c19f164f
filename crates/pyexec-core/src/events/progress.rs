//! What was handed out of an execution's events.

use super::{ExecutionEvent, Output};
use crate::{Error, Result, SseEvent};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Buf;
use pyexec_types::{ExecutionResult, OutputChunk, Status, StatusChange};
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// How much of an event that can't be read is shown, in characters.
const EXCERPT: usize = 200;

/// What was handed out, so that nothing is handed out twice.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Where the next bytes of each stream are expected.
    stdout: u64,
    stderr: u64,
    status: Option<StatusChange>,
}

impl Progress {
    /// The value of `Last-Event-ID` after which nothing that was handed out comes again; none at
    /// the beginning.
    pub(super) fn last_event_id(&self) -> Option<String> {
        let Self { stdout, stderr, .. } = self;
        (*stdout > 0 || *stderr > 0).then(|| format!("{stdout}-{stderr}"))
    }

    /// What an event of the server says that wasn't handed out yet.
    pub(super) fn news(&mut self, event: &SseEvent) -> Result<Option<ExecutionEvent>> {
        Ok(match event.name.as_str() {
            "status" => self.status(read("a change of status", &event.data)?),
            "stdout" => fresh(&mut self.stdout, output(&event.data)?).map(ExecutionEvent::Stdout),
            "stderr" => fresh(&mut self.stderr, output(&event.data)?).map(ExecutionEvent::Stderr),
            "result" => {
                let result: ExecutionResult = read("an execution's result", &event.data)?;
                Some(ExecutionEvent::Result(Box::new(result)))
            }
            // Of a newer server.
            _ => None,
        })
    }

    /// A change of status, if it is one; the last status is the result's to tell.
    pub(super) fn status(&mut self, change: StatusChange) -> Option<ExecutionEvent> {
        let known = self.status.as_ref();
        // Nothing that runs waits again: this comes from a connection before.
        let is_old = change.status == Status::Pending
            && known.is_some_and(|known| known.status != Status::Pending);
        if is_old || change.status.is_terminal() || known == Some(&change) {
            return None;
        }
        self.status = Some(change.clone());
        Some(ExecutionEvent::Status(change))
    }
}

/// What of a piece lies beyond `next`, which is then behind it.
fn fresh(next: &mut u64, mut output: Output) -> Option<Output> {
    let end = output.end();
    if end <= *next {
        return None;
    }
    let known = next.saturating_sub(output.offset);
    // Less than its length, which is a `usize`.
    output.bytes.advance(known as usize);
    output.offset += known;
    *next = end;
    Some(output)
}

fn output(data: &str) -> Result<Output> {
    let chunk: OutputChunk = read("a piece of output", data)?;
    let bytes = BASE64_STANDARD
        .decode(&chunk.data)
        .map_err(|error| unreadable("a piece of output", data, error))?;
    Ok(Output::new(chunk.offset, bytes))
}

fn read<T: DeserializeOwned>(expected: &'static str, data: &str) -> Result<T> {
    serde_json::from_str(data).map_err(|source| Error::Decode {
        expected,
        excerpt: data.chars().take(EXCERPT).collect(),
        source,
    })
}

/// An answer that isn't what it should be, for another reason than its JSON.
pub(super) fn unreadable(expected: &'static str, data: &str, reason: impl Display) -> Error {
    Error::Decode {
        expected,
        excerpt: data.chars().take(EXCERPT).collect(),
        source: serde::de::Error::custom(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> SseEvent {
        SseEvent { name: name.into(), data: data.into(), id: None }
    }

    #[test]
    fn pieces_that_overlap_are_trimmed_and_gaps_are_passed_on() {
        let mut next = 0;
        let mut fresh = |offset, bytes: &'static str| {
            let piece = fresh(&mut next, Output::new(offset, bytes))?;
            Some((piece.offset, String::from_utf8(piece.bytes.to_vec()).unwrap()))
        };
        let piece = |offset, text: &str| Some((offset, text.to_owned()));
        assert_eq!(fresh(0, ""), None);
        assert_eq!(fresh(0, "abc"), piece(0, "abc"));
        assert_eq!(fresh(0, "abc"), None);
        assert_eq!(fresh(1, "bcde"), piece(3, "de"));
        assert_eq!(fresh(5, "f"), piece(5, "f"));
        assert_eq!(fresh(100, "xy"), piece(100, "xy"));
        assert_eq!(fresh(50, "back"), None);
        assert_eq!(fresh(u64::MAX, "far"), piece(u64::MAX, "far"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let mut progress = Progress::default();
        let mut error =
            |name: &str, data: &str| progress.news(&event(name, data)).unwrap_err().to_string();
        let shown = error("stdout", r#"{"offset":0,"data":"***"}"#);
        assert!(shown.starts_with("cannot read the server's answer as a piece of output: "));
        assert!(shown.contains("***"), "{shown}");
        assert!(error("status", "[]").contains("a change of status"));
        assert!(error("result", "{}").contains("an execution's result"));
        assert_eq!(progress.news(&event("later", "?")).unwrap(), None);
    }
}
