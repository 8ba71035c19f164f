//! All that a script needs.

mod lines;

use crate::requirement::{Requirement, RequirementError, shortened};
use std::collections::BTreeSet;
use thiserror::Error;

/// How many requirements there may be.
pub const MAX_REQUIREMENTS: usize = 500;

/// How many bytes the text of requirements may have.
pub const MAX_REQUIREMENTS_BYTES: usize = 64 * 1024;

/// What a script needs: requirements in their canonical form, sorted, each once.
///
/// ```
/// use pyexec_packages::Requirements;
///
/// let requirements = Requirements::parse("Requests >= 2.31  # http\n\nnumpy==2.*\n")?;
/// assert_eq!(requirements.lines(), ["numpy==2.*", "requests>=2.31"]);
///
/// let refused = Requirements::parse("numpy\n-r more.txt\n").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "line 2 of the requirements, `-r more.txt`: \
///      -r names a file, and none is read; put what it lists here"
/// );
/// # Ok::<(), pyexec_packages::RequirementsError>(())
/// ```
///
/// A name may come twice, with versions that both have to fit: that is for an installer to solve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Requirements {
    /// Sorted, each once.
    lines: Vec<String>,
}

/// Why requirements are refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequirementsError {
    /// Longer than any list that is meant well.
    #[error("the requirements have {length} bytes, more than the {limit} allowed")]
    TooLong {
        /// How many bytes there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// More than an installer should be asked for at once.
    #[error(
        "more than the {limit} requirements allowed; name what the script imports, \
             and leave to the installer what that needs"
    )]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// One of the lines is refused.
    #[error("line {line} of the requirements, `{text}`: {reason}")]
    Line {
        /// Where it begins, from 1.
        line: usize,
        /// The line, shortened, and without passwords in addresses.
        text: String,
        /// What is wrong with it.
        reason: RequirementError,
    },
}

impl Requirements {
    /// Reads the text of a requirements file: one requirement a line; comments after ` #`; a
    /// backslash at the end of a line continues it.
    ///
    /// # Errors
    ///
    /// Everything that is no requirement by PEP 508, and what leads to something else than an
    /// index: options, other files, paths, URLs, repositories. More than
    /// [`MAX_REQUIREMENTS_BYTES`], or more than [`MAX_REQUIREMENTS`].
    pub fn parse(text: &str) -> Result<Self, RequirementsError> {
        let length = text.len();
        if length > MAX_REQUIREMENTS_BYTES {
            return Err(RequirementsError::TooLong { length, limit: MAX_REQUIREMENTS_BYTES });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        refuse_control_characters(&text)?;
        let lines = lines::logical_lines(&text);
        if lines.len() > MAX_REQUIREMENTS {
            return Err(RequirementsError::TooMany { limit: MAX_REQUIREMENTS });
        }
        let mut requirements = Vec::with_capacity(lines.len());
        for line in lines {
            requirements.push(line.text.parse::<Requirement>().map_err(|reason| {
                let text = shortened(&line.text);
                RequirementsError::Line { line: line.number, text, reason }
            })?);
        }
        Ok(requirements.into_iter().collect())
    }

    /// The requirements, each a line that is safe in a file for pip and uv: printable ASCII that
    /// starts with a letter or a digit, and holds neither option nor URL.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The normalised names of the distributions, sorted, each once.
    pub fn names(&self) -> BTreeSet<&str> {
        self.lines.iter().map(|line| name_of(line)).collect()
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// There are [`MAX_REQUIREMENTS`] already.
    pub fn add(&mut self, requirement: Requirement) -> Result<(), RequirementsError> {
        self.insert(requirement);
        self.check_count()
    }

    /// Adds all of others, as where a file and single requirements are given.
    ///
    /// # Errors
    ///
    /// More than [`MAX_REQUIREMENTS`] together.
    pub fn merge(&mut self, others: &Self) -> Result<(), RequirementsError> {
        self.lines.extend(others.lines.iter().cloned());
        self.lines.sort_unstable();
        self.lines.dedup();
        self.check_count()
    }

    /// Adds what was detected, in any version, except what is named already: the caller's line
    /// wins, also where its condition doesn't hold.
    ///
    /// There are [`MAX_DETECTED`](crate::MAX_DETECTED) at most, so that no bound is needed here.
    #[cfg(feature = "detect")]
    pub fn merge_detected(&mut self, detected: &[crate::Distribution]) {
        let new: Vec<_> = {
            let named = self.names();
            let unnamed = detected.iter().filter(|found| !named.contains(found.name()));
            unnamed.map(|found| Requirement::any_version(found.name())).collect()
        };
        for requirement in new {
            self.insert(requirement);
        }
    }

    fn insert(&mut self, requirement: Requirement) {
        let line = requirement.to_string();
        if let Err(place) = self.lines.binary_search(&line) {
            self.lines.insert(place, line);
        }
    }

    fn check_count(&self) -> Result<(), RequirementsError> {
        if self.lines.len() > MAX_REQUIREMENTS {
            return Err(RequirementsError::TooMany { limit: MAX_REQUIREMENTS });
        }
        Ok(())
    }
}

/// What a canonical line begins with.
fn name_of(line: &str) -> &str {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    &line[..end.unwrap_or(line.len())]
}

impl FromIterator<Requirement> for Requirements {
    /// As many as there are: [`Requirements::parse`] and [`Requirements::add`] count.
    fn from_iter<I: IntoIterator<Item = Requirement>>(requirements: I) -> Self {
        let sorted: BTreeSet<_> = requirements.into_iter().map(|one| one.to_string()).collect();
        Self { lines: sorted.into_iter().collect() }
    }
}

/// Whether the `requirements_txt` of a request says that nothing is to be detected: `-`, alone.
///
/// It is no requirement, so this is asked first.
///
/// ```
/// use pyexec_packages::turns_detection_off;
///
/// assert!(turns_detection_off(" -\n"));
/// assert!(!turns_detection_off("-\nnumpy"));
/// ```
pub fn turns_detection_off(requirements_txt: &str) -> bool {
    requirements_txt.trim() == "-"
}

/// Also in comments: Python takes some of them for the end of a line.
fn refuse_control_characters(text: &str) -> Result<(), RequirementsError> {
    let refused = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n')) || matches!(c, '\u{2028}' | '\u{2029}')
    };
    for (number, line) in (1..).zip(text.split('\n')) {
        if let Some(character) = line.chars().find(|c| refused(*c)) {
            let text = shortened(&line.replace(refused, "\u{fffd}"));
            let reason = RequirementError::ControlCharacter { code: character.into() };
            return Err(RequirementsError::Line { line: number, text, reason });
        }
    }
    Ok(())
}
