//! The grammar of PEP 508, without URLs.
//!
//! By hand, since what is read comes from strangers: see `docs/dependencies.md`.

use super::{RequirementError, condition, shortened};
use crate::name::{is_name, is_name_byte, normalize};
use pep440_rs::{Operator, VersionSpecifier};
use std::str::FromStr;

/// A requirement, taken apart.
pub(super) struct Parsed {
    /// Normalised.
    pub(super) name: String,
    /// Normalised, sorted, each once.
    extras: Vec<String>,
    /// Normalised, sorted, each once.
    versions: Vec<String>,
    condition: Option<String>,
}

impl Parsed {
    pub(super) fn canonical(&self) -> String {
        let mut text = self.name.clone();
        if !self.extras.is_empty() {
            text.push('[');
            text.push_str(&self.extras.join(","));
            text.push(']');
        }
        text.push_str(&self.versions.join(","));
        if let Some(condition) = &self.condition {
            text.push_str("; ");
            text.push_str(condition);
        }
        text
    }
}

/// Reads a requirement: `name [extras] versions ; condition`.
pub(super) fn parse(text: &str) -> Result<Parsed, RequirementError> {
    let mut cursor = Cursor { text, position: 0 };
    let name = cursor.name("the name of a distribution")?;
    let extras = extras(&mut cursor)?;
    let versions = versions(&mut cursor)?;
    let condition = if cursor.take(";") { Some(condition::parse(&mut cursor)?) } else { None };
    cursor.skip_space();
    if !cursor.rest().is_empty() {
        return Err(cursor.expected("a version, a condition after `;`, or the end"));
    }
    Ok(Parsed { name, extras, versions, condition })
}

fn extras(cursor: &mut Cursor<'_>) -> Result<Vec<String>, RequirementError> {
    let mut extras = Vec::new();
    if !cursor.take("[") || cursor.take("]") {
        return Ok(extras);
    }
    loop {
        extras.push(cursor.name("the name of an extra")?);
        if cursor.take("]") {
            return Ok(sorted(extras));
        }
        if !cursor.take(",") {
            return Err(cursor.expected("`,` or `]`"));
        }
    }
}

fn versions(cursor: &mut Cursor<'_>) -> Result<Vec<String>, RequirementError> {
    let bracket = cursor.take("(");
    let rest = cursor.rest();
    let end = rest.find(if bracket { ')' } else { ';' });
    if bracket && end.is_none() {
        cursor.position += rest.len();
        return Err(cursor.expected("`)`"));
    }
    let list = &rest[..end.unwrap_or(rest.len())];
    if !bracket && !list.starts_with(['<', '>', '=', '!', '~']) {
        return Ok(Vec::new());
    }
    let specifiers = list.split(',').map(specifier).collect::<Result<_, _>>()?;
    cursor.position += list.len() + usize::from(bracket);
    Ok(sorted(specifiers))
}

/// One specifier of [PEP 440](https://peps.python.org/pep-0440/#version-specifiers).
fn specifier(text: &str) -> Result<String, RequirementError> {
    let text = text.trim_matches([' ', '\t']);
    let refused = |reason: String| RequirementError::Version {
        specifier: shortened(text),
        reason: shortened(&reason),
    };
    let specifier = VersionSpecifier::from_str(text).map_err(|error| refused(error.to_string()))?;
    if *specifier.operator() == Operator::ExactEqual {
        // Compared as text.
        return Ok(text.split([' ', '\t']).collect());
    }
    Ok(specifier.to_string())
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Where one reads. The text is ASCII.
pub(super) struct Cursor<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    /// The next character's place, from 1.
    pub(super) fn column(&self) -> usize {
        self.position + 1
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Goes over `token` and space before it, if that is what follows.
    pub(super) fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let taken = self.rest().starts_with(token);
        if taken {
            self.position += token.len();
        }
        taken
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| wanted(*byte)).count();
        self.position += length;
        &rest[..length]
    }

    /// Goes over a word of letters, digits, `.` and `_`.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip_space();
        self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
    }

    /// Goes back to a column that was reached before.
    pub(super) fn back_to(&mut self, column: usize) {
        self.position = column - 1;
    }

    /// Goes over a name; gives it normalised.
    fn name(&mut self, expected: &'static str) -> Result<String, RequirementError> {
        self.skip_space();
        let column = self.column();
        let name = self.take_while(is_name_byte);
        if is_name(name) {
            Ok(normalize(name))
        } else {
            Err(RequirementError::Syntax { expected, column })
        }
    }

    pub(super) fn expected(&mut self, expected: &'static str) -> RequirementError {
        self.skip_space();
        RequirementError::Syntax { expected, column: self.column() }
    }
}
