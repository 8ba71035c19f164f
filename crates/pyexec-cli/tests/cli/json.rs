//! What programs read.

use crate::{
    fake::{json as answer, ok},
    live,
    scripted::{Asked, server},
    session::{Session, pyexec},
    witness::Witness,
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::{fs, io::Read};

/// What a command prints, one value a line, and that it exits with what it says.
fn values(mut session: Session) -> Vec<Value> {
    let output = session.output();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last().unwrap();
    if let Some(exit_code) = last.get("exit_code").and_then(Value::as_i64) {
        assert_eq!(output.status.code().map(i64::from), Some(exit_code), "{text}");
    }
    lines
}

fn value(session: Session) -> Value {
    let mut values = values(session);
    assert_eq!(values.len(), 1, "{values:?}");
    values.remove(0)
}

/// An execution without what differs each time.
fn shown(mut value: Value) -> String {
    assert!(value["execution_id"].as_str().unwrap().starts_with("exe_"));
    assert!(value["started_at"].as_str().unwrap().ends_with('Z'));
    assert!(value["duration_ms"].is_u64());
    let execution = value.as_object_mut().unwrap();
    for key in [
        "execution_id",
        "started_at",
        "finished_at",
        "duration_ms",
        "cpu_ms",
        "peak_memory_mb",
        "queued_ms",
    ] {
        execution.remove(key).unwrap();
    }
    value.to_string()
}

#[test]
fn an_execution() {
    let code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)";
    assert_snapshot!(shown(value(pyexec(["run", "--json"]).stdin(code))), @r#"{"error":null,"error_line":null,"error_type":null,"exit_code":3,"isolation":"full","outcome":"exited","queue_position":null,"result":null,"server":"local","signal":null,"status":"completed","stderr":"err\n","stdout":"out\n","traceback":[],"truncated":false}"#);
    assert_snapshot!(shown(value(pyexec(["eval", "--json", "print('hi')\n6 * 7"]))), @r#"{"error":null,"error_line":null,"error_type":null,"exit_code":0,"isolation":"full","outcome":"exited","queue_position":null,"result":"42","server":"local","signal":null,"status":"completed","stderr":"","stdout":"hi\n","traceback":[],"truncated":false}"#);
}

#[test]
fn an_exception() {
    let value = value(pyexec(["eval", "--json", "x = 1\nx / 0"]));
    assert_eq!(value["exit_code"], 1);
    assert_eq!((&value["error"], &value["result"]), (&Value::Null, &Value::Null));
    assert_eq!(value["error_type"], "ZeroDivisionError");
    assert_eq!(value["error_line"], 2);
    assert_eq!(value["traceback"][0]["function"], "<module>");
    assert!(value["stderr"].as_str().unwrap().ends_with("ZeroDivisionError: division by zero\n"));
}

#[test]
fn bytes_that_are_no_text() {
    let code = "import sys\nsys.stdout.buffer.write(b'a\\xff')\nNone";
    for session in [pyexec(["eval", "--json", code]), pyexec(["run", "--json"]).stdin(code)] {
        let value = value(session);
        assert_eq!(
            (&value["stdout"], &value["stdout_base64"]),
            (&"a\u{fffd}".into(), &"Yf8=".into())
        );
        assert!(value.get("stderr_base64").is_none());
    }
}

#[test]
fn what_went_wrong() {
    let code = "import time\nprint('before')\ntime.sleep(60)";
    let timeout = value(pyexec(["run", "--json", "--timeout", "2"]).stdin(code));
    assert_eq!((&timeout["stdout"], &timeout["exit_code"]), (&"before\n".into(), &124.into()));
    assert_snapshot!(timeout["error"], @r#"{"causes":[],"code":"timeout","hint":null,"message":"execution timeout after 2s"}"#);
    let error = |session| value(session).to_string();
    assert_snapshot!(error(pyexec(["run", "--json", "missing.py"])), @r#"{"error":{"causes":["No such file or directory (os error 2)"],"code":"failure","hint":null,"message":"can't read missing.py"},"exit_code":125}"#);
    assert_snapshot!(error(pyexec(["run", "--jsno", "--json"])), @r#"{"error":{"causes":[],"code":"usage","hint":"a similar argument exists: '--json'","message":"unexpected argument '--jsno' found"},"exit_code":2}"#);
    assert_snapshot!(error(pyexec(["eval", "--json", "-q", "1"])), @r#"{"error":{"causes":[],"code":"usage","hint":null,"message":"--json says it all: --quiet can't apply"},"exit_code":2}"#);
    assert_snapshot!(error(pyexec(["kill", "--json"])), @r#"{"error":{"causes":[],"code":"usage","hint":null,"message":"the following required arguments were not provided:\n  <ID>..."},"exit_code":2}"#);
    let absent = value(pyexec(["run", "--json", "-s", "http://127.0.0.1:1"]).stdin("1"));
    assert_eq!((&absent["execution_id"], &absent["status"]), (&Value::Null, &Value::Null));
    assert_snapshot!(absent["error"], @r#"{"causes":[],"code":"no_connection","hint":"start a server there with `pyexec serve`, or name none (--server, PYEXEC_SERVER) to use this machine","message":"cannot connect to http://127.0.0.1:1: connection refused"}"#);
    assert_eq!(absent["exit_code"], 125);
}

#[test]
fn a_flag_of_the_program_is_none_of_ours() {
    let output = pyexec(["run", "missing.py", "--", "--json"]).output();
    assert!(output.stdout.is_empty() && output.stderr.starts_with(b"error: "));
}

#[test]
fn an_interrupted_run() {
    let witness = Witness::new();
    let program = format!("print('first')\n{}", witness.program());
    let session = pyexec(["run", "--json", "--network", "main.py"]).file("main.py", program);
    let (child, _folder) = live::start(session);
    witness.wait();
    kill_process(crate::served::pid(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["status"], &value["exit_code"]), (&"killed".into(), &130.into()));
    assert_eq!(value["error"]["code"], "interrupted");
    // As much as had come.
    assert!(["", "first\n"].contains(&value["stdout"].as_str().unwrap_or_default()), "{value}");
}

#[test]
fn a_gap_in_the_output() {
    let url = server(|asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => {
            asked.say(&answer("202 Accepted", r#"{"execution_id":"exe_1"}"#));
        }
        "GET /health" => asked.say(&ok(r#"{"status":"ok","extensions":["events"]}"#)),
        _ => asked.events(&[
            ("stdout", r#"{"offset":9,"data":"YQ=="}"#),
            ("result", r#"{"execution_id":"exe_1","status":"completed","exit_code":0}"#),
        ]),
    });
    let value = value(pyexec(["run", "--json", "-s", &url]).stdin("1"));
    assert_eq!((&value["exit_code"], &value["truncated"]), (&125.into(), &true.into()));
    assert_eq!(value["error"]["code"], "incomplete_output");
}

#[test]
fn events() {
    let server = live::serve();
    // A character in two pieces, bytes that are none, and a character that never ends.
    let code = "import os, time\n\
                os.write(1, b'h\\xc3')\n\
                time.sleep(0.3)\n\
                os.write(1, b'\\xa9\\n')\n\
                os.write(2, b'\\xff\\n')\n\
                time.sleep(0.3)\n\
                os.write(1, b'\\xc3')\n";
    let submitted = value(server.client(["submit", "--json"]).stdin(code));
    assert_eq!(submitted["server"], server.url());
    let id = submitted["execution_id"].as_str().unwrap().to_owned();
    let mut lines = values(server.client(["follow", "--json", &id]));
    let result = lines.pop().unwrap();
    assert_eq!((&result["event"], &result["exit_code"]), (&"result".into(), &0.into()));
    assert!(result.get("stdout").is_none());
    let of = |stream: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["event"] == stream).collect()
    };
    let (stdout, stderr) = (of("stdout"), of("stderr"));
    let (last, text) = stdout.split_last().unwrap();
    let text: String = text.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(text, "h\u{e9}\n");
    assert_snapshot!(last, @r#"{"base64":"ww==","event":"stdout","offset":4}"#);
    assert_snapshot!(stderr[0], @r#"{"base64":"/wo=","event":"stderr","offset":0}"#);

    let mut unknown = values(server.client(["follow", "--json", "exe_none"]));
    assert_snapshot!(unknown.remove(0), @r#"{"error":{"causes":[],"code":"not_found","hint":null,"message":"execution not found (HTTP 404)"},"event":"error","exit_code":125}"#);
}

#[test]
fn where_executions_stand() {
    let (server, witness) = (live::serve(), Witness::new());
    let submitted = server.client(["submit", "--json", "--network"]).stdin(witness.program());
    let id = value(submitted)["execution_id"].as_str().unwrap().to_owned();
    witness.wait();
    let status = value(server.client(["status", "--json", &id]));
    assert_eq!((&status["status"], &status["exit_code"]), (&"running".into(), &Value::Null));
    assert_eq!((&status["stdout"], &status["server"]), (&"".into(), &server.url().into()));
    value(server.client(["kill", "--json", &id]));
    let list = value(server.client(["ps", "--json"]));
    let [killed] = &list["executions"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!((&killed["execution_id"], &killed["exit_code"]), (&id.into(), &137.into()));
    assert_eq!(killed["error"]["code"], "killed");
    assert!(killed.get("stdout").is_none());
}

#[test]
fn kills() {
    let server = live::serve();
    let code = "import time\ntime.sleep(60)";
    let submit = || {
        let submitted = value(server.client(["submit", "--json"]).stdin(code));
        submitted["execution_id"].as_str().unwrap().to_owned()
    };
    let killed = value(server.client(["kill", "--json", &submit(), "exe_none", &submit()]));
    let executions = killed["executions"].as_array().unwrap();
    let stati: Vec<_> = executions.iter().map(|one| &one["status"]).collect();
    assert_eq!(stati, [&Value::from("killed"), &Value::Null, &"killed".into()]);
    assert_eq!(executions[1]["error"]["code"], "not_found");
    assert_eq!(killed["exit_code"], 125);
}

/// The keys of a table of the documentation, in order.
fn documented(heading: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli-json.md");
    let mut text = String::new();
    fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
    let section = text.split(heading).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("| key |"));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_key_is_documented() {
    let code = "import os\nos.write(1, b'\\xff')\nos.write(2, b'\\xff')";
    let value = value(pyexec(["eval", "--json", code]));
    let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    assert_eq!(sorted(keys), sorted(documented("\n## An execution\n")));
    let error = &crate::json::value(pyexec(["run", "--json", "none"]))["error"];
    let keys: Vec<_> = error.as_object().unwrap().keys().cloned().collect();
    assert_eq!(sorted(keys), sorted(documented("\n## An error\n")));
    let plan = &crate::json::value(pyexec(["run", "--json", "--dry-run"]).stdin("1"));
    let keys: Vec<_> = plan.as_object().unwrap().keys().cloned().collect();
    assert_eq!(sorted(keys), sorted(documented("\n## A plan\n")));
}
