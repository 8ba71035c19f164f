//! What the server says while it runs.

use crate::failure::Failure;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Sends the log to standard error. `level` is a level or a filter such as `pyexec_server=debug`.
///
/// # Errors
///
/// Where it is neither.
pub(super) fn start(level: &str) -> Result<(), Failure> {
    let level = match level.trim() {
        "" => "info",
        // As the original's users write it.
        level if level.eq_ignore_ascii_case("warning") => "warn",
        level => level,
    };
    let filter = EnvFilter::try_new(level).map_err(|error| {
        Failure::usage(format!("log level {level:?} is none"))
            .because(&error)
            .hint("write error, warn, info, debug or trace")
    })?;
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours)
        .init();
    Ok(())
}
