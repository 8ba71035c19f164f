//! From a record to the result that a client gets.

use crate::{Record, error::ApiError};
use axum::Json;
use pyexec_sandbox::OutputStream;
use pyexec_types::ExecutionResult;

/// The result with its output as text, which is made here and nowhere earlier: it may be large.
pub(crate) async fn whole(record: Record) -> Result<Json<ExecutionResult>, ApiError> {
    let Record { mut result, output, .. } = record;
    if output.is_empty() || !result.status.is_terminal() {
        return Ok(Json(result));
    }
    let streams = [OutputStream::Stdout, OutputStream::Stderr];
    let in_memory = streams.iter().all(|stream| output.is_in_memory(*stream));
    let read = move || {
        result.stdout = output.text(OutputStream::Stdout)?;
        result.stderr = output.text(OutputStream::Stderr)?;
        Ok(result)
    };
    let read: std::io::Result<_> = if in_memory {
        read()
    } else {
        tokio::task::spawn_blocking(read).await.map_err(|error| ApiError::internal(&error))?
    };
    read.map(Json).map_err(|error| ApiError::internal(&error))
}
