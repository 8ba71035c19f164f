//! Every way in which an execution can end, provoked, with the output so far still there.

use crate::{
    service::{POLL, client, has_groups, main_py, server, with},
    suite::Subject,
};
use pyexec_core::{
    Archive,
    types::{ExecutionConfig, ExecutionResult, Metadata, Outcome, Status},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

fn check(result: &ExecutionResult, status: Status, outcome: Outcome, exit_code: i32) {
    assert_eq!((&result.status, &result.outcome), (&status, &Some(outcome)), "{result:?}");
    assert_eq!(result.exit_code, exit_code, "{result:?}");
    assert_eq!(result.isolation.as_deref(), Some("full"), "{result:?}");
    let told = (result.cpu_ms, result.peak_memory_mb, result.duration_ms);
    assert!(matches!(told, (Some(_), Some(1..), Some(_))), "{result:?}");
    assert!(result.started_at.is_some() && result.finished_at.is_some(), "{result:?}");
    let by_service = matches!(result.status, Status::Failed);
    assert_eq!(result.error.is_some(), by_service, "{result:?}");
}

/// A script that says a word and then does something.
fn after_a_word<S: Subject>(client: &S, code: &str, config: ExecutionConfig) -> ExecutionResult {
    let archive = main_py(&format!("import os, time\nprint('before')\n{code}"));
    let result = client.execute_sync(&archive, &with(config)).unwrap();
    assert!(result.stdout.starts_with("before\n"), "{result:?}");
    result
}

pub(crate) fn ends_of_the_scripts_own<S: Subject>() {
    let client = crate::service::shared::<S>();
    let result = after_a_word(&client, "raise SystemExit(3)", ExecutionConfig::default());
    check(&result, Status::Completed, Outcome::Exited, 3);
    assert_eq!(result.signal, None);
    let result = after_a_word(&client, "os.kill(os.getpid(), 11)", ExecutionConfig::default());
    check(&result, Status::Completed, Outcome::Signaled, 139);
    assert_eq!(result.signal, Some(11));
    // Signals of its own that look like ours are nobody else's.
    let result = after_a_word(&client, "os.kill(os.getpid(), 9)", ExecutionConfig::default());
    check(&result, Status::Completed, Outcome::Signaled, 137);
    assert_eq!((result.signal, result.truncated), (Some(9), false));
}

pub(crate) fn ends_by_a_limit<S: Subject>() {
    let server = server(|config| config.output_limit_bytes = 100_000);
    let client = client::<S>(&server);
    let config = ExecutionConfig { timeout_seconds: 2, ..ExecutionConfig::default() };
    let result = after_a_word(&client, "while True: pass", config);
    check(&result, Status::Failed, Outcome::Timeout, 124);
    // Without control groups only processes that ended by themselves are counted.
    assert!(result.cpu_ms.unwrap() > 200 || !has_groups(&client), "{result:?}");

    let config = ExecutionConfig { memory_mb: 64, ..ExecutionConfig::default() };
    let code = "x = []\nwhile True: x.append(b'x' * 100_000)";
    let result = after_a_word(&client, code, config);
    check(&result, Status::Failed, Outcome::Oom, 137);
    assert!(result.peak_memory_mb.unwrap() >= 60, "{result:?}");

    let result = after_a_word(&client, "while True: print('x' * 1000)", ExecutionConfig::default());
    check(&result, Status::Failed, Outcome::OutputLimit, 137);
    assert_eq!((result.stdout.len(), result.truncated), (100_000, true));
    let code = "import sys\nwhile True: print('x' * 1000, file=sys.stderr)";
    let result = after_a_word(&client, code, ExecutionConfig::default());
    check(&result, Status::Failed, Outcome::OutputLimit, 137);
    assert_eq!((result.stdout.len(), result.stderr.len()), (7, 100_000));
}

pub(crate) fn ends_from_outside<S: Subject>() {
    let client = crate::service::shared::<S>();
    for outcome in [Outcome::Killed, Outcome::Lost] {
        let name = unique_name();
        // Once its process has that name, the word is in the pipe.
        let code = format!(
            "print('before')\nopen('/proc/self/comm', 'w').write('{name}')\n\
             import time; time.sleep(600)"
        );
        let id = client.execute_async(&main_py(&code), &Metadata::new("main.py")).unwrap();
        let first = parent_of(&name);
        let status = if outcome == Outcome::Killed {
            assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
            (Status::Killed, 137)
        } else {
            kill_process(first, Signal::KILL).unwrap();
            (Status::Failed, 125)
        };
        let result = client.wait_for_completion(&id, POLL).unwrap();
        check(&result, status.0, outcome, status.1);
        assert_eq!(result.stdout, "before\n", "{result:?}");
    }
}

pub(crate) fn what_cannot_be_started<S: Subject>() {
    // Few bytes, and yet each file takes a page.
    let many = (0..500).map(|n| (format!("f{n}.txt"), "x"));
    let files = many.chain([("main.py".to_owned(), "print('before')")]);
    let archive = Archive::from_map(files).unwrap();
    let config = ExecutionConfig { disk_mb: 1, ..ExecutionConfig::default() };
    let client = crate::service::shared::<S>();
    let result = client.execute_sync(&archive, &with(config)).unwrap();
    check(&result, Status::Failed, Outcome::Refused, 125);
    assert_eq!(result.stdout, "");
    let error = result.error.unwrap();
    assert!(error.contains(".txt") && error.contains("No space left"), "{error}");
}

/// A process name that nobody else has; at most 15 characters.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("px{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// PID 1 of the sandbox in which a process takes that name.
fn parent_of(name: &str) -> Pid {
    let start = Instant::now();
    loop {
        let stats = fs::read_dir("/proc").unwrap().flatten();
        let mut stats =
            stats.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        // `pid (name) state ppid …`, proc_pid_stat(5)
        if let Some(stat) = stats.find(|stat| stat.contains(&format!("({name})"))) {
            let parent = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap();
            return Pid::from_raw(parent.parse().unwrap()).unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{name} never came up");
    }
}
