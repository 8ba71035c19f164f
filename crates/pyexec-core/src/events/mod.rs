//! Following an execution as it runs.

mod event;
mod live;
mod polled;
mod progress;

pub use event::{ExecutionEvent, Output};

use crate::{
    CallOptions, Error, Feed, FeedEvent, FeedStep, Result, Retry,
    discovery::Ask,
    embedded::{Embedded, embedded},
};
use live::Live;
use polled::Polled;
use pyexec_types::ExecutionId;
use std::time::{Duration, Instant};

/// The [`Feed`] of what an execution writes and of how it ends, and how to follow it. An
/// [`ExecutionId`] will do for it.
///
/// The items are [`ExecutionEvent`]s; the last one is [`ExecutionEvent::Result`], unless there is
/// an error. From a server with live events they come as they happen. A connection that is lost
/// is opened again, and nothing is lost or repeated by that. Any other server, the original too,
/// is asked again and again; the original says what was written only at the end.
///
/// ```
/// use pyexec_core::Events;
/// use std::time::Duration;
///
/// let id = "exe_550e8400-e29b-41d4-a716-446655440000".into();
/// let patient = Events::new(&id)
///     .reconnects(100)
///     .silence(Duration::from_secs(120))
///     .polling(Duration::from_secs(1), Duration::from_secs(10));
/// ```
#[derive(Debug)]
#[must_use = "a feed does nothing unless a client follows it"]
pub struct Events {
    id: ExecutionId,
    options: CallOptions,
    reconnects: u32,
    silence: Duration,
    max_event: usize,
    interval: Duration,
    longest_interval: Duration,
    source: Source,
}

/// Where the events come from.
#[derive(Debug)]
enum Source {
    /// Nobody knows yet what the server offers.
    Asking(Box<Retry<Ask>>),
    Live(Box<Live>),
    Polled(Box<Polled>),
}

impl Events {
    /// Follows the execution `id` from its beginning.
    pub fn new(id: &ExecutionId) -> Self {
        let options = CallOptions::new();
        Self {
            id: id.clone(),
            source: Source::asking(&options),
            options,
            reconnects: 10,
            silence: Duration::from_secs(60),
            max_event: 16 << 20,
            interval: Duration::from_millis(100),
            longest_interval: Duration::from_secs(2),
        }
    }

    /// How often in a row a connection that is lost, or a server that is busy or fails, is tried
    /// again. News from the execution, or a connection that held for a while, begins the count
    /// anew. The pauses grow as the client's [`RetryPolicy`](crate::RetryPolicy) says. Default 10.
    pub fn reconnects(mut self, most: u32) -> Self {
        self.reconnects = most;
        self
    }

    /// How long a server with live events may send nothing at all before its connection counts as
    /// lost. It gives a sign of life every 15 seconds, whatever the execution does. The client's
    /// time limit isn't for them. Default 60 seconds.
    pub fn silence(mut self, longest: Duration) -> Self {
        self.silence = longest;
        self
    }

    /// Largest live event in bytes, as it is on the wire; another is an error. Default 16 MiB.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// How often a server without live events is asked: after `interval` at first, after twice as
    /// long each time, up to `longest`; never more often than every 10 ms. Default 100 ms to 2 s.
    pub fn polling(mut self, interval: Duration, longest: Duration) -> Self {
        self.interval = interval;
        self.longest_interval = longest;
        self
    }

    /// Uses what a client knows of its server and how it repeats what fails. A client does that
    /// itself.
    pub fn carried_out(mut self, options: CallOptions) -> Self {
        self.source = Source::asking(&options);
        self.options = options;
        self
    }

    /// Chooses where the events come from and begins.
    fn begin(&mut self, now: Instant) -> Result<FeedStep<ExecutionEvent>> {
        let offers =
            |extension| self.options.discovery.get().is_some_and(|health| health.offers(extension));
        self.source = if offers("events") {
            Source::Live(Box::new(Live::new(self)))
        } else {
            Source::Polled(Box::new(Polled::new(self, offers("wait"))))
        };
        self.step(FeedEvent::Start, now)
    }
}

impl Source {
    fn asking(options: &CallOptions) -> Self {
        Self::Asking(Box::new(Ask::new(options)))
    }
}

impl From<&ExecutionId> for Events {
    fn from(id: &ExecutionId) -> Self {
        Self::new(id)
    }
}

impl Feed for Events {
    type Item = ExecutionEvent;

    fn step(&mut self, event: FeedEvent, now: Instant) -> Result<FeedStep<ExecutionEvent>> {
        let asked = match &mut self.source {
            Source::Live(live) => return live.step(event, now),
            Source::Polled(polled) => return polled.step(event, now),
            Source::Asking(ask) => embedded(&mut **ask, event, now),
        };
        match asked {
            Ok(Embedded::Goes(step)) => Ok(step),
            Ok(Embedded::Done(())) => self.begin(now),
            Err(error @ (Error::Transport(_) | Error::InvalidRequest { .. })) => Err(error),
            // A server that fails on this question may well answer the one that matters.
            Err(_) => self.begin(now),
        }
    }
}

#[cfg(test)]
mod tests;
