//! `POST /api/v1/exec/async`

use crate::{Body, Endpoint, Project, Result, Submission, answer};
use pyexec_archive::Archive;
use pyexec_types::{ExecutionId, Health, Metadata, Submitted};

/// `POST /api/v1/exec/async`: submits a project and answers with the execution's id.
#[derive(Debug, Clone)]
pub struct ExecuteAsync {
    project: Project,
}

impl ExecuteAsync {
    /// Submits `archive` to run as `metadata` says.
    pub fn new(archive: &Archive, metadata: &Metadata) -> Self {
        Self { project: Project::new(archive, metadata) }
    }
}

impl Submission for ExecuteAsync {
    fn depends_on_health(&self) -> bool {
        self.project.depends_on_health()
    }

    fn learn(&mut self, health: &Health) {
        self.project.learn(health);
    }
}

impl Endpoint for ExecuteAsync {
    type Output = ExecutionId;

    fn request(&self) -> Result<http::Request<Body>> {
        self.project.request("/api/v1/exec/async")
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionId> {
        answer::json("an execution's id", response).map(|answer: Submitted| answer.execution_id)
    }
}
