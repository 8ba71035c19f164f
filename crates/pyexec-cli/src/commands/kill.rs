//! `pyexec kill`: ends an execution.

use crate::{
    args::{ExecutionArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
};

/// Ends an execution and prints its status: `killed`, or what it had already come to.
pub(super) fn kill(args: ExecutionArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), verbosity)?;
    let status = backend
        .client()
        .kill_execution(&args.id.into())
        .map_err(|error| backend::explain(error, false))?;
    if verbosity == Verbosity::Verbose {
        console::tell_line(&format!("Server: {}", backend.place()));
    }
    if verbosity != Verbosity::Quiet {
        console::print_line(status.as_str())?;
    }
    Ok(exit_code::SUCCESS)
}
