//! Servers and networks that misbehave.

use super::{
    Fake, Options, Subject,
    api::archive,
    fake::{Received, json, ok},
};
use pyexec_core::{
    Archive, Error, TransportError, TransportErrorKind, WaitPolicy,
    types::{Metadata, SimpleExecRequest},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    sync::mpsc,
    time::{Duration, Instant},
};

fn transport<T: std::fmt::Debug>(result: Result<T, Error>) -> TransportError {
    match result {
        Err(Error::Transport(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn eval<S: Subject>(client: &S) -> Result<pyexec_core::types::ExecutionResult, Error> {
    client.eval(&SimpleExecRequest::new("1"))
}

pub fn refused<S: Subject>() {
    let client = S::new("http://x:s3cret@127.0.0.1:1");
    let error = transport(eval(&client));
    assert!(error.is_refused() && error.is_connect(), "{error:?}");
    assert_eq!(error.to_string(), "cannot connect to http://127.0.0.1:1: connection refused");
    assert!(Error::from(transport(client.health())).is_retryable());
    let upload = transport(client.execute_sync(&archive(), &Metadata::new("main.py")));
    assert!(upload.is_refused());
    assert!(!format!("{error:?} {upload:?}").contains("s3cret"));
}

pub fn no_such_host<S: Subject>() {
    let error = transport(eval(&S::new("http://nowhere.invalid")));
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(error.to_string().starts_with("cannot connect to http://nowhere.invalid: "), "{error}");
}

pub fn cut_off<S: Subject>() {
    let whole = ok(r#"{"execution_id":"exe_1","status":"completed"}"#);
    for answer in [&whole[..whole.len() - 5], &whole[..20], ""] {
        let fake = Fake::answers([answer]);
        let error = transport(eval(&S::new(&fake.url)));
        assert_eq!(error.kind(), TransportErrorKind::Closed, "{answer:?}: {error:?}");
    }
}

pub fn not_http<S: Subject>() {
    let fake = Fake::answers(["SSH-2.0-OpenSSH_9.6\r\n\r\n"]);
    let error = transport(eval(&S::new(&fake.url)));
    assert_eq!(error.kind(), TransportErrorKind::Other, "{error:?}");
}

pub fn too_slow<S: Subject>() {
    let fake = Fake::script(|mut stream| {
        // Silent until the client hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let options = Options { timeout: Some(Duration::from_millis(200)), ..Options::new(&fake.url) };
    let started = Instant::now();
    let error = eval(&S::build(options).unwrap()).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains(&fake.url), "{error}");
}

fn too_large<S: Subject>(answer: String) {
    let fake = Fake::answers([answer]);
    let options = Options { max_response: Some(1000), ..Options::new(&fake.url) };
    let error = transport(eval(&S::build(options).unwrap()));
    assert_eq!(error.kind(), TransportErrorKind::ResponseTooLarge);
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

pub fn too_large_announced<S: Subject>() {
    too_large::<S>(ok(&" ".repeat(1001)));
}

pub fn too_large_unannounced<S: Subject>() {
    too_large::<S>(format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(100_000)));
}

pub fn redirections_are_not_followed<S: Subject>() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /api/v1/eval\r\n\
                  Content-Length: 0\r\nConnection: close\r\n\r\n";
    let fake = Fake::answers([answer, answer]);
    let error = eval(&S::new(&fake.url)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server redirects to /api/v1/eval; correct the base URL (HTTP 307)"
    );
    assert_eq!(fake.lines().len(), 1);
}

pub fn get_is_repeated<S: Subject>() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\
                Connection: close\r\n\r\n";
    let fake = Fake::answers([busy.to_owned(), String::new(), ok(r#"{"status":"ok"}"#)]);
    assert_eq!(S::new(&fake.url).health().unwrap().status, "ok");
    assert_eq!(fake.lines().len(), 3);
}

pub fn post_is_not_repeated<S: Subject>() {
    let busy = json("503 Service Unavailable", r#"{"error":"queue full"}"#);
    let fake = Fake::answers([busy.clone(), busy]);
    let error = eval(&S::new(&fake.url)).unwrap_err();
    assert_eq!(error.to_string(), "queue full (HTTP 503)");
    assert!(error.is_retryable());
    assert_eq!(fake.lines().len(), 1);
}

pub fn refused_early_while_uploading<S: Subject>() {
    let error = early::<S>(json("413 Payload Too Large", r#"{"error":"body over 1 MiB"}"#));
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert_eq!(error.to_string(), "body over 1 MiB (HTTP 413)");
}

pub fn unauthorized_early_while_uploading<S: Subject>() {
    let error = early::<S>(json("401 Unauthorized", r#"{"error":"no token","code":"token"}"#));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401), "{error:?}");
    assert_eq!(error.to_string(), "no token (HTTP 401)");
}

/// What comes of an upload that is answered before it is over.
fn early<S: Subject>(answer: String) -> Error {
    let (done, until_done) = mpsc::channel::<()>();
    let fake = Fake::script(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        Received::head(&mut reader).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // What was under way, then the end.
        let _ = reader.read(&mut [0; 4096]);
        let _ = until_done.recv();
    });
    let archive = Archive::from_map([("main.py", "#".repeat(32 << 20))]).unwrap();
    let client = S::new(&fake.url);
    let error = client.execute_async(&archive, &Metadata::new("main.py")).unwrap_err();
    drop(done);
    error
}

/// An upload to a server that answers and closes the connection on the rest, at the head or in
/// the middle: the client fails to send, and finds out why all the same. Not a case for all: hyper
/// looks for no answer once sending failed, and lets nobody else look.
pub fn hung_up_on<S: Subject>(size: usize, in_the_middle: bool) {
    let fake = Fake::script(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = Received::head(&mut reader).unwrap();
        if in_the_middle {
            if head.header("expect").is_some() {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
            }
            reader.fill_buf().unwrap();
        }
        let answer = json("413 Payload Too Large", r#"{"error":"body over 1 MiB"}"#);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let archive = Archive::from_map([("main.py", "#".repeat(size))]).unwrap();
    let client = S::new(&fake.url);
    let error = client.execute_async(&archive, &Metadata::new("main.py")).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    assert_eq!(error.to_string(), "body over 1 MiB (HTTP 413)");
}

pub fn fifty_megabytes_of_result<S: Subject>() {
    let text = "é\\n".repeat(50_000_000 / 4);
    let fake = Fake::answers([ok(&format!(
        r#"{{"execution_id":"e","status":"completed","stdout":"{text}","exit_code":0}}"#
    ))]);
    let result = eval(&S::new(&fake.url)).unwrap();
    assert_eq!(result.stdout.len(), 50_000_000 / 4 * 3);
    assert!(result.stdout.ends_with("é\n"));
}

pub fn an_answer_that_is_no_json<S: Subject>() {
    let fake = Fake::answers([ok("<html>welcome</html>")]);
    let error = eval(&S::new(&fake.url)).unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    assert!(error.to_string().contains("<html>welcome"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

pub fn a_file_that_shrank<S: Subject>() {
    #[cfg(feature = "fs")]
    {
        let name = format!("pyexec-shrank-{}-{}", std::process::id(), std::any::type_name::<S>());
        let path = std::env::temp_dir().join(name.replace(':', "_"));
        std::fs::write(&path, vec![b'#'; 3 << 20]).unwrap();
        let archive = Archive::from_files([&path]).unwrap();
        std::fs::write(&path, "").unwrap();
        let fake = Fake::answers([""]);
        let client = S::new(&fake.url);
        let error = transport(client.execute_async(&archive, &Metadata::new("main.py")));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(error.kind(), TransportErrorKind::Upload, "{error:?}");
        assert!(error.to_string().contains("pyexec-shrank"), "{error}");
    }
}

pub fn no_tls_in_plain_text<S: Subject>() {
    let fake = Fake::script(|mut stream| {
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let url = fake.url.replace("http:", "https:");
    let error = match S::build(Options::new(&url)) {
        Ok(client) => transport(eval(&client)).to_string(),
        // Built without TLS.
        Err(error) => error.to_string(),
    };
    assert!(error.contains(&url), "{error}");
}

pub fn wait_gives_up<S: Subject>() {
    let running = ok(r#"{"execution_id":"exe_1","status":"running","exit_code":0}"#);
    let fake = Fake::answers(vec![running; 20]);
    let policy = WaitPolicy::every(Duration::from_millis(20)).deadline(Duration::from_millis(50));
    let error = S::new(&fake.url).wait_for_completion(&"exe_1".into(), policy).unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
}
