//! What a stranger's archive may hold.

use super::ReadLimits;

/// What [`canonicalize`](super::canonicalize) accepts.
///
/// ```
/// use pyexec_archive::read::{ReadOptions, SymlinkPolicy};
///
/// let mut options = ReadOptions::default();
/// options.symlinks = SymlinkPolicy::Keep;
/// options.limits.max_total_bytes = 10 << 20;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// How much is too much.
    pub limits: ReadLimits,
    /// What becomes of symbolic links.
    pub symlinks: SymlinkPolicy,
}

impl From<ReadLimits> for ReadOptions {
    fn from(limits: ReadLimits) -> Self {
        Self { limits, symlinks: SymlinkPolicy::default() }
    }
}

/// What becomes of symbolic links in a stranger's archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SymlinkPolicy {
    /// The first one is an error.
    #[default]
    Refuse,
    /// Those that [`normalize_link_target`](super::normalize_link_target) passes are kept, and
    /// stand at the end of the canonical stream, so that nothing is ever written through one.
    Keep,
}
