//! Who may come in: `Authorization: Bearer TOKEN`, or the token as the password of Basic, so that
//! `http://x:TOKEN@host` works with clients that know nothing of tokens.

use crate::{
    Caller, FileError, Owner, TokenLimits,
    error::ApiError,
    file_watch::{FileWatch, is_open_to_all},
    token_file,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};
use subtle::ConstantTimeEq;

/// The tokens that open the server. Never shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    given: Arc<[Token]>,
    file: Option<Arc<FileWatch<Vec<Token>>>>,
}

/// One of them, and who it lets in. Of the token itself only a digest is kept, which has one length
/// whatever the token's is.
#[derive(Debug)]
pub(crate) struct Token {
    digest: [u8; 32],
    caller: Caller,
}

impl Token {
    pub(crate) fn new(secret: &str, limits: TokenLimits) -> Self {
        Self::of_digest(Sha256::digest(secret.as_bytes()).into(), limits)
    }

    /// The token that has this SHA-256 digest.
    pub(crate) fn of_digest(digest: [u8; 32], limits: TokenLimits) -> Self {
        Self { digest, caller: Caller { owner: Owner::of_digest(&digest), limits } }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    #[cfg(test)]
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl Tokens {
    /// Tokens without limits of their own, and those of a file, which is read again when it changes.
    ///
    /// # Errors
    /// Where the file can't be read or understood, or holds none: an operator who names one wants a
    /// closed server.
    pub(crate) fn new(given: &[String], file: Option<&Path>) -> Result<Self, FileError> {
        let given = given.iter().map(|token| Token::new(token, TokenLimits::default())).collect();
        let file = file.map(|path| {
            if is_open_to_all(path) {
                tracing::warn!(
                    "everyone on this machine can read the tokens in {}",
                    path.display()
                );
            }
            let name = path.to_owned();
            let parse = move |contents: &[Vec<u8>]| {
                token_file::parse(&name, contents.first().map_or(&[], Vec::as_slice))
            };
            FileWatch::open("tokens", vec![path.to_owned()], parse).map(Arc::new)
        });
        Ok(Self { given, file: file.transpose()? })
    }

    /// An owner as a caller, with the limits of their token if that is still known.
    pub(crate) fn caller(&self, owner: &Owner) -> Caller {
        let unknown = || Caller { owner: owner.clone(), ..Caller::default() };
        self.find(|token| token.caller.owner == *owner).unwrap_or_else(unknown)
    }

    pub(crate) fn is_empty(&self) -> bool {
        // A file without any isn't accepted.
        self.given.is_empty() && self.file.is_none()
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
        let given = given.to_str().ok().and_then(password).filter(|given| !given.is_empty());
        let caller = given.and_then(|given| {
            let digest = Sha256::digest(given.as_bytes());
            self.find(|token| token.digest.ct_eq(digest.as_slice()).into())
        });
        caller.map_or_else(|| refused("this token is not known"), Ok)
    }

    /// Whose token it is. All of them are looked at, so that time tells nothing of any.
    fn find(&self, is_it: impl Fn(&Token) -> bool) -> Option<Caller> {
        let file = self.file.as_ref().map(|file| file.current());
        // Those of the file come first: they may have limits.
        let all = file.iter().flat_map(|tokens| tokens.iter()).chain(self.given.iter());
        let found = all.fold(None, |found, token| {
            let is_it = is_it(token);
            found.or(is_it.then_some(token))
        });
        found.map(|token| token.caller.clone())
    }
}

/// Whether the token comes as the password of Basic, which browsers send by themselves.
pub(crate) fn is_basic(headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    given.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
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
    use std::{fs, path::PathBuf};

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    fn check(header: &str) -> bool {
        let tokens = Tokens::new(&["other".into(), "secret".into()], None).unwrap();
        tokens.check(&headers(header)).is_ok()
    }

    #[test]
    fn bearer_and_basic_open_and_everything_else_does_not() {
        for header in ["Bearer secret", "bearer  other", "Basic eDpzZWNyZXQ="] {
            assert!(check(header), "{header}");
        }
        for header in ["Bearer", "Bearer ", "Bearer secre", "Basic c2VjcmV0", "Token secret", "é"]
        {
            assert!(!check(header), "{header}");
        }
        // Whoever says nothing has no token, not an empty one.
        let (_folder, path) = file(&format!(
            "[[token]]\nname = 'empty'\nsha256 = '{}'\n",
            Sha256::digest(b"")
                .iter()
                .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
        ));
        let tokens = Tokens::new(&[], Some(&path)).unwrap();
        for header in ["Bearer ", "Token x", "Basic eDo="] {
            assert!(tokens.check(&headers(header)).is_err(), "{header}");
        }
        let tokens = Tokens::new(&["secret".into()], None).unwrap();
        assert!(tokens.check(&HeaderMap::new()).is_err());
        assert!(!format!("{tokens:?}").contains("secret"));
        let anyone = Tokens::default().check(&HeaderMap::new()).unwrap();
        assert_eq!(anyone.owner, Owner::anonymous());
        assert!(is_basic(&headers("bAsIc eA==")) && !is_basic(&headers("Bearer basic")));
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn each_token_is_a_caller_with_its_own_limits() {
        let (_folder, path) = file("[[token]]\nname = 'two'\ntoken = 'two'\nmax_queued = 3\n");
        // Given by another way too, it has its limits all the same.
        let tokens = Tokens::new(&["one".into(), "two".into()], Some(&path)).unwrap();
        let limits = TokenLimits { max_queued: Some(3), ..TokenLimits::default() };
        let caller = tokens.check(&headers("Bearer two")).unwrap();
        assert_eq!(caller, Caller { owner: Owner::of_token("two"), limits });
        let caller = tokens.check(&headers("Bearer one")).unwrap();
        assert_eq!(caller.limits, TokenLimits::default());
    }

    #[test]
    fn a_token_that_is_removed_is_refused_at_once() {
        let (_folder, path) = file("one\ntwo\n");
        let tokens = Tokens::new(&[], Some(&path)).unwrap();
        let is_known = |token| tokens.check(&headers(&format!("Bearer {token}"))).is_ok();
        assert!(is_known("one") && is_known("two") && !is_known("six"));
        fs::write(&path, "one\nsix\n").unwrap();
        assert!(is_known("one") && !is_known("two") && is_known("six"));
        // What can't be used changes nothing, and never opens the server.
        for broken in ["", "# none\n", "[[token]]\n"] {
            fs::write(&path, broken).unwrap();
            assert!(is_known("six") && !is_known("two") && !is_known(""), "{broken}");
        }
        fs::remove_file(&path).unwrap();
        assert!(is_known("six") && !tokens.is_empty());
        assert!(Tokens::new(&["one".into()], Some(&path)).is_err());
    }
}
