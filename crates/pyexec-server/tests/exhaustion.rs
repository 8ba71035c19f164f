//! A server that clients have left without a descriptor takes connections again when it has some.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use pyexec_server::EmbeddedServer;
use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

/// Set where only few files may be open.
const INNER: &str = "PYEXEC_TEST_FEW_FILES";

#[test]
fn no_descriptor_left_for_a_connection() {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 128 && exec \"$0\" --exact inner --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(INNER, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
}

#[test]
fn inner() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let server = EmbeddedServer::start().unwrap();
    let url = server.url();
    let address = url.trim_start_matches("http://");
    let ask = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let token = server.token();
        let request = format!(
            "GET /health HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
    };
    let answer = |mut stream: TcpStream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    };
    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(taken.len() > 8);
    // The client's own end, and nothing for the server's.
    taken.pop();
    let mut waiting = TcpStream::connect(address).unwrap();
    ask(&mut waiting);
    // The server can't take it.
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(waiting.read(&mut [0; 1]).is_err(), "it had a descriptor left");
    waiting.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    drop(taken);
    answer(waiting);
    let mut next = TcpStream::connect(address).unwrap();
    ask(&mut next);
    answer(next);
}
