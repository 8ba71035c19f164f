//! What is seen of every request: its id, the span of its log lines, its metrics.

use crate::{
    metrics::{Metrics, RequestLabels},
    request_id,
    state::AppState,
};
use axum::{
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};
use tracing::Instrument;

/// Names a request, counts it, and names its answer.
pub(crate) async fn observe(
    State(state): State<AppState>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let metrics = state.metrics;
    let _asked = state.activity.asked();
    let id = request_id::of(request.headers());
    let method = known(request.method());
    // The pattern only: a path may hold anything.
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    // The level of errors, so that it is there for whatever is logged.
    let span = tracing::error_span!("request", request_id = id.to_str().ok(), method, route);
    let counter = Arc::clone(&metrics);
    let request = request.map(|body| Body::new(Counted { body, counter }));
    let mut response = next.run(request).instrument(span.clone()).await;
    let after = start.elapsed();
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, ms = after.as_millis() as u64, "answered"));
    metrics.answered(RequestLabels { method, route: route.to_owned(), status }, after);
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// A client can't make up methods that are counted one by one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// A request's body whose bytes are counted as they come.
struct Counted {
    body: Body,
    counter: Arc<Metrics>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.counter.received(data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
