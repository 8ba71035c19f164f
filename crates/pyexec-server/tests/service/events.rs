//! Live events and long polls.

use crate::http::{Client, Event, SHARED, SLEEPER, server};
use std::{
    io::Write,
    time::{Duration, Instant},
};

/// Joins the output of one stream; every byte is where the one before ends.
fn joined(events: &[Event], name: &str, from: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events.iter().filter(|event| event.name == name) {
        let (offset, more) = event.output();
        assert_eq!(offset, from + bytes.len() as u64);
        bytes.extend(more);
    }
    bytes
}

#[test]
fn output_comes_as_it_is_written_and_the_result_is_the_last() {
    let client = Client::of(&SHARED);
    let code = "import sys, time\nprint('out')\nprint('err', file=sys.stderr)\n\
        while input() != 'on': pass";
    // It would wait for ever: what arrives arrives before its end.
    let path = client.submit(&code.replace("while input() != 'on': pass", SLEEPER));
    let mut events = client.events(&path, None);
    let mut seen = Vec::new();
    while joined(&seen, "stdout", 0) != b"out\n" || joined(&seen, "stderr", 0) != b"err\n" {
        seen.push(events.next().unwrap());
    }
    assert_eq!(client.kill(&path).1["status"], "killed");
    seen.extend(events);
    let statuses: Vec<_> =
        seen.iter().filter(|event| event.name == "status").map(|event| &event.data).collect();
    assert_eq!(statuses.last().unwrap()["status"], "running");
    let last = seen.last().unwrap();
    assert_eq!((last.name.as_str(), last.id.as_str()), ("result", "4-4"));
    assert_eq!(last.data["status"], "killed");
    assert!(last.data.get("stdout").is_none());
    // The same once it is over, but for the status.
    let again: Vec<_> = client.events(&path, None).collect();
    let names: Vec<_> = again.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["stdout", "stderr", "result"]);
}

#[test]
fn a_stream_that_broke_off_goes_on_where_it_was() {
    let client = Client::of(&SHARED);
    let code = "import sys\nfor n in range(40_000): print(n); print(-n, file=sys.stderr)";
    let path = client.submit(code);
    let mut last = None;
    let mut seen = Vec::new();
    loop {
        let ids: Option<String> = last.clone();
        let events: Vec<_> = client.events(&path, ids.as_deref()).take(4).collect();
        last = Some(events.last().unwrap().id.clone());
        seen.extend(events);
        if seen.last().unwrap().name == "result" {
            break;
        }
    }
    let whole = client.result(&path);
    assert_eq!(joined(&seen, "stdout", 0), whole["stdout"].as_str().unwrap().as_bytes());
    assert_eq!(joined(&seen, "stderr", 0), whole["stderr"].as_str().unwrap().as_bytes());
}

#[test]
fn what_was_left_out_is_jumped_over() {
    let server = server(|config| config.output_bytes = 200_000);
    let client = Client::of(&server);
    let path = client.submit("import sys; sys.stdout.write('x' * 1_000_000)");
    assert_eq!(client.result(&path)["truncated"], true);
    let mut next = 0;
    let mut gaps = Vec::new();
    for event in client.events(&path, None).filter(|event| event.name == "stdout") {
        let (offset, bytes) = event.output();
        if offset != next {
            gaps.push((next, offset));
        }
        next = offset + bytes.len() as u64;
    }
    assert_eq!((gaps, next), (vec![(100_000, 900_000)], 1_000_000));
}

#[test]
fn broken_event_ids_are_refused() {
    let client = Client::of(&SHARED);
    let path = client.submit(SLEEPER);
    for id in ["", "1", "a-b", "-1-0", "1-0"] {
        let headers = [("last-event-id", id)];
        let (status, answer) = client.send("GET", &format!("{path}/events"), &headers, b"");
        assert_eq!(
            (status, &answer["code"]),
            (400, &"invalid_event_id".into()),
            "{id:?}: {answer}"
        );
    }
    client.kill(&path);
}

/// The watchers read nothing: the script writes to its end all the same.
#[test]
fn slow_readers_hold_nobody_up() {
    let client = Client::of(&SHARED);
    let address = SHARED.url().trim_start_matches("http://").to_owned();
    let path = client.submit("import sys\nfor _ in range(200): sys.stdout.write('x' * 100_000)");
    let _silent: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            let request = format!(
                "GET {path}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
                SHARED.token()
            );
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    let result = client.result(&path);
    assert_eq!(result["stdout"].as_str().unwrap().len(), 20_000_000);
}

#[test]
fn idle_watchers_are_no_threads_and_hold_no_shutdown_up() {
    let server = server(|config| config.slots = 1);
    let client = Client::of(&server);
    let path = client.submit(SLEEPER);
    client.until(&path, "running");
    let waiting = client.submit(SLEEPER);
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    let mut watchers: Vec<_> =
        (0..200).map(|n| client.events(if n % 2 == 0 { &path } else { &waiting }, None)).collect();
    for watcher in &mut watchers {
        assert_eq!(watcher.next().unwrap().name, "status");
    }
    // Other tests of this process run at the same time.
    assert!(threads() < before + 100, "{before} threads, then {}", threads());
    let begun = Instant::now();
    server.shutdown().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20));
    for watcher in watchers {
        let last = watcher.last().unwrap();
        assert_eq!((last.name.as_str(), &last.data["status"]), ("result", &"failed".into()));
        let error = last.data["error"].as_str().unwrap();
        assert!(error.contains("the server shut down"), "{error}");
    }
}

#[test]
fn a_waiting_one_tells_its_position_until_it_runs() {
    let server = server(|config| config.slots = 1);
    let client = Client::of(&server);
    let first = client.submit(SLEEPER);
    client.until(&first, "running");
    let second = client.submit(SLEEPER);
    let third = client.submit("print(3)");
    let mut events = client.events(&third, None);
    assert_eq!(
        events.next().unwrap().data,
        serde_json::json!({"status": "pending", "queue_position": 1})
    );
    client.kill(&second);
    assert_eq!(
        events.next().unwrap().data,
        serde_json::json!({"status": "pending", "queue_position": 0})
    );
    client.kill(&first);
    assert_eq!(events.next().unwrap().data, serde_json::json!({"status": "running"}));
    assert_eq!(events.last().unwrap().data["status"], "completed");
}

#[test]
fn a_long_poll_answers_at_the_end_or_when_it_is_over() {
    let client = Client::of(&SHARED);
    let path = client.submit(SLEEPER);
    let begun = Instant::now();
    assert_eq!(client.get(&format!("{path}?wait=1")).0, 200);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let waiting = {
        let (client, path) = (client.clone(), path.clone());
        std::thread::spawn(move || client.get(&format!("{path}?wait=3600")).1)
    };
    client.until(&path, "running");
    client.kill(&path);
    assert_eq!(waiting.join().unwrap()["status"], "killed");
    assert_eq!(client.get(&format!("{path}?wait=60")).1["status"], "killed");
    for bad in ["", "x", "-1", "1.5"] {
        let (status, answer) = client.get(&format!("{path}?wait={bad}"));
        assert_eq!((status, &answer["code"]), (400, &"invalid_wait".into()));
    }
    assert_eq!(client.get(&format!("{path}?wait=1&wait=2")).1["code"], "invalid_query");
}
