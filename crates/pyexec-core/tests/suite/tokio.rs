//! The adapter of `pyexec-async`.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use crate::suite::{Options, Subject};
use pyexec_async::{Client, FeedStream};
use pyexec_core::{
    Archive, Call, Events, ExecutionEvent, Feed, Result, WaitPolicy,
    endpoints::ListExecutions,
    types::{
        ExecutionId, ExecutionList, ExecutionResult, Health, Metadata, SimpleExecRequest, Status,
    },
};
use tokio::runtime::Runtime;

/// The async client with a runtime of its own.
#[derive(Debug)]
pub(crate) struct Async {
    client: Client,
    runtime: Runtime,
}

impl Subject for Async {
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
        // With a thread of its own: what a guard starts goes on when nobody waits.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = builder.build()?;
        Ok(Self { client, runtime })
    }

    fn with_idempotency_key(self, key: &str) -> Self {
        Self { client: self.client.with_idempotency_key(key), ..self }
    }

    fn drop_guard(&self, id: &ExecutionId, disarmed: bool) {
        self.runtime.block_on(async {
            let guard = self.client.kill_guard(id);
            if disarmed {
                assert_eq!(guard.disarm(), *id);
                return;
            }
            drop(guard);
        });
    }

    fn execute_sync(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionResult> {
        self.runtime.block_on(self.client.execute_sync(archive, metadata))
    }

    fn execute_async(&self, archive: &Archive, metadata: &Metadata) -> Result<ExecutionId> {
        self.runtime.block_on(self.client.execute_async(archive, metadata))
    }

    fn get_execution(&self, id: &ExecutionId) -> Result<ExecutionResult> {
        self.runtime.block_on(self.client.get_execution(id))
    }

    fn kill_execution(&self, id: &ExecutionId) -> Result<Status> {
        self.runtime.block_on(self.client.kill_execution(id))
    }

    fn wait_for_completion(
        &self,
        id: &ExecutionId,
        policy: impl Into<WaitPolicy>,
    ) -> Result<ExecutionResult> {
        self.runtime.block_on(self.client.wait_for_completion(id, policy))
    }

    fn list_executions(&self, list: &ListExecutions) -> Result<ExecutionList> {
        self.runtime.block_on(self.client.list_executions(list))
    }

    fn executions(&self, list: ListExecutions) -> Vec<Result<ExecutionResult>> {
        self.runtime.block_on(all(self.client.executions(list)))
    }

    fn eval(&self, request: &SimpleExecRequest) -> Result<ExecutionResult> {
        self.runtime.block_on(self.client.eval(request))
    }

    fn health(&self) -> Result<Health> {
        self.runtime.block_on(self.client.health())
    }

    fn run<C: Call>(&self, call: C) -> Result<C::Output> {
        self.runtime.block_on(self.client.run(call))
    }

    fn events(&self, events: impl Into<Events>) -> Vec<Result<ExecutionEvent>> {
        self.runtime.block_on(all(self.client.events(events)))
    }

    fn collect<F: Feed>(&self, feed: F) -> Vec<Result<F::Item>> {
        self.runtime.block_on(all(self.client.feed(feed)))
    }
}

async fn all<F: Feed>(mut stream: FeedStream<F>) -> Vec<Result<F::Item>> {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item);
    }
    items
}
