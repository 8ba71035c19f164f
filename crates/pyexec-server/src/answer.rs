//! From a record to the result that a client gets.

use crate::{Output, Record, error::ApiError};
use axum::{
    Json,
    body::{Body, Bytes},
    http::header::{CONTENT_TYPE, HeaderValue},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use pyexec_sandbox::OutputStream;
use pyexec_types::ExecutionResult;
use std::{collections::VecDeque, io};

const STREAMS: [OutputStream; 2] = [OutputStream::Stdout, OutputStream::Stderr];

/// The result with its output as text, which is made here and nowhere earlier. Where it is large,
/// it is made while it is sent, so that it takes no memory however slowly a client reads.
pub(crate) async fn whole(record: Record) -> Result<Response, ApiError> {
    let Record { mut result, output, .. } = record;
    if output.is_empty() || !result.status.is_terminal() {
        return Ok(Json(result).into_response());
    }
    if STREAMS.iter().all(|stream| output.is_in_memory(*stream)) {
        let text = |stream| output.text(stream).map_err(|error| ApiError::internal(&error));
        result.stdout = text(OutputStream::Stdout)?;
        result.stderr = text(OutputStream::Stderr)?;
        return Ok(Json(result).into_response());
    }
    let body = tokio::task::spawn_blocking(move || parts(result, &output)).await;
    let parts = body.map_err(|error| ApiError::internal(&error))?;
    let parts = parts.map_err(|error| ApiError::internal(&error))?;
    let mut response = Response::new(Body::from_stream(stream::unfold(Some(parts), next)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// A part of an answer.
enum Part {
    /// JSON.
    Done(String),
    /// What a string in it holds.
    Text(Box<dyn Iterator<Item = io::Result<String>> + Send>),
}

/// A result as JSON, with the output where it belongs.
fn parts(mut result: ExecutionResult, output: &Output) -> io::Result<VecDeque<Part>> {
    // Nobody can have written these anywhere else.
    let place = |stream| {
        // An empty one isn't there at all.
        if output.len(stream) == 0 { String::new() } else { uuid::Uuid::new_v4().to_string() }
    };
    let places = STREAMS.map(place);
    [result.stdout, result.stderr] = places.clone();
    let mut rest = serde_json::to_string(&result)?;
    let mut parts = VecDeque::new();
    for (stream, place) in STREAMS.into_iter().zip(&places).filter(|(_, place)| !place.is_empty()) {
        let missing = || io::Error::other("the result has no place for its output");
        let (before, after) = rest.split_once(place.as_str()).ok_or_else(missing)?;
        parts.push_back(Part::Done(before.to_owned()));
        parts.push_back(Part::Text(Box::new(output.pieces(stream)?)));
        rest = after.to_owned();
    }
    parts.push_back(Part::Done(rest));
    Ok(parts)
}

type Parts = VecDeque<Part>;

/// The next bytes of an answer; reading them may wait for a disk.
async fn next(parts: Option<Parts>) -> Option<(io::Result<Bytes>, Option<Parts>)> {
    let mut parts = parts?;
    let read = move || Some((bytes(&mut parts)?, parts));
    match tokio::task::spawn_blocking(read).await {
        Ok(Some((Ok(bytes), parts))) => Some((Ok(bytes), Some(parts))),
        Ok(Some((Err(error), _))) => {
            tracing::error!(%error, "output could not be read");
            Some((Err(error), None))
        }
        Ok(None) => None,
        Err(error) => Some((Err(io::Error::other(error)), None)),
    }
}

fn bytes(parts: &mut Parts) -> Option<io::Result<Bytes>> {
    loop {
        match parts.front_mut()? {
            Part::Done(_) => {
                let Some(Part::Done(json)) = parts.pop_front() else { return None };
                return Some(Ok(json.into()));
            }
            Part::Text(pieces) => match pieces.next() {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(piece) => return Some(piece.and_then(|piece| escaped(&piece))),
                None => drop(parts.pop_front()),
            },
        }
    }
}

/// What stands between the quotes of a string in JSON.
fn escaped(text: &str) -> io::Result<Bytes> {
    let quoted = serde_json::to_vec(text)?;
    let end = quoted.len() - 1;
    Ok(Bytes::from(quoted).slice(1..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Owner, space::SpoolSpace};
    use pyexec_types::Status;

    /// Byte for byte what is made of small output at once.
    #[tokio::test]
    async fn large_output_comes_as_small_does() {
        let space = SpoolSpace::new(std::env::temp_dir(), u64::MAX);
        for (most, stdout, stderr) in [
            (64 << 20, "é\n\0\"\\".repeat(200_000).into_bytes(), "err\n"),
            (64 << 20, vec![0xff; 400_000], ""),
            (300_000, "😀".repeat(200_000).into_bytes(), "err\n"),
        ] {
            let output = Output::new(most, &space);
            stdout.chunks(4096).for_each(|piece| output.append(STREAMS[0], piece).unwrap());
            output.append(STREAMS[1], stderr.as_bytes()).unwrap();
            output.seal();
            let mut result = ExecutionResult::new("exe_1".into(), Status::Completed);
            result.result = Some("'x'".into());
            let mut expected = result.clone();
            expected.stdout = output.text(STREAMS[0]).unwrap();
            expected.stderr = stderr.into();
            assert!(!output.is_in_memory(STREAMS[0]));
            let record = Record::new(result, output, Owner::anonymous(), 1);
            let response = whole(record).await.unwrap();
            assert_eq!(response.headers()["content-type"], "application/json");
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(body == serde_json::to_vec(&expected).unwrap());
        }
    }
}
