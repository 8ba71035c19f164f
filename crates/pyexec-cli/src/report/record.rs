//! The JSON that programs read. Its keys are always there; `null` is what isn't known.

use crate::{console, exit_code, failure::Failure};
use pyexec_blocking::types::{ExecutionResult, Outcome, Status, TracebackFrame};
use serde::Serialize;

/// An execution.
#[derive(Debug, Default, Serialize)]
pub(super) struct Record<'a> {
    pub(super) execution_id: Option<&'a str>,
    pub(super) status: Option<&'a str>,
    /// Nothing where it isn't over.
    pub(super) exit_code: Option<u8>,
    pub(super) queue_position: Option<u64>,
    pub(super) outcome: Option<&'a str>,
    pub(super) signal: Option<i32>,
    #[serde(flatten)]
    pub(super) output: Option<OutputRecord>,
    pub(super) truncated: bool,
    pub(super) result: Option<&'a str>,
    pub(super) error: Option<ErrorRecord>,
    pub(super) error_type: Option<&'a str>,
    pub(super) error_line: Option<u64>,
    pub(super) traceback: &'a [TracebackFrame],
    pub(super) started_at: Option<&'a str>,
    pub(super) finished_at: Option<&'a str>,
    pub(super) duration_ms: Option<u64>,
    pub(super) queued_ms: Option<u64>,
    pub(super) cpu_ms: Option<u64>,
    pub(super) peak_memory_mb: Option<u64>,
    pub(super) isolation: Option<&'a str>,
    pub(super) server: &'a str,
}

impl<'a> Record<'a> {
    /// What came of one; `missing` is what is wrong with its output.
    pub(super) fn of(result: &'a ExecutionResult, missing: Option<&Failure>) -> Self {
        let is_over = result.status.is_terminal();
        Self {
            execution_id: Some(result.execution_id.as_str()),
            status: Some(result.status.as_str()),
            exit_code: is_over.then(|| super::exit_code(result, missing)),
            queue_position: result.queue_position,
            outcome: result.outcome.as_ref().map(Outcome::as_str),
            signal: result.signal,
            truncated: result.truncated || missing.is_some(),
            result: result.result.as_deref(),
            error: error_of(result).or(missing.map(Failure::record)),
            error_type: result.error_type.as_deref(),
            error_line: result.error_line,
            traceback: &result.traceback,
            started_at: result.started_at.as_deref(),
            finished_at: result.finished_at.as_deref(),
            duration_ms: result.duration_ms,
            queued_ms: result.queued_ms,
            cpu_ms: result.cpu_ms,
            peak_memory_mb: result.peak_memory_mb,
            isolation: result.isolation.as_deref(),
            ..Self::default()
        }
    }
}

/// Why the service could not run it to its end, under the word that says it best.
fn error_of(result: &ExecutionResult) -> Option<ErrorRecord> {
    let message = match (&result.error, &result.status) {
        (Some(error), _) => error.clone(),
        (None, Status::Killed) => "the execution was killed".into(),
        (None, Status::Failed) => "the execution failed".into(),
        (None, _) => return None,
    };
    let code = match (&result.outcome, exit_code::of_result(result)) {
        (Some(outcome), _) => outcome.as_str(),
        (None, exit_code::TIMEOUT) => "timeout",
        (None, _) => result.status.as_str(),
    };
    Some(ErrorRecord { code: code.to_owned(), message, ..ErrorRecord::default() })
}

/// What a program wrote. What isn't UTF-8 is there twice: as text with U+FFFD, and in base64.
#[derive(Debug, Default, Serialize)]
pub(super) struct OutputRecord {
    pub(super) stdout: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stdout_base64: Option<String>,
    pub(super) stderr: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stderr_base64: Option<String>,
}

/// Executions as a server tells of them, each with its output or without.
pub(crate) fn list<'a>(
    executions: &'a [ExecutionResult],
    server: &'a str,
) -> impl Serialize + use<'a> {
    let record = |execution| Record { server, ..Record::of(execution, None) };
    ListRecord { executions: executions.iter().map(record).collect() }
}

/// An execution as a server tells of it, with its output so far.
pub(crate) fn one<'a>(execution: &'a ExecutionResult, server: &'a str) -> impl Serialize + use<'a> {
    let (stdout, stderr) = (execution.stdout.clone(), execution.stderr.clone());
    let output = Some(OutputRecord { stdout, stderr, ..OutputRecord::default() });
    Record { output, server, ..Record::of(execution, None) }
}

#[derive(Serialize)]
struct ListRecord<'a> {
    executions: Vec<Record<'a>>,
}

/// What went wrong.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ErrorRecord {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
}

/// A command without a result.
#[derive(Debug, Serialize)]
pub(crate) struct FailureRecord {
    pub(crate) error: ErrorRecord,
    pub(crate) exit_code: u8,
}

/// Prints a record on a line of its own.
///
/// # Errors
///
/// As [`console::print`].
pub(crate) fn print(record: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(record)
        .map_err(|error| Failure::ours("cannot form JSON").because(&error))?;
    console::print_line(&line)
}
