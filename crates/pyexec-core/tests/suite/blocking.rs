//! The adapter of `pyexec-blocking`.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use crate::suite::{Options, Subject};
use pyexec_blocking::Client;
use pyexec_core::{
    Archive, Call, Events, ExecutionEvent, Feed, Result, WaitPolicy,
    endpoints::ListExecutions,
    types::{
        ExecutionId, ExecutionList, ExecutionResult, Health, Metadata, SimpleExecRequest, Status,
    },
};

/// The blocking client.
#[derive(Debug)]
pub(crate) struct Blocking(Client);

impl Subject for Blocking {
    fn build(options: Options) -> Result<Self> {
        let mut builder = Client::builder(&options.base_url);
        if let Some(token) = options.token {
            builder = builder.bearer_token(token);
        }
        if let Some((name, value)) = options.header {
            builder = builder.header(name, value);
        }
        if let Some(timeout) = options.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(bytes) = options.max_response {
            builder = builder.max_response(bytes);
        }
        if let Some(policy) = options.retry {
            builder = builder.retry(policy);
        }
        if let Some(url) = options.proxy {
            builder = builder.proxy(url);
        }
        if let Some(pem) = options.root_certificates {
            builder = builder.root_certificates(pem);
        }
        builder.build().map(Self)
    }

    fn with_idempotency_key(self, key: &str) -> Self {
        Self(self.0.with_idempotency_key(key))
    }

    fn drop_guard(&self, id: &ExecutionId, disarmed: bool) {
        let guard = self.0.kill_guard(id);
        if disarmed {
            assert_eq!(guard.disarm(), *id);
        }
    }

    fn execute_sync(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionResult> {
        self.0.execute_sync(archive, metadata)
    }

    fn execute_async(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionId> {
        self.0.execute_async(archive, metadata)
    }

    fn get_execution(&self, id: &ExecutionId) -> Result<ExecutionResult> {
        self.0.get_execution(id)
    }

    fn kill_execution(&self, id: &ExecutionId) -> Result<Status> {
        self.0.kill_execution(id)
    }

    fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Result<ExecutionResult> {
        self.0.wait_for_completion(id, policy)
    }

    fn list_executions(&self, list: &ListExecutions) -> Result<ExecutionList> {
        self.0.list_executions(list)
    }

    fn executions(&self, list: ListExecutions) -> Vec<Result<ExecutionResult>> {
        self.0.executions(list).collect()
    }

    fn eval(&self, request: &SimpleExecRequest) -> Result<ExecutionResult> {
        self.0.eval(request)
    }

    fn health(&self) -> Result<Health> {
        self.0.health()
    }

    fn run<C: Call>(&self, call: C) -> Result<C::Output> {
        self.0.run(call)
    }

    fn events(&self, events: impl Into<Events>) -> Vec<Result<ExecutionEvent>> {
        self.0.events(events).collect()
    }

    fn collect<F: Feed>(&self, feed: F) -> Vec<Result<F::Item>> {
        self.0.feed(feed).collect()
    }
}
