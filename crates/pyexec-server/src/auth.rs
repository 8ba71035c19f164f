//! Who may come in: `Authorization: Bearer TOKEN`, or the token as the password of Basic, so that
//! `http://x:TOKEN@host` works with clients that know nothing of tokens.

use crate::error::ApiError;
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;
use subtle::ConstantTimeEq;

/// The tokens that open the server. Never shown.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Vec<String>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    pub(crate) fn new(tokens: Vec<String>) -> Self {
        Self(tokens)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.is_empty() {
            return Ok(());
        }
        let refused =
            |message| Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
        let Some(given) = headers.get(AUTHORIZATION) else {
            return refused("this server wants a token: send `Authorization: Bearer TOKEN`");
        };
        let given = given.to_str().ok().and_then(password).unwrap_or_default();
        // Every token is compared in full, so that time tells nothing of any of them.
        let known = self.0.iter().fold(subtle::Choice::from(0), |known, token| {
            known | token.as_bytes().ct_eq(given.as_bytes())
        });
        if bool::from(known) { Ok(()) } else { refused("this token is not known") }
    }
}

fn password(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        Tokens::new(vec!["other".into(), "secret".into()]).check(&headers).is_ok()
    }

    #[test]
    fn bearer_and_basic_open_and_everything_else_does_not() {
        for header in ["Bearer secret", "bearer  other", "Basic eDpzZWNyZXQ="] {
            assert!(check(Some(header)), "{header}");
        }
        for header in ["Bearer", "Bearer ", "Bearer secre", "Basic c2VjcmV0", "Token secret", "é"]
        {
            assert!(!check(Some(header)), "{header}");
        }
        assert!(!check(None));
        assert!(Tokens::default().check(&HeaderMap::new()).is_ok());
    }
}
