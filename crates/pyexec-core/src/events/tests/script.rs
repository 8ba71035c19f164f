//! A client without a network or a clock.

use crate::{
    CallOptions, Error, Events, Exchange, ExecutionEvent, Feed, FeedEvent, FeedStep, RetryPolicy,
    TransportError, TransportErrorKind,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Response;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// What a request is answered with.
pub(super) enum Answer {
    /// Status, text.
    Whole(u16, String),
    /// Status, headers, and what comes then.
    Stream(u16, Vec<(&'static str, &'static str)>, VecDeque<Act>),
    /// None at all.
    None(TransportErrorKind),
}

/// What happens in a streamed answer; then it ends.
#[derive(Clone)]
pub(super) enum Act {
    Bytes(Vec<u8>),
    Pass(Duration),
    Lost(TransportErrorKind),
}

pub(super) fn health(extensions: &str) -> Answer {
    Answer::Whole(200, format!(r#"{{"status":"ok","extensions":[{extensions}]}}"#))
}

pub(super) fn stream(acts: impl IntoIterator<Item = Act>) -> Answer {
    let kind = ("content-type", "text/event-stream; charset=utf-8");
    Answer::Stream(200, vec![kind], acts.into_iter().collect())
}

pub(super) fn text(text: impl Into<String>) -> Act {
    Act::Bytes(text.into().into_bytes())
}

pub(super) fn status(status: &str) -> String {
    format!("event: status\ndata: {{\"status\":\"{status}\"}}\n\n")
}

pub(super) fn output(stream: &str, offset: u64, bytes: &[u8]) -> String {
    let data = BASE64_STANDARD.encode(bytes);
    format!("event: {stream}\nid: 7-7\ndata: {{\"offset\":{offset},\"data\":\"{data}\"}}\n\n")
}

pub(super) fn result() -> String {
    let json = r#"{"execution_id":"exe_1","status":"completed","exit_code":3}"#;
    format!("event: result\nid: 7-7\ndata: {json}\n\n")
}

/// What came of following an execution.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// In words: `running`, `out 0 "text"`, `err 0 "text"`, `exit 3`.
    pub(super) items: Vec<String>,
    pub(super) stdout: Vec<u8>,
    pub(super) error: Option<Error>,
    /// `PATH`, with ` after ID` where it resumes, and ` at SECONDS` where that isn't the start.
    pub(super) requests: Vec<String>,
    pub(super) passed: Duration,
}

/// Follows `exe_1`, with pauses that aren't left to chance.
pub(super) fn events() -> Events {
    let mut options = CallOptions::new();
    options.retry = RetryPolicy::new().jitter(0.0);
    Events::new(&"exe_1".into()).carried_out(options)
}

pub(super) fn follow(events: Events, answers: impl IntoIterator<Item = Answer>) -> Followed {
    let mut answers = answers.into_iter().collect::<VecDeque<_>>();
    follow_with(events, |_| answers.pop_front().expect("an answer"))
}

pub(super) fn follow_with(
    mut feed: Events,
    mut answer: impl FnMut(&Exchange) -> Answer,
) -> Followed {
    let start = Instant::now();
    let (mut now, mut event) = (start, FeedEvent::Start);
    let (mut acts, mut followed) = (VecDeque::new(), Followed::default());
    let failed = |kind| FeedEvent::Failed(TransportError::new(kind, "scripted"));
    loop {
        event = match feed.step(event, now) {
            Ok(FeedStep::Yield(item)) => {
                followed.items.push(words(&item));
                if let ExecutionEvent::Stdout(output) = item {
                    followed.stdout.extend_from_slice(&output.bytes);
                }
                FeedEvent::Woken
            }
            Ok(FeedStep::Sleep(pause)) => {
                now += pause;
                FeedEvent::Woken
            }
            Ok(FeedStep::Send(exchange)) => {
                followed.requests.push(asked(&exchange, now - start));
                now += exchange.hold.unwrap_or_default();
                match answer(&exchange) {
                    Answer::Whole(status, text) => {
                        let head = Response::builder().status(status);
                        FeedEvent::Answered(head.body(text.into_bytes()).unwrap())
                    }
                    Answer::None(kind) => failed(kind),
                    Answer::Stream(..) => panic!("not asked for a stream"),
                }
            }
            Ok(FeedStep::Open(exchange)) => {
                followed.requests.push(asked(&exchange, now - start));
                assert_eq!(exchange.request.headers()["accept"], "text/event-stream");
                assert_eq!(exchange.timeout, Some(60 * SECOND));
                match answer(&exchange) {
                    Answer::Stream(status, headers, then) => {
                        acts = then;
                        let mut head = Response::builder().status(status);
                        for (name, value) in headers {
                            head = head.header(name, value);
                        }
                        FeedEvent::Opened(head.body(()).unwrap())
                    }
                    Answer::None(kind) => failed(kind),
                    Answer::Whole(..) => panic!("asked for a stream"),
                }
            }
            Ok(FeedStep::Read) => loop {
                break match acts.pop_front() {
                    Some(Act::Pass(time)) => {
                        now += time;
                        continue;
                    }
                    Some(Act::Bytes(bytes)) => FeedEvent::Chunk(bytes.into()),
                    Some(Act::Lost(kind)) => failed(kind),
                    None => FeedEvent::Closed,
                };
            },
            Ok(FeedStep::End) => break,
            Err(error) => {
                followed.error = Some(error);
                break;
            }
        }
    }
    followed.passed = now - start;
    followed
}

fn asked(exchange: &Exchange, passed: Duration) -> String {
    let mut asked = exchange.request.uri().to_string();
    if let Some(id) = exchange.request.headers().get("last-event-id") {
        asked += &format!(" after {}", id.to_str().unwrap());
    }
    if !passed.is_zero() {
        asked += &format!(" at {}", passed.as_secs_f64());
    }
    asked
}

fn words(item: &ExecutionEvent) -> String {
    match item {
        ExecutionEvent::Status(change) => match change.queue_position {
            Some(position) => format!("{} {position}", change.status),
            None => change.status.to_string(),
        },
        ExecutionEvent::Stdout(output) => format!("out {} {:?}", output.offset, output.bytes),
        ExecutionEvent::Stderr(output) => format!("err {} {:?}", output.offset, output.bytes),
        ExecutionEvent::Result(result) => {
            format!("exit {}{}{}", result.exit_code, result.stdout, result.stderr)
        }
    }
}
