//! Who waits for whom, and for how long.

use crate::http::{Client, SLEEPER, server};
use serde_json::{Value, json};

#[test]
fn a_thousand_of_one_token_hold_no_other_up() {
    let server = server(|config| {
        config.slots = 1;
        config.tokens = vec!["one".into(), "two".into()];
    });
    let one = Client::of(&server).with_token("one");
    let two = one.with_token("two");
    let running = one.submit(SLEEPER);
    one.until(&running, "running");
    let many: Vec<_> = std::thread::scope(|scope| {
        let submit = || (0..125).map(|_| one.submit("print(1)")).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(submit)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (status, answer) = one.exec("async", "print(1)", &[]);
    assert_eq!((status, &answer["code"]), (503, &json!("queue_full")));
    assert_eq!(answer["error"], "the queue is full: 1000 executions are waiting");
    let code = json!({"code": "1"}).to_string();
    let refused = one.open("POST", "/api/v1/eval", &[], code.as_bytes());
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);

    let others: Vec<_> = (0..3).map(|n| two.submit(&format!("print({n})"))).collect();
    let position = |path: &str| two.get(path).1["queue_position"].clone();
    assert_eq!([0, 1, 2].map(|n: usize| position(&others[n])), [1, 3, 5].map(|n| json!(n)));
    one.kill(&running);
    let started = |result: &Value| result["started_at"].as_str().map(ToOwned::to_owned);
    let last = started(&two.result(&others[2]));
    // Three of theirs, three of the others' at most, or one that was waited for while this one
    // asked.
    let starts = many.iter().filter_map(|path| started(&one.get(path).1));
    let before = starts.filter(|start| Some(start) < last.as_ref());
    assert!(before.count() <= 3, "one token held another up");
}

/// Small uploads are in memory, too.
#[test]
fn what_waits_is_held_within_bounds() {
    let server = server(|config| {
        config.slots = 1;
        config.pending_bytes = 2 << 20;
    });
    let client = Client::of(&server);
    let running = client.submit(SLEEPER);
    client.until(&running, "running");
    let padding = "#".repeat(800_000);
    let waiting = [client.submit(&padding), client.submit(&padding)];
    let (status, answer) = client.exec("async", &padding, &[]);
    assert_eq!((status, &answer["code"]), (503, &json!("queue_full")), "{answer}");
    assert_eq!(answer["error"], "the queue is full: waiting executions hold too much input");
    client.kill(&waiting[0]);
    client.submit(&padding);
    // A large one is on the disk.
    client.submit(&"#".repeat(1_800_000));
}

/// What waits doesn't use its time up.
#[test]
fn the_time_limit_begins_with_the_run() {
    let server = server(|config| config.slots = 1);
    let client = Client::of(&server);
    let first = client.submit("import time; time.sleep(1.5)");
    client.until(&first, "running");
    let request = json!({"code": "print('in time')", "config": {"timeout_seconds": 1}});
    let (status, result) = client.send("POST", "/api/v1/eval", &[], request.to_string().as_bytes());
    assert_eq!((status, &result["status"]), (200, &json!("completed")), "{result}");
    assert_eq!(result["stdout"], "in time\n");
    assert!(result["queued_ms"].as_u64().unwrap() >= 1000, "{result}");
}

#[test]
fn a_queued_one_that_is_killed_never_runs_and_makes_room() {
    let server = server(|config| {
        config.slots = 1;
        config.queue_length = 1;
    });
    let client = Client::of(&server);
    let running = client.submit(SLEEPER);
    client.until(&running, "running");
    let waiting = client.submit("print('never')");
    assert_eq!(client.get(&waiting).1["status"], "pending");
    assert_eq!(client.exec("async", "print(1)", &[]).0, 503);
    assert_eq!(client.kill(&waiting), (200, json!({"status": "killed"})));
    let next = client.submit("print('next')");
    assert_eq!(client.kill(&running).1["status"], "killed");
    assert_eq!(client.result(&next)["stdout"], "next\n");
    let killed = client.get(&waiting).1;
    assert_eq!((&killed["status"], killed.get("started_at")), (&json!("killed"), None));
}
