//! One HTTP exchange by ureq.

use crate::early_answer::Unanswered;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use pyexec_core::{Body, Exchange, TransportError, TransportErrorKind};
use std::{
    io::{self, Read},
    time::Duration,
};
use ureq::{Agent, BodyReader, SendBody};

/// Bodies from this size on are announced first, so that a server can refuse them unsent: ureq
/// doesn't look for an answer as long as it can send.
const ASK_FIRST: u64 = 1 << 20;

/// How the standard library begins its message for a name that has no address; the error has no
/// kind of its own.
const LOOKUP_FAILED: &str = "failed to lookup address";

/// Up to this many bytes an announced answer is made room for at once.
const USUAL_ANSWER: u64 = 64 << 10;

/// How much of a streamed answer is read at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// Sends a request that is ready to go and reads the whole answer.
pub(crate) fn whole(
    agent: &Agent,
    exchange: Exchange,
) -> Result<Response<Vec<u8>>, TransportError> {
    let most = exchange.max_response.unwrap_or(u64::MAX);
    let limit = Limit::Whole(exchange.timeout);
    let response = send(agent, exchange.request, limit).map_err(classify)?;
    let (parts, body) = response.into_parts();
    if body.content_length().is_some_and(|size| size > most) {
        return Err(TransportError::too_large(most));
    }
    // Room for all of a usual answer and for the read that finds its end.
    let expected = body.content_length().unwrap_or(0).min(USUAL_ANSWER);
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    body.into_reader()
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| classify(error.into()))?;
    if bytes.len() as u64 > most {
        return Err(TransportError::too_large(most));
    }
    Ok(Response::from_parts(parts, bytes))
}

/// An answer that is read piece by piece.
pub(crate) struct Answer(BodyReader<'static>);

impl Answer {
    /// Sends a request that is ready to go and returns with the head of the answer. The time
    /// limit is for silence.
    pub(crate) fn open(
        agent: &Agent,
        exchange: Exchange,
    ) -> Result<(Response<()>, Self), TransportError> {
        let limit = Limit::Silence(exchange.timeout);
        let response = send(agent, exchange.request, limit).map_err(classify)?;
        let (parts, body) = response.into_parts();
        Ok((Response::from_parts(parts, ()), Self(body.into_reader())))
    }

    /// The next piece; none at the end.
    pub(crate) fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.0.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(read) => {
                    chunk.truncate(read);
                    return Ok(Some(chunk.into()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(classify(error.into())),
            }
        }
    }
}

/// What a time limit is for.
enum Limit {
    /// From the connection to the answer's last byte.
    Whole(Option<Duration>),
    /// From one sign of the server to the next.
    Silence(Option<Duration>),
}

fn send(
    agent: &Agent,
    request: Request<Body>,
    limit: Limit,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let (mut parts, body) = request.into_parts();
    let size = body.size();
    let body = if size == 0 {
        SendBody::none()
    } else {
        // For a reader alone ureq would choose chunked encoding.
        parts.headers.insert(header::CONTENT_LENGTH, size.into());
        if size >= ASK_FIRST {
            let ask = HeaderValue::from_static("100-continue");
            parts.headers.insert(header::EXPECT, ask);
        }
        SendBody::from_owned_reader(Unanswered::new(body.open(), size))
    };
    let connect = agent.config().timeouts().connect;
    let config = agent
        .configure_request(Request::from_parts(parts, body))
        .http_status_as_error(false)
        // A redirected POST would lose its body.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_per_call(None);
    let config = match limit {
        Limit::Whole(limit) => config.timeout_global(limit),
        Limit::Silence(limit) => config
            .timeout_global(None)
            .timeout_recv_body(None)
            // An agent from outside may have no limit of its own.
            .timeout_connect(shorter(connect, limit))
            .timeout_recv_response(limit)
            .timeout_per_read(limit)
            .timeout_per_write(limit),
    };
    agent.run(config.build())
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// Whether the server's certificate isn't one to trust, which ends the handshake.
#[cfg(feature = "rustls")]
fn is_untrusted(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(
        tls,
        Some(
            rustls::Error::InvalidCertificate(_)
                | rustls::Error::NoCertificatesPresented
                | rustls::Error::PeerIncompatible(_)
        )
    )
}

#[cfg(not(feature = "rustls"))]
fn is_untrusted(_: &io::Error) -> bool {
    false
}

fn classify(error: ureq::Error) -> TransportError {
    let kind = match error {
        ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
        ureq::Error::ConnectionFailed
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::TlsRequired
        | ureq::Error::Tls(_) => TransportErrorKind::Connect,
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(_) => TransportErrorKind::Connect,
        // ureq doesn't name what it wraps as its source.
        ureq::Error::Io(error) => {
            let has_no_connection =
                error.to_string().starts_with(LOOKUP_FAILED) || is_untrusted(&error);
            let otherwise = if has_no_connection {
                TransportErrorKind::Connect
            } else {
                TransportErrorKind::Other
            };
            return TransportError::classify(otherwise, error);
        }
        _ => TransportErrorKind::Other,
    };
    TransportError::new(kind, error)
}
