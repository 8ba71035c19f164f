//! `pyexec kill`: ends executions.

use crate::{
    args::{KillArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
    report::{self, ErrorRecord},
};
use pyexec_blocking::types::Status;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Killed {
    executions: Vec<One>,
    exit_code: u8,
    server: String,
}

#[derive(Serialize)]
struct One {
    execution_id: String,
    status: Option<String>,
    error: Option<ErrorRecord>,
}

/// Ends executions and prints the status of each: `killed`, or what it had already come to.
pub(super) fn kill(args: KillArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), verbosity)?;
    let client = backend.client();
    if verbosity == Verbosity::Verbose {
        console::tell_line(&format!("Server: {}", backend.place()));
    }
    let is_alone = args.ids.len() == 1;
    let mut exit_code = exit_code::SUCCESS;
    let mut executions = Vec::new();
    for id in args.ids {
        let killed = client.kill_execution(&id.as_str().into());
        let killed = killed.map_err(|error| backend::explain(error, false));
        match killed {
            Ok(status) => {
                say(verbosity, &id, &status, is_alone)?;
                let status = Some(status.to_string());
                executions.push(One { execution_id: id, status, error: None });
            }
            Err(failure) if is_alone && verbosity != Verbosity::Json => return Err(failure),
            // The others are to end all the same.
            Err(failure) => {
                exit_code = failure.exits_with();
                let failure = failure.about(&id);
                if verbosity != Verbosity::Json {
                    failure.report(false);
                }
                let error = Some(failure.record());
                executions.push(One { execution_id: id, status: None, error });
            }
        }
    }
    if verbosity == Verbosity::Json {
        let server = backend.place().to_string();
        report::print(&Killed { executions, exit_code, server })?;
    }
    Ok(exit_code)
}

fn say(verbosity: Verbosity, id: &str, status: &Status, is_alone: bool) -> Result<(), Failure> {
    match verbosity {
        Verbosity::Quiet | Verbosity::Json => Ok(()),
        _ if is_alone => console::print_line(status.as_str()),
        _ => console::print_line(&format!("{id} {status}")),
    }
}
