//! Versions of Python.

use std::{fmt, str::FromStr};
use thiserror::Error;

/// A Python version such as 3.12.
///
/// ```
/// use pyexec_packages::PythonVersion;
///
/// assert_eq!("3.12".parse(), Ok(PythonVersion::new(3, 12)));
/// assert!(PythonVersion::new(3, 9) < PythonVersion::new(3, 12));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    major: u16,
    minor: u16,
}

impl PythonVersion {
    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The 3 of 3.12.
    pub const fn major(self) -> u16 {
        self.major
    }

    /// The 12 of 3.12.
    pub const fn minor(self) -> u16 {
        self.minor
    }
}

/// Text that is no version `X.Y`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no Python version; expected one such as 3.12")]
pub struct InvalidPythonVersion(String);

impl FromStr for PythonVersion {
    type Err = InvalidPythonVersion;

    fn from_str(text: &str) -> Result<Self, InvalidPythonVersion> {
        let parse = || {
            let (major, minor) = text.split_once('.')?;
            Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
        };
        parse().ok_or_else(|| InvalidPythonVersion(text.to_owned()))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_two_numbers() {
        assert_eq!("3.13".parse(), Ok(PythonVersion::new(3, 13)));
        assert_eq!(PythonVersion::new(3, 13).to_string(), "3.13");
        for text in ["", "3", "3.", "3.12.1", "x.y", "-3.1", "3. 1"] {
            assert!(text.parse::<PythonVersion>().is_err(), "{text}");
        }
    }
}
