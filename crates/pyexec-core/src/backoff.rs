//! Pauses that grow, and are left to chance a little.

use crate::random;
use http::{HeaderMap, header};
use std::time::Duration;

/// Pauses between tries: twice as long each time up to a cap, less a share that is left to chance,
/// so that clients that failed together don't come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: f64,
    random: u64,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration, jitter: f64) -> Self {
        Self { base, cap, jitter, random: random::unguessable() }
    }

    /// The longest pause.
    pub(crate) fn cap(&self) -> Duration {
        self.cap
    }

    /// Begins with another pause.
    pub(crate) fn set_base(&mut self, base: Duration) {
        self.base = base;
    }

    /// The pause after as many tries that failed, counted from 1.
    pub(crate) fn pause(&mut self, failed: u32) -> Duration {
        let doubled = 1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        // Knuth's multiplier and a large odd increment; the high bits are the good ones.
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let chance = f64::from((self.random >> 32) as u32) / f64::from(u32::MAX);
        longest.mul_f64(1.0 - self.jitter * chance)
    }
}

/// How long the server asks to be left alone, where it says so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
