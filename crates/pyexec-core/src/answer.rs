//! Reading answers: the expected JSON, or the server's error.

use crate::{Error, Result};
use http::{Response, StatusCode, header};
use pyexec_types::ErrorBody;
use serde::de::DeserializeOwned;

/// How much of an answer that isn't JSON is shown, in characters.
const EXCERPT: usize = 512;

/// The JSON of a successful answer, or the error that the answer is.
pub(crate) fn json<T: DeserializeOwned>(
    expected: &'static str,
    response: Response<Vec<u8>>,
) -> Result<T> {
    if !response.status().is_success() {
        return Err(Error::from_response(&response));
    }
    let body = response.into_body();
    serde_json::from_slice(&body).map_err(|source| Error::Decode {
        expected,
        excerpt: excerpt(&body),
        source,
    })
}

impl Error {
    /// The error that an answer with an error status is. The server's message is kept whatever
    /// form it has: JSON, plain text (its first 512 characters), or nothing but the status.
    ///
    /// ```
    /// use pyexec_core::Error;
    ///
    /// let answer = http::Response::builder()
    ///     .status(404)
    ///     .body(br#"{"error":"execution not found"}"#.to_vec())?;
    /// let error = Error::from_response(&answer);
    /// assert!(error.is_not_found());
    /// assert_eq!(error.to_string(), "execution not found (HTTP 404)");
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn from_response(response: &Response<Vec<u8>>) -> Self {
        let status = response.status();
        let (mut message, code) = match serde_json::from_slice::<ErrorBody>(response.body()) {
            Ok(body) => (body.error, body.code),
            Err(_) => (excerpt(response.body()), None),
        };
        if status.is_redirection()
            && let Some(target) = response.headers().get(header::LOCATION)
        {
            let target = excerpt(target.as_bytes());
            message = format!("the server redirects to {target}; correct the base URL");
        }
        if message.is_empty() {
            message = status.canonical_reason().unwrap_or("no message").to_owned();
        }
        match status {
            StatusCode::NOT_FOUND => Self::NotFound { message },
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge { message },
            status => Self::Api { status, code, message },
        }
    }
}

/// The beginning of an answer, as one line of text.
fn excerpt(body: &[u8]) -> String {
    // A character takes at most four bytes.
    let start = &body[..body.len().min(EXCERPT * 4)];
    let text = String::from_utf8_lossy(start);
    let text = text.trim();
    let mut shown: String =
        text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(EXCERPT).is_some() || start.len() < body.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyexec_types::KillResponse;

    fn error(status: u16, body: &str) -> Error {
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        json::<KillResponse>("a status", response).unwrap_err()
    }

    #[test]
    fn the_servers_message_is_never_dropped() {
        let cases = [
            (400, r#"{"error":"invalid JSON: EOF"}"#, "invalid JSON: EOF (HTTP 400)"),
            (
                413,
                r#"{"error":"total code size 102401 bytes exceeds limit of 102400 bytes"}"#,
                "total code size 102401 bytes exceeds limit of 102400 bytes (HTTP 413)",
            ),
            (404, "404 page not found\n", "404 page not found (HTTP 404)"),
            (502, "<h1>Bad\r\nGateway</h1>", "<h1>Bad  Gateway</h1> (HTTP 502)"),
            (500, "", "Internal Server Error (HTTP 500)"),
            (400, r#"{"error":""}"#, "Bad Request (HTTP 400)"),
            (599, "", "no message (HTTP 599)"),
        ];
        for (status, body, shown) in cases {
            assert_eq!(error(status, body).to_string(), shown);
        }
        assert!(matches!(error(413, ""), Error::TooLarge { .. }));
    }

    #[test]
    fn keeps_the_stable_word() {
        let body = r#"{"error":"the queue is full","code":"queue_full"}"#;
        match error(503, body) {
            Error::Api { code, .. } => assert_eq!(code.as_deref(), Some("queue_full")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let shown = error(500, &"é".repeat(3000)).to_string();
        assert_eq!(shown, format!("{}… (HTTP 500)", "é".repeat(512)));
    }

    #[test]
    fn names_the_target_of_a_redirection() {
        let response = Response::builder()
            .status(307)
            .header("location", "/api/v1/eval")
            .body(Vec::new())
            .unwrap();
        assert_eq!(
            Error::from_response(&response).to_string(),
            "the server redirects to /api/v1/eval; correct the base URL (HTTP 307)"
        );
    }

    #[test]
    fn an_answer_that_is_no_json_is_shown() {
        let shown = error(200, "<html>login</html>").to_string();
        assert!(shown.contains("a status") && shown.contains("<html>login"), "{shown}");
    }
}
