//! What every client can do.

use crate::{
    Archive, Call, CallOptions, Endpoint, Submission, Wait, WaitPolicy,
    endpoints::{
        Eval, ExecuteAsync, ExecuteSync, GetExecution, GetHealth, KillExecution, ListExecutions,
    },
};
use pyexec_types::{
    ExecutionId, ExecutionList, ExecutionResult, Health, Metadata, SimpleExecRequest, Status,
};

/// What every client can do, whichever way it waits. A blocking client replies with a `Result`,
/// an async one with a future of it.
///
/// Both clients have inherent methods of the same names; the trait is for code that works with
/// either, and for clients of one's own:
///
/// ```
/// use pyexec_core::{Call, Event, Executor, Result, Step, types::Health};
/// use std::time::Instant;
///
/// /// Answers every request with the same text.
/// struct Parrot(&'static str);
///
/// impl Executor for Parrot {
///     type Reply<'a, T: 'a> = Result<T>;
///
///     fn run<'a, C: Call + 'a>(&'a self, mut call: C) -> Result<C::Output> {
///         let mut event = Event::Start;
///         loop {
///             event = match call.step(event, Instant::now())? {
///                 Step::Done(output) => return Ok(output),
///                 Step::Send(_) => Event::Answered(http::Response::new(self.0.into())),
///                 _ => Event::Woken,
///             }
///         }
///     }
/// }
///
/// let health: Health = Parrot(r#"{"status":"ok"}"#).health()?;
/// assert_eq!(health.status, "ok");
/// # Ok::<(), pyexec_core::Error>(())
/// ```
///
/// The trait can't be a `dyn` object. For tests, put a double in the place of the HTTP client.
pub trait Executor {
    /// How the outcome of a call reaches the caller.
    type Reply<'a, T: 'a>
    where
        Self: 'a;

    /// Carries a call out to its end.
    fn run<'a, C: Call + 'a>(&'a self, call: C) -> Self::Reply<'a, C::Output>;

    /// How calls are carried out. A client that remembers what it knows of its server asks
    /// `/health` less often.
    fn options(&self) -> CallOptions {
        CallOptions::new()
    }

    /// Runs a project and waits for its result.
    fn execute_sync(
        &self,
        archive: &Archive,
        metadata: &Metadata,
    ) -> Self::Reply<'_, ExecutionResult> {
        self.run(ExecuteSync::new(archive, metadata).submit(self.options()))
    }

    /// Submits a project and returns without waiting for it.
    fn execute_async(
        &self,
        archive: &Archive,
        metadata: &Metadata,
    ) -> Self::Reply<'_, ExecutionId> {
        self.run(ExecuteAsync::new(archive, metadata).submit(self.options()))
    }

    /// Asks what has come of an execution so far.
    fn get_execution(&self, id: &ExecutionId) -> Self::Reply<'_, ExecutionResult> {
        self.run(GetExecution::new(id).once().retrying(self.options().retry))
    }

    /// Ends an execution. The status is `killed`, or what it already was if it had ended.
    fn kill_execution(&self, id: &ExecutionId) -> Self::Reply<'_, Status> {
        self.run(KillExecution::new(id).once().retrying(self.options().retry))
    }

    /// Asks for a page of the caller's own executions, without their output (*ext*).
    fn list_executions(&self, list: &ListExecutions) -> Self::Reply<'_, ExecutionList> {
        self.run(list.clone().once().retrying(self.options().retry))
    }

    /// Asks for an execution until it is completed, failed or killed.
    fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Self::Reply<'_, ExecutionResult> {
        self.run(Wait::new(id, policy).carried_out(self.options()))
    }

    /// Runs code that needs no archive and waits for its result.
    fn eval(&self, request: &SimpleExecRequest) -> Self::Reply<'_, ExecutionResult> {
        self.run(Eval::new(request).submit(self.options()))
    }

    /// Asks what the server says of itself.
    fn health(&self) -> Self::Reply<'_, Health> {
        self.run(GetHealth.once().retrying(self.options().retry))
    }
}
