//! How a server ends: what it lets end, what it ends, and what it says meanwhile and afterwards.

use crate::{
    processes,
    served::Served,
    session::{Session, pyexec, shown},
    witness::Witness,
};
use insta::assert_snapshot;
use rustix::process::Signal;
use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// A server that gives its executions this long, and the network to call the test.
fn serve(grace: &str) -> Session {
    let session = pyexec(["serve", "--port", "0", "--network-mode", "host", "--grace", grace]);
    session.env("PYEXEC_LOG_LEVEL", "error")
}

/// A client in the background.
fn start(client: Session) -> (Child, tempfile::TempDir) {
    let (mut command, folder) = client.into_parts();
    (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), folder)
}

/// An answer's status line and body.
fn get(server: &Served, path: &str) -> String {
    let answer = server.ask(&format!("GET {path} HTTP/1.1"), "");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    format!("{}\n{body}", head.lines().next().unwrap())
}

/// Sends the first signal and waits until the server heeds it.
fn drain(server: &Served) {
    assert_eq!(get(server, "/ready"), "HTTP/1.1 200 OK\n{\"status\":\"ready\"}");
    server.signal(Signal::TERM);
    let start = Instant::now();
    while get(server, "/ready").starts_with("HTTP/1.1 200") {
        assert!(start.elapsed() < Duration::from_secs(20), "it is still ready");
    }
    let draining = r#"{"error":"the server is shutting down","code":"draining"}"#;
    assert_eq!(get(server, "/ready"), format!("HTTP/1.1 503 Service Unavailable\n{draining}"));
}

#[test]
fn what_runs_may_end_and_nothing_new_begins() {
    let server = Served::start(serve("60s"));
    let witness = Witness::new();
    let program = witness.program_that_waits();
    let (client, _folder) = start(server.client(["eval", "--network", &program]));
    let running = witness.wait();
    drain(&server);
    assert!(get(&server, "/health").starts_with("HTTP/1.1 200"));
    assert_snapshot!(server.client(["run"]).stdin("1").show(), @"
    exit 125
    --- stderr
    error: the server is shutting down (HTTP 503)
    hint: the server has no room just now; try again later
    ");
    running.let_go();
    assert_snapshot!(shown(&client.wait_with_output().unwrap()), @"
    exit 0
    --- stdout
    let go
    ");
    assert_snapshot!(shown(&server.wait()), @"
    exit 0
    --- stderr
    listening on http://127.0.0.1:PORT
    ");
}

#[test]
fn what_outlasts_the_grace_period_is_ended_and_recorded() {
    let state = tempfile::tempdir().unwrap();
    let with_state = |session: Session, state: &Path| {
        Served::start(session.env("PYEXEC_STATE_DIR", state.to_str().unwrap()))
    };
    let server = with_state(serve("300ms").env("PYEXEC_LOG_LEVEL", "warn"), state.path());
    let witness = Witness::new();
    let output = server.client(["submit", "--network"]).stdin(witness.program()).output();
    let id = String::from_utf8(output.stdout).unwrap();
    let other = Witness::new();
    let (waiting, _folder) = start(server.client(["eval", "--network", &other.program()]));
    let (first, second) = (witness.wait(), other.wait());
    let descendants = processes::below(server.pid());
    assert!(!descendants.is_empty());
    let output = server.end(Signal::TERM);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("stopping executions that outlast the grace period count=2"), "{log}");
    first.assert_ends();
    second.assert_ends();
    processes::assert_gone(&descendants);
    assert_snapshot!(shown(&waiting.wait_with_output().unwrap()), @"
    exit 125
    --- stderr
    Error: the server shut down while it ran
    ");
    let server = with_state(pyexec(["serve", "--port", "0"]), state.path());
    assert_snapshot!(server.client(["follow", "-v", id.trim()]).show(), @"
    exit 125
    --- stderr
    Execution ID: exe_ID
    Status: failed
    Duration: Nms
    Server: http://127.0.0.1:PORT
    ---
    Error: the server shut down while it ran
    ");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Served::start(serve("1h"));
    let witness = Witness::new();
    let (client, _folder) = start(server.client(["eval", "--network", &witness.program()]));
    let running = witness.wait();
    let descendants = processes::below(server.pid());
    drain(&server);
    assert_snapshot!(shown(&server.end(Signal::TERM)), @"
    exit 143
    --- stderr
    listening on http://127.0.0.1:PORT
    ");
    running.assert_ends();
    processes::assert_gone(&descendants);
    assert_eq!(client.wait_with_output().unwrap().status.code(), Some(125));
}

#[test]
fn a_grace_period_that_is_none_is_refused() {
    assert_snapshot!(pyexec(["serve", "--grace", "soon"]).show(), @r#"
    exit 2
    --- stderr
    error: invalid value 'soon' for '--grace <TIME>': "soon" is no duration; write 300, 300s or 5m

    For more information, try '--help'.
    "#);
}
