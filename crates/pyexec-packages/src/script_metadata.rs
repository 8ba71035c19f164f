//! What a script says of itself in a comment, by PEP 723.

mod block;

use crate::{
    python_version::PythonVersion,
    requirement::{Requirement, RequirementError, shortened},
    requirements::{MAX_REQUIREMENTS, Requirements},
};
use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use std::str::FromStr;
use thiserror::Error;

/// How many bytes the metadata of a script may have.
pub const MAX_SCRIPT_METADATA_BYTES: usize = 64 * 1024;

/// Patch releases that are tried for a version of which only `X.Y` is known.
const PATCHES: std::ops::RangeInclusive<u64> = 0..=99;

/// What a script says that it needs, in a comment by
/// [PEP 723](https://packaging.python.org/en/latest/specifications/inline-script-metadata/).
///
/// ```
/// use pyexec_packages::{PythonVersion, ScriptMetadata};
///
/// let source = r#"
/// ## /// script
/// ## requires-python = ">=3.11"
/// ## dependencies = [
/// ##   "requests<3",
/// ##   "rich",
/// ## ]
/// ## ///
/// import requests
/// "#;
/// let metadata = ScriptMetadata::parse(source)?.unwrap();
/// assert_eq!(metadata.requirements().lines(), ["requests<3", "rich"]);
/// assert!(metadata.runs_on(PythonVersion::new(3, 12)));
/// assert!(!metadata.runs_on(PythonVersion::new(3, 10)));
/// # Ok::<(), pyexec_packages::ScriptMetadataError>(())
/// ```
///
/// `[tool]`, and whatever else is there, is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptMetadata {
    requirements: Requirements,
    requires_python: Option<String>,
    python_versions: VersionSpecifiers,
}

/// Why a script's metadata can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScriptMetadataError {
    /// There are two blocks that say what the script needs.
    #[error(
        "the script has two blocks `# /// script`, on the lines {first} and {second}; remove one"
    )]
    Twice {
        /// Where the first begins, from 1.
        first: usize,
        /// Where the second begins.
        second: usize,
    },
    /// Longer than any that is meant well.
    #[error("the script's metadata on line {line} is longer than the {limit} bytes allowed")]
    TooLong {
        /// Where the block begins, from 1.
        line: usize,
        /// How many bytes there may be.
        limit: usize,
    },
    /// It isn't TOML, or something in it has another type than it must have.
    #[error("the script's metadata on line {line} can't be read: {reason}")]
    Toml {
        /// The line of the script, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// `requires-python` is no list of version specifiers.
    #[error(
        "the script's metadata on line {line}: requires-python = {text:?} is no version \
             specifier, such as \">=3.11\""
    )]
    RequiresPython {
        /// Where the block begins, from 1.
        line: usize,
        /// What it is, shortened.
        text: String,
    },
    /// One of the dependencies is refused.
    #[error("the script's metadata on line {line}, dependency `{text}`: {reason}")]
    Dependency {
        /// Where the block begins, from 1.
        line: usize,
        /// The dependency, shortened, and without passwords in addresses.
        text: String,
        /// What is wrong with it.
        reason: RequirementError,
    },
    /// More than an installer should be asked for at once.
    #[error("the script's metadata on line {line} has more than the {limit} dependencies allowed")]
    TooMany {
        /// Where the block begins, from 1.
        line: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// What is read of the block.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Block {
    #[serde(default)]
    dependencies: Vec<String>,
    requires_python: Option<String>,
}

impl ScriptMetadata {
    /// Reads the metadata of a script; `None` where it has none.
    ///
    /// # Errors
    ///
    /// Two blocks; what isn't TOML, or has the wrong types; dependencies that
    /// [`Requirement`] refuses; more than [`MAX_REQUIREMENTS`] of them.
    pub fn parse(source: &str) -> Result<Option<Self>, ScriptMetadataError> {
        // As Python reads text.
        let source = source.replace("\r\n", "\n").replace('\r', "\n");
        let mut blocks = block::blocks(&source).into_iter().filter(|block| block.kind == "script");
        let Some(block) = blocks.next() else { return Ok(None) };
        let line = block.line;
        if let Some(second) = blocks.next() {
            return Err(ScriptMetadataError::Twice { first: line, second: second.line });
        }
        if block.content.len() > MAX_SCRIPT_METADATA_BYTES {
            return Err(ScriptMetadataError::TooLong { line, limit: MAX_SCRIPT_METADATA_BYTES });
        }
        let read: Block = toml::from_str(&block.content).map_err(|error| {
            let before = error.span().and_then(|span| block.content.get(..span.start));
            let within = before.map_or(0, |before| before.matches('\n').count() + 1);
            ScriptMetadataError::Toml { line: line + within, reason: shortened(error.message()) }
        })?;
        read.check(line).map(Some)
    }

    /// What the script needs: its `dependencies`.
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// The versions of Python that it runs on, as written: `requires-python`.
    pub fn requires_python(&self) -> Option<&str> {
        self.requires_python.as_deref()
    }

    /// Whether it runs on a version, by `requires-python`: on some patch release of it, where that
    /// makes a difference. Without `requires-python` it runs on all.
    pub fn runs_on(&self, python: PythonVersion) -> bool {
        let release = |patch| [u64::from(python.major()), u64::from(python.minor()), patch];
        PATCHES
            .into_iter()
            .any(|patch| self.python_versions.contains(&Version::new(release(patch))))
    }
}

impl Block {
    fn check(self, line: usize) -> Result<ScriptMetadata, ScriptMetadataError> {
        if self.dependencies.len() > MAX_REQUIREMENTS {
            return Err(ScriptMetadataError::TooMany { line, limit: MAX_REQUIREMENTS });
        }
        let requirements: Result<_, _> = self
            .dependencies
            .iter()
            .map(|text| {
                text.parse::<Requirement>().map_err(|reason| {
                    // It is shown in a line.
                    let text = shortened(&text.replace(char::is_control, "\u{fffd}"));
                    ScriptMetadataError::Dependency { line, text, reason }
                })
            })
            .collect();
        let text = self.requires_python.as_deref().unwrap_or_default();
        let python_versions = VersionSpecifiers::from_str(text)
            .map_err(|_| ScriptMetadataError::RequiresPython { line, text: shortened(text) })?;
        Ok(ScriptMetadata {
            requirements: requirements?,
            requires_python: self.requires_python,
            python_versions,
        })
    }
}
