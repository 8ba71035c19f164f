//! Which distributions the operator lets be installed.

use crate::{
    name::{is_name, normalize},
    requirements::Requirements,
};
use std::fmt;
use thiserror::Error;

/// Which distributions may be installed: by default all.
///
/// Patterns are names, or the beginning of names followed by `*`. What matches one of the denied is
/// refused, whatever else; where any are allowed, everything else is refused.
///
/// ```
/// use pyexec_packages::{Policy, Requirements};
///
/// let policy = Policy::default().allow(["numpy", "google-cloud-*"])?.deny(["google-cloud-kms"])?;
/// assert!(policy.allows("Google_Cloud.Storage"));
/// assert!(!policy.allows("google-cloud-kms"));
/// assert!(!policy.allows("requests"));
///
/// let asked = Requirements::parse("numpy\nrequests")?;
/// assert_eq!(
///     policy.check(&asked).unwrap_err().to_string(),
///     "requests may not be installed here: it isn't among the distributions that are allowed"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What a distribution needs in turn is resolved by the installer: ask [`Policy::allows`] for each
/// name of the resolved set as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// None where everything is.
    allowed: Option<Vec<Pattern>>,
    denied: Vec<Pattern>,
    known_imports_only: bool,
}

/// Normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Name(String),
    Beginning(String),
}

/// A pattern that matches no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no pattern for distributions; expected a name, or a beginning and *: google-*")]
pub struct InvalidPattern(String);

/// Why a distribution may not be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It matches this pattern among the denied.
    Denied {
        /// The pattern, normalised.
        pattern: String,
    },
    /// Some are allowed, and it isn't among them.
    NotAllowed,
}

/// A requirement that the operator doesn't let be installed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name} may not be installed here: it {refusal}")]
pub struct PolicyError {
    /// The normalised name of the distribution.
    pub name: String,
    /// Why.
    pub refusal: Refusal,
}

impl Policy {
    /// Allows what matches one of these patterns, beside what is allowed already, and nothing else
    /// from now on: without any pattern, nothing.
    ///
    /// # Errors
    ///
    /// Text that is no pattern.
    pub fn allow<I>(mut self, patterns: I) -> Result<Self, InvalidPattern>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        add(self.allowed.get_or_insert_default(), patterns)?;
        Ok(self)
    }

    /// Denies what matches one of these patterns, allowed or not.
    ///
    /// # Errors
    ///
    /// Text that is no pattern.
    pub fn deny<I>(mut self, patterns: I) -> Result<Self, InvalidPattern>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        add(&mut self.denied, patterns)?;
        Ok(self)
    }

    /// Whether a detected import has to be a known one: in the table of this crate, or allowed by
    /// name. Otherwise an import that isn't known is taken for the name of a distribution, which
    /// someone may have taken who hopes for that.
    pub fn known_imports_only(mut self, only: bool) -> Self {
        self.known_imports_only = only;
        self
    }

    /// Whether a distribution may be installed. The name needn't be normalised.
    pub fn allows(&self, name: &str) -> bool {
        self.refusal(name).is_none()
    }

    /// Why a distribution may not be installed, if so. The name needn't be normalised.
    pub fn refusal(&self, name: &str) -> Option<Refusal> {
        let name = normalize(name);
        if let Some(pattern) = self.denied.iter().find(|pattern| pattern.matches(&name)) {
            return Some(Refusal::Denied { pattern: pattern.to_string() });
        }
        let matches = |all: &Vec<Pattern>| all.iter().any(|pattern| pattern.matches(&name));
        let allowed = self.allowed.as_ref().is_none_or(matches);
        (!allowed).then_some(Refusal::NotAllowed)
    }

    /// Whether all that is required by name may be installed.
    ///
    /// # Errors
    ///
    /// The first, by name, that may not.
    pub fn check(&self, requirements: &Requirements) -> Result<(), PolicyError> {
        let refused = requirements.names().into_iter().find_map(|name| {
            self.refusal(name).map(|refusal| PolicyError { name: name.to_owned(), refusal })
        });
        refused.map_or(Ok(()), Err)
    }

    /// Whether an import may stand for the distribution of the same name, unknown as it is.
    #[cfg(feature = "detect")]
    pub(crate) fn allows_guess(&self, name: &str) -> bool {
        let is_it = |allowed: &Pattern| matches!(allowed, Pattern::Name(one) if one == name);
        let named = || self.allowed.iter().flatten().any(is_it);
        !self.known_imports_only || named()
    }
}

fn add<I>(patterns: &mut Vec<Pattern>, new: I) -> Result<(), InvalidPattern>
where
    I: IntoIterator<Item: AsRef<str>>,
{
    for text in new {
        patterns.push(Pattern::parse(text.as_ref().trim())?);
    }
    Ok(())
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern(text.to_owned());
        match text.strip_suffix('*') {
            // A name may end where the beginning does, so a letter stands for the rest.
            Some(beginning) if beginning.is_empty() || is_name(&format!("{beginning}x")) => {
                Ok(Self::Beginning(normalize(beginning)))
            }
            None if is_name(text) => Ok(Self::Name(normalize(text))),
            _ => Err(invalid()),
        }
    }

    fn matches(&self, normalized: &str) -> bool {
        match self {
            Self::Name(name) => name == normalized,
            Self::Beginning(beginning) => normalized.starts_with(beginning.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Beginning(beginning) => write!(f, "{beginning}*"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { pattern } => write!(f, "is denied by {pattern}"),
            Self::NotAllowed => f.write_str("isn't among the distributions that are allowed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str], denied: &[&str]) -> Policy {
        let policy = Policy::default().deny(denied).unwrap();
        if allowed.is_empty() { policy } else { policy.allow(allowed).unwrap() }
    }

    #[test]
    fn everything_is_allowed_by_default() {
        assert!(policy(&[], &[]).allows("anything"));
    }

    #[test]
    fn names_match_in_every_spelling_and_as_a_whole() {
        let policy = policy(&[], &["Foo_Bar"]);
        for denied in ["foo-bar", "FOO.bar", "foo__bar"] {
            assert!(!policy.allows(denied), "{denied}");
        }
        for allowed in ["foo", "foo-bar-x", "foobar", "xfoo-bar"] {
            assert!(policy.allows(allowed), "{allowed}");
        }
    }

    #[test]
    fn beginnings_match_at_the_beginning() {
        let policy = policy(&["google_cloud_*", "num*"], &[]);
        for allowed in ["google-cloud-storage", "Google.Cloud.x", "num", "numpy"] {
            assert!(policy.allows(allowed), "{allowed}");
        }
        for refused in ["google-cloud", "google-cloudx", "my-google-cloud-x", "nu"] {
            assert_eq!(policy.refusal(refused), Some(Refusal::NotAllowed), "{refused}");
        }
    }

    #[test]
    fn denied_wins() {
        let policy = policy(&["a*"], &["ab*", "ac"]);
        assert!(policy.allows("a") && policy.allows("acd"));
        let denied = |pattern: &str| Some(Refusal::Denied { pattern: pattern.to_owned() });
        assert_eq!(policy.refusal("abc"), denied("ab*"));
        assert_eq!(policy.refusal("ac"), denied("ac"));
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        let policy = Policy::default().allow([] as [&str; 0]).unwrap();
        assert_eq!(policy.refusal("anything"), Some(Refusal::NotAllowed));
    }

    #[test]
    fn everything_can_be_denied() {
        assert!(!policy(&["a"], &["*"]).allows("a"));
        assert!(policy(&["*"], &[]).allows("a"));
    }

    #[test]
    fn what_is_no_pattern_is_an_error() {
        for text in ["", " ", "-*", "a b", "*a", "a*b", "a**", "a-", "é", "a>=1", "a[b]"] {
            assert!(Policy::default().deny([text]).is_err(), "{text}");
            assert!(Policy::default().allow([text]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refused_requirement_is_named() {
        let policy = policy(&[], &["evil-*"]);
        let asked = Requirements::parse("good\nEvil.Thing[x]>=1").unwrap();
        assert_eq!(
            policy.check(&asked).unwrap_err().to_string(),
            "evil-thing may not be installed here: it is denied by evil-*"
        );
        assert_eq!(policy.check(&Requirements::parse("good").unwrap()), Ok(()));
    }
}
