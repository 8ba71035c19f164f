//! What goes wrong: for a client ([`ApiError`]) and for an operator ([`ServerError`]).

use crate::{FileError, StoreError};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pyexec_sandbox::SandboxError;
use pyexec_types::ErrorBody;
use std::{io, net::SocketAddr, path::PathBuf};

/// Why a server can't start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Executions can't be isolated here.
    #[error("no sandbox")]
    Sandbox(#[from] SandboxError),
    /// An address that others can reach needs a token.
    #[error("refusing to listen on {0} without a token")]
    OpenToOthers(SocketAddr),
    /// Executions are to have the network by default, but none is offered.
    #[error("executions would have the network by default, but may not have it at all")]
    NetworkNotOffered,
    /// A setting that contradicts another.
    #[error("{0}")]
    Config(String),
    /// The state folder can't be used.
    #[error("cannot use the state folder {}", .0.display())]
    State(PathBuf, #[source] StoreError),
    /// The store can't be read.
    #[error("cannot go on with what an earlier server left")]
    Store(#[source] StoreError),
    /// A file of the operator's can't be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A socket or a thread could not be had.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
}

impl ServerError {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Sandbox(error) => error.hint(),
            Self::OpenToOthers(_) => {
                Some("set PYEXEC_TOKEN, or listen on 127.0.0.1 behind a proxy that asks who it is")
            }
            Self::NetworkNotOffered => Some("set PYEXEC_NETWORK_MODE=pasta or host too"),
            _ => None,
        }
    }
}

/// An error answer: `{"error":"<message>","code":"<word>"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_seconds: None }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "execution not found")
    }

    /// 503: try again later.
    pub(crate) fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        Self { retry_after_seconds: Some(5), ..error }
    }

    /// 503: the server takes nothing more, and goes on with what waits when it starts again.
    pub(crate) fn draining() -> Self {
        Self::unavailable("draining", "the server is shutting down")
    }

    /// 500; the details go to the log.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error")
    }

    /// 409: it contradicts what came before.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 429: the token has as much as it may.
    pub(crate) fn too_many(code: &'static str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, code, message);
        Self { retry_after_seconds: Some(5), ..error }
    }

    /// 503: the submission could not be made safe, and was not accepted.
    pub(crate) fn not_stored() -> Self {
        let message = "the submission could not be stored: the server's disk is full or broken";
        Self::unavailable("store_failed", message)
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error: self.message, code: Some(self.code.into()) };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"pyexec\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
