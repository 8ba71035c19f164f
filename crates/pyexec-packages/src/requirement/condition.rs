//! Conditions (environment markers): what follows the `;`.
//!
//! Stricter than installers are. Where they read a comparison in different ways, or leave it out
//! with a warning, it is refused here, so that what is installed doesn't depend on who installs.

use super::{RequirementError, grammar::Cursor};
use pep440_rs::{Version, VersionPattern};
use std::str::FromStr;

/// How many comparisons a condition may have. Installers turn conditions into decision diagrams,
/// whose size may double with each.
const MAX_COMPARISONS: usize = 24;

/// How deep parentheses may be nested.
const MAX_DEPTH: usize = 16;

/// Names that may be compared, and whether they hold versions. The last ones are older spellings
/// of the others.
const VARIABLES: [(&str, &str, bool); 18] = [
    ("os_name", "os_name", false),
    ("sys_platform", "sys_platform", false),
    ("platform_machine", "platform_machine", false),
    ("platform_python_implementation", "platform_python_implementation", false),
    ("platform_release", "platform_release", false),
    ("platform_system", "platform_system", false),
    ("platform_version", "platform_version", false),
    ("python_version", "python_version", true),
    ("python_full_version", "python_full_version", true),
    ("implementation_name", "implementation_name", false),
    ("implementation_version", "implementation_version", true),
    ("extra", "extra", false),
    ("os.name", "os_name", false),
    ("sys.platform", "sys_platform", false),
    ("platform.version", "platform_version", false),
    ("platform.machine", "platform_machine", false),
    ("platform.python_implementation", "platform_python_implementation", false),
    ("python_implementation", "platform_python_implementation", false),
];

/// Longest first, since some begin like others.
const OPERATORS: [&str; 8] = ["===", "<=", "!=", "==", ">=", "~=", "<", ">"];

/// Reads a condition to its end, and gives it with one space between words.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<String, RequirementError> {
    let mut condition = Condition { text: String::new(), comparisons: 0 };
    condition.any_of(cursor, 0)?;
    cursor.skip_space();
    if cursor.rest().is_empty() {
        Ok(condition.text)
    } else {
        Err(cursor.expected("`and`, `or`, or the end"))
    }
}

enum Operand<'a> {
    Variable { name: &'static str, is_version: bool },
    Text(&'a str),
}

struct Condition {
    /// What was read, as it will be written.
    text: String,
    comparisons: usize,
}

impl Condition {
    fn any_of(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), RequirementError> {
        self.all_of(cursor, depth)?;
        while take_word(cursor, "or") {
            self.text.push_str(" or ");
            self.all_of(cursor, depth)?;
        }
        Ok(())
    }

    fn all_of(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), RequirementError> {
        self.one(cursor, depth)?;
        while take_word(cursor, "and") {
            self.text.push_str(" and ");
            self.one(cursor, depth)?;
        }
        Ok(())
    }

    fn one(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), RequirementError> {
        if !cursor.take("(") {
            return self.comparison(cursor);
        }
        if depth == MAX_DEPTH {
            return Err(refused(cursor.column(), "has too many parentheses in each other"));
        }
        self.text.push('(');
        self.any_of(cursor, depth + 1)?;
        self.text.push(')');
        if cursor.take(")") { Ok(()) } else { Err(cursor.expected("`)`")) }
    }

    fn comparison(&mut self, cursor: &mut Cursor<'_>) -> Result<(), RequirementError> {
        cursor.skip_space();
        let column = cursor.column();
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return Err(refused(column, "has too many comparisons; 24 are taken"));
        }
        let left = operand(cursor)?;
        let operator = operator(cursor)?;
        let right = operand(cursor)?;
        let problem = match (&left, &right) {
            (Operand::Variable { name, is_version: true }, Operand::Text(value))
            | (Operand::Text(value), Operand::Variable { name, is_version: true }) => {
                let swapped = matches!(left, Operand::Text(_));
                version_problem(name, operator, value, swapped)
            }
            (Operand::Variable { name, .. }, Operand::Text(_))
            | (Operand::Text(_), Operand::Variable { name, .. }) => text_problem(name, operator),
            (Operand::Text(_), Operand::Text(_)) => Some("compares text with text"),
            _ => Some("compares a variable with a variable; put the value in quotes"),
        };
        if let Some(problem) = problem {
            return Err(refused(column, problem));
        }
        self.write(&left);
        self.text.push(' ');
        self.text.push_str(operator);
        self.text.push(' ');
        self.write(&right);
        Ok(())
    }

    fn write(&mut self, operand: &Operand<'_>) {
        match operand {
            Operand::Variable { name, .. } => self.text.push_str(name),
            Operand::Text(value) => {
                // There is no escape: text that holds one quote stands in the other.
                let quote = if value.contains('"') { '\'' } else { '"' };
                self.text.push(quote);
                self.text.push_str(value);
                self.text.push(quote);
            }
        }
    }
}

fn refused(column: usize, problem: &'static str) -> RequirementError {
    RequirementError::Condition { problem, column }
}

/// Goes over `word` if it follows, and ends there.
fn take_word(cursor: &mut Cursor<'_>, word: &str) -> bool {
    cursor.skip_space();
    let column = cursor.column();
    let taken = cursor.word() == word;
    if !taken {
        cursor.back_to(column);
    }
    taken
}

fn operand<'a>(cursor: &mut Cursor<'a>) -> Result<Operand<'a>, RequirementError> {
    const EXPECTED: &str = "a variable such as python_version, or text in quotes";
    for quote in ["\"", "'"] {
        if cursor.take(quote) {
            let column = cursor.column();
            let text = cursor.take_while(|byte| !quote.as_bytes().contains(&byte));
            if !cursor.take(quote) {
                return Err(cursor.expected("the closing quote"));
            }
            // PEP 508 has no backslash in text, and readers differ in what they make of it.
            if text.contains(['\\', '\t']) {
                return Err(refused(column, "has a backslash or a tab in its text"));
            }
            if text.contains("://") {
                return Err(refused(column, "has an address in its text"));
            }
            return Ok(Operand::Text(text));
        }
    }
    let column = cursor.column();
    let word = cursor.word();
    let known = VARIABLES.iter().find(|(spelling, ..)| *spelling == word);
    match known {
        Some((_, name, is_version)) => Ok(Operand::Variable { name, is_version: *is_version }),
        None => Err(RequirementError::Syntax { expected: EXPECTED, column }),
    }
}

fn operator(cursor: &mut Cursor<'_>) -> Result<&'static str, RequirementError> {
    if let Some(operator) = OPERATORS.into_iter().find(|operator| cursor.take(operator)) {
        return Ok(operator);
    }
    let column = cursor.column();
    match cursor.word() {
        "in" => return Ok("in"),
        "not" if take_word(cursor, "in") => return Ok("not in"),
        _ => cursor.back_to(column),
    }
    Err(cursor.expected("a comparison such as == or in"))
}

/// What is wrong with comparing a variable that holds a version.
fn version_problem(name: &str, operator: &str, value: &str, swapped: bool) -> Option<&'static str> {
    let valid = match operator {
        "in" | "not in" if swapped => {
            return Some("looks for text in a version; write the version first");
        }
        // A list to uv, of which older ones leave out what has commas; text to pip.
        "in" | "not in" if value.contains(',') => {
            return Some("lists versions with commas; put a space between them");
        }
        "in" | "not in" => {
            let mut versions = value.split_ascii_whitespace().peekable();
            versions.peek().is_some() && versions.all(|version| Version::from_str(version).is_ok())
        }
        "===" => return Some("compares a version by ===; use =="),
        _ if value.trim() != value => false,
        "==" | "!=" if !swapped => VersionPattern::from_str(value).is_ok(),
        "~=" if swapped => return Some("has ~= behind its version; write the variable first"),
        "~=" => Version::from_str(value).is_ok_and(|version| version.release().len() > 1),
        _ => Version::from_str(value).is_ok(),
    };
    match valid {
        true => None,
        false if name == "python_version" => {
            Some("compares python_version with what is no version, such as \"3.12\"")
        }
        false => Some("compares a version with what is no version"),
    }
}

/// What is wrong with comparing a variable that holds text.
fn text_problem(name: &str, operator: &str) -> Option<&'static str> {
    match operator {
        "~=" | "===" => Some("compares text by ~= or ===; use =="),
        operator if name == "extra" && !matches!(operator, "==" | "!=") => {
            Some("may compare extra by == and != alone")
        }
        _ => None,
    }
}
