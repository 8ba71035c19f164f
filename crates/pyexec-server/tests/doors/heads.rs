//! Heads of requests that are too large.

use crate::served::serve;

#[test]
fn large_heads_are_refused() {
    let server = serve(|_| {});
    let start = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let value = |bytes: usize| format!("{start}x: {}\r\n\r\n", "y".repeat(bytes));
    let many = |count: usize| format!("{start}{}\r\n", "x: y\r\n".repeat(count));
    let long =
        |bytes: usize| start.replace("/health", &format!("/health?{}", "y".repeat(bytes))) + "\r\n";
    for request in [value(30_000), many(98), long(30_000)] {
        let mut talk = server.connect();
        talk.say(&request);
        assert!(talk.rest().starts_with("HTTP/1.1 200 "));
    }
    // Who sends first and reads later gets the answer however much it is.
    for request in [value(40_000), value(4 << 20), many(99), long(40_000), many(100_000)] {
        let mut talk = server.connect();
        talk.say(&request);
        let answer = talk.rest();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
