//! `pyexec follow`: waits for an execution that was submitted.

use crate::{
    args::ExecutionArgs,
    backend::{self, Backend},
    failure::Failure,
    report,
};
use pyexec_blocking::WaitPolicy;
use std::time::Duration;

/// The first pause between two looks; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Waits for an execution's end and shows what it printed.
pub(super) fn follow(args: ExecutionArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = args.connection.remote()?;
    let backend = Backend::lasting(remote.as_ref(), verbosity)?;
    let policy = WaitPolicy::every(FIRST_PAUSE).backoff(LONGEST_PAUSE);
    let result = backend
        .client()
        .wait_for_completion(&args.id.into(), policy)
        .map_err(|error| backend::explain(error, false))?;
    report::show(&result, verbosity, &backend.place())
}
