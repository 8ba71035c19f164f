//! Who runs an execution.

use pyexec_sandbox::{Finished, Job, Observer, PythonVersion, Stop};
use pyexec_types::Isolation;
use std::{fmt, path::PathBuf, pin::Pin};

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs executions: the sandbox of this machine, or anything that keeps the same promises.
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// The Python versions that it can run, newest first.
    fn versions(&self) -> Vec<PythonVersion>;

    /// Interpreters of this machine for which packages can be installed, so that jobs find them in
    /// their [`environment`](Job::environment); none where it heeds no environment.
    fn pythons(&self) -> Vec<(PythonVersion, PathBuf)> {
        Vec::new()
    }

    /// How it isolates executions.
    fn isolation(&self) -> Isolation;

    /// Whether a job may have the network.
    fn offers_network(&self) -> bool {
        self.isolation().network != "none"
    }

    /// Runs a job to its end, telling the observer; `stop` ends it at any time. When the future
    /// is done, nothing of the job is left.
    fn run(
        &self,
        job: Job,
        observer: Box<dyn Observer + Send>,
        stop: Stop,
    ) -> BoxFuture<Result<Finished, BackendError>>;
}

/// Why a backend could not run a job at all.
#[derive(Debug, thiserror::Error)]
#[error("the execution could not be started")]
pub struct BackendError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl BackendError {
    /// Wraps the backend's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}
