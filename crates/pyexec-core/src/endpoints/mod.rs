//! The service's routes, one type each.

mod eval;
pub(crate) mod events;
mod execute_async;
mod execute_sync;
mod get_execution;
mod health;
mod kill_execution;
mod list_executions;

pub use eval::Eval;
pub use execute_async::ExecuteAsync;
pub use execute_sync::ExecuteSync;
pub use get_execution::GetExecution;
pub use health::GetHealth;
pub use kill_execution::KillExecution;
pub use list_executions::ListExecutions;

use crate::{Body, Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pyexec_types::ExecutionId;

/// What may stand in a path segment as it is. Dots are escaped too, so that no id is `..`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A request about one execution; `rest` follows its id in the URL.
fn about(method: http::Method, id: &ExecutionId, rest: &str) -> Result<http::Request<Body>> {
    let id = id.as_str();
    if id.is_empty() {
        return Err(Error::invalid("an execution's id is empty"));
    }
    let segment = utf8_percent_encode(id, SEGMENT);
    http::Request::builder()
        .method(method)
        .uri(format!("/api/v1/executions/{segment}{rest}"))
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
            let request = about(http::Method::GET, &id.into(), "").unwrap();
            assert_eq!(request.uri().to_string(), format!("/api/v1/executions/{path}"));
        }
        assert!(about(http::Method::GET, &"".into(), "").is_err());
    }
}
