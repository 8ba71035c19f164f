//! `pyexec status`: where one execution stands.

use crate::{
    ago::{ago, took},
    args::{StatusArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
    report,
};
use jiff::Timestamp;
use pyexec_blocking::types::ExecutionResult;
use std::fmt::Write;

/// Says where an execution stands, without its output.
pub(super) fn status(args: StatusArgs) -> Result<u8, Failure> {
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), Verbosity::Usual)?;
    let result = backend
        .client()
        .get_execution(&args.id.into())
        .map_err(|error| backend::explain(error, false))?;
    if args.json {
        report::print(&report::one(&result, &backend.place().to_string()))?;
    } else {
        console::print(lines(&result, Timestamp::now()).as_bytes())?;
    }
    Ok(exit_code::SUCCESS)
}

fn lines(result: &ExecutionResult, now: Timestamp) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string never fails.
            let _ = writeln!(lines, "{:<12}{value}", format!("{name}:"));
        }
    };
    let is_over = result.status.is_terminal();
    line("Execution", Some(result.execution_id.to_string()));
    line("Status", Some(result.status.to_string()));
    line("Queue", result.queue_position.map(|before| format!("{before} before it")));
    line("Packages", result.phase.clone());
    line("Outcome", result.outcome.as_ref().map(ToString::to_string));
    line("Exit code", is_over.then(|| exit_code::of_result(result).to_string()));
    line("Signal", result.signal.map(|signal| signal.to_string()));
    line("Error", result.error.clone());
    line("Started", result.started_at.as_deref().map(|then| ago(then, now)));
    line("Ended", result.finished_at.as_deref().map(|then| ago(then, now)));
    line("Took", result.duration_ms.map(took));
    line("Waited", result.queued_ms.map(took));
    line("Processor", result.cpu_ms.map(took));
    line("Memory", result.peak_memory_mb.map(|mb| format!("{mb} MiB at most")));
    let output = format!("{} bytes, {} of errors", result.stdout.len(), result.stderr.len());
    line("Output", Some(output));
    line("Isolation", result.isolation.clone());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_said() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut result = ExecutionResult::new("exe_1".into(), "running".into());
        result.started_at = Some("2026-11-22T11:59:00Z".into());
        assert_eq!(
            lines(&result, now),
            "Execution:  exe_1\nStatus:     running\nStarted:    1 minute ago\n\
             Output:     0 bytes, 0 of errors\n"
        );
    }
}
