//! Tokens of a file that changes while the server runs.

use crate::served::{PATIENCE, Served, Talk, eval, serve};
use std::{fs, time::Instant};

fn status(server: &Served, token: &str) -> u16 {
    let (head, body) = eval(&format!("host: x\r\nauthorization: Bearer {token}"));
    server.ask(&head, body)[9..12].parse().unwrap()
}

#[test]
fn a_token_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, "one\ntwo\n").unwrap();
    let file = path.clone();
    let server = serve(|config| {
        config.tokens = vec!["given".into()];
        config.token_file = Some(file);
    });
    assert_eq!(
        ["one", "two", "given", "new"].map(|token| status(&server, token)),
        [200, 200, 200, 401]
    );
    // What was let in before a token goes isn't ended with it.
    let mut running = server.connect();
    let body = r#"{"code":"print('done')"}"#;
    running.say(&format!(
        "POST /api/v1/eval HTTP/1.1\r\nhost: x\r\nauthorization: Bearer two\r\n\
         connection: close\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len(),
    ));
    running.hear("HTTP/1.1 100 Continue\r\n\r\n");
    fs::write(
        &path,
        "[[token]]\nname = 'a'\ntoken = 'one'\n[[token]]\nname = 'b'\ntoken = 'new'\n",
    )
    .unwrap();
    assert_eq!(
        ["one", "two", "given", "new"].map(|token| status(&server, token)),
        [200, 401, 200, 200]
    );
    fs::write(&path, "[[token]]\nname = 'a'\n").unwrap();
    assert_eq!(["one", "two", "new"].map(|token| status(&server, token)), [200, 401, 200]);
    running.say(body);
    let answer = running.rest();
    assert!(answer.contains(r#""stdout":"done\n""#), "{answer}");
}

const LIMITED: &str = "[[token]]
name = 'limited'
token = 'limited'
max_running = 1
max_queued = 1
max_timeout_seconds = 60
max_memory_mb = 64
[[token]]
name = 'other'
token = 'other'
";

/// The head of a request under a token.
fn head(token: &str, line: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}")
}

/// Begins an evaluation that takes long, and waits until the list has so many of that status.
fn sleeper(server: &Served, token: &str, status: &str) -> Talk {
    let body = r#"{"code":"import time; time.sleep(600)"}"#;
    let mut talk = server.connect();
    let (head_of_eval, length) = (head(token, "POST /api/v1/eval"), body.len());
    talk.say(&format!("{head_of_eval}\r\ncontent-length: {length}\r\n\r\n{body}"));
    let begun = Instant::now();
    let list = head(token, &format!("GET /api/v1/executions?status={status}"));
    while !server.ask(&list, "").contains("exe_") {
        assert!(begun.elapsed() < PATIENCE, "none is {status}");
    }
    talk
}

#[test]
fn what_a_token_may_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, LIMITED).unwrap();
    let file = path.clone();
    let server = serve(|config| {
        config.token_file = Some(file);
        config.slots = 4;
    });
    let asks = |token: &str, config: &str| {
        let body = format!(r#"{{"code":"1","config":{{{config}}}}}"#);
        server.ask(&head(token, "POST /api/v1/eval"), &body)
    };
    for (config, message) in [
        (r#""timeout_seconds":61"#, "timeout_seconds is 61, above this token's maximum of 60"),
        (r#""memory_mb":65"#, "memory_mb is 65, above this token's maximum of 64"),
    ] {
        let refused = asks("limited", config);
        assert!(refused.starts_with("HTTP/1.1 400 ") && refused.contains(message), "{refused}");
        assert!(asks("other", config).starts_with("HTTP/1.1 200 "));
    }
    // What it doesn't ask for is cut to what it may have.
    assert!(asks("limited", "").starts_with("HTTP/1.1 200 "));
    let _running = sleeper(&server, "limited", "running");
    let _waiting = sleeper(&server, "limited", "pending");
    let refused = asks("limited", "");
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(refused.to_lowercase().contains("retry-after: "), "{refused}");
    // There are slots, for others.
    assert!(asks("other", "").starts_with("HTTP/1.1 200 "));
    // Limits change with the file.
    fs::write(&path, LIMITED.replace("max_running = 1", "max_running = 3")).unwrap();
    assert!(asks("limited", "").starts_with("HTTP/1.1 200 "));
}
