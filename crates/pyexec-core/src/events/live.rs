//! The events of a server that sends them as they happen.

use super::{
    Events, ExecutionEvent,
    progress::{Progress, unreadable},
};
use crate::{
    Error, FeedEvent, FeedStep, Result, RetryPolicy, SseParser, TransportError, TransportErrorKind,
    backoff::Backoff, endpoints::events,
};
use bytes::Bytes;
use http::{Response, StatusCode, header};
use pyexec_types::ExecutionId;
use std::time::{Duration, Instant};

/// A connection that brought something after this time was a good one, though nothing happened:
/// whatever ends it now isn't a part of the trouble before.
const HELD: Duration = Duration::from_secs(10);

/// How much of a refusal is read, in bytes.
const REFUSAL: usize = 64 << 10;

/// A connection that is opened as often as it takes.
#[derive(Debug)]
pub(super) struct Live {
    id: ExecutionId,
    silence: Duration,
    max_event: usize,
    policy: RetryPolicy,
    backoff: Backoff,
    /// How many connections may fail in a row, and how many did.
    reconnects: u32,
    lost: u32,
    progress: Progress,
    state: State,
}

#[derive(Debug)]
enum State {
    /// There is no connection, or no answer yet.
    Apart,
    Reading {
        parser: SseParser,
        since: Instant,
    },
    /// The answer isn't a stream of events; its text says why.
    Refused(Response<Vec<u8>>),
    Over,
}

impl Live {
    pub(super) fn new(events: &Events) -> Self {
        let policy = events.options.retry;
        Self {
            id: events.id.clone(),
            silence: events.silence,
            max_event: events.max_event,
            policy,
            backoff: policy.backoff(),
            reconnects: events.reconnects,
            lost: 0,
            progress: Progress::default(),
            state: State::Apart,
        }
    }

    pub(super) fn step(
        &mut self,
        event: FeedEvent,
        now: Instant,
    ) -> Result<FeedStep<ExecutionEvent>> {
        match event {
            FeedEvent::Opened(head) => {
                self.state = if is_stream(&head) {
                    State::Reading { parser: SseParser::new(self.max_event), since: now }
                } else {
                    State::Refused(head.map(|()| Vec::new()))
                };
                Ok(FeedStep::Read)
            }
            FeedEvent::Chunk(piece) => self.came(piece, now),
            FeedEvent::Closed => self.closed(None),
            FeedEvent::Failed(error) => self.closed(Some(error)),
            _ => match self.state {
                State::Apart => self.open(),
                State::Over => Ok(FeedStep::End),
                State::Reading { .. } | State::Refused(_) => self.read(),
            },
        }
    }

    fn open(&self) -> Result<FeedStep<ExecutionEvent>> {
        let last = self.progress.last_event_id();
        events::open(&self.id, last.as_deref(), self.silence).map(FeedStep::Open)
    }

    fn came(&mut self, piece: Bytes, now: Instant) -> Result<FeedStep<ExecutionEvent>> {
        match &mut self.state {
            State::Reading { parser, since } => {
                parser.push(piece);
                if now.saturating_duration_since(*since) >= HELD {
                    self.lost = 0;
                }
            }
            State::Refused(answer) => {
                answer.body_mut().extend_from_slice(&piece);
                if answer.body().len() >= REFUSAL {
                    return self.closed(None);
                }
            }
            State::Apart | State::Over => return Err(Error::unknown_step()),
        }
        self.read()
    }

    /// Hands out what has come, or reads on.
    fn read(&mut self) -> Result<FeedStep<ExecutionEvent>> {
        let State::Reading { parser, .. } = &mut self.state else {
            return Ok(FeedStep::Read);
        };
        while let Some(event) = parser.next_event()? {
            if let Some(news) = self.progress.news(&event)? {
                self.lost = 0;
                if matches!(news, ExecutionEvent::Result(_)) {
                    self.state = State::Over;
                }
                return Ok(FeedStep::Yield(news));
            }
        }
        Ok(FeedStep::Read)
    }

    /// The answer is over, by an error of the connection or without, or there was none.
    fn closed(&mut self, error: Option<TransportError>) -> Result<FeedStep<ExecutionEvent>> {
        match (std::mem::replace(&mut self.state, State::Apart), error) {
            (State::Refused(answer), _) => self.refused(&answer),
            (State::Apart, Some(error)) if !error.is_retryable() => Err(error.into()),
            (state, error) => {
                if let State::Reading { parser, .. } = state
                    && let Some(pause) = parser.retry()
                {
                    self.backoff.set_base(pause);
                }
                let error = error.unwrap_or_else(|| {
                    let kind = TransportErrorKind::Closed;
                    TransportError::new(kind, "the stream of events ended before the execution")
                });
                self.again(error.into(), Duration::ZERO)
            }
        }
    }

    /// Judges an answer that is no stream of events.
    fn refused(&mut self, answer: &Response<Vec<u8>>) -> Result<FeedStep<ExecutionEvent>> {
        let status = answer.status();
        if status.is_success() {
            let text = String::from_utf8_lossy(answer.body());
            let kind = content_type(answer).unwrap_or("missing");
            let reason = format!("its content type is {kind}");
            return Err(unreadable("a stream of events", &text, reason));
        }
        let error = Error::from_response(answer);
        if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS {
            return Err(error);
        }
        self.again(error, self.policy.pause_asked_for(answer.headers()))
    }

    /// Opens again after a pause, unless that was tried often enough.
    fn again(&mut self, error: Error, at_least: Duration) -> Result<FeedStep<ExecutionEvent>> {
        if self.lost >= self.reconnects || at_least > self.backoff.cap() {
            return Err(error);
        }
        self.lost += 1;
        Ok(FeedStep::Sleep(self.backoff.pause(self.lost).max(at_least)))
    }
}

fn is_stream(head: &Response<()>) -> bool {
    let essence = content_type(head).and_then(|kind| kind.split(';').next());
    head.status().is_success()
        && essence.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn content_type<T>(answer: &Response<T>) -> Option<&str> {
    answer.headers().get(header::CONTENT_TYPE)?.to_str().ok()
}
