//! Streamed answers as state machines.

use crate::{Exchange, Result, TransportError};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// A streamed answer, say of live events, as a state machine that does no I/O. The async client
/// drives it as a `Stream`, the blocking one as an `Iterator`.
///
/// | after | comes |
/// |---|---|
/// | [`FeedStep::Open`] | [`FeedEvent::Opened`] or [`FeedEvent::Failed`] |
/// | [`FeedStep::Send`] | [`FeedEvent::Answered`] or [`FeedEvent::Failed`] |
/// | [`FeedStep::Read`] | [`FeedEvent::Chunk`], [`FeedEvent::Closed`] or [`FeedEvent::Failed`] |
/// | [`FeedStep::Yield`], [`FeedStep::Sleep`] | [`FeedEvent::Woken`] |
///
/// A feed may open again, to go on after a lost connection, and it may ask something in between,
/// say what the server offers; either drops the answer it had. An
/// answer with an error status is opened too: the feed reads its text and ends with
/// [`Error::from_response`](crate::Error::from_response).
///
/// ```
/// use pyexec_core::{Body, Exchange, Feed, FeedEvent, FeedStep, Result};
/// use std::time::Instant;
///
/// /// The pieces of a streamed answer, as they come.
/// struct Pieces;
///
/// impl Feed for Pieces {
///     type Item = bytes::Bytes;
///
///     fn step(&mut self, event: FeedEvent, _now: Instant) -> Result<FeedStep<Self::Item>> {
///         Ok(match event {
///             FeedEvent::Start => {
///                 let mut request = http::Request::new(Body::empty());
///                 *request.uri_mut() = http::Uri::from_static("/pieces");
///                 FeedStep::Open(Box::new(Exchange::new(request)))
///             }
///             FeedEvent::Chunk(piece) => FeedStep::Yield(piece),
///             FeedEvent::Closed => FeedStep::End,
///             FeedEvent::Failed(error) => return Err(error.into()),
///             _ => FeedStep::Read,
///         })
///     }
/// }
/// ```
pub trait Feed: Send {
    /// What the answer consists of.
    type Item: Send;

    /// What to do next, after `event` at the time `now`.
    ///
    /// # Errors
    ///
    /// An error is the feed's last item; it isn't asked again.
    fn step(&mut self, event: FeedEvent, now: Instant) -> Result<FeedStep<Self::Item>>;
}

/// What has happened to a [`Feed`].
#[derive(Debug)]
#[non_exhaustive]
pub enum FeedEvent {
    /// It begins.
    Start,
    /// The server began to answer, with whatever status.
    Opened(http::Response<()>),
    /// A request that isn't streamed was answered, with whatever status.
    Answered(http::Response<Vec<u8>>),
    /// A piece of the answer, cut anywhere; never empty.
    Chunk(Bytes),
    /// The answer is complete.
    Closed,
    /// There was no answer, or it broke off.
    Failed(TransportError),
    /// The item was taken, or the time of sleep is over.
    Woken,
}

/// What a [`Feed`] wants next.
#[derive(Debug)]
#[non_exhaustive]
pub enum FeedStep<T> {
    /// Send a request and report the head of the answer.
    Open(Box<Exchange>),
    /// Send a request and report the whole answer, as a [`Call`](crate::Call) does, with the
    /// limits of one.
    Send(Box<Exchange>),
    /// Read on in the answer.
    Read,
    /// Hand an item to the user.
    Yield(T),
    /// Wait for a while.
    Sleep(Duration),
    /// Nothing more: the feed is over.
    End,
}
