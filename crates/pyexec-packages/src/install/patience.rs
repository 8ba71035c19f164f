//! How long a request waits, whatever it waits for.

use crate::install::InstallFailure;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A limit of time, and a way to end it early.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    since: Instant,
    limit: Duration,
    cancelled: Arc<AtomicBool>,
}

impl Patience {
    pub(crate) fn new(limit: Duration, cancelled: Arc<AtomicBool>) -> Self {
        Self { since: Instant::now(), limit, cancelled }
    }

    pub(crate) fn of(limit: Duration) -> Self {
        Self::new(limit, Arc::default())
    }

    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// What is left of the time.
    ///
    /// # Errors
    ///
    /// [`InstallFailure::TimedOut`] or [`InstallFailure::Cancelled`] when it is over.
    pub(crate) fn left(&self) -> Result<Duration, InstallFailure> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(InstallFailure::Cancelled);
        }
        match self.limit.checked_sub(self.since.elapsed()) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => Err(InstallFailure::TimedOut { limit: self.limit }),
        }
    }

    /// Sleeps for `pause`, or less where time runs out before.
    pub(crate) fn pause(&self, pause: Duration) -> Result<(), InstallFailure> {
        std::thread::sleep(pause.min(self.left()?));
        self.left().map(drop)
    }
}
