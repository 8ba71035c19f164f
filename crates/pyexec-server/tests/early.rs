//! Answers that come before the request is over, to clients that send all of it before they read.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use pyexec_server::{EmbeddedServer, ServerConfig};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::LazyLock,
    time::{Duration, Instant},
};

const CAP: u64 = 100_000;

static SERVER: LazyLock<EmbeddedServer> = LazyLock::new(|| {
    let config = ServerConfig { max_body_bytes: CAP, ..ServerConfig::default() };
    EmbeddedServer::start_with(config, Default::default()).unwrap()
});

/// As long as it takes on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

const UPLOAD: &str = "/api/v1/exec/sync";

fn connect(server: &EmbeddedServer) -> TcpStream {
    let stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A request's head, with the token and further headers.
fn head(line: &str, more: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             connection: close\r\ncontent-type: multipart/form-data; boundary=B\r\n{more}\r\n\r\n",
        SERVER.token()
    )
}

/// The head with a length.
fn sized(line: &str, size: usize) -> String {
    head(line, &format!("content-length: {size}"))
}

/// A part that never ends.
fn body(size: usize) -> Vec<u8> {
    let mut body = b"--B\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\n".to_vec();
    body.resize(size, b'#');
    body
}

/// The same in chunks, of which no head tells the size.
fn chunked(size: usize) -> Vec<u8> {
    let body = body(size);
    [format!("{size:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat()
}

/// All that comes back up to the end.
fn read(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends all of it, in pieces, and only then reads.
fn exchange(head: &str, body: &[u8]) -> String {
    let mut stream = connect(&SERVER);
    stream.write_all(head.as_bytes()).unwrap();
    for piece in body.chunks(10_000) {
        stream.write_all(piece).unwrap();
    }
    read(stream)
}

#[test]
fn who_sends_first_and_reads_later_gets_the_answer() {
    let size = 2 << 20;
    let post = format!("POST {UPLOAD}");
    let unknown = sized(&post, size).replace("Bearer ", "Bearer x");
    let chunks = head(&post, "transfer-encoding: chunked");
    let no_form = sized(&post, 90_000).replace("multipart/form-data", "text/plain");
    for (head, body, answer) in [
        (sized(&post, size), body(size), "HTTP/1.1 413 "),
        (chunks, chunked(size), "HTTP/1.1 413 "),
        (no_form, body(90_000), "HTTP/1.1 400 "),
        (unknown, body(size), "HTTP/1.1 401 "),
        (sized("POST /nothing", size), body(size), "HTTP/1.1 404 "),
        (sized("PUT /api/v1/eval", size), body(size), "HTTP/1.1 405 "),
        (sized("POST /api/v1/eval", 65 << 20), body(60 << 20), "HTTP/1.1 413 "),
    ] {
        for round in 0..if body.len() > size { 2 } else { 50 } {
            let given = exchange(&head, &body);
            assert!(given.starts_with(answer), "round {round}, {answer}: {given}");
            assert!(given.ends_with('}'), "{given}");
        }
    }
}

#[test]
fn what_is_announced_as_too_large_is_refused_unsent() {
    for path in [UPLOAD, "/api/v1/exec/async", "/api/v1/eval"] {
        let line = format!("POST {path}");
        // Asked for leave, it isn't given.
        let mut stream = connect(&SERVER);
        let asking = format!("content-length: {}\r\nexpect: 100-continue", 1_u64 << 40);
        stream.write_all(head(&line, &asking).as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "{path}");
        // Nor does it wait for what comes unasked.
        let mut stream = connect(&SERVER);
        stream.write_all(sized(&line, 1 << 40).as_bytes()).unwrap();
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "{path}");
    }
}

#[test]
fn what_fits_has_leave_to_come() {
    let mut stream = connect(&SERVER);
    let asking = format!("content-length: {CAP}\r\nexpect: 100-continue");
    stream.write_all(head(&format!("POST {UPLOAD}"), &asking).as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 100");
}

/// What is read for nothing has an end.
#[test]
fn who_goes_on_and_on_is_cut_off() {
    let mut stream = connect(&SERVER);
    stream.write_all(sized("POST /nothing", 1 << 40).as_bytes()).unwrap();
    let piece = vec![b'#'; 1 << 20];
    // What the server reads, and what the system holds.
    let most = 64 + 32;
    let sent = (0..most).find_map(|_| stream.write_all(&piece).err());
    let error = sent.expect("it took everything").kind();
    assert!(matches!(error, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error:?}");
}

/// However little of it there is.
#[test]
fn who_stays_is_hung_up_on() {
    let config = ServerConfig { upload_patience: Duration::from_millis(200), ..Default::default() };
    let server = EmbeddedServer::start_with(config, Default::default()).unwrap();
    let mut stream = connect(&server);
    stream.write_all(sized("POST /nothing", 1 << 40).as_bytes()).unwrap();
    let start = Instant::now();
    while stream.write_all(b"#").is_ok() {
        assert!(start.elapsed() < PATIENCE, "it is still there");
        std::thread::yield_now();
    }
}
