//! Servers that have to be asked.

use super::script::{Answer, Followed, SECOND, events, follow, health};
use crate::{CallOptions, Discovery, Events, TransportErrorKind};
use std::time::Duration;

const PATH: &str = "/api/v1/executions/exe_1";

fn execution(status: &str, stdout: &str, stderr: &str) -> Answer {
    let json = serde_json::json!({
        "execution_id": "exe_1", "status": status, "stdout": stdout, "stderr": stderr,
        "exit_code": 3,
    });
    Answer::Whole(200, json.to_string())
}

fn polled(answers: impl IntoIterator<Item = Answer>) -> Followed {
    let followed = follow(events(), std::iter::once(health("")).chain(answers));
    assert_eq!(followed.requests[0], "/health");
    followed
}

#[test]
fn the_original_says_everything_at_the_end() {
    let followed = polled([
        execution("pending", "", ""),
        execution("running", "", ""),
        execution("running", "", ""),
        execution("completed", "hi\n", "e"),
    ]);
    assert_eq!(
        followed.items,
        ["pending", "running", r#"out 0 b"hi\n""#, r#"err 0 b"e""#, "exit 3"]
    );
    assert!(followed.error.is_none());
    assert_eq!(
        followed.requests[1..],
        [PATH.into(), format!("{PATH} at 0.1"), format!("{PATH} at 0.3"), format!("{PATH} at 0.7")]
    );
}

#[test]
fn an_execution_that_is_over_is_told_at_once() {
    let followed = polled([execution("failed", "", "")]);
    assert_eq!((followed.items, followed.passed), (vec!["exit 3".into()], Duration::ZERO));
}

#[test]
fn output_that_is_shown_early_is_told_early() {
    let followed = polled([
        execution("running", "a", ""),
        execution("running", "aé\u{fffd}", ""),
        // What was cut is no news, but it isn't lost either.
        execution("running", "cut", ""),
        execution("completed", "aéü", "e"),
    ]);
    assert_eq!(
        followed.items,
        [
            "running",
            r#"out 0 b"a""#,
            r#"out 1 b"\xc3\xa9""#,
            r#"out 3 b"\xc3\xbc""#,
            r#"err 0 b"e""#,
            "exit 3"
        ]
    );
    let followed = polled([execution("running", "abc", ""), execution("completed", "a…z", "")]);
    assert_eq!(followed.items, ["running", r#"out 0 b"abc""#, "exit 3a…z"]);
}

#[test]
fn the_pauses_grow_up_to_a_limit() {
    let running = (0..9).map(|_| execution("running", "", ""));
    let answers = [health("")].into_iter().chain(running).chain([execution("killed", "", "")]);
    let followed = follow(events().polling(SECOND, 4 * SECOND), answers);
    // After 1, 2 and 4, and then always 4 seconds.
    assert_eq!(followed.passed, 31 * SECOND);
    let followed = follow(
        events().polling(Duration::ZERO, Duration::ZERO),
        [health(""), execution("running", "", ""), execution("completed", "", "")],
    );
    assert_eq!(followed.passed, Duration::from_millis(10));
}

#[test]
fn a_server_that_holds_its_answers_may() {
    let answers = [
        health(r#""wait""#),
        execution("running", "", ""),
        execution("running", "", ""),
        execution("completed", "", ""),
    ];
    let followed = follow(events().polling(SECOND, 8 * SECOND), answers);
    assert_eq!(
        followed.requests[1..],
        [format!("{PATH}?wait=1"), format!("{PATH}?wait=2 at 1"), format!("{PATH}?wait=4 at 3"),]
    );
}

#[test]
fn looks_that_fail_are_repeated_and_refusals_are_errors() {
    let busy = || Answer::Whole(503, String::new());
    let lost = || Answer::None(TransportErrorKind::Closed);
    let followed = polled([busy(), lost(), busy(), lost(), busy(), execution("killed", "", "")]);
    assert_eq!(followed.items, ["exit 3"]);
    let gone = Answer::Whole(404, r#"{"error":"execution not found"}"#.into());
    let error = polled([execution("running", "", ""), gone]).error.unwrap();
    assert!(error.is_not_found());
    let error = polled((0..11).map(|_| lost())).error.unwrap();
    assert!(error.is_retryable(), "{error}");
}

#[test]
fn a_server_is_asked_once_what_it_offers() {
    let discovery = Discovery::new();
    let events = || {
        let mut options = CallOptions::new();
        options.discovery = discovery.clone();
        Events::from(&"exe_1".into()).carried_out(options)
    };
    let followed = follow(events(), [health(""), execution("completed", "", "")]);
    assert_eq!(followed.requests, ["/health", PATH]);
    let followed = follow(events(), [execution("completed", "", "")]);
    assert_eq!(followed.requests, [PATH]);
}

#[test]
fn a_server_that_fails_on_the_question_is_polled() {
    for status in [404, 500] {
        let unknown = Answer::Whole(status, "404 page not found".into());
        let followed = follow(events(), [unknown, execution("completed", "x", "")]);
        assert_eq!(followed.items, [r#"out 0 b"x""#, "exit 3"]);
    }
    let nobody = || Answer::None(TransportErrorKind::Refused);
    let followed = follow(events(), [nobody(), nobody(), nobody(), nobody()]);
    assert!(followed.items.is_empty() && followed.error.is_some());
}
