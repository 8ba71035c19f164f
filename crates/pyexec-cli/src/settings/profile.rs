//! What one profile says.

use std::path::PathBuf;

/// What one profile says; each key is the flag of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The server, or `local` for this machine.
    pub(crate) server: Option<String>,
    /// The file with the token for that server and for no other.
    pub(crate) token_file: Option<PathBuf>,
    /// In seconds.
    pub(crate) timeout: Option<u32>,
    /// In MiB.
    pub(crate) memory: Option<u32>,
    /// In MiB.
    pub(crate) disk: Option<u32>,
    /// Shares, relative to other executions.
    pub(crate) cpu: Option<u32>,
    pub(crate) network: Option<bool>,
    pub(crate) image: Option<String>,
    /// A version such as 3.12.
    pub(crate) python: Option<String>,
}

/// Every key that a profile may have.
pub(super) const KEYS: [&str; 9] =
    ["server", "token_file", "timeout", "memory", "disk", "cpu", "network", "image", "python"];
