//! Pins what the compiler says of the client and tools that compare APIs can't see.

use pyexec_blocking::{
    Archive, Client, Events, ExecutionEvent, Executor, ListExecutions, Result, types::*,
};
use std::{iter::FusedIterator, time::Duration};

/// What a call that isn't made would bring.
fn is<T>(_: impl FnOnce() -> T) {}

#[test]
fn replies_are_results() {
    let client = Client::new("http://localhost:1").unwrap();
    let archive = Archive::from_map([("main.py", "")]).unwrap();
    let (id, metadata) = (ExecutionId::from("exe_1"), Metadata::new("main.py"));
    is::<Result<ExecutionResult>>(|| client.execute_sync(&archive, &metadata));
    is::<Result<ExecutionId>>(|| client.execute_async(&archive, &metadata));
    is::<Result<ExecutionResult>>(|| client.get_execution(&id));
    is::<Result<Status>>(|| client.kill_execution(&id));
    is::<Result<ExecutionList>>(|| client.list_executions(&ListExecutions::new()));
    is::<Result<ExecutionResult>>(|| client.wait_for_completion(&id, Duration::ZERO));
    is::<Result<ExecutionResult>>(|| client.eval(&SimpleExecRequest::new("1")));
    is::<Result<Health>>(|| client.health());

    is::<Result<ExecutionResult>>(|| Executor::execute_sync(&client, &archive, &metadata));
    is::<Result<ExecutionId>>(|| Executor::execute_async(&client, &archive, &metadata));
    is::<Result<ExecutionResult>>(|| Executor::get_execution(&client, &id));
    is::<Result<Status>>(|| Executor::kill_execution(&client, &id));
    is::<Result<ExecutionList>>(|| Executor::list_executions(&client, &ListExecutions::new()));
    is::<Result<ExecutionResult>>(|| Executor::wait_for_completion(&client, &id, Duration::ZERO));
    is::<Result<ExecutionResult>>(|| Executor::eval(&client, &SimpleExecRequest::new("1")));
    is::<Result<Health>>(|| Executor::health(&client));
    assert_eq!(client.base_url().as_str(), "http://localhost:1");
}

#[test]
fn clients_and_iterators_cross_threads() {
    fn crosses<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    crosses::<Client>();
    fn is_fused(_: impl FusedIterator<Item = Result<ExecutionEvent>> + Send + 'static) {}
    let client = Client::new("http://localhost:1").unwrap();
    is_fused(client.events(&"exe_1".into()));
    is_fused(client.events(Events::new(&"exe_1".into()).reconnects(3)));
}
