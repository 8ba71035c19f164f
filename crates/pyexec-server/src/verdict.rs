//! From how an execution ended to what the wire says of it.

use crate::{BackendError, duration::go_style};
use pyexec_sandbox::{End, Finished, Limits};
use pyexec_types::{ExecutionResult, Outcome, Status};
use std::error::Error;

/// Fills a result in. The exit code where the script has none of its own is the one that a shell
/// gives: 124 after a timeout, 137 where it was killed, 125 where it never ran.
pub(crate) fn pronounce(
    result: &mut ExecutionResult,
    finished: Result<Finished, BackendError>,
    limits: &Limits,
) {
    let finished = match finished {
        Ok(finished) => finished,
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "an execution could not be run");
            refuse(result, &causes(&error));
            return;
        }
    };
    let mib = 1 << 20;
    let Finished { end, duration, usage, claims, .. } = finished;
    result.duration_ms = Some(duration.as_millis() as u64);
    result.cpu_ms = Some(usage.cpu.as_millis() as u64);
    result.peak_memory_mb = Some(usage.peak_memory_bytes.div_ceil(mib));
    result.result = claims.result;
    result.error_type = claims.error_type;
    result.error_line = claims.error_line;
    result.traceback = claims.traceback;

    let failed = Status::Failed;
    let (status, outcome, exit_code, error) = match end {
        End::Exited(code) => (Status::Completed, Outcome::Exited, code, None),
        End::Signaled(signal) => {
            result.signal = Some(signal);
            (Status::Completed, Outcome::Signaled, 128 + signal, None)
        }
        End::Killed => (Status::Killed, Outcome::Killed, 137, None),
        End::TimedOut => {
            let error = format!("execution timeout after {}", go_style(limits.timeout));
            (failed, Outcome::Timeout, 124, Some(error))
        }
        End::OutOfMemory => {
            let error = format!("out of memory: the limit is memory_mb = {}", limits.memory_mb);
            (failed, Outcome::Oom, 137, Some(error))
        }
        End::OutputLimit => {
            let error = format!("wrote more than {} bytes to one stream", limits.output_bytes);
            (failed, Outcome::OutputLimit, 137, Some(error))
        }
        End::Refused(reason) => {
            refuse(result, &reason);
            return;
        }
        _ => {
            let error = "the execution was lost: its sandbox vanished".to_owned();
            (failed, Outcome::Lost, 125, Some(error))
        }
    };
    result.status = status;
    result.outcome = Some(outcome);
    result.exit_code = exit_code;
    result.error = error;
}

/// It never ran.
pub(crate) fn refuse(result: &mut ExecutionResult, reason: &str) {
    result.status = Status::Failed;
    result.outcome = Some(Outcome::Refused);
    result.exit_code = 125;
    result.error = Some(format!("the execution could not be started: {reason}"));
}

/// What it needs could not be installed, so that it never ran.
pub(crate) fn lack(result: &mut ExecutionResult, reason: String) {
    result.status = Status::Failed;
    result.outcome = Some(Outcome::InstallFailed);
    result.exit_code = 1;
    result.error = Some(reason);
}

/// The service's own fault took it, or what came of it.
pub(crate) fn lose(result: &mut ExecutionResult, reason: &str) {
    result.status = Status::Failed;
    result.outcome = Some(Outcome::Lost);
    result.exit_code = 125;
    result.error = Some(reason.to_owned());
    (result.result, result.signal) = (None, None);
}

/// What is behind an error.
fn causes(error: &dyn Error) -> String {
    error.source().map(chain).unwrap_or_default()
}

/// An error, and what is behind it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts.join(": ")
}
