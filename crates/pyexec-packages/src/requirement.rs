//! One requirement: a name, extras, versions and a condition, by PEP 508.

mod condition;
mod error;
mod form;
mod grammar;

pub use error::RequirementError;
pub(crate) use error::shortened;

use std::{fmt, str::FromStr};

/// How many bytes a requirement may have.
pub const MAX_REQUIREMENT_BYTES: usize = 4096;

/// One requirement, as [PEP 508](https://peps.python.org/pep-0508/) writes it, without any URL.
///
/// It is held in a canonical form: names normalised (PEP 503), extras and versions sorted, one
/// space where there has to be one. That is a single line of printable ASCII which starts with a
/// letter or a digit, so it can't be taken for an option, a path or a URL by what reads it.
///
/// ```
/// use pyexec_packages::Requirement;
///
/// let requirement: Requirement = "Flask[Async] < 4,>=2.0 ; python_version>'3.9'".parse()?;
/// assert_eq!(requirement.name(), "flask");
/// assert_eq!(requirement.as_str(), r#"flask[async]<4,>=2.0; python_version > "3.9""#);
///
/// let refused = "git+https://github.com/pallets/flask".parse::<Requirement>().unwrap_err();
/// assert!(refused.to_string().contains("name and version"));
/// # Ok::<(), pyexec_packages::RequirementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The canonical form; the name is what it begins with.
    text: String,
    name_length: usize,
}

impl Requirement {
    /// The normalised name of the distribution.
    pub fn name(&self) -> &str {
        &self.text[..self.name_length]
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A distribution in any version; `name` is normalised.
    #[cfg(feature = "detect")]
    pub(crate) fn any_version(name: &str) -> Self {
        Self { text: name.to_owned(), name_length: name.len() }
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    /// Reads one requirement, without a comment.
    ///
    /// # Errors
    ///
    /// What PEP 508 doesn't have; and what it has, or what installers take beside it, that leads to
    /// something else than an index: URLs, repositories, paths, options.
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let text = text.trim_matches([' ', '\t']);
        form::refuse_other_forms(text)?;
        let parsed = grammar::parse(text)?;
        Ok(Self { name_length: parsed.name.len(), text: parsed.canonical() })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Requirement {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Requirement>().unwrap().to_string()
    }

    #[test]
    fn the_same_requirement_is_the_same_text() {
        for written in [
            "Foo_Bar[B,a]>=1.0,!=1.5",
            "foo-bar [a, b] (!=1.5, >=1.0)",
            "  foo.bar[a,b,A] >= 1.0 , != 1.5,!=1.5\t",
        ] {
            assert_eq!(canonical(written), "foo-bar[a,b]!=1.5,>=1.0");
        }
    }

    #[test]
    fn the_name_is_what_it_begins_with() {
        for (text, name) in [("A.b", "a-b"), ("a[x]", "a"), ("a>1", "a"), ("a;os_name=='x'", "a")] {
            assert_eq!(text.parse::<Requirement>().unwrap().name(), name);
        }
    }

    #[test]
    fn reading_the_canonical_form_changes_nothing() {
        for text in ["a", "a[b,c]==1.*", r#"a~=1.2; (os_name == "x" or extra == 'y"') "#] {
            let once = canonical(text);
            assert_eq!(canonical(&once), once);
        }
    }

    #[test]
    fn versions_are_written_in_one_way() {
        assert_eq!(canonical("a==v1.0-RC.1"), "a==1.0rc1");
        assert_eq!(canonical("a==1!2.0+Local_7"), "a==1!2.0+local.7");
        // Compared as text, so it stays as it is.
        assert_eq!(canonical("a=== 1.0-RC.1"), "a===1.0-RC.1");
    }
}
