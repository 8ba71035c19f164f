//! Where the original service falls short: each promise that docs/http-api.md makes against it.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use pyexec_blocking::Client;
use pyexec_core::{
    Archive,
    types::{ExecutionConfig, ExecutionResult, Metadata, Outcome, SimpleExecRequest, Status},
};
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, ServerConfig};
use std::{sync::LazyLock, time::Duration};

static SERVER: LazyLock<EmbeddedServer> = LazyLock::new(|| EmbeddedServer::start().unwrap());

fn client_of(server: &EmbeddedServer) -> Client {
    Client::builder(server.url()).bearer_token(server.token()).build().unwrap()
}

fn client() -> Client {
    client_of(&SERVER)
}

fn with(config: ServerConfig) -> EmbeddedServer {
    EmbeddedServer::start_with(config, SandboxOptions::default()).unwrap()
}

fn archive(code: &str) -> Archive {
    Archive::from_map([("main.py", code)]).unwrap()
}

fn run_with(code: &str, change: impl FnOnce(&mut Metadata)) -> ExecutionResult {
    let mut metadata = Metadata::new("main.py");
    change(&mut metadata);
    client().execute_sync(&archive(code), &metadata).unwrap()
}

fn run(code: &str) -> ExecutionResult {
    run_with(code, |_| {})
}

fn eval(code: &str) -> ExecutionResult {
    client().eval(&SimpleExecRequest::new(code)).unwrap()
}

fn limited(config: ExecutionConfig) -> impl FnOnce(&mut Metadata) {
    move |metadata| metadata.config = Some(config)
}

#[test]
fn what_is_killed_is_dead_and_stays_killed() {
    let (client, metadata) = (client(), Metadata::new("main.py"));
    let code = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)";
    let id = client.execute_async(&archive(code), &metadata).unwrap();
    while client.get_execution(&id).unwrap().status == Status::Pending {
        std::thread::yield_now();
    }
    assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    for _ in 0..20 {
        let result = client.get_execution(&id).unwrap();
        assert_eq!((&result.status, &result.outcome), (&Status::Killed, &Some(Outcome::Killed)));
        assert_eq!(client.kill_execution(&id).unwrap(), Status::Killed);
    }
}

#[test]
fn disk_mb_is_enforced() {
    let code = "try: open('/work/x', 'wb').write(bytes(64 << 20)); print('all')\n\
                except OSError as e: print(e.errno)";
    let config = ExecutionConfig { disk_mb: 8, ..ExecutionConfig::default() };
    assert_eq!(run_with(code, limited(config)).stdout, "28\n");
}

#[test]
fn a_script_is_no_root_and_its_root_cannot_be_written() {
    let code = "import os\nprint(os.getuid() != 0, open('/proc/self/uid_map').read().split()[1] != '0')\n\
                for path in ('/x', '/usr/x', '/etc/x'):\n    try: open(path, 'w')\n    except OSError as e: print(e.errno)";
    let result = run(code);
    assert_eq!(result.stdout, "True True\n30\n30\n30\n", "{}", result.stderr);
}

#[test]
fn a_missing_network_disabled_means_no_network() {
    let code = "print([l.split(':')[0].strip() for l in open('/proc/self/net/dev') if ':' in l])";
    assert_eq!(run(code).stdout, "['lo']\n");
    assert_eq!(run_with(code, limited(ExecutionConfig::default())).stdout, "['lo']\n");
}

#[test]
fn a_timeout_keeps_what_was_printed() {
    let config = ExecutionConfig { timeout_seconds: 1, ..ExecutionConfig::default() };
    let result = run_with("print('so far')\nimport time\ntime.sleep(60)", limited(config));
    assert_eq!(result.error.as_deref(), Some("execution timeout after 1s"));
    assert_eq!((result.stdout.as_str(), result.exit_code), ("so far\n", 124));
}

#[test]
fn errors_name_the_users_line_and_no_frame_of_ours() {
    let result = eval("x = 1\n\ndef f():\n    return 1 / 0\n\nf()");
    assert_eq!(
        (result.error_type.as_deref(), result.error_line),
        (Some("ZeroDivisionError"), Some(6))
    );
    let frames: Vec<_> = result.traceback.iter().map(|frame| frame.file.as_str()).collect();
    assert_eq!(frames, ["/work/main.py", "/work/main.py"]);
    assert!(!result.stderr.contains("pyexec"), "{}", result.stderr);
}

#[test]
fn error_types_come_from_the_interpreter() {
    for (code, error_type) in [
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise StopIteration", "StopIteration"),
        ("import json\njson.loads('{')", "json.decoder.JSONDecodeError"),
        ("raise ValueError", "ValueError"),
        ("class Mine(Exception): pass\nraise Mine('x')", "Mine"),
        ("print('FakeError: no')\nraise KeyError('k')", "KeyError"),
        ("raise RuntimeError('a\\nFakeError: b')", "RuntimeError"),
    ] {
        assert_eq!(eval(code).error_type.as_deref(), Some(error_type), "{code}");
    }
    let quiet = eval("import sys\nprint('ValueError: no', file=sys.stderr)");
    assert_eq!((quiet.error_type, quiet.exit_code), (None, 0));
}

#[test]
fn results_travel_apart_from_stdout() {
    let result = eval("print('a\\n\\n')\n6 * 7");
    assert_eq!((result.stdout.as_str(), result.result.as_deref()), ("a\n\n\n", Some("42")));
    let result = eval("import sys\nsys.stdout.write('no newline')\nNone");
    assert_eq!((result.stdout.as_str(), result.result), ("no newline", None));
    let marker = "__PYEXEC_RESULT__:'forged'";
    let result = eval(&format!("print({marker:?})\n1"));
    assert_eq!((result.stdout, result.result), (format!("{marker}\n"), Some("1".into())));
}

#[test]
fn characters_are_whole_wherever_a_chunk_ends() {
    // Two, three and four bytes each, so that every boundary falls into one.
    for (character, shift) in [("é", 1), ("€", 1), ("€", 2), ("😀", 1), ("😀", 3)] {
        let code = format!("print('x' * {shift} + '{character}' * 40_000, end='')");
        let expected = "x".repeat(shift) + &character.repeat(40_000);
        assert!(run(&code).stdout == expected, "{character} {shift}");
    }
}

#[test]
fn each_command_before_the_script_is_its_own() {
    let commands = |list: &[&str]| {
        let list = list.iter().map(|&command| command.to_owned()).collect();
        move |metadata: &mut Metadata| metadata.pre_commands = list
    };
    let result = run_with("print('script')", commands(&["echo one # a comment", "echo two #"]));
    assert_eq!(result.stdout, "one\ntwo\nscript\n");
    let result = run_with("print('script')", commands(&["echo 'open", "echo two"]));
    assert_ne!(result.exit_code, 0);
    assert!(!result.stdout.contains("script"), "{}", result.stdout);
}

#[test]
fn an_upload_above_the_cap_is_turned_away() {
    let server = with(ServerConfig { max_body_bytes: 1 << 20, ..ServerConfig::default() });
    let client = client_of(&server);
    let large = Archive::from_map([("main.py", vec![b'#'; 2 << 20])]).unwrap();
    let error = client.execute_sync(&large, &Metadata::new("main.py")).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(413), "{error}");
}

#[test]
fn more_than_there_are_slots_wait_as_pending() {
    let server = with(ServerConfig { slots: 1, ..ServerConfig::default() });
    let client = client_of(&server);
    let metadata = Metadata::new("main.py");
    let first = client.execute_async(&archive("import time; time.sleep(60)"), &metadata).unwrap();
    let second = client.execute_async(&archive("print(2)"), &metadata).unwrap();
    assert_eq!(client.get_execution(&second).unwrap().status, Status::Pending);
    client.kill_execution(&first).unwrap();
    let result = client.wait_for_completion(&second, Duration::from_millis(10)).unwrap();
    assert_eq!(result.stdout, "2\n");
}
