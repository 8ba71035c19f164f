//! Whether anybody needs the server.

use crate::scheduler::Scheduler;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// What has been asked of the server, for one that ends when it isn't needed.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    /// Requests that aren't answered yet.
    open: usize,
    /// When something last began, went on or ended.
    last: Instant,
}

/// A request that isn't answered yet.
#[derive(Debug)]
pub(crate) struct Asked(Arc<Activity>);

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner { open: 0, last: Instant::now() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins; it ends when what this returns is dropped.
    pub(crate) fn asked(self: &Arc<Self>) -> Asked {
        let mut inner = self.inner();
        inner.open += 1;
        inner.last = Instant::now();
        Asked(Arc::clone(self))
    }

    /// How long nothing has happened, where `is_busy` says whether something goes on.
    fn quiet(&self, is_busy: bool) -> Duration {
        let mut inner = self.inner();
        if inner.open > 0 || is_busy {
            inner.last = Instant::now();
        }
        inner.last.elapsed()
    }
}

/// Tells when nobody needs a server: no request is open, no execution waits or runs.
#[derive(Debug, Clone)]
pub struct Idle {
    activity: Arc<Activity>,
    scheduler: Arc<Scheduler>,
}

impl Idle {
    pub(crate) fn new(activity: Arc<Activity>, scheduler: Arc<Scheduler>) -> Self {
        Self { activity, scheduler }
    }

    /// Returns once the server hasn't been needed for so long; at once where that is so already.
    pub async fn wait(&self, patience: Duration) {
        loop {
            let quiet = self.activity.quiet(self.scheduler.is_busy());
            match patience.checked_sub(quiet) {
                Some(left) if !left.is_zero() => sleep(left.min(LONGEST_PAUSE)).await,
                _ => return,
            }
        }
    }
}

/// Executions that end between two looks count until the next, so looks come often enough.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Drop for Asked {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.open -= 1;
        inner.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quiet_once_nothing_is_open_and_nothing_runs() {
        let activity = Arc::new(Activity::new());
        let begun = |ago| activity.inner().last = Instant::now() - Duration::from_secs(ago);
        begun(60);
        assert!(activity.quiet(false) >= Duration::from_secs(60));
        let asked = activity.asked();
        begun(60);
        assert!(activity.quiet(false) < Duration::from_secs(60), "a request is open");
        begun(60);
        drop(asked);
        assert!(activity.quiet(false) < Duration::from_secs(60), "one just ended");
        begun(60);
        assert!(activity.quiet(true) < Duration::from_secs(60), "an execution runs");
        assert!(activity.quiet(false) < Duration::from_secs(60), "and has just ended");
    }
}
