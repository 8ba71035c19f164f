//! The end of a server.

use crate::served::{PATIENCE, Served, Talk, serve};
use std::time::{Duration, Instant};

/// Starts a script and waits until it runs.
fn start(server: &Served, seconds: u32) -> Talk {
    let mut talk = server.connect();
    let body = format!(r#"{{"code":"import time; print('begun'); time.sleep({seconds})"}}"#);
    let length = body.len();
    talk.say(&format!(
        "POST /api/v1/eval HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}"
    ));
    let running = "GET /api/v1/executions?status=running HTTP/1.1\r\nhost: localhost";
    let begun = Instant::now();
    while !server.ask(running, "").contains("exe_") {
        assert!(begun.elapsed() < PATIENCE);
    }
    talk
}

#[test]
fn what_runs_may_end_within_the_grace_period() {
    let mut server = serve(|config| {
        config.grace = PATIENCE;
    });
    let talk = start(&server, 2);
    server.tell();
    let answer = talk.rest();
    assert!(answer.contains(r#""status":"completed","stdout":"begun\n""#), "{answer}");
    server.wait().unwrap();
}

#[test]
fn what_outlasts_the_grace_period_is_ended() {
    let mut server = serve(|config| {
        config.grace = Duration::from_millis(100);
    });
    let talk = start(&server, 3600);
    let mut idle = server.connect();
    idle.health();
    server.tell();
    let answer = talk.rest();
    // Its line break is a write of its own, which may come too late.
    assert!(answer.contains(r#""status":"failed","stdout":"begun"#), "{answer}");
    // Who waits for nothing is let go with the others.
    assert_eq!(idle.rest(), "");
    server.wait().unwrap();
}
