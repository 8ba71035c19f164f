//! What the server says while it runs.

use crate::{args::LogFormat, console, failure::Failure};
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Sends the log to standard error. `level` is a level or a filter such as `pyexec_server=debug`.
///
/// # Errors
///
/// Where it is neither.
pub(super) fn start(level: &str, format: LogFormat) -> Result<(), Failure> {
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
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            log.with_ansi(colours).init();
        }
        // One span is all that there is: the request's.
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(())
}

/// Says where the server listens. Whoever reads JSON reads nothing else, so there it is a line of
/// the log.
pub(super) fn announce(format: LogFormat, line: &str) {
    match format {
        LogFormat::Text => console::tell_line(line),
        LogFormat::Json => tracing::info!("{line}"),
    }
}

/// Warns of a setting, likewise.
pub(super) fn warn(format: LogFormat, line: &str) {
    match format {
        LogFormat::Text => console::tell_line(&format!("warning: {line}")),
        LogFormat::Json => tracing::warn!("{line}"),
    }
}
