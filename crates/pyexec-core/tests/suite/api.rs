//! What goes out and what comes back, route by route. Answers are those of the original service.

use super::{
    Fake, Options, Subject,
    fake::{json, ok},
};
use mockito::{Matcher, Server};
use pyexec_core::{
    Archive, Error,
    endpoints::ListExecutions,
    types::{ExecutionConfig, ExecutionId, Metadata, SimpleExecRequest, Status},
};
use std::time::Duration;

const ID: &str = "exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979";
const RUNNING: &str = r#"{"execution_id":"exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979","status":"running","exit_code":0,"started_at":"2026-11-22T23:41:09.972598216Z"}"#;
const COMPLETED: &str = r#"{"execution_id":"exe_9e5221ab-cb3a-4ffa-bba9-3654bce5a979","status":"completed","stdout":"hi\n","exit_code":0,"started_at":"2026-11-22T23:41:04.483410562Z","finished_at":"2026-11-22T23:41:04.979511037Z","duration_ms":475}"#;

pub fn archive() -> Archive {
    Archive::from_map([("main.py", "print('hi')\n")]).unwrap()
}

pub fn sync_upload_is_what_the_original_reads<S: Subject>() {
    let fake = Fake::answers([ok(COMPLETED)]);
    let metadata = Metadata {
        docker_image: "python:3.12-slim".into(),
        requirements_txt: "six\n# it's <a> & \"b\"\n".into(),
        pre_commands: vec!["echo pre && true".into()],
        stdin: "in\nput é".into(),
        config: Some(ExecutionConfig {
            timeout_seconds: 60,
            network_disabled: Some(false),
            memory_mb: 512,
            disk_mb: 256,
            cpu_shares: 512,
        }),
        env_vars: vec!["A=1".into(), "B=x y".into()],
        script_args: vec!["--flag".into(), "it's".into()],
        ..Metadata::new("main.py")
    };
    let result = S::new(&fake.url).execute_sync(&archive(), &metadata).unwrap();
    assert_eq!(result.stdout, "hi\n");
    assert_eq!(result.duration_ms, Some(475));

    let sent = fake.received().remove(0);
    assert_eq!(sent.line, "POST /api/v1/exec/sync HTTP/1.1");
    assert_eq!(sent.header("content-length").unwrap(), sent.body.len().to_string());
    assert_eq!(sent.header("transfer-encoding"), None);
    assert!(sent.header("user-agent").unwrap().starts_with("pyexec-"));
    let content_type = sent.header("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();

    let split = |body: &[u8], at: &str| -> (Vec<u8>, Vec<u8>) {
        let found = body.windows(at.len()).position(|window| window == at.as_bytes());
        let found = found.unwrap_or_else(|| panic!("{at:?} is missing"));
        (body[..found].to_vec(), body[found + at.len()..].to_vec())
    };
    let opening = format!("--{boundary}\r\n");
    let between = format!("\r\n--{boundary}\r\n");
    let closing = format!("\r\n--{boundary}--\r\n");
    let (before, rest) = split(&sent.body, &opening);
    let (metadata_part, rest) = split(&rest, &between);
    let (tar_part, after) = split(&rest, &closing);
    assert!(before.is_empty() && after.is_empty());
    let (head, text) = split(&metadata_part, "\r\n\r\n");
    assert_eq!(
        String::from_utf8(head).unwrap(),
        "Content-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json"
    );
    let read: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let expected = serde_json::json!({
        "entrypoint": "main.py",
        "docker_image": "python:3.12-slim",
        "requirements_txt": "six\n# it's <a> & \"b\"\n",
        "pre_commands": ["echo pre && true"],
        "stdin": "in\nput é",
        "config": {
            "timeout_seconds": 60, "network_disabled": false,
            "memory_mb": 512, "disk_mb": 256, "cpu_shares": 512,
        },
        "env_vars": ["A=1", "B=x y"],
        "script_args": ["--flag", "it's"],
    });
    assert_eq!(read, expected);
    let (head, tar) = split(&tar_part, "\r\n\r\n");
    let head = String::from_utf8(head).unwrap();
    assert!(head.contains("form-data; name=\"tar\"; filename=\"code.tar\""), "{head}");
    let mut whole = Vec::new();
    std::io::Read::read_to_end(&mut archive().open(), &mut whole).unwrap();
    assert!(tar == whole);
}

pub fn submit_wait_and_get<S: Subject>() {
    let accepted = json("202 Accepted", &format!(r#"{{"execution_id":"{ID}"}}"#));
    let health = ok(r#"{"status":"ok"}"#);
    let fake = Fake::answers([accepted, health, ok(RUNNING), ok(COMPLETED), ok(COMPLETED)]);
    let client = S::new(&fake.url);
    let id = client.execute_async(&archive(), &Metadata::new("main.py")).unwrap();
    assert_eq!(id.as_str(), ID);
    let interval = Duration::from_millis(10);
    let waited = client.wait_for_completion(&id, interval).unwrap();
    assert_eq!(waited.status, Status::Completed);
    assert_eq!(client.get_execution(&id).unwrap(), waited);
    let get = format!("GET /api/v1/executions/{ID}");
    assert_eq!(fake.lines(), ["POST /api/v1/exec/async", "GET /health", &get, &get, &get]);
    assert_eq!(fake.received()[2].header("content-length"), None);
}

pub fn kill_names_the_status<S: Subject>() {
    let fake = Fake::answers([ok(r#"{"status":"killed"}"#), ok(r#"{"status":"completed"}"#)]);
    let client = S::new(&fake.url);
    let id = ExecutionId::from(ID);
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Completed);
    assert_eq!(fake.lines()[0], format!("DELETE /api/v1/executions/{ID}"));
}

pub fn eval_sends_json<S: Subject>() {
    let answer = r#"{"execution_id":"exe_c0f42ed2-09d5-4f6f-857d-a9778e3bce4d","status":"completed","exit_code":0,"started_at":"2026-11-22T23:41:26.5Z","duration_ms":617,"result":"4"}"#;
    let fake = Fake::answers([ok(answer)]);
    let result = S::new(&fake.url).eval(&SimpleExecRequest::new("2 + 2")).unwrap();
    assert_eq!(result.result.as_deref(), Some("4"));
    let sent = fake.received().remove(0);
    assert_eq!(sent.line, "POST /api/v1/eval HTTP/1.1");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("content-length"), Some("38"));
    assert_eq!(sent.text(), r#"{"code":"2 + 2","eval_last_expr":true}"#);
}

pub fn health_of_the_original_and_of_ours<S: Subject>() {
    let ours = r#"{"status":"ok","server":"pyexec","extensions":["events"]}"#;
    let fake = Fake::answers([ok(r#"{"status":"ok"}"#), ok(ours)]);
    let client = S::new(&fake.url);
    assert!(!client.health().unwrap().offers("events"));
    assert!(client.health().unwrap().offers("events"));
}

pub fn requirements_ask_once_what_is_offered<S: Subject>() {
    let accepted = json("202 Accepted", r#"{"execution_id":"exe_1"}"#);
    let fake = Fake::answers([ok(r#"{"status":"ok"}"#), accepted.clone(), accepted]);
    let client = S::new(&fake.url);
    let metadata = Metadata { requirements_txt: "six\n".into(), ..Metadata::new("main.py") };
    for _ in 0..2 {
        client.execute_async(&archive(), &metadata).unwrap();
    }
    let submit = "POST /api/v1/exec/async";
    assert_eq!(fake.lines(), ["GET /health", submit, submit]);
    for request in &fake.received()[1..] {
        let body = String::from_utf8_lossy(&request.body);
        assert!(body.contains(r#""network_disabled":false"#), "{body}");
    }
}

pub fn base_url_with_path_and_credentials<S: Subject>() {
    let mut server = Server::new();
    let mock = server
        .mock("GET", "/sub/health")
        .match_header("authorization", "Basic eDpUT0tFTg==")
        .with_body(r#"{"status":"ok"}"#)
        .create();
    let address = server.host_with_port();
    let client = S::new(&format!("http://x:TOKEN@{address}/sub/"));
    client.health().unwrap();
    mock.assert();
}

pub fn token_and_headers<S: Subject>() {
    let mut server = Server::new();
    let mock = server
        .mock("GET", "/health")
        .match_header("authorization", "Bearer s3cret")
        .match_header("x-team", "blue")
        .with_body(r#"{"status":"ok"}"#)
        .create();
    let client = S::build(Options {
        token: Some("s3cret".into()),
        header: Some(("X-Team".into(), "blue".into())),
        ..Options::new(server.url())
    });
    client.unwrap().health().unwrap();
    mock.assert();
    let bad = Options { token: Some("s3\ncret".into()), ..Options::new(server.url()) };
    let Err(error) = S::build(bad) else { panic!("accepted") };
    assert!(!format!("{error} {error:?}").contains("cret"));
}

pub fn lists_page_by_page<S: Subject>() {
    let page = |id: &str, next: &str| {
        let execution = format!(r#"{{"execution_id":"{id}","status":"running"}}"#);
        ok(&format!(r#"{{"executions":[{execution}]{next}}}"#))
    };
    let first = page("exe_1", r#","next":"a/b""#);
    let busy = json("503 Service Unavailable", r#"{"error":"busy"}"#);
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let fake = Fake::answers([first.clone(), first, busy, page("exe_2", ""), missing.into()]);
    let client = S::new(&fake.url);
    let list = ListExecutions::new().status(Status::Running).limit(1);
    let page = client.list_executions(&list).unwrap();
    assert_eq!((page.executions.len(), page.next.as_deref()), (1, Some("a/b")));
    let all = client.executions(list).into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let ids: Vec<_> = all.iter().map(|execution| execution.execution_id.as_str()).collect();
    assert_eq!(ids, ["exe_1", "exe_2"]);
    let error = client.list_executions(&ListExecutions::new()).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("no list"), "{error}");
    let (first, next) = (
        "GET /api/v1/executions?status=running&limit=1",
        "GET /api/v1/executions?status=running&limit=1&cursor=a%2Fb",
    );
    assert_eq!(fake.lines(), [first, first, next, next, "GET /api/v1/executions"]);
}

pub fn ids_are_escaped<S: Subject>() {
    let fake = Fake::answers([ok(RUNNING)]);
    S::new(&fake.url).get_execution(&"../a b?é".into()).unwrap();
    assert_eq!(fake.lines(), ["GET /api/v1/executions/%2E%2E%2Fa%20b%3F%C3%A9"]);
}

pub fn unknown_statuses_are_kept<S: Subject>() {
    let fake = Fake::answers([ok(r#"{"execution_id":"exe_1","status":"paused","new":[1]}"#)]);
    let result = S::new(&fake.url).get_execution(&"exe_1".into()).unwrap();
    assert_eq!(result.status, Status::Unknown("paused".into()));
}

pub fn errors_keep_the_servers_words<S: Subject>() {
    let mut server = Server::new();
    let client = S::new(&server.url());
    for (status, body, shown) in [
        (
            400,
            r#"{"error":"unsupported python_version \"2.7\"; supported versions: 3.10, 3.11, 3.12, 3.13"}"#,
            r#"unsupported python_version "2.7"; supported versions: 3.10, 3.11, 3.12, 3.13 (HTTP 400)"#,
        ),
        (
            413,
            r#"{"error":"total code size 102401 bytes exceeds limit of 102400 bytes"}"#,
            "total code size 102401 bytes exceeds limit of 102400 bytes (HTTP 413)",
        ),
        (401, r#"{"error":"token missing"}"#, "token missing (HTTP 401)"),
        (404, "404 page not found", "404 page not found (HTTP 404)"),
        (500, "", "Internal Server Error (HTTP 500)"),
    ] {
        let mock = server.mock("POST", Matcher::Any).with_status(status).with_body(body).create();
        let error = client.eval(&SimpleExecRequest::new("1")).unwrap_err();
        assert_eq!(error.to_string(), shown);
        assert_eq!(error.is_not_found(), status == 404);
        assert_eq!(matches!(error, Error::TooLarge { .. }), status == 413);
        mock.remove();
    }
}
