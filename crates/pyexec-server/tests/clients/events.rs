//! An execution's events, live or polled, whichever the server offers.

use crate::{
    service::{POLL, client, main_py, server, shared},
    suite::Subject,
};
use pyexec_core::{
    Error, ExecutionEvent,
    types::{ExecutionId, ExecutionResult, Metadata, Status},
};

/// What the events of an execution add up to: both outputs, and its result.
fn followed<S: Subject>(client: &S, id: &ExecutionId) -> (Vec<u8>, Vec<u8>, ExecutionResult) {
    let (mut stdout, mut stderr, mut end) = (Vec::new(), Vec::new(), None);
    for event in client.events(id) {
        assert!(end.is_none(), "nothing comes after the result");
        match event.unwrap() {
            ExecutionEvent::Status(change) => assert!(!change.status.is_terminal()),
            ExecutionEvent::Stdout(output) => {
                assert_eq!(output.offset, stdout.len() as u64);
                stdout.extend_from_slice(&output.bytes);
            }
            ExecutionEvent::Stderr(output) => {
                assert_eq!(output.offset, stderr.len() as u64);
                stderr.extend_from_slice(&output.bytes);
            }
            ExecutionEvent::Result(result) => end = Some(*result),
            other => panic!("{other:?}"),
        }
    }
    (stdout, stderr, end.unwrap())
}

/// Follows an execution and compares it with its result as a whole.
fn same<S: Subject>(client: &S, id: &ExecutionId) -> ExecutionResult {
    let (stdout, stderr, end) = followed(client, id);
    let mut whole = client.get_execution(id).unwrap();
    assert!(stdout == std::mem::take(&mut whole.stdout).into_bytes(), "stdout of {whole:?}");
    assert!(stderr == std::mem::take(&mut whole.stderr).into_bytes(), "stderr of {whole:?}");
    assert_eq!(end, whole);
    end
}

pub(crate) fn they_add_up_to_the_result<S: Subject>() {
    let client = shared::<S>();
    let submit =
        |code: &str| client.execute_async(&main_py(code), &Metadata::new("main.py")).unwrap();
    let slow = "import sys, time\nfor i in range(20):\n    print('é', i); time.sleep(0.02)\n    \
                print('e', i, file=sys.stderr)\nsys.exit(3)";
    assert_eq!(same(&client, &submit(slow)).exit_code, 3);
    let large = submit("print('x' * 5_000_000)");
    assert_eq!(same(&client, &large).exit_code, 0);
    // Also when it is over already, and of something that says nothing.
    same(&client, &large);
    assert_eq!(same(&client, &submit("")).status, Status::Completed);
    let failed = same(&client, &submit("x = 1\nraise ValueError('bad')"));
    assert_eq!((failed.error_type.as_deref(), failed.error_line), (Some("ValueError"), Some(2)));
}

pub(crate) fn they_end_with_a_kill<S: Subject>() {
    let client = shared::<S>();
    let code = "import time\nprint('begun')\ntime.sleep(600)";
    let id = client.execute_async(&main_py(code), &Metadata::new("main.py")).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Another client, as another person would.
            let other = shared::<S>();
            let begun = std::time::Instant::now();
            while other.get_execution(&id).unwrap().status == Status::Pending {
                assert!(begun.elapsed().as_secs() < 60, "it never began");
                std::thread::sleep(POLL);
            }
            other.kill_execution(&id).unwrap();
        });
        assert_eq!(same(&client, &id).status, Status::Killed);
    });
}

pub(crate) fn they_begin_in_the_queue<S: Subject>() {
    let server = server(|config| config.slots = 1);
    let client = client::<S>(&server);
    let submit =
        |code: &str| client.execute_async(&main_py(code), &Metadata::new("main.py")).unwrap();
    let first = submit("import time; time.sleep(0.5); print(1)");
    let second = submit("print(2)");
    assert_eq!(followed(&client, &second).0, b"2\n");
    assert_eq!(followed(&client, &first).0, b"1\n");
}

pub(crate) fn bytes_are_exact_where_they_are_live<S: Subject>() {
    let client = shared::<S>();
    let code = r"import sys; sys.stdout.buffer.write(b'a\x00\xff\xc3')";
    let id = client.execute_async(&main_py(code), &Metadata::new("main.py")).unwrap();
    let is_live = client.health().unwrap().offers("events");
    let expected = if is_live { &b"a\0\xff\xc3"[..] } else { "a\0\u{fffd}\u{fffd}".as_bytes() };
    assert_eq!(followed(&client, &id).0, expected);
}

pub(crate) fn what_the_server_leaves_out_is_a_gap<S: Subject>() {
    let server = server(|config| config.output_bytes = 1000);
    let client = client::<S>(&server);
    let code = "print('first', end=''); print('x' * 10_000, end=''); print('last', end='')";
    let id = client.execute_async(&main_py(code), &Metadata::new("main.py")).unwrap();
    // Also when the middle is gone before anybody looks.
    for _ in 0..2 {
        let (mut stdout, mut end, mut truncated) = (Vec::new(), 0, None);
        for event in client.events(&id) {
            match event.unwrap() {
                ExecutionEvent::Stdout(output) => {
                    assert!(output.offset >= end, "{} < {end}", output.offset);
                    end = output.end();
                    stdout.extend_from_slice(&output.bytes);
                }
                ExecutionEvent::Result(result) => truncated = Some(result.truncated),
                _ => {}
            }
        }
        assert_eq!(truncated, Some(true));
        assert!(stdout.starts_with(b"firstx") && stdout.ends_with(b"xlast"));
    }
}

pub(crate) fn of_nothing_there_are_none<S: Subject>() {
    let events = shared::<S>().events(&"exe_none".into());
    assert!(matches!(&events[..], [Err(Error::NotFound { .. })]), "{events:?}");
}
