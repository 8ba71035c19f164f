//! Without the feature `detect`, imports say nothing.

use pyexec_packages::{Policy, Requirements};
use pyexec_sandbox::PythonVersion;
use std::{io, os::fd::OwnedFd};

/// Whether imports say what is needed.
pub(crate) const ARE_FOUND: bool = false;

#[allow(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
pub(crate) fn add(
    _requirements: &mut Requirements,
    _archive: &OwnedFd,
    _version: PythonVersion,
    _policy: &Policy,
) -> io::Result<()> {
    Ok(())
}

/// Modules are taken for packages of the same name.
pub(crate) fn of_modules(
    modules: &[&str],
    _version: PythonVersion,
    _policy: &Policy,
) -> Result<Requirements, String> {
    Requirements::parse(&modules.join("\n")).map_err(|error| error.to_string())
}
