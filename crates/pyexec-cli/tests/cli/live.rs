//! Output as it is written, byte for byte.

use crate::{
    served::{Served, pid, wait},
    session::{Session, pyexec, shown},
    witness::Witness,
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};
use tempfile::TempDir;

/// A server that gives its executions the network to call the test.
pub(crate) fn serve() -> Served {
    Served::start(pyexec(["serve", "--port", "0"]).env("PYEXEC_NETWORK_MODE", "host"))
}

/// A client in the background.
pub(crate) fn start(session: Session) -> (Child, TempDir) {
    let (mut command, folder) = session.into_parts();
    (command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), folder)
}

/// Reads a line while the program waits, lets it go on, and reads the rest.
fn assert_live(session: Session, witness: Witness) {
    let (mut child, _folder) = start(session);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "first\n");
    witness.wait().let_go();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "let go\n");
    assert_eq!(wait(&mut child).code(), Some(0));
}

fn first_and_wait(witness: &Witness) -> String {
    format!("print('first')\n{}", witness.program_that_waits())
}

#[test]
fn each_line_when_it_is_printed() {
    let witness = Witness::new();
    let program = first_and_wait(&witness);
    let session = pyexec(["run", "--network", "main.py"]).file("main.py", program);
    assert_live(session, witness);

    let (server, witness) = (serve(), Witness::new());
    let program = first_and_wait(&witness);
    let session = server.client(["run", "--network", "main.py"]).file("main.py", program);
    assert_live(session, witness);
}

#[test]
fn follow_shows_what_was_and_what_comes() {
    let (server, witness) = (serve(), Witness::new());
    let output = server.client(["submit", "--network"]).stdin(first_and_wait(&witness)).output();
    let id = String::from_utf8(output.stdout).unwrap();
    assert_live(server.client(["follow", id.trim()]), witness);
    // Once it is over all of it can be had again.
    assert_snapshot!(server.client(["follow", id.trim()]).show(), @"
    exit 0
    --- stdout
    first
    let go
    ");
}

#[test]
fn bytes_that_are_no_text() {
    let code = "import sys\n\
                sys.stdout.buffer.write(bytes(range(256)) * 4000)\n\
                sys.stderr.buffer.write(bytes(range(255, -1, -1)) * 1000)\n";
    let (out, err) = ((0..=255).collect::<Vec<u8>>(), (0..=255).rev().collect::<Vec<u8>>());
    let server = serve();
    for session in [pyexec(["run"]), server.client(["run"]), pyexec(["eval", "--no-result"])] {
        let output = session.stdin(code).output();
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        assert!(output.stdout == out.repeat(4000) && output.stderr == err.repeat(1000));
    }
    let quiet = pyexec(["run", "-q"]).stdin(code).output();
    assert!(quiet.stdout == out.repeat(4000) && quiet.stderr.is_empty());
}

#[test]
fn the_id_is_said_while_it_runs() {
    let (server, witness) = (serve(), Witness::new());
    let client = server.client(["run", "-v", "--network", "main.py"]);
    let (mut child, _folder) = start(client.file("main.py", witness.program()));
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let id = line.strip_prefix("Execution ID: ").unwrap().trim();
    let running = witness.wait();
    // From another shell.
    assert_snapshot!(server.client(["kill", id]).show(), @"
    exit 0
    --- stdout
    killed
    ");
    running.assert_ends();
    assert_eq!(wait(&mut child).code(), Some(137));
}

#[test]
fn a_server_that_goes_away_half_way() {
    let (server, witness) = (serve(), Witness::new());
    let program = format!("print('first')\n{}", witness.program());
    let client = server.client(["run", "--network", "main.py"]).file("main.py", program);
    let (mut child, _folder) = start(client);
    // It has come to us before the server goes.
    let mut first = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first\n");
    let running = witness.wait();
    server.end(Signal::KILL);
    running.assert_ends();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"
    exit 125
    --- stderr
    error: lost sight of exe_ID before its end
    caused by: cannot connect to http://127.0.0.1:PORT: connection refused
    hint: it may go on: `pyexec follow exe_ID`, or `pyexec kill exe_ID`
    ");
}

#[test]
fn a_signal_while_somebody_waits_for_a_server() {
    // It takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let (child, _folder) = start(pyexec(["run", "-s", &url, "main.py"]).file("main.py", "1"));
    let (_connection, _) = silent.accept().unwrap();
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 130");
}

#[test]
fn the_end_of_what_was_written() {
    let (server, witness) = (serve(), Witness::new());
    let code = format!("print('a\\nb\\nc')\n{}", witness.program_that_waits());
    let output = server.client(["submit", "--network"]).stdin(code).output();
    let id = String::from_utf8(output.stdout).unwrap();
    let (id, running) = (id.trim(), witness.wait());
    let (mut child, _folder) = start(server.client(["follow", "--tail", "1", id]));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "c\n");
    running.let_go();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), wait(&mut child).code()), ("let go\n", Some(0)));
    assert_snapshot!(server.client(["follow", "--tail", "2", id]).show(), @"
    exit 0
    --- stdout
    c
    let go
    ");
    assert_snapshot!(server.client(["follow", "--since", "2-0", id]).show(), @"
    exit 0
    --- stdout
    b
    c
    let go
    ");
    assert_snapshot!(server.client(["follow", "--since", "5m", id]).show(), @"
    exit 2
    --- stderr
    error: invalid value '5m' for '--since <OFFSETS>': it is two numbers of bytes, of standard output and standard error: 120-0

    For more information, try '--help'.
    ");
}

#[test]
fn output_that_the_server_keeps_no_more() {
    let config = "port = 0\noutput_mb = 1\n";
    let server = Served::start(pyexec(["serve", "--config", "c.toml"]).file("c.toml", config));
    let code = "print('x' * 2_999_999)";
    let mut run = server.client(["run", "-v"]).stdin(code);
    let stderr = String::from_utf8(run.output().stderr).unwrap();
    let id = stderr.strip_prefix("Execution ID: ").unwrap().lines().next().unwrap();
    // Whoever comes later finds the beginning and the end.
    let output = server.client(["follow", id]).output();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(125), 1 << 20));
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @"
    error: the output is incomplete: 1951424 bytes of standard output left out
    hint: a server keeps the beginning and the end of what is too long; have the program write less
    ");
}
