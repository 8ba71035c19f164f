//! Medians, and what one in a hundred exceeds.

use std::time::{Duration, Instant};

/// Samples in ascending order.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99)
    }

    /// In milliseconds; by the nearest rank.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or(f64::NAN, Duration::as_secs_f64) * 1000.0
    }
}

pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let before = Instant::now();
    work();
    before.elapsed()
}

/// Whether a goal is met, as the reports say it.
pub(crate) fn goal(text: &str, met: bool) -> String {
    format!("{text}: {}", if met { "met" } else { "NOT met" })
}
