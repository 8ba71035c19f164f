//! What connections may cost.

use std::time::Duration;

/// What connections may cost, before anybody knows who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at the same time; further ones wait until one ends, and those on which nothing
    /// happens end first (default: 4096). Never more than half the files that may be open.
    pub most: usize,
    /// Connections of one address, or of one /64 network of IPv6, at the same time; further ones are
    /// closed. This machine itself may have all (default: 512).
    pub most_per_address: usize,
    /// How long the head of a request may take, and a TLS handshake (default: 10 s).
    pub head_timeout: Duration,
    /// How long a connection is kept for a further request (default: 75 s).
    pub idle_timeout: Duration,
    /// How long a client may take nothing of an answer before it counts as gone (default: 120 s).
    pub stall_timeout: Duration,
    /// Bytes of a request's head, above which it is answered 431; 8192 at least (default: 32 KiB).
    pub head_bytes: usize,
    /// Headers of a request, above which it is answered 431 (default: 100).
    pub headers: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            most: 4096,
            most_per_address: 512,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(120),
            head_bytes: 32 << 10,
            headers: 100,
        }
    }
}
