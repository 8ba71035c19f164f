//! Streamed answers.

use super::{
    Fake, Options, Subject,
    fake::{Received, json},
};
use pyexec_core::{Body, Error, Exchange, Feed, FeedEvent, FeedStep, Result};
use std::{
    io::{BufReader, Read, Write},
    time::{Duration, Instant},
};

/// The lines of a streamed text. It opens again when the connection is lost, a few times.
#[derive(Debug, Default)]
struct Lines {
    buffer: Vec<u8>,
    ended: bool,
    lost: u32,
    reopen: bool,
    refused: Option<http::Response<Vec<u8>>>,
}

impl Lines {
    fn open() -> FeedStep<String> {
        let mut request = http::Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("/lines");
        FeedStep::Open(Box::new(Exchange::new(request)))
    }

    /// The next line that is complete.
    fn next(&mut self) -> FeedStep<String> {
        match self.buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                FeedStep::Yield(String::from_utf8_lossy(&line).trim_end().to_owned())
            }
            None if self.ended => FeedStep::End,
            None => FeedStep::Read,
        }
    }
}

impl Feed for Lines {
    type Item = String;

    fn step(&mut self, event: FeedEvent, _now: Instant) -> Result<FeedStep<String>> {
        match event {
            FeedEvent::Start => return Ok(Self::open()),
            FeedEvent::Opened(head) if !head.status().is_success() => {
                self.refused = Some(head.map(|()| Vec::new()));
            }
            FeedEvent::Chunk(bytes) => match &mut self.refused {
                Some(answer) => answer.body_mut().extend_from_slice(&bytes),
                None => self.buffer.extend_from_slice(&bytes),
            },
            FeedEvent::Closed => match &self.refused {
                Some(answer) => return Err(Error::from_response(answer)),
                None => self.ended = true,
            },
            FeedEvent::Failed(error) if self.lost == 3 || error.is_timeout() => {
                return Err(error.into());
            }
            FeedEvent::Failed(_) => {
                self.lost += 1;
                self.reopen = true;
                return Ok(FeedStep::Sleep(Duration::from_millis(1)));
            }
            FeedEvent::Woken if std::mem::take(&mut self.reopen) => return Ok(Self::open()),
            _ => {}
        }
        Ok(self.next())
    }
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn lines<S: Subject>(client: &S) -> Vec<String> {
    let items = client.collect(Lines::default());
    items.into_iter().collect::<Result<_>>().unwrap()
}

pub fn chunks_as_they_come<S: Subject>() {
    let fake = Fake::script(|mut stream| {
        Received::head(&mut BufReader::new(&stream)).unwrap();
        stream.write_all(CHUNKED.as_bytes()).unwrap();
        for chunk in ["6\r\none\ntw\r\n", "2\r\no\n\r\n", "a\r\nthree\nfour\r\n", "1\r\n\n\r\n"] {
            stream.write_all(chunk.as_bytes()).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    assert_eq!(lines(&S::new(&fake.url)), ["one", "two", "three", "four"]);
}

pub fn opens_again_after_a_lost_connection<S: Subject>() {
    let lost = format!("{CHUNKED}4\r\none\n\r\n");
    let whole = format!("{CHUNKED}4\r\ntwo\n\r\n0\r\n\r\n");
    let fake = Fake::answers([lost, whole]);
    assert_eq!(lines(&S::new(&fake.url)), ["one", "two"]);
    assert_eq!(fake.lines(), ["GET /lines", "GET /lines"]);
}

pub fn an_error_status_has_its_text<S: Subject>() {
    let fake = Fake::answers([json("404 Not Found", r#"{"error":"execution not found"}"#)]);
    let items = S::new(&fake.url).collect(Lines::default());
    let [Err(error)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(error.to_string(), "execution not found (HTTP 404)");
}

pub fn nobody_there<S: Subject>() {
    let items = S::new("http://127.0.0.1:1").collect(Lines::default());
    let [Err(Error::Transport(error))] = &items[..] else { panic!("{items:?}") };
    assert!(error.is_refused());
}

pub fn silence_ends_it<S: Subject>() {
    let fake = Fake::script(|mut stream| {
        Received::head(&mut BufReader::new(&stream)).unwrap();
        stream.write_all(CHUNKED.as_bytes()).unwrap();
        stream.write_all(b"4\r\none\n\r\n").unwrap();
        // Silent until the client hangs up.
        let _ = stream.read(&mut [0]);
    });
    let options = Options { timeout: Some(Duration::from_millis(300)), ..Options::new(&fake.url) };
    let started = Instant::now();
    let items = S::build(options).unwrap().collect(Lines::default());
    assert!(started.elapsed() < Duration::from_secs(60));
    let [Ok(line), Err(error)] = &items[..] else { panic!("{items:?}") };
    assert!(line == "one" && error.is_timeout(), "{error}");
}
