//! What a server was found to offer.

use pyexec_types::Health;
use std::sync::{Arc, OnceLock};

/// What a server was found to offer, remembered for the life of a client, so that `/health` is
/// asked at most once and only by a call that needs it. Copies share what is known.
#[derive(Debug, Clone, Default)]
pub struct Discovery(Arc<OnceLock<Health>>);

impl Discovery {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The server's answer, if it was asked.
    pub fn get(&self) -> Option<&Health> {
        self.0.get()
    }

    /// Remembers the server's answer, unless there is one.
    pub fn set(&self, health: Health) {
        let _ = self.0.set(health);
    }
}
