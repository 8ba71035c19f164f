//! `GET /metrics`

use crate::state::AppState;
use axum::{extract::State, http::header, response::IntoResponse};

/// What Prometheus asks for and understands.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counts, times and how busy the server is, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses((
        status = 200,
        description = "All metrics",
        body = String,
        content_type = "application/openmetrics-text",
        example = "# HELP pyexec_queue_length Executions that wait for a slot.\n# TYPE pyexec_queue_length gauge\npyexec_queue_length 0\n# EOF\n",
    ))
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let text = state.metrics.text(state.scheduler.load(), &state.spool);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text)
}
