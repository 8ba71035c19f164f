//! `pyexec submit`: hands a project over and leaves.

use super::submission::Submission;
use crate::{
    args::{RunArgs, Verbosity},
    backend::{self, Backend},
    console, exit_code,
    failure::Failure,
    progress::Progress,
    report,
    upload::upload,
};
use pyexec_core::endpoints::ExecuteAsync;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Submitted<'a> {
    execution_id: &'a str,
    server: &'a str,
}

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
    submission.adapt(&client, &backend.place())?;
    let Submission { archive, metadata, .. } = &submission;
    let endpoint = ExecuteAsync::new(archive, metadata);
    let id = upload(&client, endpoint, Progress::new(verbosity), || false)
        .map_err(|error| backend::explain(error, false))?;
    if verbosity == Verbosity::Json {
        let server = backend.place().to_string();
        report::print(&Submitted { execution_id: id.as_str(), server: &server })?;
        return Ok(exit_code::SUCCESS);
    }
    if verbosity == Verbosity::Verbose {
        console::tell_line(&format!("Server: {}", backend.place()));
    }
    console::print_line(id.as_str())?;
    Ok(exit_code::SUCCESS)
}
