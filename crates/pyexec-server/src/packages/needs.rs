//! Which packages an execution needs: what it names, and what it imports.

use super::{PackageSource, imports};
use crate::error::ApiError;
use pyexec_packages::{InstallFailure, Requirements, turns_detection_off};
use pyexec_sandbox::PythonVersion;
use serde::{Deserialize, Serialize};
use std::{error::Error, os::fd::OwnedFd};

/// Packages to install before a script runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// Canonical lines of a requirements file.
    pub(crate) requirements: Vec<String>,
    /// Those of them that nobody asked for: they were found by an import.
    detected: Vec<String>,
}

impl Needs {
    /// What was asked for.
    pub(crate) fn of(requirements: &Requirements) -> Self {
        Self { requirements: requirements.lines().to_vec(), detected: Vec::new() }
    }

    /// Takes out what was detected and isn't there at all; whether there was such a one.
    pub(super) fn drop_missing(&mut self, failure: &InstallFailure) -> bool {
        let InstallFailure::NoSuchPackage { requirement, .. } = failure else { return false };
        let Some(place) = self.detected.iter().position(|found| found == requirement) else {
            return false;
        };
        let missing = self.detected.swap_remove(place);
        tracing::debug!(missing, "no package for an import");
        self.requirements.retain(|line| *line != missing);
        true
    }
}

/// What a request says that it needs.
#[derive(Debug, Default)]
pub(crate) struct Named {
    requirements: Requirements,
    /// And what its files import.
    with_imports: bool,
}

impl PackageSource {
    /// What the text with what code to evaluate needs comes to, and whether its imports count, too.
    pub(crate) fn of_code(&self, requirements_txt: &str) -> Result<Named, ApiError> {
        if turns_detection_off(requirements_txt) {
            return Ok(Named::default());
        }
        let is_on = imports::ARE_FOUND && self.options.detect_imports && self.is_offered();
        self.named(requirements_txt, is_on)
    }

    /// What a request names, and whether what its files import counts, too.
    pub(crate) fn named(
        &self,
        requirements_txt: &str,
        with_imports: bool,
    ) -> Result<Named, ApiError> {
        let refused = |error: &dyn Error| {
            ApiError::bad_request("invalid_requirements", format!("requirements_txt: {error}"))
        };
        let requirements =
            Requirements::parse(requirements_txt).map_err(|error| refused(&error))?;
        self.policy.check(&requirements).map_err(|error| refused(&error))?;
        if (with_imports || !requirements.is_empty()) && !self.is_offered() {
            return Err(ApiError::bad_request(
                "packages_not_offered",
                "this server installs no packages: its operator turned that off, or there is \
                 neither uv nor pip; send the modules along as files",
            ));
        }
        if with_imports && !imports::ARE_FOUND {
            let message =
                "this server doesn't find out what code imports: auto_install isn't offered";
            return Err(ApiError::bad_request("auto_install_not_offered", message));
        }
        Ok(Named { requirements, with_imports })
    }

    /// What a script in an archive needs.
    pub(crate) fn needs(
        &self,
        Named { mut requirements, with_imports }: Named,
        archive: &OwnedFd,
        version: PythonVersion,
    ) -> Result<Needs, ApiError> {
        if !with_imports {
            return Ok(Needs::of(&requirements));
        }
        let named = requirements.clone();
        imports::add(&mut requirements, archive, version, &self.policy)
            .map_err(|error| ApiError::internal(&error))?;
        let requirements = requirements.lines().to_vec();
        let is_detected = |line: &&String| !named.lines().contains(line);
        let detected = requirements.iter().filter(is_detected).cloned().collect();
        Ok(Needs { requirements, detected })
    }
}
