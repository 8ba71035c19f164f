//! One HTTP exchange by reqwest.

use crate::upload;
use http::Response;
use pyexec_core::{Exchange, TransportError, TransportErrorKind};
use std::{error::Error as StdError, time::Duration};

/// Up to this many bytes an announced answer is made room for at once.
const USUAL_ANSWER: u64 = 64 << 10;

/// Sends a request that is ready to go and reads the whole answer.
pub(crate) async fn whole(
    http: &reqwest::Client,
    exchange: Exchange,
) -> Result<Response<Vec<u8>>, TransportError> {
    let most = exchange.max_response.unwrap_or(u64::MAX);
    let timeout = exchange.timeout;
    let mut response = http.execute(request(exchange, timeout)?).await.map_err(classify)?;
    if response.content_length().is_some_and(|size| size > most) {
        return Err(TransportError::too_large(most));
    }
    // Room for all of a usual answer at once.
    let expected = response.content_length().unwrap_or(0).min(USUAL_ANSWER);
    let mut body = Vec::with_capacity(expected as usize);
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if (body.len() + chunk.len()) as u64 > most {
            return Err(TransportError::too_large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(take_head(&mut response).map(|()| body))
}

/// An answer that is read piece by piece.
pub(crate) struct Answer {
    response: reqwest::Response,
    /// How long the server may be silent.
    silence: Duration,
}

impl Answer {
    /// Sends a request that is ready to go and returns with the head of the answer. The time
    /// limit is for silence; the whole may take a year.
    pub(crate) async fn open(
        http: &reqwest::Client,
        exchange: Exchange,
    ) -> Result<Self, TransportError> {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let silence = exchange.timeout.unwrap_or(YEAR);
        let request = request(exchange, Some(YEAR))?;
        let response = within(silence, http.execute(request)).await?;
        Ok(Self { response, silence })
    }

    /// Status and headers, which are gone from it then.
    pub(crate) fn take_head(&mut self) -> Response<()> {
        take_head(&mut self.response)
    }

    /// The next piece; none at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, TransportError> {
        within(self.silence, self.response.chunk()).await
    }
}

/// Status and headers of an answer, whose headers are taken out of it.
fn take_head(response: &mut reqwest::Response) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    *head.version_mut() = response.version();
    *head.headers_mut() = std::mem::take(response.headers_mut());
    head
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, TransportError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(classify),
        Err(late) => Err(TransportError::new(TransportErrorKind::Timeout, late)),
    }
}

fn request(
    exchange: Exchange,
    timeout: Option<Duration>,
) -> Result<reqwest::Request, TransportError> {
    let (parts, body) = exchange.request.into_parts();
    let url = reqwest::Url::parse(&parts.uri.to_string())
        .map_err(|error| TransportError::new(TransportErrorKind::Other, error))?;
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = upload::body(body);
    *request.timeout_mut() = timeout;
    Ok(request)
}

fn classify(error: reqwest::Error) -> TransportError {
    // The caller names the server.
    let error = error.without_url();
    if error.is_timeout() {
        return TransportError::new(TransportErrorKind::Timeout, error);
    }
    let otherwise = if error.is_connect() {
        TransportErrorKind::Connect
    } else if broke_off(&error) {
        TransportErrorKind::Closed
    } else {
        TransportErrorKind::Other
    };
    TransportError::classify(otherwise, error)
}

/// Whether the connection ended in the middle of the exchange.
fn broke_off(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper::Error>())
        .any(|error| error.is_incomplete_message() || error.is_canceled() || error.is_closed())
}
