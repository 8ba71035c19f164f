//! Who waited while somebody else failed has failed, too: twenty that wait for one don't try one
//! after the other. Whoever asks afterwards tries again.

use crate::install::InstallError;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Nobody waits longer.
const KEPT: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<String, (Instant, InstallError)>>);

impl Failures {
    /// The failure under this name of somebody who began no earlier than `since`.
    pub(super) fn during(&self, name: &str, since: Instant) -> Option<InstallError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, error) = known.get(name)?;
        (*ended >= since).then(|| error.clone())
    }

    pub(super) fn tell(&self, name: &str, error: &InstallError) {
        if error.failure().is_of_the_caller() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (ended, _)| ended.elapsed() < KEPT);
        known.insert(name.to_owned(), (Instant::now(), error.clone()));
    }
}
