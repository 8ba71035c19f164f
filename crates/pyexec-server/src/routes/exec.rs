//! `POST /api/v1/exec/sync` and `POST /api/v1/exec/async`

use super::attend;
use crate::{
    Caller, Submission,
    error::ApiError,
    scheduler::{Arrival, Taken},
    state::AppState,
    upload::{self, Received},
};
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use pyexec_types::{ErrorBody, ExecutionResult, Metadata, Submitted};

/// The parts of the form, in either order.
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
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "A name for this request, so that it is carried out once however often it comes")),
    request_body(content = ExecForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The execution is over", body = ExecutionResult),
        (status = 400, description = "Nothing was run", body = ErrorBody),
        (status = 408, description = "The upload paused for too long", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key came with another body before", body = ErrorBody),
        (status = 413, description = "The request is too large", body = ErrorBody),
        (status = 429, description = "The token has as many waiting as it may", body = ErrorBody),
        (status = 503, description = "The queue is full", body = ErrorBody),
    )
)]
pub(crate) async fn execute_sync(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, ApiError> {
    attend(submit(&state, request, &caller, false).await?).await
}

/// Run an archive and answer at once.
#[utoipa::path(
    post,
    path = "/api/v1/exec/async",
    tag = "executions",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "A name for this request, so that it is carried out once however often it comes")),
    request_body(content = ExecForm, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "The execution is accepted", body = Submitted),
        (status = 400, description = "Nothing was run", body = ErrorBody),
        (status = 408, description = "The upload paused for too long", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key came with another body before", body = ErrorBody),
        (status = 413, description = "The request is too large", body = ErrorBody),
        (status = 429, description = "The token has as many waiting as it may", body = ErrorBody),
        (status = 503, description = "The queue is full", body = ErrorBody),
    )
)]
pub(crate) async fn execute_async(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<(StatusCode, Json<Submitted>), ApiError> {
    let found = submit(&state, request, &caller, true).await?.found;
    let execution_id = found.record().result.execution_id;
    Ok((StatusCode::ACCEPTED, Json(Submitted { execution_id })))
}

async fn submit(
    state: &AppState,
    request: Request,
    caller: &Caller,
    is_async: bool,
) -> Result<Taken, ApiError> {
    let Received { upload, metadata, key, held: _held } = upload::receive(request, state).await?;
    let limits = &caller.limits;
    let packages = &state.scheduler.packages;
    let backend = &*state.backend;
    let submission =
        Submission::from_archive(upload, metadata, limits, &state.config, backend, packages)?;
    state.scheduler.submit(submission, caller, Arrival { is_async, key }).await
}
