//! Servers that know less than ours, or have less to say.

use crate::{
    fake::{json, ok},
    scripted::{Asked, server},
    served::{pid, wait},
    session::{Session, pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process};
use std::{
    process::Stdio,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

const EVENTS: &str = r#"{"status":"ok","extensions":["events"]}"#;

fn accepted() -> String {
    json("202 Accepted", r#"{"execution_id":"exe_1"}"#)
}

/// `run` of nothing much.
fn run<const N: usize>(url: &str, args: [&str; N]) -> Session {
    pyexec(args).env("PYEXEC_SERVER", url).stdin("1")
}

#[test]
fn a_server_without_events_is_asked_again_and_again() {
    let looks = AtomicUsize::new(0);
    let url = server(move |asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        "GET /api/v1/executions/exe_1" => {
            let running = r#"{"execution_id":"exe_1","status":"running","exit_code":0}"#;
            let over = r#"{"execution_id":"exe_1","status":"completed","stdout":"out\n","stderr":"err\n","exit_code":3}"#;
            asked.say(&ok(if looks.fetch_add(1, Ordering::SeqCst) < 2 { running } else { over }));
        }
        line => panic!("{line}"),
    });
    assert_snapshot!(run(&url, ["run"]).show(), @"
    exit 3
    --- stdout
    out
    --- stderr
    err
    ");
    let timeout = server(|asked: Asked| {
        match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        _ => asked.say(&ok(
            r#"{"execution_id":"exe_1","status":"failed","error":"execution timeout after 5s","exit_code":0}"#,
        )),
    }
    });
    assert_snapshot!(run(&timeout, ["run"]).show(), @"
    exit 124
    --- stderr
    Error: execution timeout after 5s
    ");
}

/// What `run` makes of these events.
fn events(events: &'static [(&'static str, &'static str)]) -> String {
    let url = server(|asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(EVENTS)),
        "GET /api/v1/executions/exe_1/events" => asked.events(events),
        line => panic!("{line}"),
    });
    run(&url, ["run"]).show()
}

const COMPLETED: &str = r#"{"execution_id":"exe_1","status":"completed","exit_code":0}"#;

#[test]
fn a_gap_in_the_output() {
    let stdout = [
        ("status", r#"{"status":"running"}"#),
        ("stdout", r#"{"offset":0,"data":"YQ=="}"#),
        ("stdout", r#"{"offset":1001,"data":"Yg=="}"#),
        ("result", COMPLETED),
    ];
    let stdout = Box::leak(Box::new(stdout));
    assert_snapshot!(events(stdout), @"
    exit 125
    --- stdout
    ab<no newline>
    --- stderr
    error: the output is incomplete: 1000 bytes of standard output left out
    hint: a server keeps the beginning and the end of what is too long; have the program write less
    ");
}

#[test]
fn output_that_was_cut_is_no_gap_for_those_who_saw_it_all() {
    let all = [
        ("stdout", r#"{"offset":0,"data":"YQo="}"#),
        (
            "result",
            r#"{"execution_id":"exe_1","status":"completed","exit_code":0,"truncated":true}"#,
        ),
    ];
    assert_snapshot!(events(Box::leak(Box::new(all))), @"
    exit 0
    --- stdout
    a
    ");
}

#[test]
fn output_that_a_server_without_events_cut() {
    let url = server(|asked: Asked| {
        match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        _ => asked.say(&ok(
            r#"{"execution_id":"exe_1","status":"completed","exit_code":0,"stdout":"a…b","truncated":true}"#,
        )),
    }
    });
    assert_snapshot!(run(&url, ["run"]).show(), @"
    exit 125
    --- stdout
    a…b<no newline>
    --- stderr
    error: the output is incomplete: the server cut it
    hint: a server keeps the beginning and the end of what is too long; have the program write less
    ");
    // Only what is whole is worth printing then.
    assert_snapshot!(run(&url, ["run", "-q"]).show(), @"
    exit 125
    --- stderr
    error: the output is incomplete: the server cut it
    hint: a server keeps the beginning and the end of what is too long; have the program write less
    ");
}

#[test]
fn an_execution_that_the_server_forgot() {
    let url = server(|asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(EVENTS)),
        _ => asked.say(&json("404 Not Found", r#"{"error":"execution not found"}"#)),
    });
    assert_snapshot!(run(&url, ["run"]).show(), @"
    exit 125
    --- stderr
    error: lost sight of exe_ID before its end
    caused by: execution not found (HTTP 404)
    hint: a server that starts anew forgets what it ran
    ");
}

#[test]
fn a_server_that_knows_synchronous_requests_only() {
    let url = server(|asked: Asked| {
        match asked.line() {
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        "POST /api/v1/exec/sync" => asked.say(&ok(
            r#"{"execution_id":"exe_1","status":"completed","stdout":"out","stderr":"err","exit_code":3}"#,
        )),
        _ => asked.say(&json("404 Not Found", r#"{"error":"no such page"}"#)),
    }
    });
    assert_snapshot!(run(&url, ["run"]).show(), @"
    exit 3
    --- stdout
    out<no newline>
    --- stderr
    err<no newline>
    ");
    let nothing = server(|asked| asked.say(&json("404 Not Found", r#"{"error":"no such page"}"#)));
    assert_snapshot!(run(&nothing, ["run"]).show(), @"
    exit 125
    --- stderr
    error: no such page (HTTP 404)
    ");
}

#[test]
fn leaving_ends_what_has_no_id() {
    let (tell, told) = mpsc::channel();
    let url = server(move |asked: Asked| match asked.line() {
        "GET /health" => asked.say(&ok(r#"{"status":"ok"}"#)),
        "POST /api/v1/exec/sync" => {
            tell.send("runs").unwrap();
            asked.hold();
            tell.send("left").unwrap();
        }
        _ => asked.say(&json("404 Not Found", r#"{"error":"no such page"}"#)),
    });
    let session = pyexec(["run", "main.py"]).env("PYEXEC_SERVER", &url).file("main.py", "1");
    let (mut command, _folder) = session.into_parts();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let patience = Duration::from_secs(20);
    assert_eq!(told.recv_timeout(patience).unwrap(), "runs");
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_eq!(told.recv_timeout(patience).unwrap(), "left");
    wait(&mut child);
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 130");
}

#[test]
fn a_second_ctrl_c_waits_for_nobody() {
    let (tell, killed) = mpsc::channel();
    let url = server(move |asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => asked.say(&accepted()),
        "GET /health" => asked.say(&ok(EVENTS)),
        "GET /api/v1/executions/exe_1/events" => {
            asked.events(&[("status", r#"{"status":"running"}"#)]);
            tell.send("events").unwrap();
            asked.hold();
        }
        "DELETE /api/v1/executions/exe_1" => {
            tell.send("kill").unwrap();
            asked.hold();
        }
        line => panic!("{line}"),
    });
    let session = pyexec(["run", "main.py"]).env("PYEXEC_SERVER", &url).file("main.py", "1");
    let (mut command, _folder) = session.into_parts();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let patience = Duration::from_secs(20);
    assert_eq!(killed.recv_timeout(patience).unwrap(), "events");
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_eq!(killed.recv_timeout(patience).unwrap(), "kill");
    let start = Instant::now();
    assert!(child.try_wait().unwrap().is_none(), "it waits for the answer");
    kill_process(pid(&child), Signal::INT).unwrap();
    wait(&mut child);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 130");
}
