//! What installs packages on this machine.

use super::finding::Finding;
use pyexec_packages::{InstallFailure, Installer, InstallerOptions, Python};
use std::time::Instant;

const SUBJECT: &str = "installer";

/// Asks the installer for its version, for the newest interpreter: one that has uv has it for all.
pub(super) fn finding() -> Option<Finding> {
    let found = pyexec_sandbox::discover();
    let start = Instant::now();
    let python = Python::probe(found.first()?.executable());
    let installer = python.and_then(|it| Installer::find(&InstallerOptions::new(), &it));
    let finding = match installer {
        Ok(installer) => Finding::ok(SUBJECT, format!("{installer} installs packages")),
        Err(error) => {
            let text = "what scripts need can't be installed";
            let hint = match error.failure() {
                InstallFailure::NoInstaller { hint } => hint.clone(),
                other => other.to_string(),
            };
            Finding::warn(SUBJECT, text.to_owned()).hint(hint)
        }
    };
    Some(finding.took(start.elapsed()))
}
