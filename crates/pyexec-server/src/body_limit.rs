//! How large a request's body may be.

use crate::error::ApiError;
use axum::{
    extract::{Request, State},
    http::header::CONTENT_LENGTH,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The answer to a body above the limit.
pub(crate) fn exceeded(most: u64) -> ApiError {
    ApiError::too_large(format!("the request exceeds the limit of {most} bytes"))
}

/// Refuses what says itself that it is too large, before any of it is read: a client that asks
/// for leave to send (`Expect: 100-continue`) never sends it.
pub(crate) async fn announced(State(most): State<u64>, request: Request, next: Next) -> Response {
    let size = request.headers().get(CONTENT_LENGTH).and_then(|size| size.to_str().ok());
    match size.and_then(|size| size.parse::<u64>().ok()) {
        Some(size) if size > most => exceeded(most).into_response(),
        _ => next.run(request).await,
    }
}
