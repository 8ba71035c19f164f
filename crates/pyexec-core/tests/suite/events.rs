//! Live events, and the same by polling.

use super::{
    Fake, Options, Subject,
    fake::{json, ok},
};
use pyexec_core::{
    Error, Events, ExecutionEvent, Result, RetryPolicy, TransportErrorKind,
    types::{ExecutionId, Status},
};
use std::time::Duration;

const OFFERED: &str = r#"{"status":"ok","extensions":["events"]}"#;
const PATH: &str = "GET /api/v1/executions/exe_1/events";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
const RUNNING: &str = "event: status\nid: 0-0\ndata: {\"status\":\"running\"}\n\n";
/// `a`, NUL, a byte that isn't UTF-8, and the first half of `é`.
const FIRST: &str = "event: stdout\nid: 4-0\ndata: {\"offset\":0,\"data\":\"YQD/ww==\"}\n\n";
/// The second half of `é`.
const SECOND: &str = "event: stdout\nid: 5-0\ndata: {\"offset\":4,\"data\":\"qQ==\"}\n\n";
/// `e`
const ERRORS: &str = "event: stderr\nid: 5-1\ndata: {\"offset\":0,\"data\":\"ZQ==\"}\n\n";
const END: &str = "event: result\nid: 5-1\n\
                   data: {\"execution_id\":\"exe_1\",\"status\":\"completed\",\"exit_code\":3}\n\n";

/// A streamed answer, in chunks of as many bytes; with its end or cut off.
fn stream(text: &str, chunk: usize, ends: bool) -> String {
    let mut answer = HEAD.to_owned();
    for chunk in text.as_bytes().chunks(chunk) {
        answer += &format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap());
    }
    if ends { answer + "0\r\n\r\n" } else { answer }
}

fn client<S: Subject>(fake: &Fake) -> S {
    // Pauses that a test needn't wait for.
    let retry = Some(RetryPolicy::new().base(Duration::from_millis(1)));
    S::build(Options { retry, ..Options::new(&fake.url) }).unwrap()
}

fn id() -> ExecutionId {
    "exe_1".into()
}

/// What all events together say: statuses, stdout, stderr, exit code.
fn told(events: Vec<Result<ExecutionEvent>>) -> (Vec<Status>, Vec<u8>, Vec<u8>, i32) {
    let (mut statuses, mut stdout, mut stderr, mut exit) = (vec![], vec![], vec![], None);
    for event in events {
        assert_eq!(exit, None, "nothing comes after the result");
        match event.unwrap() {
            ExecutionEvent::Status(change) => statuses.push(change.status),
            ExecutionEvent::Stdout(output) => {
                assert_eq!(output.offset, stdout.len() as u64);
                stdout.extend_from_slice(&output.bytes);
            }
            ExecutionEvent::Stderr(output) => stderr.extend_from_slice(&output.bytes),
            ExecutionEvent::Result(result) => exit = Some(result.exit_code),
            other => panic!("{other:?}"),
        }
    }
    (statuses, stdout, stderr, exit.unwrap())
}

fn expected() -> (Vec<Status>, Vec<u8>, Vec<u8>, i32) {
    (vec![Status::Running], b"a\0\xff\xc3\xa9".to_vec(), b"e".to_vec(), 3)
}

pub fn live_and_byte_for_byte<S: Subject>() {
    let whole = [RUNNING, FIRST, ": keep-alive\n\n", SECOND, ERRORS, END].concat();
    for chunk in [1, 7, 1000] {
        let fake = Fake::answers([ok(OFFERED), stream(&whole, chunk, true)]);
        assert_eq!(told(client::<S>(&fake).events(&id())), expected());
        assert_eq!(fake.lines(), ["GET /health", PATH]);
        let request = &fake.received()[1];
        assert_eq!(request.header("accept"), Some("text/event-stream"));
        assert_eq!(request.header("last-event-id"), None);
    }
}

pub fn a_lost_connection_is_resumed<S: Subject>() {
    let fake = Fake::answers([
        ok(OFFERED),
        // In the middle of an event, before any answer, and by an end that is none.
        stream(&[RUNNING, FIRST, &SECOND[..20]].concat(), 9, false),
        String::new(),
        stream(&[FIRST, SECOND].concat(), 9, true),
        json("503 Service Unavailable", r#"{"error":"draining"}"#),
        // What comes again isn't handed out again.
        stream(&[RUNNING, SECOND, ERRORS, END].concat(), 9, true),
    ]);
    assert_eq!(told(client::<S>(&fake).events(&id())), expected());
    let received = fake.received();
    let after: Vec<_> = received[1..].iter().map(|open| open.header("last-event-id")).collect();
    assert_eq!(after, [None, Some("4-0"), Some("4-0"), Some("5-0"), Some("5-0")]);
}

pub fn silence_is_a_lost_connection<S: Subject>() {
    // The double leaves a connection open after a text that isn't complete, until it is closed.
    let (hang_up, hung_up) = std::sync::mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let answers = [
            ok(OFFERED),
            stream(&[RUNNING, FIRST].concat(), 50, false),
            stream(&[SECOND, ERRORS, END].concat(), 50, true),
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            super::fake::Received::head(&mut std::io::BufReader::new(&stream)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            // Silent until the client hangs up.
            let _ = stream.read(&mut [0]);
            hang_up.send(()).unwrap();
        }
    });
    // The client's own time limit isn't one for an execution that says nothing.
    let retry = Some(RetryPolicy::new().base(Duration::from_millis(1)));
    let options = Options { retry, timeout: Some(Duration::from_secs(60)), ..Options::new(&url) };
    let client = S::build(options).unwrap();
    let events = Events::new(&id()).silence(Duration::from_millis(300));
    assert_eq!(told(client.events(events)), expected());
    drop(client);
    assert!(hung_up.recv_timeout(Duration::from_secs(20)).is_ok());
}

pub fn a_stream_that_is_refused<S: Subject>() {
    let refused = |answers: [String; 2]| {
        let fake = Fake::answers(answers);
        let items = client::<S>(&fake).events(&id());
        let [Err(error)] = <[_; 1]>::try_from(items).unwrap() else { panic!("no error") };
        error
    };
    let gone = json("404 Not Found", r#"{"error":"execution not found"}"#);
    let error = refused([ok(OFFERED), gone.clone()]);
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "execution not found (HTTP 404)");
    // The same from a server that is polled.
    assert!(refused([ok("{}"), gone]).is_not_found());
    let wrong = json("401 Unauthorized", r#"{"error":"wrong token"}"#);
    assert_eq!(refused([ok(OFFERED), wrong]).to_string(), "wrong token (HTTP 401)");
    assert!(matches!(refused([ok(OFFERED), ok("{}")]), Error::Decode { .. }));
    let nobody = S::new("http://127.0.0.1:1").events(Events::new(&id()).reconnects(1));
    assert!(matches!(&nobody[..], [Err(Error::Transport(error))] if error.is_refused()));
}

pub fn an_event_without_end<S: Subject>() {
    let fake =
        Fake::answers([ok(OFFERED), stream(&format!("data: {}", "x".repeat(5000)), 99, true)]);
    let items = client::<S>(&fake).events(Events::new(&id()).max_event(4096));
    let [Err(Error::Transport(error))] = &items[..] else { panic!("{items:?}") };
    assert_eq!(error.kind(), TransportErrorKind::ResponseTooLarge);
}

pub fn a_server_without_events_is_asked<S: Subject>() {
    let execution = |fields: &str| ok(&format!(r#"{{"execution_id":"exe_1",{fields}}}"#));
    let fake = Fake::answers([
        ok(r#"{"status":"ok"}"#),
        execution(r#""status":"pending""#),
        execution(r#""status":"running""#),
        execution(r#""status":"running""#),
        execution(r#""status":"completed","exit_code":3,"stdout":"aé\ufffd","stderr":"e""#),
    ]);
    let soon = Duration::from_millis(10);
    let events = client::<S>(&fake).events(Events::new(&id()).polling(soon, soon));
    let both = vec![Status::Pending, Status::Running];
    assert_eq!(told(events), (both, "aé\u{fffd}".as_bytes().to_vec(), b"e".to_vec(), 3));
    assert_eq!(fake.lines()[1..], ["GET /api/v1/executions/exe_1"; 4]);
}
