//! `POST /api/v1/eval`

use crate::{
    Body, Endpoint, Error, Result, Submission, answer,
    project::{UNKNOWN_OVERHEAD, overhead, sync_timeout},
};
use http::{HeaderValue, header};
use pyexec_types::{ExecutionResult, Health, SimpleExecRequest};
use std::time::Duration;

/// `POST /api/v1/eval`: runs code that needs no archive and answers with its result.
///
/// Its time limit is that of [`ExecuteSync`](super::ExecuteSync).
#[derive(Debug, Clone)]
pub struct Eval {
    request: SimpleExecRequest,
    overhead: Duration,
}

impl Eval {
    /// Runs `request`, which goes out as it is.
    pub fn new(request: &SimpleExecRequest) -> Self {
        Self { request: request.clone(), overhead: UNKNOWN_OVERHEAD }
    }
}

impl Endpoint for Eval {
    type Output = ExecutionResult;

    fn request(&self) -> Result<http::Request<Body>> {
        let invalid = "cannot form the request";
        let json = serde_json::to_vec(&self.request)
            .map_err(|error| Error::invalid_because(invalid, error))?;
        http::Request::post("/api/v1/eval")
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(json.into())
            .map_err(|error| Error::invalid_because(invalid, error))
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionResult> {
        answer::json("an execution's result", response)
    }

    fn timeout(&self) -> Option<Duration> {
        let seconds = self.request.config.map_or(0, |config| config.timeout_seconds);
        Some(sync_timeout(self.overhead, seconds))
    }
}

impl Submission for Eval {
    fn learn(&mut self, health: &Health) {
        self.overhead = overhead(health).unwrap_or(self.overhead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::ExecutionConfig;

    #[test]
    fn goes_out_as_it_is() {
        let mut request = SimpleExecRequest::new("2 + 2");
        request.config = Some(ExecutionConfig { timeout_seconds: 5, ..Default::default() });
        let eval = Eval::new(&request);
        assert_eq!(eval.timeout(), Some(Duration::from_secs(315)));
        let sent = eval.request().unwrap();
        assert_eq!(sent.uri(), "/api/v1/eval");
        assert_eq!(sent.headers()["content-type"], "application/json");
        let body: &[u8] = sent.body().as_bytes().unwrap();
        assert_eq!(
            std::str::from_utf8(body).unwrap(),
            r#"{"code":"2 + 2","config":{"timeout_seconds":5},"eval_last_expr":true}"#
        );
    }
}
