//! Credentials have no place in a log or an error.

use std::{collections::BTreeSet, ffi::OsString, fmt};

/// What is written in the place of a credential.
const MASK: &str = "***";

/// Parts of variables' names whose values are secret as a whole.
const SECRET_NAMES: [&str; 4] = ["PASSWORD", "TOKEN", "SECRET", "USERNAME"];

/// Values shorter than this would mask ordinary words.
const SHORTEST: usize = 4;

/// The credentials that an installer was given.
#[derive(Clone, Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Those in an installer's variables: user and password of addresses, and whatever a
    /// variable's name calls secret.
    pub(crate) fn of(variables: &[(OsString, OsString)]) -> Self {
        let mut found = BTreeSet::new();
        for (name, value) in variables {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            if is_secret(name) {
                found.insert(value.to_owned());
            }
            for part in value.split_whitespace() {
                if let Some((_, credentials, _)) = credentials(part) {
                    // A user's name alone may be the token.
                    let parts = credentials.splitn(2, ':').chain([credentials]);
                    found.extend(parts.map(str::to_owned));
                    let password = credentials.split_once(':').map_or(credentials, |(_, p)| p);
                    found.extend(percent_decoded(password));
                }
            }
        }
        found.retain(|secret| secret.len() >= SHORTEST);
        Self(found)
    }

    /// One more text to mask.
    pub(crate) fn add(&mut self, text: &str) {
        if text.len() >= SHORTEST {
            self.0.insert(text.to_owned());
        }
    }

    /// The text without them, and without any user and password in an address.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, _, after)) = credentials(rest) {
            clean.push_str(before);
            clean.push_str(MASK);
            rest = after;
        }
        clean.push_str(rest);
        // The longest first: one may hold another.
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into_iter().fold(clean, |text, secret| text.replace(secret.as_str(), MASK))
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// The text up to the first `user:password` of an address, that, and the text from `@` on.
fn credentials(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let end = text[start..].find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c));
        let authority = &text[start..end.map_or(text.len(), |end| start + end)];
        if let Some(length) = authority.rfind('@')
            && &authority[..length] != MASK
        {
            let (before, rest) = text.split_at(start);
            let (credentials, after) = rest.split_at(length);
            return Some((before, credentials, after));
        }
        from = start;
    }
    None
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(variables: &[(&str, &str)]) -> Secrets {
        let owned: Vec<_> = variables.iter().map(|(n, v)| (n.into(), v.into())).collect();
        Secrets::of(&owned)
    }

    #[test]
    fn addresses_lose_user_and_password() {
        let none = Secrets::default();
        for (text, clean) in [
            ("https://user:pass@host/simple", "https://***@host/simple"),
            (
                "at https://token@h:8080, and http://a:b@c",
                "at https://***@h:8080, and http://***@c",
            ),
            ("git+ssh://git@host/x", "git+ssh://***@host/x"),
            ("https://u:p@ss@host/", "https://***@host/"),
            ("https://host/a@b and me@example", "https://host/a@b and me@example"),
            ("`https://u:p@host`", "`https://***@host`"),
            ("://@", "://***@"),
            ("https://***@host/", "https://***@host/"),
        ] {
            assert_eq!(none.redact(text), clean);
        }
    }

    #[test]
    fn what_variables_hold_is_masked_wherever_it_is() {
        let known = secrets(&[
            ("UV_INDEX_CORP_PASSWORD", "hunter2hunter2"),
            ("PIP_INDEX_URL", "https://svc:p%40ssw0rd@host/simple https://tok3n@b/"),
        ]);
        let said = known.redact("hunter2hunter2 p%40ssw0rd p@ssw0rd tok3n simple");
        assert_eq!(said, "*** *** *** *** simple");
        assert!(!format!("{known:?}").contains("hunter"));
    }

    #[test]
    fn short_values_mask_nothing() {
        assert_eq!(secrets(&[("X_TOKEN", "a")]).redact("a banana"), "a banana");
    }
}
