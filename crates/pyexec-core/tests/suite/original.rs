//! A server with the original's rules and answers, byte for byte; nothing of ours is understood.

use super::{
    Fake, Subject,
    api::archive,
    fake::{Received, json, ok},
};
use pyexec_core::{
    Error, ExecutionEvent,
    types::{ExecutionConfig, ExecutionId, Metadata, SimpleExecRequest, Status},
};

const ID: &str = "exe_2f1c1d3e-5a6b-4c7d-8e9f-0a1b2c3d4e5f";
const TIMES: &str = r#""started_at":"2026-01-02T03:04:05.123456789Z","finished_at":"2026-01-02T03:04:06.98765432Z""#;

fn result(fields: &str) -> String {
    ok(&format!(r#"{{"execution_id":"{ID}",{fields}}}"#))
}

/// What the original makes of a request: its answer, or the reason why it wouldn't understand.
fn answer(request: &Received) -> Result<String, String> {
    for (name, _) in &request.headers {
        if name.starts_with("x-") || name == "idempotency-key" || name == "last-event-id" {
            return Err(format!("sends {name} to a server that knows nothing of it"));
        }
    }
    let line = request.line.trim_end_matches(" HTTP/1.1");
    if line.contains('?') {
        return Err(format!("{line} has a query"));
    }
    let execution = format!("/api/v1/executions/{ID}");
    Ok(match line.split_once(' ') {
        Some(("GET", "/health")) => ok(r#"{"status":"ok"}"#),
        Some(("POST", "/api/v1/exec/sync")) => match form(request)? {
            Some(refused) => refused,
            None => result(&format!(
                r#""status":"completed","stdout":"hi\n","exit_code":0,{TIMES},"duration_ms":475"#
            )),
        },
        Some(("POST", "/api/v1/exec/async")) => match form(request)? {
            Some(refused) => refused,
            None => json("202 Accepted", &format!(r#"{{"execution_id":"{ID}"}}"#)),
        },
        Some(("POST", "/api/v1/eval")) => eval(request)?,
        Some(("GET", path)) if path == execution => result(&format!(
            r#""status":"completed","stdout":"a\ufffd\ufffdb\u0000c\u003c\u0026\u003e","exit_code":0,{TIMES},"duration_ms":396"#
        )),
        Some(("DELETE", path)) if path == execution => ok(r#"{"status":"killed"}"#),
        Some((_, path)) if path.starts_with("/api/v1/executions/") => {
            json("404 Not Found", r#"{"error":"execution not found"}"#)
        }
        _ => "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\
              Connection: close\r\n\r\n404 page not found"
            .to_owned(),
    })
}

/// What Go's multipart reader and the original's handler refuse.
fn form(request: &Received) -> Result<Option<String>, String> {
    let bad = |message: &str| json("400 Bad Request", &format!(r#"{{"error":"{message}"}}"#));
    let content_type = request.header("content-type").unwrap_or_default();
    let Some(boundary) = content_type.strip_prefix("multipart/form-data; boundary=") else {
        return Ok(Some(bad("parsing form: request Content-Type isn't multipart/form-data")));
    };
    if request.header("content-length").is_none() {
        return Err("has no Content-Length".into());
    }
    let body = String::from_utf8_lossy(&request.body);
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    let part = |name: &str| {
        let wanted = format!("form-data; name=\"{name}\"");
        parts.iter().find(|part| part.contains(&wanted))
    };
    // A part without a file name isn't a file to Go.
    if part("tar").is_none_or(|part| !part.contains("; filename=\"")) {
        return Ok(Some(bad("missing tar file: http: no such file")));
    }
    let Some(metadata) = part("metadata") else {
        return Ok(Some(bad("missing metadata")));
    };
    if metadata.contains("filename") {
        return Err("sends metadata as a file, which Go doesn't find among the values".into());
    }
    let json = metadata.split("\r\n\r\n").nth(1).unwrap_or_default();
    let read: serde_json::Value = serde_json::from_str(json.trim()).map_err(|e| e.to_string())?;
    let known = [
        "entrypoint",
        "docker_image",
        "requirements_txt",
        "pre_commands",
        "stdin",
        "config",
        "env_vars",
        "script_args",
    ];
    only_known(&read, &known)?;
    if let Some(config) = read.get("config") {
        let known = ["timeout_seconds", "network_disabled", "memory_mb", "disk_mb", "cpu_shares"];
        only_known(config, &known)?;
    }
    Ok(None)
}

fn eval(request: &Received) -> Result<String, String> {
    let read: serde_json::Value =
        serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
    let known = [
        "code",
        "files",
        "entrypoint",
        "stdin",
        "config",
        "python_version",
        "eval_last_expr",
        "requirements_txt",
    ];
    only_known(&read, &known)?;
    let bad = |status: &str, message: &str| json(status, &format!(r#"{{"error":"{message}"}}"#));
    let code = read.get("code").and_then(|code| code.as_str()).unwrap_or_default();
    Ok(match code {
        "" if read.get("files").is_none() => {
            bad("400 Bad Request", "either 'code' or 'files' must be provided")
        }
        code if code.len() > 102_400 => bad(
            "413 Request Entity Too Large",
            &format!("total code size {} bytes exceeds limit of 102400 bytes", code.len()),
        ),
        _ if read.get("python_version").is_some_and(|version| version == "2.7") => bad(
            "400 Bad Request",
            r#"unsupported python_version \"2.7\"; supported versions: 3.10, 3.11, 3.12, 3.13"#,
        ),
        "while True: pass" => result(&format!(
            r#""status":"failed","exit_code":0,"error":"execution timeout after 1s",{TIMES}"#
        )),
        "1/0" => result(&format!(
            r#""status":"completed","stderr":"Traceback (most recent call last):\n  File \"/work/_pyexec_eval.py\", line 24, in \u003cmodule\u003e\nZeroDivisionError: division by zero\n","exit_code":1,"error_type":"ZeroDivisionError","error_line":24,{TIMES},"duration_ms":829"#
        )),
        "None" => {
            result(&format!(r#""status":"completed","exit_code":0,{TIMES},"duration_ms":622"#))
        }
        _ => result(&format!(
            r#""status":"completed","stdout":"out","exit_code":0,{TIMES},"duration_ms":662,"result":"'\u003cé\u0026\u003e'""#
        )),
    })
}

fn only_known(object: &serde_json::Value, known: &[&str]) -> Result<(), String> {
    let object = object.as_object().ok_or("no object")?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("sends {key:?} to a server that knows nothing of it")),
        None => Ok(()),
    }
}

/// The original, for this many requests.
fn original(requests: usize) -> Fake {
    Fake::replies(requests, |request| answer(request).unwrap_or_else(|error| panic!("{error}")))
}

pub fn every_operation_is_understood<S: Subject>() {
    let fake = original(8);
    let client = S::new(&fake.url);
    assert_eq!(client.health().unwrap().status, "ok");
    let config = ExecutionConfig { timeout_seconds: 60, memory_mb: 512, ..Default::default() };
    let metadata = Metadata {
        docker_image: "python:3.12-slim".into(),
        stdin: "in".into(),
        env_vars: vec!["A=1".into()],
        script_args: vec!["--flag".into()],
        pre_commands: vec!["true".into()],
        requirements_txt: "six\n".into(),
        config: Some(config),
        ..Metadata::new("main.py")
    };
    let result = client.execute_sync(&archive(), &metadata).unwrap();
    assert_eq!((result.stdout.as_str(), result.duration_ms), ("hi\n", Some(475)));
    assert_eq!(result.started_at.as_deref(), Some("2026-01-02T03:04:05.123456789Z"));
    let id = client.execute_async(&archive(), &Metadata::new("main.py")).unwrap();
    assert_eq!(id.as_str(), ID);
    // It has no long poll, and says so by what it leaves out of /health.
    let waited = client.wait_for_completion(&id, std::time::Duration::ZERO).unwrap();
    assert_eq!(waited.stdout, "a\u{fffd}\u{fffd}b\0c<&>");
    // Nor live events.
    let events = client.events(&id).into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let [ExecutionEvent::Stdout(output), ExecutionEvent::Result(result)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(output.bytes, waited.stdout);
    assert_eq!((result.stdout.as_str(), &result.status), ("", &waited.status));
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    let result = client.eval(&SimpleExecRequest::new("'<é&>'")).unwrap();
    assert_eq!((result.stdout.as_str(), result.result.as_deref()), ("out", Some("'<é&>'")));
    let asked = fake.lines().iter().filter(|line| *line == "GET /health").count();
    assert_eq!(asked, 2, "once by the test and once by the client: {:?}", fake.lines());
}

pub fn its_results_are_read<S: Subject>() {
    let fake = original(4);
    let client = S::new(&fake.url);
    let eval = |code: &str| client.eval(&SimpleExecRequest::new(code)).unwrap();
    assert_eq!(eval("None").result, None);
    let failed = eval("1/0");
    assert_eq!((failed.exit_code, failed.error_line), (1, Some(24)));
    assert_eq!(failed.error_type.as_deref(), Some("ZeroDivisionError"));
    assert!(failed.stderr.contains("in <module>"));
    let late = eval("while True: pass");
    assert_eq!(late.status, Status::Failed);
    assert_eq!(late.error.as_deref(), Some("execution timeout after 1s"));
    assert_eq!(late.duration_ms, None);
    // Nothing of ours is made up.
    assert_eq!((late.outcome, late.signal, late.isolation), (None, None, None));
}

pub fn its_refusals_keep_their_words<S: Subject>() {
    let fake = original(5);
    let client = S::new(&fake.url);
    let refused = |request: SimpleExecRequest| client.eval(&request).unwrap_err().to_string();
    assert_eq!(
        refused(SimpleExecRequest::new("")),
        "either 'code' or 'files' must be provided (HTTP 400)"
    );
    let old = SimpleExecRequest { python_version: "2.7".into(), ..SimpleExecRequest::new("1") };
    assert_eq!(
        refused(old),
        "unsupported python_version \"2.7\"; supported versions: 3.10, 3.11, 3.12, 3.13 (HTTP 400)"
    );
    let large = SimpleExecRequest::new("#".repeat(102_401));
    let error = client.eval(&large).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "total code size 102401 bytes exceeds limit of 102400 bytes (HTTP 413)"
    );
    let error = client.get_execution(&ExecutionId::from("exe_none")).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "execution not found (HTTP 404)");
    // A route that isn't there answers with text.
    let elsewhere = S::new(&format!("{}/v2", fake.url));
    let error = elsewhere.eval(&SimpleExecRequest::new("1")).unwrap_err();
    assert!(error.to_string().starts_with("404 page not found"), "{error}");
}
