//! `pyexec eval`: code without a project, and a value back.

use crate::{
    args::EvalArgs,
    backend::{self, Backend},
    failure::Failure,
    input::Stdin,
    interrupt::Interrupts,
    report,
};
use pyexec_blocking::types::SimpleExecRequest;

/// Evaluates code, and shows what it printed and the value of its last expression.
pub(super) fn eval(args: EvalArgs) -> Result<u8, Failure> {
    let verbosity = args.output.verbosity()?;
    let remote = args.connection.remote()?;
    let request = SimpleExecRequest {
        config: args.limits.config(),
        python_version: args.python.unwrap_or_default(),
        eval_last_expr: !args.no_result,
        ..SimpleExecRequest::new(code(args.code)?)
    };

    let interrupts = Interrupts::catch()?;
    let host_network = args.limits.network == Some(true);
    // As in `run`, dropping this ends whatever runs.
    let backend = Backend::open(remote.as_ref(), host_network, verbosity)?;
    let client = backend.client();
    let result = interrupts
        .during(move || client.eval(&request).map_err(|error| backend::explain(error, true)))?;
    report::show(&result, verbosity, &backend.place())
}

fn code(given: Option<String>) -> Result<String, Failure> {
    match given.as_deref() {
        Some("-") | None => String::from_utf8(Stdin::ours().code(given.is_some())?)
            .map_err(|_| Failure::usage("the code is not valid UTF-8")),
        Some(code) if code.trim().is_empty() => Err(Failure::usage("nothing to evaluate")),
        Some(code) => Ok(code.to_owned()),
    }
}
