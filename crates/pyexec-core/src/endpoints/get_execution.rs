//! `GET /api/v1/executions/{id}`

use super::about;
use crate::{Body, Endpoint, Result, answer};
use pyexec_types::{ExecutionId, ExecutionResult};

/// `GET /api/v1/executions/{id}`: what has come of an execution so far.
#[derive(Debug, Clone)]
pub struct GetExecution {
    id: ExecutionId,
}

impl GetExecution {
    /// Asks for the execution `id`.
    pub fn new(id: &ExecutionId) -> Self {
        Self { id: id.clone() }
    }

    /// The execution that is asked for.
    pub fn id(&self) -> &ExecutionId {
        &self.id
    }
}

impl Endpoint for GetExecution {
    type Output = ExecutionResult;

    fn request(&self) -> Result<http::Request<Body>> {
        about(http::Method::GET, &self.id)
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionResult> {
        answer::json("an execution's result", response)
    }
}
