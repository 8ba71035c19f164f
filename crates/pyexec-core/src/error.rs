//! Everything that can go wrong with a call.

use crate::TransportError;
use http::StatusCode;
use pyexec_archive::ArchiveError;
use pyexec_types::{ExecutionId, Status};
use std::{error::Error as StdError, fmt, time::Duration};

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong with a call. The text of each is meant for a person, holds the
/// server's own words where there are any, and never a credential.
///
/// ```
/// use pyexec_core::Error;
///
/// fn advice(error: &Error) -> &'static str {
///     match error {
///         error if error.is_not_found() => "check the execution's id",
///         error if error.is_timeout() => "allow it more time",
///         error if error.is_retryable() => "try again later",
///         _ => "see the message",
///     }
/// }
/// # let gone = http::Response::builder().status(404).body(vec![]).unwrap();
/// # assert_eq!(advice(&Error::from_response(&gone)), "check the execution's id");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused the request or failed on it.
    #[error("{message} (HTTP {})", status.as_u16())]
    #[non_exhaustive]
    Api {
        /// HTTP status of the answer.
        status: StatusCode,
        /// The server's stable word for the problem, where it has one.
        code: Option<String>,
        /// The server's message.
        message: String,
    },
    /// The server knows no such execution, or no such route (404).
    #[error("{message} (HTTP 404)")]
    #[non_exhaustive]
    NotFound {
        /// The server's message.
        message: String,
    },
    /// The request is larger than the server accepts (413).
    #[error("{message} (HTTP 413)")]
    #[non_exhaustive]
    TooLarge {
        /// The server's message.
        message: String,
    },
    /// No answer came, or no complete one.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer came that isn't what the API says.
    #[error("cannot read the server's answer as {expected}: {source}; it begins with {excerpt:?}")]
    #[non_exhaustive]
    Decode {
        /// What was expected.
        expected: &'static str,
        /// The answer's first characters.
        excerpt: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// An execution had not ended when the caller's time for waiting was over. It goes on.
    #[error("execution {execution_id} is still {status} after {limit:?}")]
    #[non_exhaustive]
    Deadline {
        /// The execution, to ask for or to kill later.
        execution_id: ExecutionId,
        /// Where it stood at the last look.
        status: Status,
        /// How long was waited.
        limit: Duration,
    },
    /// The archive can't be built or read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The base URL can't be used.
    #[error("invalid base URL {url:?}: {reason}")]
    #[non_exhaustive]
    BaseUrl {
        /// The URL, without credentials.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The request can't be put together, or the client can't be built.
    #[error("{reason}{}", Cause(source))]
    #[non_exhaustive]
    InvalidRequest {
        /// What can't be done.
        reason: String,
        /// Why.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
}

impl Error {
    /// A request, a call or a client that can't be put together.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidRequest { reason: reason.into(), source: None }
    }

    /// The same, with what caused it.
    pub fn invalid_because(
        reason: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::InvalidRequest { reason: reason.into(), source: Some(source.into()) }
    }

    /// A base URL that can't be used; `url` must be without credentials.
    pub fn base_url(url: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::BaseUrl { url: url.into(), reason: reason.into() }
    }

    /// A step or an event that this version of a client or a call doesn't know.
    pub fn unknown_step() -> Self {
        Self::invalid("this call and this client belong to different versions of pyexec-core")
    }

    /// HTTP status of the server's answer, if the error is one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api { status, .. } => Some(*status),
            Self::NotFound { .. } => Some(StatusCode::NOT_FOUND),
            Self::TooLarge { .. } => Some(StatusCode::PAYLOAD_TOO_LARGE),
            _ => None,
        }
    }

    /// Whether the same request may well succeed later: the server is busy or unreachable. After a
    /// submission only [`TransportError::is_connect`] makes sure that nothing was started.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => is_busy(*status),
            Self::Transport(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether time ran out: the exchange's, or the caller's for waiting.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_timeout(),
            Self::Deadline { .. } => true,
            _ => false,
        }
    }

    /// Whether the server knows no such execution (or route).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// Whether a status says that the server, or one before it, has no room just now.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// `: cause`, where there is one.
struct Cause<'a>(&'a Option<Box<dyn StdError + Send + Sync>>);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportErrorKind;

    #[test]
    fn predicates() {
        let busy = Error::Api {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: None,
            message: "queue full".into(),
        };
        assert!(busy.is_retryable() && !busy.is_timeout() && !busy.is_not_found());
        assert_eq!(busy.to_string(), "queue full (HTTP 503)");
        let late: Error = TransportError::new(TransportErrorKind::Timeout, "late").into();
        assert!(late.is_timeout());
        let late = Error::Deadline {
            execution_id: "exe_1".into(),
            status: Status::Running,
            limit: Duration::from_secs(90),
        };
        assert!(late.is_timeout() && !late.is_retryable());
        assert_eq!(late.to_string(), "execution exe_1 is still running after 90s");
    }

    #[test]
    fn keeps_its_cause() {
        let error = Error::invalid_because("cannot use TLS", "no certificates");
        assert_eq!(error.to_string(), "cannot use TLS: no certificates");
        assert!(error.source().is_some());
        assert!(Error::invalid("no").source().is_none());
    }

    #[test]
    fn is_small() {
        assert!(size_of::<Error>() <= 96, "{}", size_of::<Error>());
    }
}
