//! Streamed answers as an `Iterator`.

use crate::{Client, exchange::Answer};
use pyexec_core::{Error, Feed, FeedEvent, FeedStep, Result};
use std::{fmt, iter::FusedIterator, thread, time::Instant};

/// The items of a [`Feed`], as an [`Iterator`]; made by [`Client::feed`]. An error is the last
/// item. Dropping it closes the connection.
#[must_use = "iterators do nothing unless consumed"]
pub struct FeedIter<F> {
    client: Client,
    /// `None` once it is over.
    feed: Option<F>,
    /// What the feed doesn't know yet.
    event: FeedEvent,
    answer: Option<Answer>,
}

impl<F: Feed> FeedIter<F> {
    pub(crate) fn new(client: Client, feed: F) -> Self {
        Self { client, feed: Some(feed), event: FeedEvent::Start, answer: None }
    }

    /// Goes on to the feed's next item.
    fn advance(&mut self) -> Result<Option<F::Item>> {
        let Some(feed) = &mut self.feed else {
            return Ok(None);
        };
        let mut event = std::mem::replace(&mut self.event, FeedEvent::Woken);
        loop {
            event = match feed.step(event, Instant::now())? {
                FeedStep::Yield(item) => return Ok(Some(item)),
                FeedStep::End => return Ok(None),
                FeedStep::Open(exchange) => {
                    // The connection may serve again.
                    self.answer = None;
                    match self.client.open(*exchange)? {
                        Ok((head, answer)) => {
                            self.answer = Some(answer);
                            FeedEvent::Opened(head)
                        }
                        Err(error) => FeedEvent::Failed(error),
                    }
                }
                FeedStep::Send(exchange) => {
                    self.answer = None;
                    match self.client.send(*exchange)? {
                        Ok(response) => FeedEvent::Answered(response),
                        Err(error) => FeedEvent::Failed(error),
                    }
                }
                FeedStep::Read => match self.answer.as_mut().map(Answer::chunk) {
                    Some(Ok(Some(chunk))) => FeedEvent::Chunk(chunk),
                    Some(Ok(None)) => {
                        self.answer = None;
                        FeedEvent::Closed
                    }
                    Some(Err(error)) => {
                        self.answer = None;
                        FeedEvent::Failed(self.client.blame(error))
                    }
                    None => {
                        return Err(Error::invalid("a feed reads an answer that it hasn't opened"));
                    }
                },
                FeedStep::Sleep(pause) => {
                    thread::sleep(pause);
                    FeedEvent::Woken
                }
                _ => return Err(Error::unknown_step()),
            };
        }
    }
}

impl<F: Feed> Iterator for FeedIter<F> {
    type Item = Result<F::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.feed = None;
            self.answer = None;
        }
        next
    }
}

impl<F: Feed> FusedIterator for FeedIter<F> {}

impl<F> fmt::Debug for FeedIter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedIter")
            .field("client", &self.client)
            .field("over", &self.feed.is_none())
            .finish_non_exhaustive()
    }
}
