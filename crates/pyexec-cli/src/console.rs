//! Where words go: the program's to standard output, ours to standard error.

use crate::{args::Verbosity, exit_code, failure::Failure};
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// Writes to standard output, all or nothing more.
///
/// # Errors
///
/// A quiet end where nobody reads it any more, and what the system says otherwise.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| cannot_print(&error))
}

/// A quiet end where nobody reads standard output any more, and what the system says otherwise.
pub(crate) fn cannot_print(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        Failure::quiet(exit_code::BROKEN_PIPE)
    } else {
        Failure::ours("cannot write to standard output").because(error)
    }
}

/// Writes a line to standard output.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    print(format!("{line}\n").as_bytes())
}

/// Writes a value to standard output as JSON.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::ours("cannot write the answer as JSON").because(&error))?;
    print_line(&text)
}

/// Writes to standard error. Where that fails, there is nobody left to tell.
pub(crate) fn tell(text: &str) {
    io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
}

/// Writes a line to standard error.
pub(crate) fn tell_line(line: &str) {
    tell(&format!("{line}\n"));
}

/// Writes a remark of ours to standard error, unless only the program's output is wanted.
pub(crate) fn note(verbosity: Verbosity, line: &str) {
    if verbosity != Verbosity::Quiet {
        tell_line(line);
    }
}
