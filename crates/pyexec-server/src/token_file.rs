//! A file with tokens: one a line, or TOML where they have names and limits.

use crate::{FileError, TokenLimits, auth::Token};
use std::{collections::BTreeSet, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Names of what a token of the TOML form may have.
const KEYS: &str = "name, token or sha256, max_running, max_queued, max_timeout_seconds and \
                    max_memory_mb";

/// What such a file holds.
///
/// # Errors
/// Where it can't be understood, or holds no token. The error names the line and quotes nothing.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Token>, FileError> {
    let content = |problem: String| FileError::Content { path: path.to_owned(), problem };
    let text = std::str::from_utf8(bytes).map_err(|_| content("this is no UTF-8".into()))?;
    let tokens = if is_toml(text) { named(text) } else { lines(text) }.map_err(content)?;
    if tokens.is_empty() {
        return Err(content("it holds no token".into()));
    }
    Ok(tokens)
}

/// TOML begins with the head of a table, which no token can look like.
fn is_toml(text: &str) -> bool {
    significant(text).next().is_some_and(|(_, line)| line.starts_with('['))
}

/// The lines that count, with their numbers.
fn significant(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// One token a line.
fn lines(text: &str) -> Result<Vec<Token>, String> {
    let token = |(number, line): (usize, &str)| {
        // More than one word is something else, and would be a token that anybody could guess.
        match is_sendable(line) && !line.starts_with('[') {
            true => Ok(Token::new(line, TokenLimits::default())),
            false => Err(format!("line {number} is no token: it has to be one word of ASCII")),
        }
    };
    significant(text).map(token).collect()
}

/// Whether a header can carry it.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Tokens with names and limits.
fn named(text: &str) -> Result<Vec<Token>, String> {
    let at = |offset: usize| {
        let before = text.get(..offset).unwrap_or(text);
        before.matches('\n').count() + 1
    };
    // The library's own messages may quote the text.
    let document = DeTable::parse(text).map_err(|error| {
        let line = at(error.span().map_or(text.len(), |span| span.start));
        format!("line {line} is no TOML")
    })?;
    let line = |value: &Spanned<DeValue<'_>>| at(value.span().start);
    let mut tokens = Vec::new();
    let mut names = BTreeSet::new();
    for (key, value) in document.get_ref() {
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(format!("line {}: only [[token]] may stand here", at(key.span().start)));
        };
        if key.get_ref() != "token" {
            return Err(format!("line {}: only [[token]] may stand here", at(key.span().start)));
        }
        for entry in entries {
            let DeValue::Table(entry_table) = entry.get_ref() else {
                return Err(format!("line {}: this is no table", line(entry)));
            };
            let (name, token) = one(entry_table, line(entry), &at)?;
            if tokens.iter().any(|other: &Token| other.is_same(&token)) {
                return Err(format!("token {name:?} is there twice"));
            }
            if !names.insert(name.clone()) {
                return Err(format!("two tokens are called {name:?}"));
            }
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// One `[[token]]`, and its name.
fn one(
    table: &DeTable<'_>,
    line: usize,
    at: &impl Fn(usize) -> usize,
) -> Result<(String, Token), String> {
    let (mut name, mut secret, mut digest) = (None, None, None);
    let mut limits = TokenLimits::default();
    for (key, value) in table {
        let (line, value) = (at(key.span().start), value.get_ref());
        let text = || match value {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(format!("line {line}: this has to be a text")),
        };
        let number = |least: u64| match value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|number| *number >= least)
                .ok_or_else(|| format!("line {line}: this has to be {least} or more")),
            _ => Err(format!("line {line}: this has to be a whole number")),
        };
        let size =
            |least| number(least).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        match key.get_ref().as_ref() {
            "name" => name = Some(text()?).filter(|name| !name.is_empty()),
            "token" => {
                secret = Some(text()?);
                if !secret.as_deref().is_some_and(is_sendable) {
                    return Err(format!("line {line}: a token has to be one word of ASCII"));
                }
            }
            "sha256" => {
                digest = Some(digest_of(&text()?).ok_or_else(|| {
                    format!("line {line}: a SHA-256 digest is 64 hexadecimal digits")
                })?);
            }
            "max_running" => limits.max_running = Some(size(1)?),
            "max_queued" => limits.max_queued = Some(size(0)?),
            "max_timeout_seconds" => limits.max_timeout_seconds = Some(number(1)?),
            "max_memory_mb" => limits.max_memory_mb = Some(number(1)?),
            _ => return Err(format!("line {line}: a token has {KEYS}, and nothing else")),
        }
    }
    let name = name.ok_or_else(|| format!("line {line}: this token has no name"))?;
    let token = match (secret, digest) {
        (Some(secret), None) => Token::new(&secret, limits),
        (None, Some(digest)) => Token::of_digest(digest, limits),
        (Some(_), Some(_)) => return Err(format!("token {name:?} has both token and sha256")),
        (None, None) => return Err(format!("token {name:?} has neither token nor sha256")),
    };
    Ok((name, token))
}

fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 2 * digest.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Owner;

    fn parsed(text: &str) -> Result<Vec<Token>, String> {
        parse(Path::new("tokens"), text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn one_a_line() {
        let tokens = parsed("# ours\n\nabc\r\n def= \n").unwrap();
        let owners: Vec<_> = tokens.iter().map(|token| token.caller().owner.clone()).collect();
        assert_eq!(owners, [Owner::of_token("abc"), Owner::of_token("def=")]);
    }

    #[test]
    fn names_and_limits() {
        let text = "# ours\n[[token]]\nname = 'ci'\ntoken = \"secret\"\nmax_running = 2\n\
                    max_queued = 0\nmax_timeout_seconds = 60\nmax_memory_mb = 0x200\n";
        let hashed = "[[token]] # hashed\nname = 'nightly'\n\
                      sha256 = '2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B'\n";
        let both = format!("{text}\n[[token]]\nname = 'other'\ntoken = 'other'\n");
        assert_eq!(parsed(&both).unwrap().len(), 2);
        let tokens: Vec<_> = [text, hashed].iter().flat_map(|text| parsed(text).unwrap()).collect();
        let limits = TokenLimits {
            max_running: Some(2),
            max_queued: Some(0),
            max_timeout_seconds: Some(60),
            max_memory_mb: Some(512),
        };
        assert_eq!(tokens[0].caller().limits, limits);
        assert_eq!(tokens[1].caller().limits, TokenLimits::default());
        // However it is written, it is the same token.
        for token in &tokens {
            assert_eq!(token.caller().owner, Owner::of_token("secret"));
        }
    }

    #[test]
    fn the_documentations_example() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connections.md");
        let text = std::fs::read_to_string(path).unwrap();
        let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let tokens = parsed(example).unwrap();
        assert_eq!(tokens[0].caller().limits.max_queued, Some(100));
        assert_eq!(tokens[1].caller().owner, Owner::of_token("secret"));
    }

    #[test]
    fn mistakes_are_named_and_nothing_is_quoted() {
        let token = "[[token]]\nname = 'a'\n";
        for (text, problem) in [
            ("", "it holds no token"),
            ("# a\n", "it holds no token"),
            ("a\nb c", "line 2 is no token: it has to be one word of ASCII"),
            ("a\n[[token]]", "line 2 is no token: it has to be one word of ASCII"),
            ("\u{e9}", "line 1 is no token: it has to be one word of ASCII"),
            ("[[token]]\nhunter2", "line 2 is no TOML"),
            ("[[tokens]]\nname = 'a'", "line 1: only [[token]] may stand here"),
            ("[token]\nname = 'a'", "line 1: only [[token]] may stand here"),
            (token, "token \"a\" has neither token nor sha256"),
            ("[[token]]\ntoken = 'hunter2'", "line 1: this token has no name"),
            (&format!("{token}token = 2"), "line 3: this has to be a text"),
            (&format!("{token}token = 'hunter 2'"), "line 3: a token has to be one word of ASCII"),
            (&format!("{token}token = ''"), "line 3: a token has to be one word of ASCII"),
            (
                &format!("{token}sha256 = 'hunter2'"),
                "line 3: a SHA-256 digest is 64 hexadecimal digits",
            ),
            (&format!("{token}max_running = 0"), "line 3: this has to be 1 or more"),
            (&format!("{token}max_queued = -1"), "line 3: this has to be 0 or more"),
            (&format!("{token}max_memory_mb = 'hunter2'"), "line 3: this has to be a whole number"),
            (
                &format!("{token}hunter2 = 1"),
                "line 3: a token has name, token or sha256, max_running, max_queued, \
                 max_timeout_seconds and max_memory_mb, and nothing else",
            ),
            (&format!("{token}token = 'x'\n{token}token = 'y'"), "two tokens are called \"a\""),
            (
                &format!("{token}token = 'x'\n[[token]]\nname = 'b'\ntoken = 'x'"),
                "token \"b\" is there twice",
            ),
        ] {
            let error = parsed(text).map(|tokens| tokens.len()).unwrap_err();
            assert_eq!(error, format!("tokens: {problem}"), "{text}");
        }
        assert!(parse(Path::new("tokens"), &[0xff]).is_err());
    }
}
