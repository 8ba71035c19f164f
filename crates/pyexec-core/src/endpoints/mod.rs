//! The service's routes, one type each.

mod eval;
mod execute_async;
mod execute_sync;
mod get_execution;
mod health;
mod kill_execution;

pub use eval::Eval;
pub use execute_async::ExecuteAsync;
pub use execute_sync::ExecuteSync;
pub use get_execution::GetExecution;
pub use health::GetHealth;
pub use kill_execution::KillExecution;

use crate::{Body, Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pyexec_types::ExecutionId;

/// What may stand in a path segment as it is. Dots are escaped too, so that no id is `..`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A request about one execution.
fn about(
    method: http::Method,
    id: &ExecutionId,
    wait_seconds: Option<u64>,
) -> Result<http::Request<Body>> {
    let id = id.as_str();
    if id.is_empty() {
        return Err(Error::invalid("an execution's id is empty"));
    }
    let query = wait_seconds.map_or_else(String::new, |seconds| format!("?wait={seconds}"));
    let segment = utf8_percent_encode(id, SEGMENT);
    http::Request::builder()
        .method(method)
        .uri(format!("/api/v1/executions/{segment}{query}"))
        .body(Body::empty())
        .map_err(|error| Error::invalid_because("cannot ask for an execution", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_segment() {
        for (id, path) in [
            ("exe_550e8400-e29b-41d4", "exe_550e8400-e29b-41d4"),
            ("../../health", "%2E%2E%2F%2E%2E%2Fhealth"),
            ("a b?c#d%é", "a%20b%3Fc%23d%25%C3%A9"),
        ] {
            let request = about(http::Method::GET, &id.into(), None).unwrap();
            assert_eq!(request.uri().to_string(), format!("/api/v1/executions/{path}"));
        }
        assert!(about(http::Method::GET, &"".into(), None).is_err());
    }
}
