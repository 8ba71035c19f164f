//! `pyexec submit`: hands a project over and leaves.

use super::submission::Submission;
use crate::{
    args::{RunArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
};

/// Submits a project and prints the execution's id.
pub(super) fn submit(mut args: RunArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let connection = std::mem::take(&mut args.connection);
    let remote = connection.remote()?;
    let mut submission = Submission::resolve(args, verbosity)?;

    if remote.is_none() && submission.has_network() {
        backend::warn_of_network(verbosity);
    }
    let backend = Backend::lasting(remote.as_ref(), verbosity)?;
    let client = backend.client();
    let id = submission
        .adapt(&client)
        .and_then(|()| client.execute_async(&submission.archive, &submission.metadata))
        .map_err(|error| backend::explain(error, false))?;
    if verbosity == Verbosity::Verbose {
        console::tell_line(&format!("Server: {}", backend.place()));
    }
    console::print_line(id.as_str())?;
    Ok(exit_code::SUCCESS)
}
