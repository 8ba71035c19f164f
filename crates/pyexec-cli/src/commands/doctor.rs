//! `pyexec doctor`: what this machine offers to executions, and whether the server can be used.

mod configuration;
#[cfg(all(feature = "local", target_os = "linux"))]
mod disk;
mod finding;
#[cfg(all(feature = "local", target_os = "linux"))]
mod machine;
#[cfg(all(feature = "local", target_os = "linux"))]
mod packages;
mod server;

use crate::{args::DoctorArgs, console, exit_code, failure::Failure};
use finding::Finding;
use serde::Serialize;

/// All that was found.
#[derive(Default, Serialize)]
struct Diagnosis {
    /// How executions would be isolated on this machine; nothing where this build can't run them.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    /// Whether the level is less than it should be.
    #[serde(skip)]
    is_weak: bool,
    findings: Vec<Finding>,
}

/// Prints every finding, with a hint where there is something to do.
pub(super) fn doctor(args: DoctorArgs) -> Result<u8, Failure> {
    let mut diagnosis = Diagnosis::default();
    #[cfg(all(feature = "local", target_os = "linux"))]
    {
        machine::examine(&args, &mut diagnosis);
        diagnosis.findings.extend(packages::finding());
        diagnosis.findings.extend(disk::findings());
    }
    let (connection, found) = configuration::findings(args.connection);
    diagnosis.findings.extend(found);
    if let Some(connection) = connection {
        diagnosis.findings.extend(server::findings(connection));
    }
    if args.json {
        console::print_json(&diagnosis)?;
    } else {
        let lines: String = diagnosis.findings.iter().map(Finding::lines).collect();
        console::print(lines.as_bytes())?;
    }
    let is_well = !diagnosis.is_weak && !diagnosis.findings.iter().any(Finding::is_failure);
    Ok(if is_well { exit_code::SUCCESS } else { exit_code::UNWELL })
}
