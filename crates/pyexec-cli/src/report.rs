//! How a result is shown.

use crate::{args::Verbosity, backend::Place, console, exit_code, failure::Failure};
use pyexec_blocking::types::ExecutionResult;
use std::fmt;

/// Shows a result, and says what to exit with: the program's standard output goes to ours as it
/// is, then the value of an eval on a line of its own, then the rest to standard error.
///
/// # Errors
///
/// Where standard output can't be written.
pub(crate) fn show(
    result: &ExecutionResult,
    verbosity: Verbosity,
    place: &Place,
) -> Result<u8, Failure> {
    let exit_code = exit_code::of_result(result);
    if verbosity == Verbosity::Quiet {
        if exit_code == exit_code::SUCCESS {
            match &result.result {
                Some(value) => console::print_line(value)?,
                None => console::print(result.stdout.as_bytes())?,
            }
        }
        return Ok(exit_code);
    }
    if verbosity == Verbosity::Verbose {
        console::tell(&heading(result, place));
    }
    console::print(result.stdout.as_bytes())?;
    if let Some(value) = &result.result {
        console::print_line(&format!("{}{value}", break_after(&result.stdout)))?;
    }
    console::tell(&result.stderr);
    if let Some(error) = &result.error {
        console::tell_line(&format!("{}Error: {error}", break_after(&result.stderr)));
    }
    Ok(exit_code)
}

fn heading(result: &ExecutionResult, place: &Place) -> String {
    let duration = result.duration_ms.unwrap_or(0);
    format!(
        "Execution ID: {}\nStatus: {}\nDuration: {duration}ms\nServer: {place}\n---\n",
        result.execution_id, result.status
    )
}

/// What it takes for the next text to begin on a line of its own.
fn break_after(text: &str) -> &'static str {
    if text.is_empty() || text.ends_with('\n') { "" } else { "\n" }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Remote(url) => url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_begins_a_line() {
        assert_eq!(["", "a\n", "a"].map(break_after), ["", "", "\n"]);
    }

    #[test]
    fn the_heading_is_the_originals_and_the_place() {
        let result = ExecutionResult::new("exe_1".into(), "completed".into());
        let place = Place::Remote("http://h".into());
        assert_eq!(
            heading(&result, &place),
            "Execution ID: exe_1\nStatus: completed\nDuration: 0ms\nServer: http://h\n---\n"
        );
    }
}
