//! How much isolation there has to be, by name.

use crate::{
    message::{LimitsBy, MOUNTING_PROC, StepError},
    network::Network,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What the level without `/proc` is called in errors.
pub(crate) const LACKING_PROC: &str = "doing without /proc";

/// How much isolation there has to be. What is weaker than [`Full`](Self::Full) has to be asked
/// for by name, and is used only where the kernel refuses the rest.
///
/// ```
/// use pyexec_sandbox::IsolationLevel;
///
/// assert_eq!("no-proc".parse(), Ok(IsolationLevel::NoProc));
/// assert_eq!(IsolationLevel::default().to_string(), "full");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IsolationLevel {
    /// All of it.
    #[default]
    Full,
    /// All but a `/proc` of its own, for containers that hide parts of theirs, in which the kernel
    /// lets nobody mount another: where it refuses that, an empty folder covers `/proc`. Nothing of
    /// the host is seen for it, but `/dev/fd`, `ps` and the like don't work. Takes a control group,
    /// since nothing else can tell then how much memory the processes hold.
    NoProc,
}

impl IsolationLevel {
    /// Its name, as in `/health`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoProc => "no-proc",
        }
    }

    /// Why a step was needed that this level can do without.
    pub(crate) fn explain(self, error: StepError, limits: LimitsBy) -> StepError {
        if (self, limits) != (Self::NoProc, LimitsBy::Rlimits) || error.step != MOUNTING_PROC {
            return error;
        }
        StepError {
            step: LACKING_PROC.into(),
            errno: 0,
            detail: "no control group is there to tell how much memory processes hold".into(),
        }
    }
}

/// What can't be held here, each by its name; `docs/security.md` describes them.
pub(crate) fn missing(level: IsolationLevel, limits: LimitsBy, network: &Network) -> Vec<String> {
    let by_limits: &[&str] = match limits {
        LimitsBy::Rlimits => &["limit on socket buffers", "shares and quotas of processors"],
        _ => &[],
    };
    let by_level = (level == IsolationLevel::NoProc).then_some("/proc");
    let by_network = match network {
        Network::None => None,
        Network::Host => Some("network namespace of executions with a network"),
        Network::Pasta(_) => Some("wall between executions with a network and the local network"),
    };
    by_limits.iter().copied().chain(by_level).chain(by_network).map(str::to_owned).collect()
}

impl fmt::Display for IsolationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Text that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no isolation level; there are full and no-proc")]
pub struct InvalidLevel(String);

impl FromStr for IsolationLevel {
    type Err = InvalidLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLevel> {
        let all = [Self::Full, Self::NoProc];
        let found = all.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| InvalidLevel(text.to_owned()))
    }
}
