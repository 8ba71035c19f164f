//! How an execution is shown: to people as it goes, or to programs as JSON.

mod document;
mod lines;
mod people;
mod record;

pub(crate) use document::Document;
pub(crate) use lines::Lines;
pub(crate) use people::People;
pub(crate) use record::{ErrorRecord, FailureRecord, list, one, print};

use crate::{
    exit_code,
    failure::Failure,
    watch::{Missing, Stream},
};
use pyexec_blocking::{
    Output,
    types::{ExecutionId, ExecutionResult, Status, StatusChange},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whoever is told what happens to an execution.
///
/// An error means that nobody can be told any more.
pub(crate) trait Report: Send {
    /// A server took it.
    fn accepted(&mut self, id: &ExecutionId) -> Result<(), Failure>;

    /// It waits in another place, or runs.
    fn status(&mut self, change: &StatusChange) -> Result<(), Failure>;

    /// It wrote something.
    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure>;

    /// What it had written before anybody listened was told.
    fn caught_up(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// It is over, and this is the last word. Returns what to exit with.
    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure>;

    /// There won't be a result, and this is the last word. Returns what to exit with, or the
    /// failure for somebody else to say.
    fn failed(&mut self, failure: Failure) -> Result<u8, Failure>;
}

/// A report that several threads make. Whoever says the last word is the last to say anything.
#[derive(Clone)]
pub(crate) struct SharedReport(Arc<Mutex<Option<Box<dyn Report>>>>);

impl SharedReport {
    pub(crate) fn new(report: impl Report + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(report)))))
    }

    /// A signal ended the command, after which the execution stands as given. Says nothing where
    /// another thread is speaking, which may never end.
    pub(crate) fn interrupted(&self, signal: i32, status: Option<Status>) {
        let Ok(mut report) = self.0.try_lock() else { return };
        if let Some(mut report) = report.take() {
            // Whoever can't be told has gone.
            if let Some(status) = status {
                let _ = report.status(&StatusChange { status, queue_position: None, phase: None });
            }
            let _ = report.failed(Failure::interrupted(signal));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn Report>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell<T>(
        &self,
        tell: impl FnOnce(&mut dyn Report) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.lock().as_mut().map_or_else(|| Err(said()), |report| tell(&mut **report))
    }
}

/// All was said, and with what to exit.
fn said() -> Failure {
    Failure::quiet(exit_code::FAILURE)
}

impl Report for SharedReport {
    fn accepted(&mut self, id: &ExecutionId) -> Result<(), Failure> {
        self.tell(|report| report.accepted(id))
    }

    fn status(&mut self, change: &StatusChange) -> Result<(), Failure> {
        self.tell(|report| report.status(change))
    }

    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure> {
        self.tell(|report| report.output(stream, piece))
    }

    fn caught_up(&mut self) -> Result<(), Failure> {
        self.tell(|report| report.caught_up())
    }

    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure> {
        let mut report = self.lock();
        report.take().map_or_else(|| Err(said()), |mut report| report.ended(result, missing))
    }

    fn failed(&mut self, failure: Failure) -> Result<u8, Failure> {
        let mut report = self.lock();
        report.take().map_or_else(|| Err(said()), |mut report| report.failed(failure))
    }
}

/// Reports a result that came in one piece.
///
/// # Errors
///
/// As the report's.
pub(crate) fn whole(report: &mut dyn Report, result: &ExecutionResult) -> Result<u8, Failure> {
    report.accepted(&result.execution_id)?;
    for (stream, text) in [(Stream::Stdout, &result.stdout), (Stream::Stderr, &result.stderr)] {
        if !text.is_empty() {
            report.output(stream, &Output::new(0, text.clone()))?;
        }
    }
    report.ended(result, &Missing { is_cut: is_cut(result), ..Missing::default() })
}

/// Whether output is missing of a program that ended well, and nothing else says so.
pub(crate) fn is_cut(result: &ExecutionResult) -> bool {
    result.truncated && result.status == Status::Completed
}

/// What to exit with, where a part of the output may be missing: a program's own exit code is
/// worth nothing then.
fn exit_code(result: &ExecutionResult, missing: Option<&Failure>) -> u8 {
    match missing {
        Some(_) if result.status == Status::Completed => exit_code::FAILURE,
        _ => exit_code::of_result(result),
    }
}
