//! What a server's log says, and what it never says.

use crate::{served::Served, session::pyexec};
use rustix::process::Signal;
use serde_json::Value;

/// In everything that is nobody's business but the tenant's.
const SECRET: &str = "s3ntinel";

/// What a server logs at its most talkative while all sorts of requests come.
fn log(format: &str) -> String {
    let session = pyexec(["serve", "--port", "0"])
        .env("PYEXEC_TOKEN", "s3ntinel-token")
        .env("PYEXEC_LOG_LEVEL", "trace")
        .env("PYEXEC_LOG_FORMAT", format);
    let server = Served::start(session);
    let code = "import os, sys\nprint(os.environ['SECRET'], sys.argv, 's3ntinel-out')\n\
                print('s3ntinel-err', file=sys.stderr)\nraise ValueError('s3ntinel-exception')";
    let run = server
        .client(["run", "main.py", "-e", "SECRET=s3ntinel-env", "--", "s3ntinel-arg"])
        .env("PYEXEC_TOKEN", "s3ntinel-token")
        .file("s3ntinel.txt", "s3ntinel-file")
        .file("main.py", code);
    let ran = run.show();
    assert!(ran.contains("s3ntinel-env ['/work/main.py', 's3ntinel-arg']"), "{ran}");
    for (token, code) in [
        ("s3ntinel-token", "'s3ntinel-value'"),
        ("s3ntinel-token", "s3ntinel ="),
        ("s3ntinel-wrong", "1"),
    ] {
        server.client(["eval", code]).env("PYEXEC_TOKEN", token).output();
    }
    // What is refused, too.
    let nowhere = server.client(["run", "main.py", "--entrypoint", "s3ntinel.py"]);
    nowhere.env("PYEXEC_TOKEN", "s3ntinel-token").file("main.py", "s3ntinel").output();
    // Also as the password of Basic, and in requests of which only the head makes sense.
    let basic = "Authorization: Basic eDpzM250aW5lbC10b2tlbg==";
    let eval = format!("POST /api/v1/eval HTTP/1.1\r\n{basic}\r\nIdempotency-Key: s3ntinel");
    let answer = server.ask(&eval, r#"{"code":"print(input()[2:])","stdin":"s3ntinel-in"}"#);
    assert!(answer.contains(r#""stdout":"ntinel-in\n""#), "{answer}");
    for (head, status) in [
        ("GET /s3ntinel?s3ntinel HTTP/1.1", 404),
        ("S3NTINEL /api/v1/executions/s3ntinel HTTP/1.1\r\nCookie: s3ntinel", 405),
        ("GET /api/v1/executions?cursor=s3ntinel HTTP/1.1\r\nAuthorization: s3ntinel", 401),
        (&eval, 400),
        ("s3ntinel", 400),
    ] {
        let answer = server.ask(head, "s3ntinel");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head} got {answer}");
    }
    String::from_utf8(server.end(Signal::TERM).stderr).unwrap()
}

fn assert_discreet(log: &str) {
    // Encoded, as a token of Basic is, and in any case.
    let is_told = |line: &&str| {
        line.to_lowercase().contains(SECRET)
            || line.contains("czNudGluZW")
            || line.contains("M250aW5lb")
    };
    let told: Vec<_> = log.lines().filter(is_told).collect();
    assert!(told.is_empty(), "the log tells secrets:\n{}", told.join("\n"));
}

#[test]
fn text_has_a_line_for_each_execution_and_no_secrets() {
    let log = log("text");
    assert_discreet(&log);
    let lines: Vec<_> = log.lines().filter(|line| line.contains("execution finished")).collect();
    assert_eq!(lines.len(), 4, "{log}");
    for said in
        ["request{request_id=", "id=exe_", "outcome=\"exited\"", "duration_ms=", "stdout_bytes="]
    {
        assert!(lines[0].contains(said), "{said} is missing: {}", lines[0]);
    }
    assert!(log.contains("answered"), "{log}");
}

#[test]
fn json_is_an_object_a_line_with_the_requests_id() {
    let log = log("json");
    assert_discreet(&log);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finished: Vec<_> =
        lines.iter().filter(|line| line["message"] == "execution finished").collect();
    assert_eq!(finished.len(), 4, "{log}");
    for line in finished {
        assert_eq!(line["span"]["request_id"].as_str().map(str::len), Some(36), "{line}");
        assert_eq!(line["outcome"], "exited", "{line}");
        assert!(line["stdout_bytes"].is_u64() && line["duration_ms"].is_u64(), "{line}");
    }
}
