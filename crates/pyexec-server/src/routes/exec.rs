//! `POST /api/v1/exec/sync` and `POST /api/v1/exec/async`

use super::answer;
use crate::{Submission, error::ApiError, live::Live, state::AppState, upload};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use pyexec_types::{ErrorBody, ExecutionResult, Metadata, Submitted};

/// The parts of the form, for the API's description.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only its shape is used")]
pub(crate) struct ExecForm {
    /// An uncompressed tar.
    #[schema(value_type = String, format = Binary)]
    tar: Vec<u8>,
    /// What to run and how.
    metadata: Metadata,
}

/// Run an archive and wait for the result.
#[utoipa::path(
    post,
    path = "/api/v1/exec/sync",
    tag = "executions",
    request_body(content = ExecForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The execution is over", body = ExecutionResult),
        (status = 400, description = "Nothing was run", body = ErrorBody),
        (status = 401, description = "The token is missing or wrong", body = ErrorBody),
        (status = 413, description = "The request is too large", body = ErrorBody),
        (status = 503, description = "The queue is full", body = ErrorBody),
    )
)]
pub(crate) async fn execute_sync(
    State(state): State<AppState>,
    request: Request,
) -> Result<Json<ExecutionResult>, ApiError> {
    answer(submit(&state, request).await?).await
}

/// Run an archive and answer at once.
#[utoipa::path(
    post,
    path = "/api/v1/exec/async",
    tag = "executions",
    request_body(content = ExecForm, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "The execution is accepted", body = Submitted),
        (status = 400, description = "Nothing was run", body = ErrorBody),
        (status = 401, description = "The token is missing or wrong", body = ErrorBody),
        (status = 413, description = "The request is too large", body = ErrorBody),
        (status = 503, description = "The queue is full", body = ErrorBody),
    )
)]
pub(crate) async fn execute_async(
    State(state): State<AppState>,
    request: Request,
) -> Result<(StatusCode, Json<Submitted>), ApiError> {
    let live = submit(&state, request).await?;
    Ok((StatusCode::ACCEPTED, Json(Submitted { execution_id: live.id().clone() })))
}

async fn submit(state: &AppState, request: Request) -> Result<Live, ApiError> {
    let (upload, metadata) = upload::receive(request, state).await?;
    let submission = Submission::from_archive(upload, metadata, &state.config, &*state.backend)?;
    state.scheduler.submit(submission)
}
