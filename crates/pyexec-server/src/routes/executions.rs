//! `GET /api/v1/executions/{id}` and `DELETE /api/v1/executions/{id}`

use crate::{Caller, Owner, answer, error::ApiError, scheduler::Found, state::AppState};
use axum::{
    Extension, Json,
    extract::{FromRequestParts, Path, Query, State, rejection::QueryRejection},
    http::request::Parts,
    response::Response,
};
use pyexec_types::{ErrorBody, ExecutionId, ExecutionResult, KillResponse};
use serde::Deserialize;
use std::time::Duration;

/// Longest time that an answer is held back.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// An execution that somebody asks for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) owner: Owner,
    pub(crate) id: ExecutionId,
}

impl FromRequestParts<AppState> for Target {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // A path that isn't text names no execution.
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| ApiError::not_found())?;
        let caller = Extension::<Caller>::from_request_parts(parts, state).await;
        let Extension(caller) = caller.map_err(|error| ApiError::internal(&error))?;
        Ok(Self { owner: caller.owner, id: id.into() })
    }
}

/// What may come after the `?`.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    wait: Option<String>,
}

/// What came, or has come so far, of an execution.
#[utoipa::path(
    get,
    path = "/api/v1/executions/{id}",
    tag = "executions",
    params(
        ("id" = String, Path, description = "The execution"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for its end, 60 at most"),
    ),
    responses(
        (status = 200, description = "Where it stands", body = ExecutionResult),
        (status = 400, description = "`wait` is no number of seconds", body = ErrorBody),
        (status = 404, description = "There is none, or not any more", body = ErrorBody),
    )
)]
pub(crate) async fn get_execution(
    State(state): State<AppState>,
    target: Target,
    query: Result<Query<Wait>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Wait { wait }) = query.map_err(|error| invalid_query(&error))?;
    let wait = wait.map(|wait| seconds(&wait)).transpose()?;
    let found = state.scheduler.find(&target.owner, &target.id)?;
    if let (Found::Live(live), Some(wait)) = (&found, wait) {
        drop(tokio::time::timeout(wait, live.finished()).await);
    }
    let mut record = found.record();
    if let Found::Live(live) = &found {
        record.result.queue_position = state.scheduler.position(live);
    }
    answer::whole(record).await
}

fn seconds(text: &str) -> Result<Duration, ApiError> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds).min(LONGEST_WAIT)),
        Err(_) => {
            let message = format!("wait is {text:?}, and has to be a number of seconds");
            Err(ApiError::bad_request("invalid_wait", message))
        }
    }
}

/// What comes after the `?` can't be read.
pub(super) fn invalid_query(error: &QueryRejection) -> ApiError {
    ApiError::bad_request("invalid_query", error.body_text())
}

/// End an execution; when the answer comes, none of its processes is left.
#[utoipa::path(
    delete,
    path = "/api/v1/executions/{id}",
    tag = "executions",
    params(("id" = String, Path, description = "The execution")),
    responses(
        (status = 200, description = "`killed`, or the status that it already had", body = KillResponse),
        (status = 404, description = "There is none, or not any more", body = ErrorBody),
    )
)]
pub(crate) async fn kill_execution(
    State(state): State<AppState>,
    target: Target,
) -> Result<Json<KillResponse>, ApiError> {
    let status = state.scheduler.kill(&target.owner, &target.id).await?;
    Ok(Json(KillResponse { status }))
}
