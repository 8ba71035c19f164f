//! Each token has its own executions.

use crate::http::{Client, SLEEPER, server};

#[test]
fn another_tokens_execution_is_not_there() {
    let server = server(|config| config.tokens = vec!["one".into(), "two".into()]);
    let one = Client::of(&server).with_token("one");
    let two = one.with_token("two");
    for path in [one.submit(SLEEPER), one.submit("print(1)")] {
        let missing = serde_json::json!({"error": "execution not found", "code": "not_found"});
        for (status, answer) in [
            two.get(&path),
            two.get(&format!("{path}?wait=1")),
            two.kill(&path),
            two.get(&format!("{path}/events")),
        ] {
            assert_eq!((status, &answer), (404, &missing));
        }
        assert_eq!(one.get(&path).0, 200);
    }
    assert_eq!(two.get("/api/v1/executions").1["executions"].as_array().unwrap().len(), 0);
    assert_eq!(one.get("/api/v1/executions").1["executions"].as_array().unwrap().len(), 2);
}

#[test]
fn tokens_take_turns_and_positions_are_told() {
    let server = server(|config| {
        config.slots = 1;
        config.tokens = vec!["one".into(), "two".into()];
    });
    let one = Client::of(&server).with_token("one");
    let two = one.with_token("two");
    let first = one.submit(SLEEPER);
    one.until(&first, "running");
    let many: Vec<_> = (0..20).map(|n| one.submit(&format!("print({n})"))).collect();
    let other = two.submit("print('other')");
    let position = |client: &Client, path: &str| client.get(path).1["queue_position"].as_u64();
    assert_eq!(position(&one, &many[0]), Some(0));
    assert_eq!(position(&one, &many[19]), Some(20));
    assert_eq!(position(&two, &other), Some(1));
    assert_eq!(position(&one, &first), None);
    assert_eq!(one.kill(&many[0]).1["status"], "killed");
    assert_eq!(position(&one, &many[1]), Some(0));
    one.kill(&first);
    assert_eq!(two.result(&other)["stdout"], "other\n");
    let last = one.result(&many[19]);
    assert_eq!(last["stdout"], "19\n");
    assert!(last.get("queue_position").is_none());
    let started = |path: &str, client: &Client| client.get(path).1["started_at"].to_string();
    assert!(started(&other, &two) < started(&many[3], &one), "one token held another up");
}
