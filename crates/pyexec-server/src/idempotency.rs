//! `Idempotency-Key`: a request that comes again is the one that came before.

use crate::{IdempotencyKey, error::ApiError};
use axum::http::HeaderMap;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Longest key in bytes.
const MOST: usize = 255;

/// The key of a request whose body is still to come.
#[derive(Debug, Clone)]
pub(crate) struct KeyOf(String);

impl KeyOf {
    /// The key of a request with these headers, if it has one.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let invalid = || {
            let message = format!("Idempotency-Key has to be 1 to {MOST} printable characters");
            ApiError::bad_request("invalid_idempotency_key", message)
        };
        let mut given = headers.get_all("idempotency-key").iter();
        let Some(key) = given.next() else { return Ok(None) };
        let key = key.to_str().map_err(|_| invalid())?.trim();
        if key.is_empty() || key.len() > MOST || given.next().is_some() {
            return Err(invalid());
        }
        Ok(Some(Self(key.to_owned())))
    }

    /// The key, with the digest of the body's parts.
    pub(crate) fn with(self, kind: &str, parts: &[Fingerprint]) -> IdempotencyKey {
        let mut whole = Fingerprint::default();
        whole.add(kind.as_bytes());
        for part in parts {
            whole.add(&part.clone().bytes());
        }
        let digest = whole.bytes().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        IdempotencyKey { key: self.0, digest }
    }
}

/// A digest of what arrives piece by piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.add(bytes);
        fingerprint
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_single() {
        let read = |keys: &[&str]| {
            let mut headers = HeaderMap::new();
            for key in keys {
                headers.append("idempotency-key", key.parse().unwrap());
            }
            KeyOf::read(&headers).map(|key| key.map(|key| key.0)).map_err(drop)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[" job-7 "]), Ok(Some("job-7".into())));
        for bad in [&[""][..], &["a", "b"], &["é"], &[&"x".repeat(256)]] {
            assert_eq!(read(bad), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn pieces_make_no_difference_and_parts_do() {
        let digest = |kind, parts: &[&[&str]]| {
            let parts: Vec<_> = parts
                .iter()
                .map(|pieces| {
                    let mut fingerprint = Fingerprint::default();
                    pieces.iter().for_each(|piece| fingerprint.add(piece.as_bytes()));
                    fingerprint
                })
                .collect();
            KeyOf("k".into()).with(kind, &parts).digest
        };
        assert_eq!(digest("exec", &[&["ab", "c"], &["d"]]), digest("exec", &[&["abc"], &["d"]]));
        assert_ne!(digest("exec", &[&["ab"], &["cd"]]), digest("exec", &[&["abc"], &["d"]]));
        assert_ne!(digest("exec", &[&["a"]]), digest("eval", &[&["a"]]));
    }
}
