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
    takes_bytes: bool,
    takes_variables: bool,
}

impl Eval {
    /// Runs `request`, which goes out as it is.
    pub fn new(request: &SimpleExecRequest) -> Self {
        Self {
            request: request.clone(),
            overhead: UNKNOWN_OVERHEAD,
            takes_bytes: false,
            takes_variables: false,
        }
    }

    /// What the server would pass over.
    fn refusal(&self) -> Option<&'static str> {
        let SimpleExecRequest { stdin_base64, env_vars, .. } = &self.request;
        if !stdin_base64.is_empty() && !self.takes_bytes {
            return Some(
                "the server takes only text as a program's input, which stdin_base64 isn't",
            );
        }
        (!env_vars.is_empty() && !self.takes_variables)
            .then_some("the server takes no environment variables with code to evaluate")
    }
}

impl Endpoint for Eval {
    type Output = ExecutionResult;

    fn request(&self) -> Result<http::Request<Body>> {
        if let Some(refusal) = self.refusal() {
            return Err(Error::invalid(refusal));
        }
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
    fn depends_on_health(&self) -> bool {
        !self.request.stdin_base64.is_empty() || !self.request.env_vars.is_empty()
    }

    fn learn(&mut self, health: &Health) {
        self.takes_bytes = health.offers("eval_stdin_base64");
        self.takes_variables = health.offers("eval_env_vars");
        self.overhead = overhead(health).unwrap_or(self.overhead);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::ExecutionConfig;

    #[test]
    fn what_a_server_would_pass_over_is_refused() {
        let bytes = SimpleExecRequest { stdin_base64: "/w==".into(), ..Default::default() };
        let variables = SimpleExecRequest { env_vars: vec!["A=1".into()], ..Default::default() };
        for (request, extension) in [(bytes, "eval_stdin_base64"), (variables, "eval_env_vars")] {
            let mut eval = Eval::new(&request);
            assert!(eval.depends_on_health());
            for (offered, is_sent) in [("stdin_base64", false), (extension, true)] {
                let health = format!(r#"{{"status":"ok","extensions":["{offered}"]}}"#);
                eval.learn(&serde_json::from_str(&health).unwrap());
                assert_eq!(eval.request().is_ok(), is_sent, "{extension} {offered}");
            }
        }
        assert!(!Eval::new(&SimpleExecRequest::new("1")).depends_on_health());
    }

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
