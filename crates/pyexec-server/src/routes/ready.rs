//! `GET /ready`

use crate::{error::ApiError, state::AppState};
use axum::{Json, extract::State};
use pyexec_types::ErrorBody;
use serde::Serialize;

/// The answer of a server that accepts executions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Ready {
    /// `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the server accepts executions: it doesn't any more once it shuts down.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "service",
    responses(
        (status = 200, description = "It accepts executions", body = Ready),
        (status = 503, description = "It shuts down", body = ErrorBody),
    )
)]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Json<Ready>, ApiError> {
    if *state.draining.borrow() {
        return Err(ApiError::unavailable("draining", "the server is shutting down"));
    }
    Ok(Json(Ready { status: "ready" }))
}
