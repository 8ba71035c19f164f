//! `GET /api/v1/executions`

use crate::{Body, Endpoint, Error, Result, answer};
use percent_encoding::utf8_percent_encode;
use pyexec_types::{ExecutionList, Status};

/// `GET /api/v1/executions` (*ext*): the caller's own executions without their output, a page at a
/// time. A server without the extension `list` answers with [`Error::NotFound`].
///
/// ```
/// use pyexec_core::{Endpoint, endpoints::ListExecutions, types::Status};
///
/// let list = ListExecutions::new().status(Status::Running).limit(20).cursor("a b");
/// assert_eq!(
///     list.request()?.uri(),
///     "/api/v1/executions?status=running&limit=20&cursor=a%20b"
/// );
/// # Ok::<(), pyexec_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ListExecutions {
    status: Option<Status>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl ListExecutions {
    /// The first page of all executions, as long as the server likes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those that stand here.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// How many executions are on a page at most. A server has a limit of its own, too.
    #[must_use]
    pub fn limit(mut self, executions: u32) -> Self {
        self.limit = Some(executions);
        self
    }

    /// Goes on where another page ended: with its [`ExecutionList::next`].
    #[must_use]
    pub fn cursor(mut self, next: impl Into<String>) -> Self {
        self.cursor = Some(next.into());
        self
    }

    /// Where this page begins; none on the first.
    pub(crate) fn position(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

impl Endpoint for ListExecutions {
    type Output = ExecutionList;

    fn request(&self) -> Result<http::Request<Body>> {
        let mut uri = "/api/v1/executions".to_owned();
        let wanted = [
            ("status", self.status.as_ref().map(ToString::to_string)),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        let mut separator = '?';
        for (name, value) in wanted {
            if let Some(value) = value {
                let value = utf8_percent_encode(&value, super::SEGMENT);
                uri += &format!("{separator}{name}={value}");
                separator = '&';
            }
        }
        http::Request::get(uri)
            .body(Body::empty())
            .map_err(|error| Error::invalid_because("cannot ask for executions", error))
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<ExecutionList> {
        match answer::json("a list of executions", response) {
            // No execution is missing; the route is.
            Err(Error::NotFound { .. }) => {
                Err(Error::NotFound { message: "the server offers no list of executions".into() })
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_by_default() {
        assert_eq!(ListExecutions::new().request().unwrap().uri(), "/api/v1/executions");
        let cursor = ListExecutions::new().cursor("x&limit=1#").request().unwrap();
        assert_eq!(cursor.uri(), "/api/v1/executions?cursor=x%26limit%3D1%23");
    }

    #[test]
    fn a_server_without_lists_is_named_as_such() {
        let missing = http::Response::builder().status(404);
        let missing = missing.body(b"404 page not found".to_vec()).unwrap();
        let error = ListExecutions::new().response(missing).unwrap_err();
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), "the server offers no list of executions (HTTP 404)");
    }
}
