//! `GET /api/v1/executions/{id}` and `DELETE /api/v1/executions/{id}`

use crate::{error::ApiError, state::AppState};
use axum::{
    Json,
    extract::{Path, State},
};
use pyexec_types::{ErrorBody, ExecutionId, ExecutionResult, KillResponse};

/// What came, or has come so far, of an execution.
#[utoipa::path(
    get,
    path = "/api/v1/executions/{id}",
    tag = "executions",
    params(("id" = String, Path, description = "The execution")),
    responses(
        (status = 200, description = "Where it stands", body = ExecutionResult),
        (status = 401, description = "The token is missing or wrong", body = ErrorBody),
        (status = 404, description = "There is none, or not any more", body = ErrorBody),
    )
)]
pub(crate) async fn get_execution(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<ExecutionResult>, ApiError> {
    state.scheduler.get(&ExecutionId::from(id)).map(Json)
}

/// End an execution; when the answer comes, none of its processes is left.
#[utoipa::path(
    delete,
    path = "/api/v1/executions/{id}",
    tag = "executions",
    params(("id" = String, Path, description = "The execution")),
    responses(
        (status = 200, description = "`killed`, or the status that it already had", body = KillResponse),
        (status = 401, description = "The token is missing or wrong", body = ErrorBody),
        (status = 404, description = "There is none, or not any more", body = ErrorBody),
    )
)]
pub(crate) async fn kill_execution(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<KillResponse>, ApiError> {
    let status = state.scheduler.kill(&ExecutionId::from(id)).await?;
    Ok(Json(KillResponse { status }))
}
