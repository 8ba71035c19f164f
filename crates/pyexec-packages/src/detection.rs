//! From what sources import to what has to be installed.

use crate::{
    archive_modules::ArchiveModules,
    distributions::{Meaning, meaning},
    imports::imports,
    name::normalize,
    policy::{Policy, Refusal},
    python_version::PythonVersion,
    standard_library::{is_of_any_version, is_standard},
};
use std::{collections::BTreeMap, fmt};

/// How many distributions are detected at most. What a script needs beyond has to be required.
pub const MAX_DETECTED: usize = 100;

/// Finds out which distributions a script needs, from what it imports.
///
/// ```
/// use pyexec_packages::{Detector, Origin, Policy, PythonVersion, Requirements};
///
/// let source = "
/// import json, yaml, helpers
/// from google.cloud import storage
/// def plot():
///     import matplotlib.pyplot as plt
/// ";
/// let detection = Detector::new(PythonVersion::new(3, 12))
///     .archive_files(["main.py", "helpers.py"])
///     .detect([("main.py", source)]);
/// let names: Vec<_> = detection.distributions().iter().map(|found| found.name()).collect();
/// assert_eq!(names, ["google-cloud-storage", "matplotlib", "pyyaml"]);
///
/// // The script's own module is never looked up.
/// assert_eq!(
///     detection.left_out()[0].to_string(),
///     "helpers comes with the script"
/// );
///
/// let mut requirements = Requirements::parse("PyYAML==6.*")?;
/// requirements.merge_detected(detection.distributions());
/// assert_eq!(requirements.lines(), ["google-cloud-storage", "matplotlib", "pyyaml==6.*"]);
/// # Ok::<(), pyexec_packages::RequirementsError>(())
/// ```
///
/// It never fails: what can't be read says nothing. An import that stands in a function or in a
/// `try` counts like any other; one that is for type checkers, or made by a call such as
/// `importlib.import_module("x")`, doesn't.
#[derive(Debug, Clone)]
pub struct Detector<'a> {
    python: PythonVersion,
    archive: ArchiveModules,
    policy: Option<&'a Policy>,
}

/// What was detected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detection {
    distributions: Vec<Distribution>,
    left_out: Vec<LeftOutImport>,
    unread: Vec<String>,
}

/// A distribution that a script needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    name: String,
    import: String,
    origin: Origin,
}

/// How it is known which distribution an import comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// By the table of this crate.
    Table,
    /// It isn't: there may be a distribution of the same name, and whoever published it may have
    /// hoped for such a guess. [`Policy::known_imports_only`] leaves these out.
    SameName,
}

/// An import for which nothing will be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutImport {
    import: String,
    reason: LeftOutReason,
}

/// Why nothing will be installed for an import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// The script brings a module of this name along.
    InArchive,
    /// It comes with another version of Python than the one that will run.
    OtherPython,
    /// The namespace belongs to many distributions, and which of them has this isn't known.
    Namespace,
    /// People give this name to modules of their own, so that this one is missing.
    CommonWord,
    /// No distribution can have this name.
    NoName,
    /// No distribution is known, and the operator has no names guessed.
    Unknown,
    /// The operator doesn't let it be installed.
    Refused {
        /// The normalised name of the distribution.
        name: String,
        /// Why.
        refusal: Refusal,
    },
    /// There are [`MAX_DETECTED`] others.
    TooMany,
}

impl<'a> Detector<'a> {
    /// For scripts that this version of Python will run.
    pub fn new(python: PythonVersion) -> Self {
        Self { python, archive: ArchiveModules::default(), policy: None }
    }

    /// Tells the paths of files that come with the script. Where one of them could be a module, or
    /// a part of a package, its name is never looked up: a stranger may have taken it.
    #[must_use]
    pub fn archive_files<I>(mut self, paths: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        paths.into_iter().for_each(|path| self.archive.add(path.as_ref()));
        self
    }

    /// Lets a policy say what may be installed.
    #[must_use]
    pub fn policy(mut self, policy: &'a Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Finds what sources, given as names and texts, need. Takes time: 3 ms for 100 KB.
    ///
    /// Sources larger than [`MAX_SOURCE_BYTES`](crate::MAX_SOURCE_BYTES), and what goes beyond
    /// [`MAX_SOURCES_BYTES`](crate::MAX_SOURCES_BYTES), aren't read.
    pub fn detect<'s, I>(&self, sources: I) -> Detection
    where
        I: IntoIterator<Item = (&'s str, &'s str)>,
    {
        let imports = imports(sources);
        let mut found = BTreeMap::new();
        let mut left_out = BTreeMap::new();
        for import in &imports.names {
            match self.resolve(import) {
                Ok(None) => {}
                Ok(Some(distribution)) => {
                    // Imports come sorted: the shortest names it.
                    found.entry(distribution.name.clone()).or_insert(distribution);
                }
                Err((import, reason)) => {
                    left_out.entry(import.to_owned()).or_insert(reason);
                }
            }
        }
        let mut distributions: Vec<_> = found.into_values().collect();
        if distributions.len() > MAX_DETECTED {
            let beyond = distributions.split_off(MAX_DETECTED);
            left_out.extend(beyond.into_iter().map(|one| (one.import, LeftOutReason::TooMany)));
        }
        let left_out = left_out.into_iter().take(MAX_DETECTED);
        let left_out = left_out.map(|(import, reason)| LeftOutImport { import, reason }).collect();
        Detection { distributions, left_out, unread: imports.unread }
    }

    /// The distribution of an import; none for the standard library; or what is left out, and why.
    fn resolve<'i>(
        &self,
        import: &'i str,
    ) -> Result<Option<Distribution>, (&'i str, LeftOutReason)> {
        let top_level = import.split('.').next().unwrap_or_default();
        if top_level.is_empty() || is_standard(top_level, self.python) {
            return Ok(None);
        }
        if self.archive.contains(top_level) {
            return Err((top_level, LeftOutReason::InArchive));
        }
        let (import, name, origin) = match meaning(import) {
            Meaning::Known { import, name } => (import, normalize(name), Origin::Table),
            Meaning::Namespace => return Err((import, LeftOutReason::Namespace)),
            _ if is_of_any_version(top_level) => {
                return Err((top_level, LeftOutReason::OtherPython));
            }
            Meaning::CommonWord => return Err((top_level, LeftOutReason::CommonWord)),
            Meaning::NoName => return Err((top_level, LeftOutReason::NoName)),
            Meaning::Guess { import, name } => (import, name, Origin::SameName),
        };
        if let Some(policy) = self.policy {
            if let Some(refusal) = policy.refusal(&name) {
                return Err((import, LeftOutReason::Refused { name, refusal }));
            }
            if origin == Origin::SameName && !policy.allows_guess(&name) {
                return Err((import, LeftOutReason::Unknown));
            }
        }
        Ok(Some(Distribution { name, import: import.to_owned(), origin }))
    }
}

impl Detection {
    /// What the script needs, by name, [`MAX_DETECTED`] at most.
    pub fn distributions(&self) -> &[Distribution] {
        &self.distributions
    }

    /// The imports for which nothing will be installed, by name: the first [`MAX_DETECTED`].
    pub fn left_out(&self) -> &[LeftOutImport] {
        &self.left_out
    }

    /// Names of the sources that weren't read: too large, or nested too deeply.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }
}

impl Distribution {
    /// Its normalised name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The import that stands for it, dotted where it lies in a namespace.
    pub fn import(&self) -> &str {
        &self.import
    }

    /// How it is known that they belong together.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

impl LeftOutImport {
    /// The import, dotted where it lies in a namespace.
    pub fn import(&self) -> &str {
        &self.import
    }

    /// Why nothing will be installed for it.
    pub fn reason(&self) -> &LeftOutReason {
        &self.reason
    }
}

impl fmt::Display for LeftOutImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.import)?;
        match &self.reason {
            LeftOutReason::InArchive => f.write_str(" comes with the script"),
            LeftOutReason::OtherPython => f.write_str(" comes with another version of Python"),
            LeftOutReason::Namespace => {
                f.write_str(" lies in a namespace of many distributions; require the one it is in")
            }
            LeftOutReason::CommonWord => f.write_str(" is missing among the script's own modules"),
            LeftOutReason::NoName => f.write_str(" can't be the name of a distribution"),
            LeftOutReason::Unknown => {
                f.write_str(" isn't known here; require the distribution it is in")
            }
            LeftOutReason::Refused { name, refusal } => {
                write!(f, " needs {name}, which {refusal}")
            }
            LeftOutReason::TooMany => {
                write!(f, " is more than the {MAX_DETECTED} that are detected; require it")
            }
        }
    }
}
