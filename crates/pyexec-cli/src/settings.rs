//! What is decided outside the command line: by variables, and by profiles in a file.
//!
//! A flag wins over a variable, a variable over the profile, and the profile over what is built in.

mod connection;
mod document;
mod location;
mod profile;
mod profiles;
mod suggestion;
mod token_file;

pub(crate) use connection::{Connection, Remote, Token};
pub(crate) use location::config_file;
pub(crate) use profile::Profile;
pub(crate) use profiles::{Chosen, Profiles};
pub(crate) use suggestion::nearest;

use crate::failure::Failure;
use std::{ffi::OsString, fmt};

/// Reads a variable of the environment.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a variable says; nothing where it is set to nothing.
///
/// # Errors
///
/// Where it isn't UTF-8.
pub(crate) fn variable(lookup: Lookup<'_>, name: &str) -> Result<Option<String>, Failure> {
    let value = lookup(name).map(OsString::into_string).transpose();
    let value = value.map_err(|_| Failure::usage(format!("{name} is not valid UTF-8")))?;
    Ok(value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Where a value comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Source {
    Flag(&'static str),
    Variable(&'static str),
    /// The profile of that name.
    Profile(String),
    #[default]
    BuiltIn,
}

/// A value, and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

impl<T> Setting<T> {
    pub(crate) fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }
}

impl Source {
    /// One of four words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Variable(_) => "environment",
            Self::Profile(_) => "profile",
            Self::BuiltIn => "default",
        }
    }

    /// Which of its kind it is.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Flag(name) | Self::Variable(name) => Some(name),
            Self::Profile(name) => Some(name),
            Self::BuiltIn => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}
