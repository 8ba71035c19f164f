//! What a connection is doing, which decides how long it may go on doing so.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    sync::{Notify, watch},
    time::{Duration, Instant, timeout_at},
};

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The head of a request is on its way, since then.
    Head(Instant),
    /// A request is being answered.
    Busy,
    /// The last answer is given, and the client has taken nothing more of it since then.
    Idle(Instant),
    /// It is being closed, for want of requests or of places, and the client has taken nothing more
    /// since then.
    Leaving(Instant),
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// A head, or the end, took too long.
    Late,
    /// No further request came, or somebody else needs the place.
    Idle,
}

/// The phase of one connection; all who have a part in it share this.
#[derive(Debug, Clone)]
pub(crate) struct PhaseCell(Arc<watch::Sender<Phase>>);

impl PhaseCell {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Head(Instant::now()))))
    }

    pub(crate) fn get(&self) -> Phase {
        *self.0.borrow()
    }

    /// Only now may the client begin with a head.
    pub(crate) fn restart(&self) {
        self.0.send_replace(Phase::Head(Instant::now()));
    }

    pub(crate) fn leave(&self) {
        self.0.send_replace(Phase::Leaving(Instant::now()));
    }

    /// The client has taken something, maybe the rest of an answer that is given.
    pub(crate) fn sent(&self) {
        self.0.send_if_modified(|phase| match phase {
            Phase::Idle(since) | Phase::Leaving(since) => {
                *since = Instant::now();
                true
            }
            Phase::Head(_) | Phase::Busy => false,
        });
    }

    /// Something came from the client.
    pub(crate) fn received(&self) {
        self.0.send_if_modified(|phase| {
            let begins = matches!(phase, Phase::Idle(_));
            if begins {
                *phase = Phase::Head(Instant::now());
            }
            begins
        });
    }

    /// A request is being answered until what this returns is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.0.send_replace(Phase::Busy);
        Busy(self.clone())
    }

    /// Done when the connection has to end.
    pub(crate) async fn overdue(
        &self,
        head_timeout: Duration,
        idle_timeout: Duration,
        wanted: &Notify,
    ) -> Overdue {
        let mut phases = self.0.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            match phase {
                Phase::Head(since) => {
                    if timeout_at(since + head_timeout, phases.changed()).await.is_err() {
                        return Overdue::Late;
                    }
                }
                Phase::Leaving(since) => {
                    if timeout_at(since + idle_timeout, phases.changed()).await.is_err() {
                        return Overdue::Late;
                    }
                }
                Phase::Idle(since) => tokio::select! {
                    biased;
                    changed = timeout_at(since + idle_timeout, phases.changed()) => {
                        if changed.is_err() {
                            return Overdue::Idle;
                        }
                    }
                    () = wanted.notified() => return Overdue::Idle,
                },
                // The sender lives as long as this.
                Phase::Busy => drop(phases.changed().await),
            }
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Busy(PhaseCell);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_replace(Phase::Idle(Instant::now()));
    }
}

impl Busy {
    /// An answer is given once its body is.
    pub(crate) fn until_sent(self, body: Body) -> Body {
        Body::new(Answer { body, _busy: self })
    }
}

struct Answer {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
