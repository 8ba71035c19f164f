//! Idempotency keys.

use crate::http::{Client, SHARED, SLEEPER, server};
use std::io::Write;

#[test]
fn the_same_key_is_the_same_execution() {
    let client = Client::of(&SHARED);
    let key = [("idempotency-key", "job-1")];
    let (status, first) = client.exec("async", "print(1)", &key);
    assert_eq!(status, 202);
    assert_eq!(client.exec("async", "print(1)", &key), (202, first.clone()));
    let path = format!("/api/v1/executions/{}", first["execution_id"].as_str().unwrap());
    let result = client.result(&path);
    assert_eq!(client.exec("sync", "print(1)", &key), (200, result));
    assert_eq!(client.exec("async", "print(1)", &key), (202, first));

    let (status, answer) = client.exec("async", "print(2)", &key);
    assert_eq!((status, &answer["code"]), (409, &"idempotency_conflict".into()), "{answer}");
    let eval = |code: &str, key: &str| {
        let body = serde_json::json!({"code": code, "eval_last_expr": true}).to_string();
        client.send("POST", "/api/v1/eval", &[("idempotency-key", key)], body.as_bytes())
    };
    assert_eq!(eval("1", "job-1").0, 409);
    assert_eq!(eval("1", "job-2"), eval("1", "job-2"));
    assert_ne!(eval("1", "job-2").1, eval("1", "job-3").1);
    assert_eq!(eval("1", "").1["code"], "invalid_idempotency_key");
}

#[test]
fn keys_are_each_tokens_own() {
    let server = server(|config| config.tokens = vec!["one".into()]);
    let (two, key) = (Client::of(&server), [("idempotency-key", "job")]);
    let one = two.with_token("one");
    let ids = [one, two].map(|client| client.exec("async", "print(1)", &key).1);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn one_that_asks_again_and_leaves_takes_nothing_with_it() {
    let server = server(|config| config.slots = 1);
    let client = Client::of(&server);
    // Until then both wait.
    let blocker = client.submit(SLEEPER);
    client.until(&blocker, "running");
    let key = [("idempotency-key", "job")];
    let first = {
        let client = client.clone();
        std::thread::spawn(move || client.exec("sync", "print('done')", &key))
    };
    let list = || client.get("/api/v1/executions?status=pending").1["executions"].clone();
    while list().as_array().unwrap().is_empty() {
        std::thread::yield_now();
    }
    let id = list()[0]["execution_id"].clone();
    let body = client.sync_request("print('done')", "job");
    let mut second =
        std::net::TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    second.write_all(&body).unwrap();
    drop(second);
    client.kill(&blocker);
    let (status, result) = first.join().unwrap();
    assert_eq!((status, &result["stdout"], &result["execution_id"]), (200, &"done\n".into(), &id));
}

#[test]
fn many_at_once_under_one_key_are_one_execution() {
    let server = server(|_| ());
    let client = Client::of(&server);
    let start = std::sync::Barrier::new(16);
    let ids: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..16)
            .map(|n| {
                let (client, start) = (&client, &start);
                let (how, expected) = if n % 2 == 0 { ("async", 202) } else { ("sync", 200) };
                scope.spawn(move || {
                    start.wait();
                    let (status, answer) =
                        client.exec(how, "print(1)", &[("idempotency-key", "job")]);
                    assert_eq!(status, expected, "{answer}");
                    answer["execution_id"].as_str().unwrap().to_owned()
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    let listed = client.get("/api/v1/executions").1["executions"].as_array().unwrap().len();
    assert_eq!(listed, 1);
}
