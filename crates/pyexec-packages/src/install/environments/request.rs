//! What an environment is asked for with, and what is told meanwhile.

use crate::install::{Installer, patience::Patience};
use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// How long an installation may take where the caller doesn't say.
const LIMIT: Duration = Duration::from_secs(300);

/// What [`Environments::obtain`](crate::Environments::obtain) is asked for.
#[derive(Clone)]
pub struct InstallRequest<'a> {
    pub(super) installer: &'a Installer,
    pub(super) requirements: &'a [String],
    pub(super) scope: &'a str,
    pub(super) offline: bool,
    pub(super) allowed: Option<&'a (dyn Fn(&str) -> bool + Sync + 'a)>,
    limit: Duration,
    cancelled: Arc<AtomicBool>,
}

impl fmt::Debug for InstallRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InstallRequest");
        shown.field("installer", self.installer).field("requirements", &self.requirements);
        shown.field("offline", &self.offline).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl<'a> InstallRequest<'a> {
    /// Canonical [PEP 508](https://peps.python.org/pep-0508/) lines without addresses, for the
    /// installer's interpreter.
    pub fn new(installer: &'a Installer, requirements: &'a [String]) -> Self {
        Self {
            installer,
            requirements,
            scope: "",
            offline: false,
            allowed: None,
            limit: LIMIT,
            cancelled: Arc::default(),
        }
    }

    /// Who may share what is made for this: an environment and what was downloaded for it serve
    /// requests with an equal scope only. For indexes that not everybody may use.
    #[must_use]
    pub fn scope(mut self, scope: &'a str) -> Self {
        self.scope = scope;
        self
    }

    /// Uses what is on this machine, and no network.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Which packages may be installed, by normalised name: asked of each one that the
    /// requirements lead to, before any is installed.
    #[must_use]
    pub fn allowed(mut self, allowed: &'a (dyn Fn(&str) -> bool + Sync + 'a)) -> Self {
        self.allowed = Some(allowed);
        self
    }

    /// How long it may take, waiting for others included; 5 minutes by default.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Ends it within a fraction of a second once this is set.
    #[must_use]
    pub fn cancelled(mut self, cancelled: Arc<AtomicBool>) -> Self {
        self.cancelled = cancelled;
        self
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::new(self.limit, Arc::clone(&self.cancelled))
    }
}

/// What is being done for a request. An environment that is there already has none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Somebody else makes the same; it is used when it is there.
    Waiting,
    /// The installer finds out which packages the requirements lead to.
    Resolving,
    /// The installer downloads and unpacks them.
    Installing {
        /// How many there are.
        packages: usize,
    },
    /// Their modules are compiled.
    Compiling,
    /// The environment was there but damaged: it was removed and is made again.
    Rebuilding {
        /// What was wrong.
        reason: String,
    },
}

impl Phase {
    /// In one word, as a server's events have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Resolving => "resolving",
            Self::Installing { .. } | Self::Rebuilding { .. } => "installing",
            Self::Compiling => "compiling",
        }
    }
}
