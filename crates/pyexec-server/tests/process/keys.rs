//! Idempotency keys outlive the server, as what they name does.

use crate::server::{Running, archive, metadata, start};
use pyexec_blocking::{
    Client, Error, ListExecutions,
    types::{ExecutionResult, Outcome, Status},
};
use std::{
    path::Path,
    thread::JoinHandle,
    time::{Duration, Instant},
};

const SLEEPER: &str = "import time; time.sleep(600)";

fn starts(folder: &Path, name: &str) -> usize {
    let starts = std::fs::read_to_string(folder.join("starts")).unwrap();
    starts.lines().filter(|line| *line == name).count()
}

/// A client that waits for a result under a key, in the background.
fn wait_for(server: &Running, key: &str, code: &str) -> JoinHandle<Result<ExecutionResult, Error>> {
    let (client, archive, metadata) = (keyed(server, key), archive(code), metadata(key));
    std::thread::spawn(move || client.execute_sync(&archive, &metadata))
}

fn keyed(server: &Running, key: &str) -> Client {
    server.client().with_idempotency_key(key)
}

fn until_there_are(client: &Client, count: usize) {
    let begun = Instant::now();
    while client.list_executions(&ListExecutions::new()).unwrap().executions.len() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "there never were {count}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_key_finds_its_execution_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = keyed(&server, "a");
    let id = client.execute_async(&archive("print(1)"), &metadata("a")).unwrap();
    let result = client.wait_for_completion(&id, Duration::from_millis(5)).unwrap();
    drop(server);

    let server = start(folder.path()).unwrap();
    let client = keyed(&server, "a");
    assert_eq!(client.execute_async(&archive("print(1)"), &metadata("a")).unwrap(), id);
    assert_eq!(client.execute_sync(&archive("print(1)"), &metadata("a")).unwrap(), result);
    let error = client.execute_async(&archive("print(2)"), &metadata("a")).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(409));
    assert!(error.to_string().contains("another body"), "{error}");
    assert_eq!(starts(folder.path(), "a"), 1);
    server.end();
}

/// Also of those whose clients wait, since these come back under their keys.
#[test]
fn what_waited_or_ran_under_a_key_is_accounted_for_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    for n in 0..2 {
        client.execute_async(&archive(SLEEPER), &metadata(&n.to_string())).unwrap();
    }
    let ran = wait_for(&server, "ran", SLEEPER);
    while starts(folder.path(), "ran") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let waited = wait_for(&server, "waited", "print(1)");
    until_there_are(&client, 4);
    drop(server);
    ran.join().unwrap().unwrap_err();
    waited.join().unwrap().unwrap_err();

    let server = start(folder.path()).unwrap();
    let ran = wait_for(&server, "ran", SLEEPER).join().unwrap().unwrap();
    assert_eq!((ran.status, ran.outcome), (Status::Failed, Some(Outcome::Lost)));
    assert_eq!(ran.error.as_deref(), Some("server restarted while it ran"));
    let waited = wait_for(&server, "waited", "print(1)").join().unwrap().unwrap();
    assert_eq!(waited.stdout, "1\n");
    assert_eq!(["ran", "waited"].map(|name| starts(folder.path(), name)), [1, 1]);
    server.end();
}

#[test]
fn a_client_that_waits_hears_of_a_shutdown_and_finds_its_result_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).unwrap();
    let client = server.client();
    for n in 0..3 {
        client.execute_async(&archive(SLEEPER), &metadata(&n.to_string())).unwrap();
    }
    let waiting = wait_for(&server, "waited", "print(1)");
    until_there_are(&client, 4);
    server.end();
    let error = waiting.join().unwrap().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503), "{error}");
    assert!(error.to_string().contains("shutting down"), "{error}");

    let server = start(folder.path()).unwrap();
    let result = wait_for(&server, "waited", "print(1)").join().unwrap().unwrap();
    assert_eq!((result.stdout.as_str(), starts(folder.path(), "waited")), ("1\n", 1));
    server.end();
}
