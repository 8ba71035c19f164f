//! `POST /api/v1/eval`

use super::attend;
use crate::{
    Caller, Submission, body_limit,
    error::ApiError,
    idempotency::{Fingerprint, KeyOf},
    incoming::Held,
    scheduler::Arrival,
    state::AppState,
    upload,
};
use axum::{
    Extension,
    extract::{Request, State},
    response::Response,
};
use futures_util::StreamExt;
use pyexec_types::{ErrorBody, ExecutionResult, SimpleExecRequest};

/// Largest body in bytes: the code, escaped as JSON may, and the standard input.
pub(crate) const MOST_BODY: u64 = 64 << 20;

/// Run code and wait for the result.
#[utoipa::path(
    post,
    path = "/api/v1/eval",
    tag = "executions",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "A name for this request, so that it is carried out once however often it comes")),
    request_body(
        content = SimpleExecRequest,
        example = json!({"code": "print('sum:')\n2 + 2", "eval_last_expr": true})
    ),
    responses(
        (status = 200, description = "The execution is over", body = ExecutionResult),
        (status = 400, description = "Nothing was run", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key came with another body before", body = ErrorBody),
        (status = 413, description = "The code is too large", body = ErrorBody),
        (status = 429, description = "The token has as many waiting as it may", body = ErrorBody),
        (status = 503, description = "The queue is full", body = ErrorBody),
    )
)]
pub(crate) async fn eval(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, ApiError> {
    let key = KeyOf::read(request.headers())?;
    let mut held = state.incoming.hold();
    let body = read(request, &mut held, &state).await?;
    // Whatever the Content-Type says, as the original does.
    let request: SimpleExecRequest = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request("invalid_json", format!("invalid JSON: {error}")))?;
    let submission = Submission::from_code(
        request,
        &caller.limits,
        &state.config,
        &*state.backend,
        &state.spool,
        &state.scheduler.packages,
    )?;
    let key = key.map(|key| key.with("eval", &[Fingerprint::of(&body)]));
    let arrival = Arrival { is_async: false, key };
    let taken = state.scheduler.submit(submission, &caller, arrival).await?;
    drop((held, body));
    attend(taken).await
}

/// The body, within the limits of this one and of all that arrive.
async fn read(request: Request, held: &mut Held, state: &AppState) -> Result<Vec<u8>, ApiError> {
    let mut stream = request.into_body().into_data_stream();
    let mut body = Vec::new();
    while let Some(chunk) = upload::in_time(stream.next(), state).await? {
        let chunk =
            chunk.map_err(|error| ApiError::bad_request("invalid_body", error.to_string()))?;
        if (body.len() + chunk.len()) as u64 > MOST_BODY {
            return Err(body_limit::exceeded(MOST_BODY));
        }
        held.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
