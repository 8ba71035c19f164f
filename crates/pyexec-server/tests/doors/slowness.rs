//! Clients that take their time.

use crate::served::serve;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(300);

/// Slow-loris: a byte now and then keeps no connection open.
#[test]
fn heads_that_trickle_in() {
    let server = serve(|config| config.connections.head_timeout = SHORT);
    for (beginning, piece) in [
        ("", "\r\n"),
        ("", "G"),
        ("GET /health HTTP/1.1\r\nhost: localhost\r\n", "x: y\r\n"),
        ("GET /health HTTP/1.1\r\nhost: localhost\r\nx: ", "y"),
    ] {
        let start = Instant::now();
        let mut slow = server.connect();
        slow.say(beginning);
        server.connect().health();
        slow.trickle(piece);
        assert!(start.elapsed() >= SHORT, "{beginning:?} {piece:?}");
    }
    // In a later request, too.
    let mut slow = server.connect();
    slow.health();
    slow.trickle("G");
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    let server = serve(|config| config.connections.head_timeout = SHORT);
    assert_eq!(server.connect().rest(), "");
}

#[test]
fn connections_are_kept_for_a_while() {
    let server = serve(|config| {
        config.connections.head_timeout = Duration::from_millis(50);
        config.connections.idle_timeout = Duration::from_secs(2);
    });
    let mut kept = server.connect();
    kept.health();
    // The time for a head begins with the head.
    assert!(kept.is_silent(Duration::from_millis(200)));
    kept.health();
    assert_eq!(kept.rest(), "");
}

/// The time for a head isn't that for an answer.
#[test]
fn a_script_may_take_its_time() {
    let server = serve(|config| {
        config.connections.head_timeout = SHORT;
        config.connections.idle_timeout = SHORT;
    });
    let answer = server.ask(
        "POST /api/v1/eval HTTP/1.1\r\nhost: localhost",
        r#"{"code":"import time; time.sleep(1); print('done')"}"#,
    );
    assert!(answer.contains(r#""stdout":"done\n""#), "{answer}");
}

/// Who asks for much and takes none of it holds its place for a while only.
#[test]
fn answers_that_nobody_reads() {
    let server = serve(|config| config.connections.stall_timeout = SHORT);
    let mut deaf = server.connect();
    // More than the system keeps between the two.
    deaf.say(&"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40));
    deaf.is_deaf();
}
