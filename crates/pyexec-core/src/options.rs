//! How a client carries out its calls.

use crate::{Discovery, RetryPolicy};

/// How a client carries out its calls: what it knows of its server, how it repeats what fails,
/// and under which key it submits. Copies share what is known of the server.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// What the server was found to offer.
    pub discovery: Discovery,
    /// How exchanges are repeated that fail in a way that passes.
    pub retry: RetryPolicy,
    /// Sent with submissions, so that the same one is never started twice.
    pub idempotency_key: Option<String>,
}

impl CallOptions {
    /// Nothing known, the default way to repeat, no key.
    pub fn new() -> Self {
        Self::default()
    }
}
