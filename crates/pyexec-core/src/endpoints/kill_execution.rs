//! `DELETE /api/v1/executions/{id}`

use super::about;
use crate::{Body, Endpoint, Result, answer};
use pyexec_types::{ExecutionId, KillResponse, Status};

/// `DELETE /api/v1/executions/{id}`: ends an execution and answers with its status: `killed`, or
/// what it already was if it had ended.
#[derive(Debug, Clone)]
pub struct KillExecution {
    id: ExecutionId,
}

impl KillExecution {
    /// Ends the execution `id`.
    pub fn new(id: &ExecutionId) -> Self {
        Self { id: id.clone() }
    }
}

impl Endpoint for KillExecution {
    type Output = Status;

    fn request(&self) -> Result<http::Request<Body>> {
        about(http::Method::DELETE, &self.id, "")
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<Status> {
        answer::json("an execution's status", response).map(|answer: KillResponse| answer.status)
    }
}
