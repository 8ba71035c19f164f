//! A call within a feed.

use crate::{Call, Error, Event, FeedEvent, FeedStep, Result, Step};
use std::time::Instant;

/// What a call within a feed wants.
pub(crate) enum Embedded<T, O> {
    /// The feed takes this step and reports what comes of it to the call.
    Goes(FeedStep<T>),
    /// The call is over.
    Done(O),
}

/// Lets a call within a feed take its next step.
pub(crate) fn embedded<C: Call, T>(
    call: &mut C,
    event: FeedEvent,
    now: Instant,
) -> Result<Embedded<T, C::Output>> {
    let event = match event {
        FeedEvent::Start => Event::Start,
        FeedEvent::Answered(response) => Event::Answered(response),
        FeedEvent::Failed(error) => Event::Failed(error),
        FeedEvent::Woken => Event::Woken,
        FeedEvent::Opened(_) | FeedEvent::Chunk(_) | FeedEvent::Closed => {
            return Err(Error::unknown_step());
        }
    };
    Ok(match call.step(event, now)? {
        Step::Send(exchange) => Embedded::Goes(FeedStep::Send(exchange)),
        Step::Sleep(pause) => Embedded::Goes(FeedStep::Sleep(pause)),
        Step::Done(output) => Embedded::Done(output),
    })
}
