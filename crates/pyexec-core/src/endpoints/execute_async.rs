//! `POST /api/v1/exec/async`

use crate::{Body, Discovery, Endpoint, Project, Result, Submit, answer};
use pyexec_archive::Archive;
use pyexec_types::{ExecutionId, Metadata, Submitted};

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

    /// The call that adapts the request to the server first, where that makes a difference.
    pub fn submit(self, discovery: Discovery) -> Submit<Self> {
        Submit::new(self, discovery)
    }
}

impl AsMut<Project> for ExecuteAsync {
    fn as_mut(&mut self) -> &mut Project {
        &mut self.project
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
