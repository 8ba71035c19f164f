//! `GET /api/v1/executions`

use super::executions::invalid_query;
use crate::{Caller, ListQuery, error::ApiError, state::AppState};
use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use pyexec_types::{ErrorBody, ExecutionList, Status};
use serde::Deserialize;

/// Executions of a page where nothing is said.
const USUAL: usize = 50;

/// Most executions of a page.
const MOST: usize = 200;

/// What may come after the `?`.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// The caller's executions, the newest first, without their output.
#[utoipa::path(
    get,
    path = "/api/v1/executions",
    tag = "executions",
    params(
        ("status" = Option<String>, Query, description = "Only those that stand so"),
        ("limit" = Option<u64>, Query, minimum = 1, description = "How many at most, up to 200; 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of them", body = ExecutionList),
        (status = 400, description = "A parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list_executions(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<ExecutionList>, ApiError> {
    let Query(page) = page.map_err(|error| invalid_query(&error))?;
    let limit = page.limit.map(|limit| number(&limit)).transpose()?.unwrap_or(USUAL);
    let query = ListQuery {
        owner: caller.owner,
        status: page.status.map(|status| word(&status)).transpose()?,
        before: page.cursor.map(|cursor| position(&cursor)).transpose()?,
        // One more tells whether there is a next page.
        limit: limit + 1,
    };
    let scheduler = state.scheduler.clone();
    let listed = tokio::task::spawn_blocking(move || scheduler.list(&query)).await;
    let mut records = listed.map_err(|error| ApiError::internal(&error))??;
    let is_more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| is_more).map(|last| format!("{:x}", last.created));
    let executions = records.into_iter().map(|record| record.result).collect();
    Ok(Json(ExecutionList { executions, next }))
}

fn word(text: &str) -> Result<Status, ApiError> {
    match Status::from(text) {
        Status::Unknown(_) => {
            Err(invalid("status", text, "pending, running, completed, failed or killed"))
        }
        status => Ok(status),
    }
}

fn number(text: &str) -> Result<usize, ApiError> {
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(MOST)),
        _ => Err(invalid("limit", text, "a number from 1 on")),
    }
}

fn position(text: &str) -> Result<u64, ApiError> {
    u64::from_str_radix(text, 16).map_err(|_| invalid("cursor", text, "`next` of another page"))
}

fn invalid(name: &str, text: &str, expected: &str) -> ApiError {
    let message = format!("{name} is {text:?}, and has to be {expected}");
    ApiError::bad_request("invalid_query", message)
}
