//! A client under test.

use pyexec_core::{
    Archive, Call, Events, ExecutionEvent, Feed, Result, RetryPolicy, WaitPolicy,
    endpoints::ListExecutions,
    types::{
        ExecutionId, ExecutionList, ExecutionResult, Health, Metadata, SimpleExecRequest, Status,
    },
};
use std::time::Duration;

/// How to build a client.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub base_url: String,
    pub token: Option<String>,
    pub header: Option<(String, String)>,
    pub timeout: Option<Duration>,
    pub max_response: Option<u64>,
    pub retry: Option<RetryPolicy>,
    pub proxy: Option<String>,
    pub root_certificates: Option<Vec<u8>>,
}

impl Options {
    pub fn new(base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), ..Self::default() }
    }
}

/// A client under test: its own methods, waited for.
pub trait Subject: Sized {
    fn build(options: Options) -> Result<Self>;

    fn new(base_url: &str) -> Self {
        Self::build(Options::new(base_url)).unwrap()
    }

    #[must_use]
    fn with_idempotency_key(self, key: &str) -> Self;
    /// Makes a guard of an execution and drops it, disarmed or not.
    fn drop_guard(&self, id: &ExecutionId, disarmed: bool);
    fn execute_sync(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionResult>;
    fn execute_async(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionId>;
    fn get_execution(&self, id: &ExecutionId) -> Result<ExecutionResult>;
    fn kill_execution(&self, id: &ExecutionId) -> Result<Status>;
    fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Result<ExecutionResult>;
    fn list_executions(&self, list: &ListExecutions) -> Result<ExecutionList>;
    /// Every execution of all pages.
    fn executions(&self, list: ListExecutions) -> Vec<Result<ExecutionResult>>;
    fn eval(&self, request: &SimpleExecRequest) -> Result<ExecutionResult>;
    fn health(&self) -> Result<Health>;
    fn run<C: Call>(&self, call: C) -> Result<C::Output>;
    /// Every event of an execution.
    fn events(&self, events: impl Into<Events>) -> Vec<Result<ExecutionEvent>>;
    /// Every item of a feed.
    fn collect<F: Feed>(&self, feed: F) -> Vec<Result<F::Item>>;
}
