//! `pyexec doctor`: what this machine offers to executions.

use crate::{args::DoctorArgs, console, exit_code, failure::Failure};
use pyexec_sandbox::{Diagnosis, Finding, SandboxOptions, Standing};
use std::fmt::Write;

/// Prints every finding, with a hint where there is something to do.
pub(super) fn doctor(args: DoctorArgs) -> Result<u8, Failure> {
    let DoctorArgs { json, isolation, cgroup } = args;
    let diagnosis =
        Diagnosis::of(&SandboxOptions { isolation, cgroup, ..SandboxOptions::default() });
    if json {
        let text = serde_json::to_string_pretty(&diagnosis);
        console::print_line(&text.map_err(|error| {
            Failure::ours("cannot write the findings as JSON").because(&error)
        })?)?;
    } else {
        let lines: String = diagnosis.findings.iter().map(lines).collect();
        console::print(lines.as_bytes())?;
    }
    Ok(if diagnosis.is_well() { exit_code::SUCCESS } else { exit_code::UNWELL })
}

fn lines(finding: &Finding) -> String {
    let standing = match finding.standing {
        Standing::Ok => "ok  ",
        Standing::Warn => "warn",
        Standing::Fail => "FAIL",
    };
    let mut lines = format!("{standing} {}: {}", finding.subject, finding.text);
    if let Some(took) = finding.took {
        // Writing to a string never fails.
        let _ = write!(lines, " ({} ms)", took.as_millis());
    }
    lines.push('\n');
    if let Some(hint) = &finding.hint {
        let _ = writeln!(lines, "     hint: {hint}");
    }
    lines
}
