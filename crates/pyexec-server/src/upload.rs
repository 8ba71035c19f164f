//! The two parts of an `exec` request, in either order; the tar goes through the safe reader into
//! the spool as it arrives.

use crate::{
    IdempotencyKey, body_limit,
    error::ApiError,
    idempotency::{Fingerprint, KeyOf},
    incoming::Held,
    state::AppState,
    submission::Upload,
};
use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use bytes::{Buf, Bytes};
use pyexec_archive::read::{ReadOptions, SymlinkPolicy};
use pyexec_types::Metadata;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Largest `metadata` part in bytes; it holds the standard input.
const MOST_METADATA: usize = 64 << 20;

/// Uploads up to this size in bytes wait for their end in memory, and take no thread until then.
const SMALL: usize = 64 << 10;

/// An `exec` request.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) upload: Upload,
    pub(crate) metadata: Metadata,
    pub(crate) key: Option<IdempotencyKey>,
    /// What it holds until it is queued.
    pub(crate) held: Held,
}

/// Reads both parts to their end, whatever is wrong with them: a client that is still sending
/// would not read our answer.
pub(crate) async fn receive(request: Request, state: &AppState) -> Result<Received, ApiError> {
    let key = KeyOf::read(request.headers())?;
    // Nobody else needs one, and it takes time.
    let fingerprint = || key.as_ref().map(|_| Fingerprint::default());
    let mut fingerprints = [fingerprint(), fingerprint()];
    let mut held = state.incoming.hold();
    let [of_tar, of_metadata] = &mut fingerprints;
    let mut form = Multipart::from_request(request, state).await.map_err(|_| {
        let message = "parsing form: request Content-Type isn't multipart/form-data";
        ApiError::bad_request("invalid_form", message)
    })?;
    let (mut tar, mut metadata) = (None, None);
    while let Some(field) = patiently(form.next_field(), state).await? {
        match field.name() {
            Some("tar") if tar.is_none() => {
                tar = Some(read_tar(field, of_tar, state).await?);
            }
            Some("metadata") if metadata.is_none() => {
                metadata = Some(read_metadata(field, of_metadata, &mut held, state).await?);
            }
            _ => drain(field, state).await?,
        }
    }
    let metadata = metadata.ok_or_else(|| missing("metadata", "missing metadata"))??;
    let tar =
        tar.ok_or_else(|| missing("tar", "missing tar file: no part is called \"tar\""))??;
    let parts: Vec<_> = fingerprints.into_iter().flatten().collect();
    let key = key.map(|key| key.with("exec", &parts));
    Ok(Received { upload: tar, metadata, key, held })
}

fn missing(part: &str, message: &str) -> ApiError {
    let code = if part == "tar" { "missing_tar" } else { "missing_metadata" };
    ApiError::bad_request(code, message)
}

/// The connection or the form broke: nothing more can be read.
fn broken(error: &MultipartError, state: &AppState) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return body_limit::exceeded(state.config.max_body_bytes);
    }
    ApiError::bad_request("invalid_form", format!("parsing form: {}", error.body_text()))
}

async fn read_metadata(
    mut field: Field<'_>,
    fingerprint: &mut Option<Fingerprint>,
    held: &mut Held,
    state: &AppState,
) -> Result<Result<Metadata, ApiError>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next_chunk(&mut field, state).await? {
        if bytes.len() + chunk.len() > MOST_METADATA {
            drain(field, state).await?;
            let message = format!("metadata exceeds the limit of {MOST_METADATA} bytes");
            return Ok(Err(ApiError::too_large(message)));
        }
        if let Err(error) = held.grow(chunk.len()) {
            drop(bytes);
            drain(field, state).await?;
            return Ok(Err(error));
        }
        if let Some(fingerprint) = fingerprint {
            fingerprint.add(&chunk);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request("invalid_metadata", format!("parsing metadata: {error}"))
    }))
}

async fn read_tar(
    mut field: Field<'_>,
    fingerprint: &mut Option<Fingerprint>,
    state: &AppState,
) -> Result<Result<Upload, ApiError>, ApiError> {
    let space = state.spool.clone();
    let mut options = ReadOptions::default();
    // Real projects have them.
    options.symlinks = SymlinkPolicy::Keep;
    options.limits.max_total_bytes = state.config.max_body_bytes;
    options.limits.max_file_bytes = state.config.max_body_bytes;
    let (mut first, mut held) = (Vec::new(), state.incoming.hold());
    while first.len() < SMALL {
        let Some(chunk) = next_chunk(&mut field, state).await? else {
            // All of it is here: nothing has to be waited for.
            let read = move || Upload::read(first.as_slice(), &space, &options);
            let read = tokio::task::spawn_blocking(read).await;
            return read.map_err(|error| ApiError::internal(&error));
        };
        if let Err(error) = held.grow(chunk.len()) {
            drop(first);
            drain(field, state).await?;
            return Ok(Err(error));
        }
        if let Some(fingerprint) = fingerprint {
            fingerprint.add(&chunk);
        }
        // Not the chunk itself: it may hold on to more than it is.
        first.extend_from_slice(&chunk);
    }
    let place = match state.incoming.large(state.config.upload_patience).await {
        Ok(place) => place,
        Err(error) => {
            drop(first);
            drain(field, state).await?;
            return Ok(Err(error));
        }
    };
    let (send, chunks) = mpsc::channel(4);
    let reader = tokio::task::spawn_blocking(move || {
        let (_place, _held) = (place, held);
        Upload::read(
            Read::chain(first.as_slice(), Chunks { chunks, current: Bytes::new() }),
            &space,
            &options,
        )
    });
    while let Some(chunk) = next_chunk(&mut field, state).await? {
        if let Some(fingerprint) = fingerprint {
            fingerprint.add(&chunk);
        }
        // A reader that has found a fault listens no more; the rest is read and dropped.
        drop(send.send(chunk).await);
    }
    drop(send);
    let read = reader.await.map_err(|error| ApiError::internal(&error))?;
    Ok(read)
}

/// The next bytes of a part.
async fn next_chunk(field: &mut Field<'_>, state: &AppState) -> Result<Option<Bytes>, ApiError> {
    patiently(field.chunk(), state).await
}

/// A client that stops sending doesn't hold a place for ever.
async fn patiently<T>(
    next: impl Future<Output = Result<T, MultipartError>>,
    state: &AppState,
) -> Result<T, ApiError> {
    in_time(next, state).await?.map_err(|error| broken(&error, state))
}

/// What a client sends, unless it pauses for too long.
pub(crate) async fn in_time<T>(
    next: impl Future<Output = T>,
    state: &AppState,
) -> Result<T, ApiError> {
    let patience = state.config.upload_patience;
    match tokio::time::timeout(patience, next).await {
        Ok(next) => Ok(next),
        Err(_) => {
            let patience = crate::duration::go_style(patience);
            let message = format!("the upload paused for more than {patience}");
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "upload_timeout", message))
        }
    }
}

async fn drain(mut field: Field<'_>, state: &AppState) -> Result<(), ApiError> {
    while next_chunk(&mut field, state).await?.is_some() {}
    Ok(())
}

/// Chunks that arrive, as a reader for a thread that may block.
struct Chunks {
    chunks: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk,
                None => return Ok(0),
            }
        }
        let read = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..read]);
        Ok(read)
    }
}
