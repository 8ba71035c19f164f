//! Errors that aren't ours: axum refuses a path or a body in plain text, the API browser a file.
//! Every error answer is JSON all the same.

use crate::error::ApiError;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Longest text that is taken over; theirs are a line.
const LONGEST: usize = 4096;

/// Makes an error answer of the framework one of ours.
pub(crate) async fn as_json(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let json = HeaderValue::from_static("application/json");
    if !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&json) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, LONGEST).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let message = match text.trim() {
        "" => status.canonical_reason().unwrap_or("error").to_lowercase(),
        text => text.to_owned(),
    };
    let ours = ApiError::new(status, code(status), message).into_response();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, json);
    Response::from_parts(parts, Body::new(ours.into_body()))
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ if status.is_server_error() => "internal",
        _ => "bad_request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plain_text_becomes_an_error_and_all_else_stays() {
        let plain = (StatusCode::BAD_REQUEST, "Invalid URL").into_response();
        let (parts, body) = as_json(plain).await.into_parts();
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json");
        let body = to_bytes(body, LONGEST).await.unwrap();
        assert_eq!(body, r#"{"error":"Invalid URL","code":"bad_request"}"#);

        let fine = as_json("text".into_response()).await;
        assert_eq!(fine.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let ours = as_json(ApiError::not_found().into_response()).await;
        let body = to_bytes(ours.into_body(), LONGEST).await.unwrap();
        assert_eq!(body, r#"{"error":"execution not found","code":"not_found"}"#);
    }
}
