//! Who asks, and what they may have.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// Bytes of a digest that name an owner: too many for two tokens ever to meet.
const DIGEST_BYTES: usize = 16;

/// Whom an execution belongs to: everyone where there are no tokens, else whoever has the token.
/// It is a digest, so that it may be stored and compared where the token itself must not be.
///
/// ```
/// use pyexec_server::Owner;
///
/// assert_eq!(Owner::of_token("secret"), Owner::of_token("secret"));
/// assert_ne!(Owner::of_token("secret"), Owner::anonymous());
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(String);

impl Owner {
    /// Whoever comes to a server without tokens.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Whoever has this token.
    pub fn of_token(token: &str) -> Self {
        Self::of_digest(&Sha256::digest(token.as_bytes()))
    }

    /// Whoever has the token with this SHA-256 digest.
    pub(crate) fn of_digest(digest: &[u8]) -> Self {
        Self(digest.iter().take(DIGEST_BYTES).fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// The digest in hexadecimal; empty for [`anonymous`](Self::anonymous).
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A few digits tell owners apart in a log.
        let name = self.0.get(..8).unwrap_or("anonymous");
        write!(f, "Owner({name})")
    }
}

/// What one token may have; `None` is what the server itself allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenLimits {
    /// Executions at the same time; further ones wait, without holding others up.
    pub max_running: Option<usize>,
    /// Executions that may wait before further ones are turned away with 429.
    pub max_queued: Option<usize>,
    /// Highest `timeout_seconds`.
    pub max_timeout_seconds: Option<u64>,
    /// Highest `memory_mb`.
    pub max_memory_mb: Option<u64>,
}

/// Who asks, and what they may have. The check of tokens puts one into each request that it lets
/// in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whom their executions belong to.
    pub owner: Owner,
    /// What they may have.
    pub limits: TokenLimits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_no_token() {
        let owner = Owner::of_token("secret");
        assert_eq!(owner.as_str().len(), 2 * DIGEST_BYTES);
        assert!(!format!("{owner:?} {}", owner.as_str()).contains("secret"));
        assert_ne!(owner, Owner::of_token("secret2"));
        assert_eq!(format!("{:?}", Owner::anonymous()), "Owner(anonymous)");
    }
}
