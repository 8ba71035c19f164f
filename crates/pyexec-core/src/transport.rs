//! Exchanges that ended without a complete answer.

use std::{error::Error as StdError, fmt, io};

/// An exchange that ended without a complete answer.
///
/// ```
/// use pyexec_core::{TransportError, TransportErrorKind};
///
/// let error = TransportError::new(TransportErrorKind::Refused, "os error 111")
///     .at("http://127.0.0.1:1");
/// assert!(error.is_connect() && error.is_retryable());
/// assert_eq!(error.to_string(), "cannot connect to http://127.0.0.1:1: connection refused");
/// ```
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    peer: Option<Box<str>>,
    source: Box<dyn StdError + Send + Sync>,
}

/// What kept an exchange from its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: the host has no such name or can't be reached, or TLS failed.
    Connect,
    /// Nobody listens at the address: the connection was refused.
    Refused,
    /// The time for the exchange was over.
    Timeout,
    /// The connection ended before the answer did.
    Closed,
    /// The answer is larger than the client accepts.
    ResponseTooLarge,
    /// The request's own body couldn't be read, say because a file changed.
    Upload,
    /// Something else.
    Other,
}

impl TransportError {
    /// An error of a known kind.
    pub fn new(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, peer: None, source: source.into() }
    }

    /// An error whose kind follows from the `io` errors that caused it. `otherwise` is its kind
    /// where they say nothing.
    pub fn classify(
        otherwise: TransportErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self::new(kind_of(&*source).unwrap_or(otherwise), source)
    }

    /// An answer of more than `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        Self::new(TransportErrorKind::ResponseTooLarge, format!("the limit is {limit} bytes"))
    }

    /// Says whom the exchange was with: a URL without credentials.
    #[must_use]
    pub fn at(mut self, peer: impl Into<String>) -> Self {
        self.peer = Some(peer.into().into_boxed_str());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether there was no connection, so that the server can't have seen the request.
    pub fn is_connect(&self) -> bool {
        matches!(self.kind, TransportErrorKind::Connect | TransportErrorKind::Refused)
    }

    /// Whether nobody listens at the server's address.
    pub fn is_refused(&self) -> bool {
        self.kind == TransportErrorKind::Refused
    }

    /// Whether the time for the exchange was over.
    pub fn is_timeout(&self) -> bool {
        self.kind == TransportErrorKind::Timeout
    }

    /// Whether the same request may well succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            TransportErrorKind::Connect
                | TransportErrorKind::Refused
                | TransportErrorKind::Timeout
                | TransportErrorKind::Closed
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer.as_deref().unwrap_or("the server");
        let cause = root(&*self.source);
        match self.kind {
            TransportErrorKind::Refused => {
                write!(f, "cannot connect to {peer}: connection refused")
            }
            TransportErrorKind::Connect => write!(f, "cannot connect to {peer}: {cause}"),
            TransportErrorKind::Timeout => {
                write!(f, "no complete answer from {peer} in time: {cause}")
            }
            TransportErrorKind::Closed => {
                write!(f, "{peer} ended the connection too early: {cause}")
            }
            TransportErrorKind::ResponseTooLarge => {
                write!(f, "the answer of {peer} is too large: {cause}")
            }
            TransportErrorKind::Upload => {
                write!(f, "cannot read what goes to {peer}: {cause}")
            }
            TransportErrorKind::Other => write!(f, "the request to {peer} failed: {cause}"),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// Why the body of a request couldn't be read. [`BodyReader`](crate::BodyReader) wraps the errors
/// of its archive in it, so that they aren't taken for those of the connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UploadError(#[source] io::Error);

impl UploadError {
    /// Marks an error as one of the body.
    pub(crate) fn wrap(error: io::Error) -> io::Error {
        io::Error::new(error.kind(), Self(error))
    }
}

/// What lies right below an error. An `io::Error` doesn't name what it wraps as its source.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
        Some(Some(wrapped)) => Some(wrapped),
        _ => error.source(),
    }
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| below(error))
}

fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}

fn kind_of(error: &(dyn StdError + 'static)) -> Option<TransportErrorKind> {
    if chain(error).any(<dyn StdError>::is::<UploadError>) {
        return Some(TransportErrorKind::Upload);
    }
    chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).find_map(|error| match error
        .kind()
    {
        io::ErrorKind::ConnectionRefused => Some(TransportErrorKind::Refused),
        io::ErrorKind::TimedOut => Some(TransportErrorKind::Timeout),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Some(TransportErrorKind::Connect),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset => Some(TransportErrorKind::Closed),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifies_by_the_io_error_below() {
        let classify = |source: Box<dyn StdError + Send + Sync>| {
            TransportError::classify(TransportErrorKind::Other, source).kind()
        };
        let wrapped = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(classify(wrapped.into()), TransportErrorKind::Refused);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(classify(reset.into()), TransportErrorKind::Closed);
        let upload = UploadError::wrap(io::ErrorKind::UnexpectedEof.into());
        assert_eq!(classify(io::Error::other(upload).into()), TransportErrorKind::Upload);
        assert_eq!(classify("unheard of".into()), TransportErrorKind::Other);
    }

    #[test]
    fn shows_the_innermost_cause_and_keeps_the_chain() {
        let error = TransportError::new(
            TransportErrorKind::Connect,
            io::Error::other(io::Error::other("no such host")),
        )
        .at("http://nowhere");
        assert_eq!(error.to_string(), "cannot connect to http://nowhere: no such host");
        assert!(error.source().is_some());
        assert_eq!(
            TransportError::too_large(10).to_string(),
            "the answer of the server is too large: the limit is 10 bytes"
        );
    }
}
