//! Why an environment couldn't be had.

use crate::install::installer::InstallerLog;
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use thiserror::Error;

/// Why an environment couldn't be had: the reason, and what the installer wrote until then.
///
/// Nothing of a failure is kept: the next request tries again.
#[derive(Debug, Clone, Error)]
#[error("{failure}")]
pub struct InstallError {
    #[source]
    failure: Arc<InstallFailure>,
    log: InstallerLog,
}

impl InstallError {
    pub(crate) fn new(failure: InstallFailure, log: InstallerLog) -> Self {
        Self { failure: Arc::new(failure), log }
    }

    /// The reason.
    pub fn failure(&self) -> &InstallFailure {
        &self.failure
    }

    /// What the installer wrote, of both its streams and without credentials; the middle is cut
    /// out where it is long. Empty where it didn't get as far as running.
    pub fn log(&self) -> &str {
        self.log.text()
    }
}

impl From<InstallFailure> for InstallError {
    fn from(failure: InstallFailure) -> Self {
        Self::new(failure, InstallerLog::default())
    }
}

/// The reason of an [`InstallError`].
///
/// A `requirement` is the caller's own line where the trouble is with one of those, and else the
/// name of the package that a dependency asks for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InstallFailure {
    /// No index that is configured knows the package.
    #[error("there is no package for `{requirement}`: {reason}")]
    NoSuchPackage {
        /// What was asked for.
        requirement: String,
        /// The installer's words.
        reason: String,
    },
    /// The package is known, but none of its versions fits the requirement or this Python.
    #[error("no version fits `{requirement}`: {reason}")]
    NoMatchingVersion {
        /// What was asked for.
        requirement: String,
        /// The installer's words, with the versions that there are where it says so.
        reason: String,
    },
    /// There is no wheel for this platform and Python; sources are never built.
    #[error("`{requirement}` has no wheel for this Python, and sources are not built: {reason}")]
    NoWheel {
        /// What was asked for.
        requirement: String,
        /// The installer's words.
        reason: String,
    },
    /// The package index doesn't answer, or refuses to.
    #[error("the package index can't be reached: {reason}")]
    IndexUnreachable {
        /// The installer's words.
        reason: String,
    },
    /// What was asked for can't be had together.
    #[error("the requirements exclude each other: {reason}")]
    Conflict {
        /// Which requirements, in the installer's words.
        reason: String,
    },
    /// It took longer than the request allows.
    #[error("installing took longer than {} s", limit.as_secs_f64())]
    TimedOut {
        /// The request's limit.
        limit: Duration,
    },
    /// Whoever wanted it wants it no more.
    #[error("the installation was cancelled")]
    Cancelled,
    /// The packages are larger than one environment may be.
    #[error("the packages hold more than {bytes} bytes or {files} files, which is the limit")]
    TooLarge {
        /// The limit in bytes.
        bytes: u64,
        /// The limit in files.
        files: u64,
    },
    /// There is neither uv nor pip.
    #[error("packages can't be installed: {hint}")]
    NoInstaller {
        /// What is missing, and what to do.
        hint: String,
    },
    /// The interpreter doesn't say what it is.
    #[error("{} can't be used: {reason}", python.display())]
    Interpreter {
        /// Its path.
        python: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// A package is damaged or not what it should be, and was not installed.
    #[error("{package} was refused: {reason}")]
    Refused {
        /// The package, or the file in question.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The operator's rules forbid a package that the requirements lead to.
    #[error("{package}, which the requirements lead to, is not allowed here")]
    NotAllowed {
        /// Its name.
        package: String,
    },
    /// Only what is there may be used, and this isn't.
    #[error("offline, and not here already: {reason}")]
    Offline {
        /// What is lacking.
        reason: String,
    },
    /// A line isn't one that an installer may be given.
    #[error("{line:?} is no requirement that may be installed")]
    InvalidRequirement {
        /// The line.
        line: String,
    },
    /// The folder of the environments can't be read or written.
    #[error("{what}: {source}")]
    Storage {
        /// What was tried.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// Anything else that the installer didn't manage.
    #[error("the installer failed: {reason}")]
    Failed {
        /// Its last words that mean something.
        reason: String,
    },
}

impl InstallFailure {
    /// For `map_err`: what was tried when the system refused.
    pub(crate) fn storage(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Storage { what, source }
    }

    /// Whether the cause lies with one request, not with what it asked for.
    pub(crate) fn is_of_the_caller(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Cancelled | Self::NotAllowed { .. })
    }
}
