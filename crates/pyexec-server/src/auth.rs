//! Who may come in: `Authorization: Bearer TOKEN`, or the token as the password of Basic, so that
//! `http://x:TOKEN@host` works with clients that know nothing of tokens.

use crate::{Caller, Owner, TokenLimits, error::ApiError};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{fmt, sync::Arc};
use subtle::ConstantTimeEq;

/// The tokens that open the server. Never shown.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<[Token]>);

/// One of them, and who it lets in.
struct Token {
    secret: String,
    caller: Caller,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// Tokens without limits of their own.
    pub(crate) fn new(tokens: Vec<String>) -> Self {
        Self::limited(tokens.into_iter().map(|token| (token, TokenLimits::default())))
    }

    /// Tokens, and what each may have.
    pub(crate) fn limited(tokens: impl IntoIterator<Item = (String, TokenLimits)>) -> Self {
        let token = |(secret, limits): (String, _)| {
            let caller = Caller { owner: Owner::of_token(&secret), limits };
            Token { secret, caller }
        };
        Self(tokens.into_iter().map(token).collect())
    }

    /// An owner as a caller, with the limits of their token if that is still known.
    pub(crate) fn caller(&self, owner: &Owner) -> Caller {
        let known = self.0.iter().find(|token| token.caller.owner == *owner);
        known.map_or_else(
            || Caller { owner: owner.clone(), ..Caller::default() },
            |token| token.caller.clone(),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who sent a request with these headers.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        if self.is_empty() {
            return Ok(Caller::default());
        }
        let refused =
            |message| Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
        let Some(given) = headers.get(AUTHORIZATION) else {
            return refused("this server wants a token: send `Authorization: Bearer TOKEN`");
        };
        let given = given.to_str().ok().and_then(password).unwrap_or_default();
        // Every token is compared in full, so that time tells nothing of any of them.
        let found = self.0.iter().fold(None, |found, token| {
            let is_it = bool::from(token.secret.as_bytes().ct_eq(given.as_bytes()));
            found.or(is_it.then_some(token))
        });
        match found {
            Some(token) => Ok(token.caller.clone()),
            None => refused("this token is not known"),
        }
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
        let anyone = Tokens::default().check(&HeaderMap::new()).unwrap();
        assert_eq!(anyone.owner, Owner::anonymous());
    }

    #[test]
    fn each_token_is_a_caller_with_its_own_limits() {
        let limits = TokenLimits { max_queued: Some(3), ..TokenLimits::default() };
        let tokens = Tokens::limited([
            ("one".into(), TokenLimits::default()),
            ("two".into(), limits.clone()),
        ]);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer two".parse().unwrap());
        let caller = tokens.check(&headers).unwrap();
        assert_eq!(caller, Caller { owner: Owner::of_token("two"), limits });
    }
}
