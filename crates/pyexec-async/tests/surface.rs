//! Pins what the compiler says of the client and tools that compare APIs can't see.

use pyexec_async::{
    Archive, Client, Events, ExecutionEvent, Executor, ListExecutions, Pending, Result, types::*,
};
use pyexec_core::{Feed, FeedEvent, FeedStep};
use std::time::{Duration, Instant};

/// Whether a future may cross threads and what it brings.
fn brings<T>(_: impl Future<Output = Result<T>> + Send) {}

#[test]
fn replies_are_futures_that_cross_threads() {
    let client = Client::new("http://localhost:1").unwrap();
    let archive = Archive::from_map([("main.py", "")]).unwrap();
    let (id, metadata) = (ExecutionId::from("exe_1"), Metadata::new("main.py"));
    let eval = SimpleExecRequest::new("1");
    brings::<ExecutionResult>(client.execute_sync(&archive, &metadata));
    brings::<ExecutionId>(client.execute_async(&archive, &metadata));
    brings::<ExecutionResult>(client.get_execution(&id));
    brings::<Status>(client.kill_execution(&id));
    brings::<ExecutionList>(client.list_executions(&ListExecutions::new()));
    brings::<ExecutionResult>(client.wait_for_completion(&id, Duration::ZERO));
    brings::<ExecutionResult>(client.eval(&eval));
    brings::<Health>(client.health());

    fn replies<T>(reply: Pending<'_, T>) {
        brings::<T>(reply);
    }
    replies::<ExecutionResult>(Executor::execute_sync(&client, &archive, &metadata));
    replies::<ExecutionId>(Executor::execute_async(&client, &archive, &metadata));
    replies::<ExecutionResult>(Executor::get_execution(&client, &id));
    replies::<Status>(Executor::kill_execution(&client, &id));
    replies::<ExecutionList>(Executor::list_executions(&client, &ListExecutions::new()));
    replies::<ExecutionResult>(Executor::wait_for_completion(&client, &id, Duration::ZERO));
    replies::<ExecutionResult>(Executor::eval(&client, &eval));
    replies::<Health>(Executor::health(&client));
    assert_eq!(client.base_url().as_str(), "http://localhost:1");
}

/// A feed that must not be pinned.
struct Never;

impl Feed for Never {
    type Item = u8;

    fn step(&mut self, _: FeedEvent, _: Instant) -> Result<FeedStep<u8>> {
        Ok(FeedStep::End)
    }
}

#[test]
fn clients_and_streams_cross_threads() {
    fn crosses<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    crosses::<Client>();
    fn is_stream(_: impl futures_core::Stream<Item = Result<u8>> + Send + Unpin + 'static) {}
    let client = Client::new("http://localhost:1").unwrap();
    is_stream(client.feed(Never));
    fn is_fused(
        _: impl futures_core::FusedStream<Item = Result<ExecutionEvent>> + Send + Unpin + 'static,
    ) {
    }
    is_fused(client.events(&"exe_1".into()));
    is_fused(client.events(Events::new(&"exe_1".into()).reconnects(3)));
}
