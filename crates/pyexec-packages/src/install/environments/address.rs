//! Names that say what is behind them.

use super::InstallRequest;
use crate::install::installer::Resolution;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Changes with the layout of what is stored: then nothing of before is found.
const FORMAT: &str = "pyexec environment 1";

/// What all environments of requests like this have in common: interpreter and platform, the
/// installer and where it takes packages from, whom they are for, where they will be seen.
#[derive(Debug, Clone)]
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn of(request: &InstallRequest<'_>, shown: &Path) -> Self {
        let InstallRequest { installer, scope, .. } = request;
        let shown = shown.to_string_lossy();
        let (python, from) = (installer.python().identity(), installer.fingerprint());
        Self(digest(&[FORMAT, &python, &from, scope, &shown]))
    }

    /// Of what requirements led to.
    pub(super) fn resolution(&self, requirements: &[String]) -> String {
        let mut parts = vec![self.0.as_str(), "requirements"];
        parts.extend(requirements.iter().map(String::as_str));
        digest(&parts)
    }

    /// Of the environment with these packages.
    pub(super) fn environment(&self, resolution: &Resolution) -> String {
        digest(&[&self.0, "packages", &resolution.to_requirements()])
    }

    /// Of what was downloaded.
    pub(super) fn cache(request: &InstallRequest<'_>) -> String {
        digest(&["cache", request.installer.name(), request.scope])
    }
}

/// Of the parts, each with its length: no two lists of parts have the same.
fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    crate::install::hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
        assert_eq!(digest(&["a", "b"]), digest(&["a", "b"]));
    }
}
