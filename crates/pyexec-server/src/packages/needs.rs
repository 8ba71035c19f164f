//! Which packages an execution needs: what it names, and what it imports.

use super::PackageSource;
use crate::error::ApiError;
use pyexec_archive::read::{CanonicalKind, CanonicalReader};
use pyexec_packages::{Detector, InstallFailure, Policy, Requirements, turns_detection_off};
use pyexec_sandbox::PythonVersion;
use serde::{Deserialize, Serialize};
use std::{
    error::Error,
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    os::unix::fs::FileExt,
};

/// Bytes of sources that are read for their imports; others wait meanwhile.
const MOST_SOURCES: u64 = 1 << 20;

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
    pub(super) fn of(requirements: &Requirements) -> Self {
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
        let is_on = self.options.detect_imports && self.is_offered();
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
        let sources = Sources::read(archive).map_err(|error| ApiError::internal(&error))?;
        let found = detector(version, &self.policy)
            .archive_files(&sources.paths)
            .detect(sources.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        for left_out in found.left_out() {
            tracing::debug!(%left_out, "an import");
        }
        requirements.merge_detected(found.distributions());
        let requirements = requirements.lines().to_vec();
        let is_detected = |line: &&String| !named.lines().contains(line);
        let detected = requirements.iter().filter(is_detected).cloned().collect();
        Ok(Needs { requirements, detected })
    }
}

/// For a version, within what an operator allows.
pub(super) fn detector(version: PythonVersion, policy: &Policy) -> Detector<'_> {
    let version = pyexec_packages::PythonVersion::new(version.major(), version.minor());
    Detector::new(version).policy(policy)
}

/// What an archive says of imports.
#[derive(Debug, Default)]
struct Sources {
    /// Of all its files.
    paths: Vec<String>,
    texts: Vec<(String, String)>,
}

impl Sources {
    fn read(archive: &OwnedFd) -> io::Result<Self> {
        let file = File::from(archive.as_fd().try_clone_to_owned()?);
        let mut sources = Self::default();
        let mut left = MOST_SOURCES;
        let mut reader = CanonicalReader::new(io::BufReader::new(FromStart { file, next: 0 }));
        while let Some(mut entry) = reader.next_entry().map_err(io::Error::other)? {
            if entry.kind() == CanonicalKind::Directory {
                continue;
            }
            let (path, size) = (entry.path().to_owned(), entry.size());
            let is_source = entry.kind() == CanonicalKind::File && path.ends_with(".py");
            if is_source && size <= left {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                left -= size;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                sources.texts.push((path.clone(), text));
            }
            sources.paths.push(path);
        }
        Ok(sources)
    }
}

/// Reads a file without moving the position that its descriptors share.
#[derive(Debug)]
struct FromStart {
    file: File,
    next: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.next)?;
        self.next += read as u64;
        Ok(read)
    }
}
