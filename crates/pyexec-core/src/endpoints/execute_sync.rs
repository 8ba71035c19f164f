//! `POST /api/v1/exec/sync`

use crate::{Body, Endpoint, Project, Result, Submission, answer};
use pyexec_archive::Archive;
use pyexec_types::{ExecutionResult, Health, Metadata};
use std::time::Duration;

/// `POST /api/v1/exec/sync`: runs a project and answers with its result.
///
/// Its time limit follows the execution's: what the server may need before (5 minutes where it
/// doesn't say), `timeout_seconds` (300 where unsaid), and 10 seconds.
#[derive(Debug, Clone)]
pub struct ExecuteSync {
    project: Project,
}

impl ExecuteSync {
    /// Runs `archive` as `metadata` says.
    pub fn new(archive: &Archive, metadata: &Metadata) -> Self {
        Self { project: Project::new(archive, metadata) }
    }
}

impl Submission for ExecuteSync {
    fn depends_on_health(&self) -> bool {
        self.project.depends_on_health()
    }

    fn learn(&mut self, health: &Health) {
        self.project.learn(health);
    }
}

impl Endpoint for ExecuteSync {
    type Output = ExecutionResult;

    fn request(&self) -> Result<http::Request<Body>> {
        self.project.request("/api/v1/exec/sync")
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionResult> {
        answer::json("an execution's result", response)
    }

    fn timeout(&self) -> Option<Duration> {
        Some(self.project.sync_timeout())
    }
}
