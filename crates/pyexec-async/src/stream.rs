//! Streamed answers as a `Stream`.

use crate::{Client, exchange::Answer};
use futures_core::{FusedStream, Stream};
use pyexec_core::{Error, Feed, FeedEvent, FeedStep, Result};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

/// The items of a [`Feed`], as a [`Stream`]; made by [`Client::feed`]. An error is the last item.
/// Dropping it closes the connection.
#[must_use = "streams do nothing unless polled"]
pub struct FeedStream<F> {
    client: Client,
    /// `None` once it is over.
    feed: Option<F>,
    /// What the feed doesn't know yet.
    event: Option<FeedEvent>,
    answer: Option<Answer>,
    waiting: Option<Waiting>,
}

/// What the network or the clock will bring.
type Waiting = Pin<Box<dyn Future<Output = Result<(Option<Answer>, FeedEvent)>> + Send>>;

/// The stream moves its feed but never pins it.
impl<F> Unpin for FeedStream<F> {}

impl<F: Feed> FeedStream<F> {
    pub(crate) fn new(client: Client, feed: F) -> Self {
        Self {
            client,
            feed: Some(feed),
            event: Some(FeedEvent::Start),
            answer: None,
            waiting: None,
        }
    }

    /// The next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<F::Item>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn end(&mut self) {
        self.feed = None;
        self.answer = None;
        self.waiting = None;
    }

    /// Does what the feed asks for; an item if it is one.
    fn act(&mut self, step: FeedStep<F::Item>) -> Result<Option<F::Item>> {
        match step {
            FeedStep::Yield(item) => {
                self.event = Some(FeedEvent::Woken);
                return Ok(Some(item));
            }
            FeedStep::Open(exchange) => {
                self.answer = None;
                let client = self.client.clone();
                self.waiting = Some(Box::pin(async move {
                    Ok(match client.open(*exchange).await? {
                        Ok(mut answer) => {
                            let head = answer.take_head();
                            (Some(answer), FeedEvent::Opened(head))
                        }
                        Err(error) => (None, FeedEvent::Failed(error)),
                    })
                }));
            }
            FeedStep::Send(exchange) => {
                self.answer = None;
                let client = self.client.clone();
                self.waiting = Some(Box::pin(async move {
                    Ok(match client.send(*exchange).await? {
                        Ok(response) => (None, FeedEvent::Answered(response)),
                        Err(error) => (None, FeedEvent::Failed(error)),
                    })
                }));
            }
            FeedStep::Read => {
                let Some(mut answer) = self.answer.take() else {
                    return Err(Error::invalid("a feed reads an answer that it hasn't opened"));
                };
                let client = self.client.clone();
                self.waiting = Some(Box::pin(async move {
                    Ok(match answer.chunk().await {
                        Ok(Some(chunk)) => (Some(answer), FeedEvent::Chunk(chunk)),
                        Ok(None) => (None, FeedEvent::Closed),
                        Err(error) => (None, FeedEvent::Failed(client.blame(error))),
                    })
                }));
            }
            FeedStep::Sleep(pause) => {
                let answer = self.answer.take();
                self.waiting = Some(Box::pin(async move {
                    tokio::time::sleep(pause).await;
                    Ok((answer, FeedEvent::Woken))
                }));
            }
            FeedStep::End => self.end(),
            _ => return Err(Error::unknown_step()),
        }
        Ok(None)
    }
}

impl<F: Feed> Stream for FeedStream<F> {
    type Item = Result<F::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                let outcome = ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
                match outcome {
                    Ok((answer, event)) => {
                        self.answer = answer;
                        self.event = Some(event);
                    }
                    Err(error) => {
                        self.end();
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            let this = &mut *self;
            let (Some(feed), Some(event)) = (&mut this.feed, this.event.take()) else {
                return Poll::Ready(None);
            };
            let acted = feed.step(event, Instant::now()).and_then(|step| this.act(step));
            match acted {
                Ok(Some(item)) => return Poll::Ready(Some(Ok(item))),
                Ok(None) => {}
                Err(error) => {
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<F: Feed> FusedStream for FeedStream<F> {
    fn is_terminated(&self) -> bool {
        self.feed.is_none()
    }
}

impl<F> fmt::Debug for FeedStream<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedStream")
            .field("client", &self.client)
            .field("over", &self.feed.is_none())
            .finish_non_exhaustive()
    }
}
