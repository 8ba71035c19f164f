//! What a client can be told to do otherwise.

use super::{
    Fake, Options, Subject,
    api::archive,
    fake::{json, ok},
};
use pyexec_core::{
    Error, RetryPolicy, TransportErrorKind,
    types::{ExecutionId, Metadata, SimpleExecRequest, Status},
};
use std::time::Duration;

const ACCEPTED: &str = r#"{"execution_id":"exe_1"}"#;

fn accepted() -> String {
    json("202 Accepted", ACCEPTED)
}

fn busy() -> String {
    json("503 Service Unavailable", r#"{"error":"queue full"}"#)
}

fn offering(extension: &str) -> String {
    ok(&format!(r#"{{"status":"ok","extensions":["{extension}"]}}"#))
}

pub fn retries_as_told<S: Subject>() {
    let fake = Fake::answers([busy(), busy(), busy()]);
    let never = Options { retry: Some(RetryPolicy::never()), ..Options::new(&fake.url) };
    let error = S::build(never).unwrap().health().unwrap_err();
    assert_eq!(error.to_string(), "queue full (HTTP 503)");
    assert_eq!(fake.lines().len(), 1);
    let twice = RetryPolicy::new().attempts(2).base(Duration::from_millis(1));
    let twice = Options { retry: Some(twice), ..Options::new(&fake.url) };
    assert!(S::build(twice).unwrap().get_execution(&"exe_1".into()).is_err());
    assert_eq!(fake.lines().len(), 3);
}

pub fn posts_are_repeated_where_the_user_says_so<S: Subject>() {
    let fake =
        Fake::answers([busy(), String::new(), ok(r#"{"execution_id":"e","status":"completed"}"#)]);
    let policy = RetryPolicy::new().posts(true).base(Duration::from_millis(1));
    let options = Options { retry: Some(policy), ..Options::new(&fake.url) };
    let result = S::build(options).unwrap().eval(&SimpleExecRequest::new("1")).unwrap();
    assert_eq!(result.execution_id, ExecutionId::from("e"));
    assert_eq!(fake.lines(), ["POST /api/v1/eval"; 3]);
}

pub fn a_refused_connection_is_tried_again<S: Subject>() {
    // Somebody listens only from the second time on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let policy = RetryPolicy::new().attempts(40).base(Duration::from_millis(20));
    let policy = policy.cap(Duration::from_millis(50));
    let options = Options { retry: Some(policy), ..Options::new(&url) };
    let client = S::build(options).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        told.recv().unwrap();
        Fake::answers_at(port, [ok(r#"{"execution_id":"e","status":"completed"}"#)])
    });
    // Refused for now, which `never` shows.
    let never = Options { retry: Some(RetryPolicy::never()), ..Options::new(&url) };
    let error = S::build(never).unwrap().eval(&SimpleExecRequest::new("1")).unwrap_err();
    assert!(matches!(error, Error::Transport(error) if error.is_refused()));
    tell.send(()).unwrap();
    assert!(client.eval(&SimpleExecRequest::new("1")).is_ok());
    assert_eq!(server.join().unwrap().lines(), ["POST /api/v1/eval"]);
}

pub fn a_key_makes_submissions_repeatable<S: Subject>() {
    // The connection breaks after the request, and nobody knows whether it was heard.
    let fake = Fake::answers([offering("idempotency"), String::new(), accepted()]);
    let client = S::new(&fake.url).with_idempotency_key("job-7");
    let id = client.execute_async(&archive(), &Metadata::new("main.py")).unwrap();
    assert_eq!(id.as_str(), "exe_1");
    let post = "POST /api/v1/exec/async";
    assert_eq!(fake.lines(), ["GET /health", post, post]);
    let received = fake.received();
    for post in &received[1..] {
        assert_eq!(post.header("idempotency-key"), Some("job-7"));
    }
    assert!(received[1].body == received[2].body, "the same key and body");
    assert_eq!(received[0].header("idempotency-key"), None);
}

pub fn a_key_that_nobody_heeds_is_an_error<S: Subject>() {
    let fake = Fake::answers([ok(r#"{"status":"ok"}"#)]);
    let client = S::new(&fake.url).with_idempotency_key("job-7");
    let error = client.execute_async(&archive(), &Metadata::new("main.py")).unwrap_err();
    assert!(error.to_string().starts_with("the server offers no idempotency keys"), "{error}");
    assert_eq!(fake.lines(), ["GET /health"]);
}

pub fn a_long_poll_where_it_is_offered<S: Subject>() {
    let running = ok(r#"{"execution_id":"exe_1","status":"running"}"#);
    let completed = ok(r#"{"execution_id":"exe_1","status":"completed"}"#);
    let fake = Fake::answers([offering("wait"), running, completed.clone(), completed]);
    let client = S::new(&fake.url);
    let interval = Duration::from_millis(10);
    let id = ExecutionId::from("exe_1");
    assert_eq!(client.wait_for_completion(&id, interval).unwrap().status, Status::Completed);
    assert_eq!(client.wait_for_completion(&id, interval).unwrap().status, Status::Completed);
    // Asked once what is offered, and never again by the same client.
    let get = "GET /api/v1/executions/exe_1?wait=30";
    assert_eq!(fake.lines(), ["GET /health", get, get, get]);
}

pub fn a_guard_kills_unless_disarmed<S: Subject>() {
    let fake = Fake::answers([ok(r#"{"status":"killed"}"#)]);
    let client = S::new(&fake.url);
    client.drop_guard(&"exe_kept".into(), true);
    client.drop_guard(&"exe_gone".into(), false);
    fake.wait_for(1);
    assert_eq!(fake.lines(), ["DELETE /api/v1/executions/exe_gone"]);
}

pub fn by_a_proxy<S: Subject>() {
    // It treats the service's requests as its own, whether it is asked for a URL or a tunnel.
    let fake = Fake::proxy(ok(r#"{"status":"ok","server":"behind"}"#));
    let proxy = fake.url.replace("http://", "http://user:s3cret@");
    let options = Options { proxy: Some(proxy), ..Options::new("http://service.invalid:8080/x") };
    let health = S::build(options).unwrap().health().unwrap();
    assert_eq!(health.server.as_deref(), Some("behind"));
    let received = fake.received();
    let asked = &received[0];
    assert!(
        asked.line.starts_with("GET http://service.invalid:8080/x/health ")
            || asked.line.starts_with("CONNECT service.invalid:8080 "),
        "{}",
        asked.line
    );
    // `user:s3cret`
    assert_eq!(asked.header("proxy-authorization"), Some("Basic dXNlcjpzM2NyZXQ="));

    let options = Options { proxy: Some("http://".into()), ..Options::new("http://host") };
    let error = S::build(options).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("invalid proxy"), "{error}");
    let secret = Options { proxy: Some("::u:s3cret@".into()), ..Options::new("http://host") };
    if let Err(error) = S::build(secret) {
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

pub fn a_proxy_that_is_not_there<S: Subject>() {
    let proxy = Some("http://127.0.0.1:1".into());
    let retry = Some(RetryPolicy::never());
    let options = Options { proxy, retry, ..Options::new("http://service.invalid") };
    match S::build(options).unwrap().health().unwrap_err() {
        Error::Transport(error) => assert!(
            matches!(error.kind(), TransportErrorKind::Refused | TransportErrorKind::Connect),
            "{error:?}"
        ),
        other => panic!("{other:?}"),
    }
}

pub fn root_certificates_must_be_some<S: Subject>() {
    let options = |pem: &[u8]| Options {
        root_certificates: Some(pem.to_vec()),
        ..Options::new("https://localhost:1")
    };
    for pem in [&b""[..], b"no certificate", b"-----BEGIN CERTIFICATE-----\n!\n"] {
        let error = S::build(options(pem)).map(|_| ()).unwrap_err().to_string();
        // Or this client was built without TLS, and says that.
        assert!(error.contains("root certificates") || error.contains("without TLS"), "{error}");
    }
}
