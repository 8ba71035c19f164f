//! `GET /api/v1/executions/{id}`

use super::about;
use crate::{Body, Endpoint, Exchange, Result, answer};
use pyexec_types::{ExecutionId, ExecutionResult};
use std::time::Duration;

/// `GET /api/v1/executions/{id}`: what has come of an execution so far.
#[derive(Debug, Clone)]
pub struct GetExecution {
    id: ExecutionId,
    /// Seconds that the server may wait for its end.
    wait_seconds: Option<u64>,
}

impl GetExecution {
    /// Asks for the execution `id`.
    pub fn new(id: &ExecutionId) -> Self {
        Self { id: id.clone(), wait_seconds: None }
    }

    /// Lets the server hold its answer until the execution ends, for this many seconds at most.
    /// One that doesn't offer the extension `wait` answers at once.
    #[must_use]
    pub fn wait(mut self, seconds: u64) -> Self {
        self.wait_seconds = Some(seconds);
        self
    }

    /// The execution that is asked for.
    pub fn id(&self) -> &ExecutionId {
        &self.id
    }
}

impl Endpoint for GetExecution {
    type Output = ExecutionResult;

    fn request(&self) -> Result<http::Request<Body>> {
        let query =
            self.wait_seconds.map_or_else(String::new, |seconds| format!("?wait={seconds}"));
        about(http::Method::GET, &self.id, &query)
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionResult> {
        answer::json("an execution's result", response)
    }

    fn exchange(&self) -> Result<Box<Exchange>> {
        let mut exchange = Exchange::new(self.request()?);
        exchange.hold = self.wait_seconds.map(Duration::from_secs);
        Ok(Box::new(exchange))
    }
}
