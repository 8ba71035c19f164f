//! Environment variables for the program, as `-e` names them.

use crate::failure::Failure;
use std::ffi::OsString;

/// `KEY=value` for each of `KEY=value` and `KEY`, whose value `lookup` knows.
///
/// # Errors
///
/// Where a name is empty, or a variable isn't set or isn't UTF-8.
pub(crate) fn resolve(
    given: &[String],
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<String>, Failure> {
    given.iter().map(|given| one(given, &lookup)).collect()
}

fn one(given: &str, lookup: impl Fn(&str) -> Option<OsString>) -> Result<String, Failure> {
    let name = given.split('=').next().unwrap_or_default();
    if name.is_empty() {
        // Not the text itself: its value may be a secret.
        return Err(Failure::usage("-e: the variable has no name; write -e NAME or -e NAME=value"));
    }
    if given.contains('=') {
        return Ok(given.to_owned());
    }
    let value = lookup(name).ok_or_else(|| {
        Failure::usage(format!("-e {name}: the variable isn't set"))
            .hint(format!("set it, or give its value: -e {name}=value"))
    })?;
    let value = value
        .into_string()
        .map_err(|_| Failure::usage(format!("-e {name}: its value is not valid UTF-8")))?;
    Ok(format!("{name}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(given: &[&str]) -> Result<Vec<String>, Failure> {
        let given: Vec<_> = given.iter().map(ToString::to_string).collect();
        resolve(&given, |name| (name == "HOME").then(|| "/root".into()))
    }

    #[test]
    fn a_name_takes_the_callers_value() {
        let pairs = resolved(&["HOME", "A=1", "B=", "C=x=y"]).unwrap();
        assert_eq!(pairs, ["HOME=/root", "A=1", "B=", "C=x=y"]);
    }

    #[test]
    fn unset_and_nameless_are_mistakes() {
        assert!(format!("{:?}", resolved(&["NOWHERE"]).unwrap_err()).contains("isn't set"));
        for nameless in ["", "=s3cret"] {
            let error = format!("{:?}", resolved(&[nameless]).unwrap_err());
            assert!(error.contains("has no name") && !error.contains("s3cret"), "{error}");
        }
    }
}
