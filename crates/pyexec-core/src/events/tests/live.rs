//! Live events.

use super::script::{
    Act, Answer, SECOND, events, follow, health, output, result, status, stream, text,
};
use crate::{Error, Events, TransportErrorKind};
use std::time::Duration;

const PATH: &str = "/api/v1/executions/exe_1/events";

/// Follows an execution of a server with live events.
fn live(events: Events, streams: impl IntoIterator<Item = Answer>) -> super::script::Followed {
    let mut followed = follow(events, std::iter::once(health(r#""events""#)).chain(streams));
    assert_eq!(followed.requests.remove(0), "/health");
    followed
}

fn whole() -> String {
    [
        ": hello\nevent: status\ndata: {\"status\":\"pending\",\"queue_position\":2}\n\n".into(),
        status("running"),
        status("running"),
        output("stdout", 0, b"a\xff\n"),
        ": keep-alive\n\n".into(),
        output("stderr", 0, b"e"),
        "event: later\ndata: ?\n\n".into(),
        output("stdout", 3, b"b"),
        output("stdout", 4, b""),
        status("completed"),
        result(),
    ]
    .concat()
}

const ITEMS: [&str; 6] =
    ["pending 2", "running", r#"out 0 b"a\xff\n""#, r#"err 0 b"e""#, r#"out 3 b"b""#, "exit 3"];

#[test]
fn every_event_once_wherever_the_stream_is_cut() {
    let whole = whole().into_bytes();
    for cut in 0..=whole.len() {
        let pieces = [&whole[..cut], &whole[cut..]].into_iter().filter(|piece| !piece.is_empty());
        let followed = live(events(), [stream(pieces.map(|piece| Act::Bytes(piece.to_vec())))]);
        assert_eq!(followed.items, ITEMS, "cut at {cut}");
        assert!(followed.error.is_none());
        assert_eq!(followed.requests, [PATH]);
    }
}

#[test]
fn a_connection_lost_at_any_byte_is_resumed_where_it_was() {
    let whole = whole().into_bytes();
    let complete = whole.len() - 1;
    for cut in 0..complete {
        let lost = Act::Lost(TransportErrorKind::Closed);
        let first = stream([Act::Bytes(whole[..cut.max(1)].to_vec()), lost]);
        // Everything comes again.
        let followed = live(events(), [first, stream([Act::Bytes(whole.clone())])]);
        assert_eq!(followed.items, ITEMS, "lost at {cut}");
        assert!(followed.requests[1].ends_with(" at 0.1"), "{:?}", followed.requests);
    }
}

#[test]
fn resumes_after_what_was_handed_out_and_not_after_an_id() {
    let followed = live(
        events(),
        [
            // The ids here are all wrong.
            stream([text(output("stdout", 0, b"abc") + &output("stderr", 0, b"x") + "event: st")]),
            stream([text(output("stdout", 1, b"bcde") + &output("stderr", 0, b"x"))]),
            // The middle was left out meanwhile.
            stream([text(output("stdout", 1000, b"end") + &result())]),
        ],
    );
    assert_eq!(
        followed.items,
        [r#"out 0 b"abc""#, r#"err 0 b"x""#, r#"out 3 b"de""#, r#"out 1000 b"end""#, "exit 3"]
    );
    assert_eq!(
        followed.requests,
        [PATH.into(), format!("{PATH} after 3-1 at 0.1"), format!("{PATH} after 5-1 at 0.2")]
    );
}

#[test]
fn gives_up_after_as_many_connections_without_news() {
    let empty = || stream([]);
    let news = stream([text(output("stdout", 0, b"a"))]);
    let followed = live(
        events().reconnects(2),
        // News in between begin the count anew.
        [empty(), empty(), news, empty(), Answer::None(TransportErrorKind::Refused)],
    );
    assert_eq!(followed.items, [r#"out 0 b"a""#]);
    let error = followed.error.unwrap();
    assert!(matches!(&error, Error::Transport(error) if error.is_refused()), "{error}");
    // 0.1 and 0.2 s, and then again.
    assert_eq!(followed.passed, SECOND * 6 / 10);
    let followed = live(events().reconnects(0), [empty()]);
    assert_eq!(
        followed.error.unwrap().to_string(),
        "the server ended the connection too early: the stream of events ended before the execution"
    );
}

#[test]
fn a_connection_that_held_is_no_failure_although_nothing_happened() {
    let alive = || {
        let quiet = [Act::Pass(15 * SECOND), text(": keep-alive\n\n")];
        let lost = [Act::Lost(TransportErrorKind::Closed)];
        stream(quiet.iter().cycle().take(8).cloned().chain(lost))
    };
    let streams = (0..5).map(|_| alive()).chain([stream([text(result())])]);
    assert_eq!(live(events().reconnects(1), streams).items, ["exit 3"]);
    // A server that sends nothing at all is another matter.
    let dead = || stream([Act::Pass(60 * SECOND), Act::Lost(TransportErrorKind::Timeout)]);
    let followed = live(events().reconnects(1), [dead(), dead()]);
    assert!(followed.error.unwrap().is_timeout());
}

#[test]
fn pauses_as_the_server_asks() {
    let followed =
        live(events(), [stream([text("retry: 2500\n\n")]), stream([]), stream([text(result())])]);
    assert_eq!(followed.requests[1..], [format!("{PATH} at 2.5"), format!("{PATH} at 7.5")]);
    let busy = |seconds| Answer::Stream(503, vec![("retry-after", seconds)], [].into());
    let followed = live(events(), [busy("7"), stream([text(result())])]);
    assert_eq!((followed.items.len(), followed.passed), (1, 7 * SECOND));
    let error = live(events(), [busy("3600")]).error.unwrap();
    assert_eq!(error.to_string(), "Service Unavailable (HTTP 503)");
}

fn refused(status: u16, kind: &'static str, body: &str) -> Answer {
    Answer::Stream(status, vec![("content-type", kind)], [text(body)].into())
}

#[test]
fn a_refusal_is_an_error_with_the_servers_words() {
    let json = |status, message: &str| {
        refused(status, "application/json", &format!(r#"{{"error":"{message}"}}"#))
    };
    let error = |answer| live(events().reconnects(1), [answer]).error.unwrap();
    let gone = error(json(404, "execution not found"));
    assert!(gone.is_not_found());
    assert_eq!(gone.to_string(), "execution not found (HTTP 404)");
    assert_eq!(error(json(401, "wrong token")).to_string(), "wrong token (HTTP 401)");
    // A page that somebody in between shows.
    let page = error(refused(200, "text/html", "<html>login")).to_string();
    assert!(page.contains("text/html") && page.contains("<html>login"), "{page}");
    // The server may recover from these, and its words are kept where it doesn't.
    for status in [429, 500, 502, 503] {
        let followed = live(events(), [json(status, "later"), stream([text(result())])]);
        assert_eq!(followed.items, ["exit 3"], "{status}");
        let twice = [json(status, "later"), json(status, "broken")];
        let error = live(events().reconnects(1), twice).error.unwrap();
        assert_eq!(error.to_string(), format!("broken (HTTP {status})"));
    }
    // What can't become better isn't tried again.
    assert!(matches!(error(Answer::None(TransportErrorKind::Other)), Error::Transport(_)));
    // Nobody reads a refusal without end.
    let endless = vec![Act::Bytes(vec![b'x'; 10_000]); 100];
    let answer = Answer::Stream(403, Vec::new(), endless.into());
    assert_eq!(error(answer).status().unwrap(), 403);
}

#[test]
fn events_have_a_limit() {
    let long = output("stdout", 0, &[b'x'; 2000]);
    let followed = live(events().max_event(1000), [stream([text(long.clone())])]);
    let error = followed.error.unwrap();
    assert!(
        matches!(&error, Error::Transport(error)
            if error.kind() == TransportErrorKind::ResponseTooLarge),
        "{error}"
    );
    assert_eq!(live(events(), [stream([text(long + &result())])]).items.len(), 2);
}

#[test]
fn what_cannot_be_read_ends_it() {
    let followed = live(events(), [stream([text("event: status\ndata: nonsense\n\n")])]);
    assert!(matches!(followed.error, Some(Error::Decode { .. })));
    assert_eq!(followed.passed, Duration::ZERO);
}
