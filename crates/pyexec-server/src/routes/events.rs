//! `GET /api/v1/executions/{id}/events`

use super::executions::Target;
use crate::{
    error::ApiError,
    events::{Feed, Offsets, Told},
    scheduler::Found,
    state::AppState,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream;
use pyexec_sandbox::OutputStream;
use pyexec_types::{ErrorBody, OutputChunk};
use std::{io, time::Duration};

/// After so much silence a comment shows that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One event, as its lines say. The `data` of `status` is a `StatusChange`, that of `stdout` and
/// `stderr` an `OutputChunk`, that of `result` an `ExecutionResult` without output.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only its shape is used")]
pub(crate) struct ServerSentEvent {
    /// What has been told with it: `<stdout offset>-<stderr offset>`.
    #[schema(pattern = "^[0-9]+-[0-9]+$")]
    id: String,
    /// `status`, `stdout`, `stderr` or `result`.
    event: String,
    /// JSON.
    data: String,
}

/// Watch an execution: status, output as it is written, and the result at the end.
#[utoipa::path(
    get,
    path = "/api/v1/executions/{id}/events",
    tag = "executions",
    params(
        ("id" = String, Path, description = "The execution"),
        ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]+-[0-9]+$", description = "The last event that arrived: `<stdout offset>-<stderr offset>`"),
    ),
    responses(
        (
            status = 200,
            description = "Server-sent events, `result` as the last",
            content_type = "text/event-stream",
            body = ServerSentEvent
        ),
        (status = 400, description = "Last-Event-ID is none of this execution", body = ErrorBody),
        (status = 404, description = "There is none, or not any more", body = ErrorBody),
    )
)]
pub(crate) async fn watch_execution(
    State(state): State<AppState>,
    target: Target,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = state.scheduler.find(&target.owner, &target.id)?;
    let offsets = last_event(&headers, &found)?;
    let feed = Feed::new(state.scheduler.clone(), found, offsets);
    let events = stream::unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        match feed.next().await {
            Ok(None) => None,
            Ok(Some(told)) => {
                let event = event(told, feed.offsets());
                Some((event, Some(feed)))
            }
            Err(error) => {
                tracing::error!(%error, "output could not be read");
                Some((Err(error), None))
            }
        }
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // A proxy that gathers answers would hold them back.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// Where a watcher goes on.
fn last_event(headers: &HeaderMap, found: &Found) -> Result<Offsets, ApiError> {
    let Some(last) = headers.get("last-event-id") else { return Ok(Offsets::default()) };
    let invalid = |message: &str| {
        ApiError::bad_request("invalid_event_id", format!("Last-Event-ID {message}"))
    };
    let last = last.to_str().unwrap_or_default();
    let offsets: Offsets = last
        .parse()
        .map_err(|()| invalid("has to be the id of an event, <stdout offset>-<stderr offset>"))?;
    let record = found.record();
    let is_beyond = offsets.stdout > record.output.len(OutputStream::Stdout)
        || offsets.stderr > record.output.len(OutputStream::Stderr);
    // What a dead run wrote is gone with an earlier server; its result still is news.
    if is_beyond && !record.result.status.is_terminal() {
        return Err(invalid("is beyond what this execution has written"));
    }
    Ok(offsets)
}

fn event(told: Told, offsets: Offsets) -> io::Result<Event> {
    let event = Event::default().id(offsets.to_string());
    let event = match told {
        Told::Status(change) => event.event("status").json_data(change),
        Told::Output(stream, chunk) => {
            let name = match stream {
                OutputStream::Stdout => "stdout",
                OutputStream::Stderr => "stderr",
            };
            let data = STANDARD.encode(&chunk.bytes);
            event.event(name).json_data(OutputChunk { offset: chunk.offset, data })
        }
        Told::Result(result) => event.event("result").json_data(result),
    };
    event.map_err(io::Error::other)
}
