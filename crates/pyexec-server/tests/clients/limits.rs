//! Limits, ends and queues.

use crate::{
    service::{POLL, client, has_groups, main_py, server, shared, with},
    suite::Subject,
};
use pyexec_core::{
    Error,
    types::{ExecutionConfig, ExecutionId, Metadata, Outcome, Status},
};
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, ServerConfig};
use std::time::Duration;

const SLEEPER: &str = "import time; print('up'); time.sleep(600)";

pub(crate) fn a_timeout_keeps_the_output<S: Subject>() {
    // It ignores SIGTERM and has a child, too.
    let code = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
        print('before')\nos.fork()\ntime.sleep(600)";
    let config = ExecutionConfig { timeout_seconds: 3, ..ExecutionConfig::default() };
    let result = shared::<S>().execute_sync(&main_py(code), &with(config)).unwrap();
    assert_eq!(result.status, Status::Failed);
    assert_eq!(result.error.as_deref(), Some("execution timeout after 3s"));
    assert_eq!((result.outcome, result.exit_code), (Some(Outcome::Timeout), 124));
    assert_eq!(result.stdout, "before\n");
    assert!(result.duration_ms.unwrap() >= 3000);
}

pub(crate) fn out_of_memory_is_told<S: Subject>() {
    let code = "import os, time\nprint('before')\nfor _ in range(5): os.fork()\n\
        x = b'x' * (100 << 20)\ntime.sleep(600)";
    let config = ExecutionConfig { memory_mb: 256, disk_mb: 16, ..ExecutionConfig::default() };
    let result = shared::<S>().execute_sync(&main_py(code), &with(config)).unwrap();
    assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::Oom)));
    assert_eq!(result.error.as_deref(), Some("out of memory: the limit is memory_mb = 256"));
    assert_eq!((result.stdout.as_str(), result.exit_code), ("before\n", 137));
}

pub(crate) fn output_above_the_cap_keeps_both_ends<S: Subject>() {
    let server = server(|config| config.output_bytes = 1000);
    let code = "print('first', end=''); print('x' * 10_000, end=''); print('last', end='')";
    let metadata = Metadata::new("main.py");
    let result = client::<S>(&server).execute_sync(&main_py(code), &metadata).unwrap();
    assert!(result.truncated);
    assert!(result.stdout.starts_with("firstx") && result.stdout.ends_with("xlast"));
    assert!(result.stdout.contains("\n[pyexec: 9009 bytes left out]\n"), "{}", result.stdout);
    assert_eq!((result.status, result.outcome), (Status::Completed, Some(Outcome::Exited)));
}

pub(crate) fn output_past_the_limit_ends_it<S: Subject>() {
    let server = server(|config| {
        config.output_bytes = 1000;
        config.output_limit_bytes = 100_000;
    });
    let archive = main_py("while True: print('x' * 100)");
    let result = client::<S>(&server).execute_sync(&archive, &Metadata::new("main.py")).unwrap();
    assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::OutputLimit)));
    assert!(result.truncated && result.error.unwrap().contains("100000 bytes"));
}

pub(crate) fn a_quota_of_processors<S: Subject>() {
    let config = ServerConfig { cpu_percent: Some(100), ..ServerConfig::default() };
    let started = EmbeddedServer::start_with(config, SandboxOptions::default());
    if !has_groups(&shared::<S>()) {
        assert!(started.unwrap_err().to_string().contains("there are no control groups"));
        return;
    }
    let code = "import os; print(os.cpu_count(), os.environ['OMP_NUM_THREADS'])";
    let server = started.unwrap();
    let client = client::<S>(&server);
    let result = client.execute_sync(&main_py(code), &Metadata::new("main.py")).unwrap();
    assert_eq!(result.stdout, "1 1\n", "{result:?}");
}

fn wait_until_running<S: Subject>(client: &S, id: &ExecutionId) {
    while client.get_execution(id).unwrap().status == Status::Pending {
        std::thread::yield_now();
    }
}

pub(crate) fn kill_kills_and_stays<S: Subject>() {
    let client = shared::<S>();
    let id = client.execute_async(&main_py(SLEEPER), &Metadata::new("main.py")).unwrap();
    wait_until_running(&client, &id);
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    let result = client.get_execution(&id).unwrap();
    assert_eq!((&result.status, &result.outcome), (&Status::Killed, &Some(Outcome::Killed)));
    assert!(result.finished_at.is_some(), "it is over when the kill answers: {result:?}");
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    assert_eq!(client.wait_for_completion(&id, POLL).unwrap(), result);

    let done = client.execute_sync(&main_py("print(1)"), &Metadata::new("main.py")).unwrap();
    assert_eq!(client.kill_execution(&done.execution_id).unwrap(), Status::Completed);
    assert_eq!(client.get_execution(&done.execution_id).unwrap(), done);
}

pub(crate) fn kill_of_a_pending_execution<S: Subject>() {
    let server = server(|config| config.slots = 1);
    let client = client::<S>(&server);
    let metadata = Metadata::new("main.py");
    let first = client.execute_async(&main_py(SLEEPER), &metadata).unwrap();
    wait_until_running(&client, &first);
    let second = client.execute_async(&main_py("print(2)"), &metadata).unwrap();
    assert_eq!(client.get_execution(&second).unwrap().status, Status::Pending);
    assert_eq!(client.kill_execution(&second).unwrap(), Status::Killed);
    let killed = client.get_execution(&second).unwrap();
    assert_eq!((killed.status, killed.started_at), (Status::Killed, None));
    let third = client.execute_async(&main_py("print(3)"), &metadata).unwrap();
    client.kill_execution(&first).unwrap();
    assert_eq!(client.wait_for_completion(&third, POLL).unwrap().stdout, "3\n");
}

pub(crate) fn a_full_queue_turns_away<S: Subject>() {
    let server = server(|config| {
        config.slots = 1;
        config.queue_length = 1;
    });
    let client = client::<S>(&server);
    let submit = || client.execute_async(&main_py(SLEEPER), &Metadata::new("main.py"));
    submit().unwrap();
    submit().unwrap();
    let error = submit().unwrap_err();
    assert!(matches!(&error, Error::Api { status, .. } if status.as_u16() == 503), "{error:?}");
    assert!(error.to_string().contains("the queue is full") && error.is_retryable(), "{error}");
}

pub(crate) fn waiting_in_the_queue_has_an_end<S: Subject>() {
    let server = server(|config| {
        config.slots = 1;
        config.queue_timeout = Duration::from_millis(100);
    });
    let client = client::<S>(&server);
    let metadata = Metadata::new("main.py");
    let first = client.execute_async(&main_py(SLEEPER), &metadata).unwrap();
    wait_until_running(&client, &first);
    let result = client.execute_sync(&main_py("print(2)"), &metadata).unwrap();
    assert_eq!((result.status, result.outcome), (Status::Failed, Some(Outcome::Refused)));
    assert!(result.error.unwrap().contains("no slot was free within 100ms"));
    assert!(result.queued_ms.unwrap() >= 100);
}

pub(crate) fn waiting_input_is_bounded<S: Subject>() {
    let server = server(|config| {
        config.slots = 1;
        config.pending_bytes = 1 << 20;
    });
    let client = client::<S>(&server);
    let metadata = Metadata { stdin: "x".repeat(700_000), ..Metadata::new("main.py") };
    client.execute_async(&main_py(SLEEPER), &metadata).unwrap();
    let error = client.execute_async(&main_py(SLEEPER), &metadata).unwrap_err();
    assert!(error.to_string().contains("hold too much input"), "{error}");
}
