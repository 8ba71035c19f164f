//! Conversations with the service as state machines.

use crate::{Body, Endpoint, Error, Result, Retry, RetryPolicy, TransportError};
use std::time::{Duration, Instant};

/// A conversation with the service as a state machine that does no I/O.
///
/// A client starts it with [`Event::Start`], does what the [`Step`] says, and tells it what came
/// of that, until the step is [`Done`](Step::Done) or an error:
///
/// | after | comes |
/// |---|---|
/// | [`Step::Send`] | [`Event::Answered`] or [`Event::Failed`] |
/// | [`Step::Sleep`] | [`Event::Woken`] |
///
/// Calls nest: [`Retry`] runs another call inside.
pub trait Call: Send {
    /// What the conversation is for.
    type Output: Send;

    /// What to do next, after `event` at the time `now`.
    ///
    /// # Errors
    ///
    /// An error ends the call; it isn't asked again.
    fn step(&mut self, event: Event, now: Instant) -> Result<Step<Self::Output>>;

    /// The same call, repeating exchanges that fail in a way that passes.
    fn retrying(self, policy: RetryPolicy) -> Retry<Self>
    where
        Self: Sized,
    {
        Retry::new(self, policy)
    }
}

/// What has happened to a [`Call`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// It begins.
    Start,
    /// The request was answered, with whatever status.
    Answered(http::Response<Vec<u8>>),
    /// The request was not answered.
    Failed(TransportError),
    /// The time of sleep is over.
    Woken,
}

/// What a [`Call`] wants next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<T> {
    /// Send a request and report the answer.
    Send(Box<Exchange>),
    /// Wait for a while.
    Sleep(Duration),
    /// Nothing more: the call is over.
    Done(T),
}

/// A request and the limits on its answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// The request. A call gives the path only; [`Settings::prepare`](crate::Settings::prepare)
    /// makes it a whole URL.
    pub request: http::Request<Body>,
    /// How long the exchange takes at most where the client's user didn't say; `None` for the
    /// client's default. For a [`Feed`](crate::Feed), how long the server may be silent.
    pub timeout: Option<Duration>,
    /// How long the server was asked to hold its answer back, in addition to the time limit.
    pub hold: Option<Duration>,
    /// When it must be over, whatever the client's user said.
    pub deadline: Option<Instant>,
    /// Largest answer in bytes; `None` for the client's own limit. A feed's is not limited.
    pub max_response: Option<u64>,
    /// Whether the server promised to take the same request twice for one, so that it may be
    /// repeated although it isn't a `GET`.
    pub is_repeatable: bool,
}

impl Exchange {
    /// A request with the client's limits.
    pub fn new(request: http::Request<Body>) -> Self {
        Self {
            request,
            timeout: None,
            hold: None,
            deadline: None,
            max_response: None,
            is_repeatable: false,
        }
    }
}

/// The [`Call`] that sends an endpoint's request once.
#[derive(Debug, Clone)]
pub struct Once<E>(pub(crate) E);

impl<E: Endpoint> Call for Once<E> {
    type Output = E::Output;

    fn step(&mut self, event: Event, _now: Instant) -> Result<Step<E::Output>> {
        match event {
            Event::Start | Event::Woken => self.0.exchange().map(Step::Send),
            Event::Answered(response) => self.0.response(response).map(Step::Done),
            Event::Failed(error) => Err(Error::Transport(error)),
        }
    }
}
