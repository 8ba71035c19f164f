//! `pyexec run`: the whole way from a project to its output.

use super::submission::Submission;
use crate::{
    args::RunArgs,
    backend::{self, Backend},
    failure::Failure,
    interrupt::Interrupts,
    report,
};

/// Runs a project and shows what it printed.
pub(super) fn run(mut args: RunArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = std::mem::take(&mut args.connection).remote()?;
    let mut submission = Submission::resolve(args, verbosity)?;

    let interrupts = Interrupts::catch()?;
    // After a signal this is dropped, and with it ends whatever runs; a server ends an execution
    // whose connection is gone.
    let backend = Backend::open(remote.as_ref(), submission.has_network(), verbosity)?;
    let (client, is_remote) = (backend.client(), remote.is_some());
    let result = interrupts.during(move || {
        let adapted = if is_remote { submission.adapt(&client) } else { Ok(()) };
        adapted
            .and_then(|()| client.execute_sync(&submission.archive, &submission.metadata))
            .map_err(|error| backend::explain(error, true))
    })?;
    report::show(&result, verbosity, &backend.place())
}
