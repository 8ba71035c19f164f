//! Server-sent events, from bytes to events.

use crate::{Error, Result, TransportError};
use bytes::{Buf, Bytes};
use std::time::Duration;

/// Reads server-sent events from pieces of a stream that are cut anywhere, for feeds of one's own.
///
/// As the HTML standard says: lines end by LF, CR or both; comments and unknown fields are skipped;
/// several `data` lines are one text; an event without data, or without an empty line after it, is
/// none. It holds no more than one piece and one event.
///
/// ```
/// use pyexec_core::SseParser;
///
/// let mut parser = SseParser::new(1 << 20);
/// parser.push(": hello\nevent: stat".into());
/// assert!(parser.next_event()?.is_none());
/// parser.push("us\r\ndata: {}\r\n\r\n".into());
/// let event = parser.next_event()?.unwrap();
/// assert_eq!((event.name.as_str(), event.data.as_str()), ("status", "{}"));
/// assert!(parser.next_event()?.is_none());
/// # Ok::<(), pyexec_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SseParser {
    limit: usize,
    /// What came and wasn't looked at.
    unread: Bytes,
    /// The beginning of a line whose end hasn't come.
    line: Vec<u8>,
    /// The last line ended by CR; LF after it belongs to it.
    after_cr: bool,
    after_first_line: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    id: Option<String>,
    retry: Option<Duration>,
}

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SseEvent {
    /// What kind of event it is; `message` where the server doesn't say.
    pub name: String,
    /// Its data, with LF between lines. Bytes that aren't UTF-8 are replaced by U+FFFD.
    pub data: String,
    /// The last id up to here, which may be that of an earlier event.
    pub id: Option<String>,
}

impl SseParser {
    /// Nothing read yet; an event of more than `limit` bytes will be an error.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Takes the next piece of the stream.
    pub fn push(&mut self, piece: Bytes) {
        if self.unread.is_empty() {
            self.unread = piece;
        } else {
            self.unread = [&self.unread[..], &piece[..]].concat().into();
        }
    }

    /// The next event that is complete.
    ///
    /// # Errors
    ///
    /// [`Error::Transport`] of the kind
    /// [`ResponseTooLarge`](crate::TransportErrorKind::ResponseTooLarge) for a line or an event
    /// above the limit. The stream can't be read on after it.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>> {
        while self.unread.has_remaining() {
            if std::mem::take(&mut self.after_cr) && self.unread[0] == b'\n' {
                self.unread.advance(1);
                continue;
            }
            let end = self.unread.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let piece = self.unread.split_to(end.unwrap_or(self.unread.len()));
            if self.line.len() + self.data.len() + piece.len() > self.limit {
                return Err(Error::Transport(TransportError::too_large(self.limit as u64)));
            }
            if end.is_none() {
                self.line.extend_from_slice(&piece);
                return Ok(None);
            }
            self.after_cr = self.unread[0] == b'\r';
            self.unread.advance(1);
            let event = if self.line.is_empty() {
                self.take(&piece)
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&piece);
                self.take(&line)
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// How long the server wants to be left alone after a lost connection, if it said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes a line; an event if that ends one.
    fn take(&mut self, mut line: &[u8]) -> Option<SseEvent> {
        if !std::mem::replace(&mut self.after_first_line, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.complete();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = value.to_vec(),
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"id" if !value.contains(&0) => self.id = Some(text(value.to_vec())),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            // A comment has an empty name.
            _ => {}
        }
        None
    }

    /// The event that ends here, if there was any data.
    fn complete(&mut self) -> Option<SseEvent> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        // The line end of the last line isn't part of it.
        data.pop()?;
        let name = if name.is_empty() { "message".into() } else { text(name) };
        Some(SseEvent { name, data: text(data), id: self.id.clone() })
    }
}

/// Bytes as text, copied only where they aren't.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &[u8] = "\u{feff}: welcome\r\n\r\nretry: 250\nid: 0-0\nevent: status\n\
        data: {\"status\":\"running\"}\n\nevent:stdout\rid:2-0\rdata:a\rdata: b\rdata\r\r\
        : keep-alive\n\ndata:  two spaces\nfuture: x\ndata:é\r\n\r\nid: 9\n\n\
        event: none\n\nid: a\0b\nretry: soon\ndata\n\nevent: cut\ndata: off"
        .as_bytes();

    fn event(name: &str, data: &str, id: &str) -> SseEvent {
        SseEvent { name: name.into(), data: data.into(), id: Some(id.into()) }
    }

    fn expected() -> Vec<SseEvent> {
        vec![
            event("status", r#"{"status":"running"}"#, "0-0"),
            event("stdout", "a\nb\n", "2-0"),
            event("message", " two spaces\né", "2-0"),
            event("message", "", "9"),
        ]
    }

    fn parsed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<SseEvent>, SseParser) {
        let mut parser = SseParser::new(100);
        let mut events = Vec::new();
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            parser.push(Bytes::copy_from_slice(piece));
            while let Some(event) = parser.next_event().unwrap() {
                events.push(event);
            }
        }
        (events, parser)
    }

    #[test]
    fn reads_what_the_standard_says() {
        let (events, parser) = parsed([WHOLE]);
        assert_eq!(events, expected());
        assert_eq!(parser.retry(), Some(Duration::from_millis(250)));
    }

    #[test]
    fn a_cut_at_any_byte_makes_no_difference() {
        for cut in 0..=WHOLE.len() {
            assert_eq!(parsed([&WHOLE[..cut], &WHOLE[cut..]]).0, expected(), "cut at {cut}");
        }
        assert_eq!(parsed(WHOLE.chunks(1)).0, expected());
    }

    #[test]
    fn pieces_may_come_faster_than_they_are_read() {
        let mut parser = SseParser::new(100);
        parser.push("data: 1\n\nda".into());
        parser.push("ta: 2\n\n".into());
        let data: Vec<_> =
            std::iter::from_fn(|| parser.next_event().unwrap()).map(|event| event.data).collect();
        assert_eq!(data, ["1", "2"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let (events, _) = parsed([&b"data: a\xffb\n\n"[..]]);
        assert_eq!(events[0].data, "a\u{fffd}b");
    }

    #[test]
    fn memory_is_bounded() {
        // A line without end, lines without end, and a comment.
        for text in ["data: xxxxxxxx", "data: x\n", ": xxxxxxx"] {
            let mut parser = SseParser::new(1000);
            let mut pushed = 0;
            let error = loop {
                parser.push(text.into());
                pushed += text.len();
                assert!(pushed < 10_000, "no limit for {text:?}");
                // Lines of a comment are no event.
                match parser.next_event() {
                    Ok(none) => assert_eq!(none, None),
                    Err(error) => break error,
                }
            };
            let expected = "the answer of the server is too large: the limit is 1000 bytes";
            assert_eq!(error.to_string(), expected);
        }
        // Any number of events below it.
        let mut parser = SseParser::new(10);
        for _ in 0..1000 {
            parser.push("data: 1\n\n:\n".into());
            assert!(parser.next_event().unwrap().is_some());
            assert!(parser.next_event().unwrap().is_none());
        }
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            text in prop::collection::vec(
                prop::sample::select(b"\r\n\n: adeintvx\xff".to_vec()), 0..60),
            lengths in prop::collection::vec(0..9usize, 0..60),
        ) {
            let mut pieces = Vec::new();
            let mut rest = &text[..];
            for length in lengths {
                let (piece, after) = rest.split_at(length.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(parsed(pieces).0, parsed([&text[..]]).0);
        }
    }
}
