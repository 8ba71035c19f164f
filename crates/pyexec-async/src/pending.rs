//! Calls under way, as the trait `Executor` names them.

use pyexec_core::Result;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// A call under way, from the trait [`Executor`](crate::Executor). Await it for its result, drop
/// it to abandon it. [`Client`](crate::Client)'s own methods do without the box.
#[must_use = "futures do nothing unless awaited"]
pub struct Pending<'a, T>(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>);

impl<'a, T> Pending<'a, T> {
    pub(crate) fn new(call: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self(Box::pin(call))
    }
}

impl<T> Future for Pending<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Pending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}
