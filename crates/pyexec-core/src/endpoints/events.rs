//! `GET /api/v1/executions/{id}/events`

use super::about;
use crate::{Error, Exchange, Result};
use http::{HeaderName, HeaderValue, Method, header};
use pyexec_types::ExecutionId;
use std::time::Duration;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Opens the stream of an execution's events, after the last one that is known. The server may be
/// silent for as long.
pub(crate) fn open(
    id: &ExecutionId,
    last: Option<&str>,
    silence: Duration,
) -> Result<Box<Exchange>> {
    let mut request = about(Method::GET, id, "/events")?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    if let Some(last) = last {
        let last = HeaderValue::from_str(last)
            .map_err(|error| Error::invalid_because("cannot resume a stream of events", error))?;
        headers.insert(LAST_EVENT_ID, last);
    }
    let mut exchange = Exchange::new(request);
    exchange.timeout = Some(silence);
    Ok(Box::new(exchange))
}
