//! A server that outlives the program.

use crate::{
    served::{Served, pid, serve},
    session::{pyexec, shown},
    witness::Witness,
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process};
use std::process::Stdio;

#[test]
fn run_and_eval() {
    let server = serve();
    assert_snapshot!(server.client(["run", "-v"]).stdin("print('remote')").show(), @"
    exit 0
    --- stdout
    remote
    --- stderr
    Execution ID: exe_ID
    Status: completed
    Duration: Nms
    Server: http://127.0.0.1:PORT
    ---
    ");
    assert_snapshot!(server.client(["eval", "2 + 2"]).show(), @"
    exit 0
    --- stdout
    4
    ");
    let flag = pyexec(["--server", &format!("{}/", server.url()), "eval", "3"]);
    // A flag wins over the variable.
    assert_snapshot!(flag.env("PYEXEC_SERVER", "http://127.0.0.1:1").show(), @"
    exit 0
    --- stdout
    3
    ");
}

#[test]
fn submit_and_follow() {
    let server = serve();
    let code = "import sys, time\ntime.sleep(0.4)\nprint('out')\nsys.exit('err')";
    let output = server.client(["submit"]).stdin(code).output();
    let id = String::from_utf8(output.stdout).unwrap();
    assert!(id.starts_with("exe_") && id.ends_with('\n') && output.stderr.is_empty(), "{id}");
    assert_snapshot!(server.client(["follow", "-v", id.trim()]).show(), @"
    exit 1
    --- stdout
    out
    --- stderr
    Execution ID: exe_ID
    Status: completed
    Duration: Nms
    Server: http://127.0.0.1:PORT
    ---
    err
    ");
    assert_snapshot!(server.client(["follow", "-q", id.trim()]).show(), @"exit 1");
    assert_snapshot!(server.client(["run", "--async", "-v"]).stdin(code).show(), @"
    exit 0
    --- stdout
    exe_ID
    --- stderr
    Server: http://127.0.0.1:PORT
    ");
}

#[test]
fn submit_and_kill() {
    let server = serve();
    let submit = || {
        let code = "import time\ntime.sleep(60)";
        let output = server.client(["submit"]).stdin(code).output();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let id = submit();
    assert_snapshot!(server.client(["kill", &id]).show(), @"
    exit 0
    --- stdout
    killed
    ");
    assert_snapshot!(server.client(["follow", &id]).show(), @"exit 137");
    assert_snapshot!(server.client(["kill", "-q", &submit()]).show(), @"exit 0");
}

#[test]
fn an_id_that_is_unknown() {
    let server = serve();
    assert_snapshot!(server.client(["follow", "exe_none"]).show(), @"
    exit 125
    --- stderr
    error: execution not found (HTTP 404)
    ");
    assert_snapshot!(server.client(["kill", "exe_none"]).show(), @"
    exit 125
    --- stderr
    error: execution not found (HTTP 404)
    ");
}

#[test]
fn a_token() {
    let closed = pyexec(["serve", "--port", "0"]).env("PYEXEC_TOKEN", "s3cret");
    let server = Served::start(closed);
    assert_snapshot!(server.client(["eval", "1"]).show(), @"
    exit 125
    --- stderr
    error: this server wants a token: send `Authorization: Bearer TOKEN` (HTTP 401)
    hint: pass the server's token: set PYEXEC_TOKEN, or --token-file FILE
    ");
    assert_snapshot!(server.client(["eval", "1"]).env("PYEXEC_TOKEN", "s3cret").show(), @"
    exit 0
    --- stdout
    1
    ");
    let by_file = server.client(["eval", "1", "--token-file", "token"]);
    assert_snapshot!(by_file.secret("token", "s3cret\n").show(), @"
    exit 0
    --- stdout
    1
    ");
    let public = server.client(["--token-file", "token", "eval", "1"]).script("token", "s3cret");
    assert_snapshot!(public.show(), @"
    exit 2
    --- stderr
    error: others on this machine can get at the token in token (mode 755)
    hint: keep it to yourself: chmod 600 token
    ");
}

#[test]
fn what_the_server_refuses() {
    let server = Served::start(pyexec(["serve", "--port", "0", "--installer", "none"]));
    assert_snapshot!(server.client(["run", "--network"]).stdin("1").show(), @"
    exit 125
    --- stderr
    error: network_disabled is false, but this server gives executions no network; its operator can allow it with PYEXEC_NETWORK_MODE=pasta or host (HTTP 400)
    ");
    let requirements = server.client(["run", "--requirements", "r.txt"]).file("r.txt", "six");
    assert_snapshot!(requirements.stdin("1").show(), @"
    exit 125
    --- stderr
    note: --requirements turns the network on; --network=false keeps it off
    error: this server installs no packages: its operator turned that off, or there is neither uv nor pip; send the modules along as files (HTTP 400)
    ");
    let requirements = server
        .client(["submit", "--requirements", "r.txt", "--network=false"])
        .file("r.txt", "six");
    assert_snapshot!(requirements.stdin("1").show(), @"
    exit 125
    --- stderr
    error: this server installs no packages: its operator turned that off, or there is neither uv nor pip; send the modules along as files (HTTP 400)
    ");
    assert_snapshot!(server.client(["eval", "1", "--timeout", "100000"]).show(), @"
    exit 125
    --- stderr
    error: timeout_seconds is 100000, above this server's maximum of 3600 (HTTP 400)
    ");
}

#[test]
fn a_server_that_is_not_there() {
    let absent = pyexec(["--server", "http://127.0.0.1:1", "run"]).stdin("1");
    assert_snapshot!(absent.show(), @"
    exit 125
    --- stderr
    error: cannot connect to http://127.0.0.1:PORT: connection refused
    hint: start a server there with `pyexec serve`, or name none (--server, PYEXEC_SERVER) to use this machine
    ");
}

#[test]
fn ctrl_c_ends_it_on_the_server_too() {
    let session = pyexec(["serve", "--port", "0"]).env("PYEXEC_NETWORK_MODE", "host");
    let server = Served::start(session);
    let witness = Witness::new();
    let client = server.client(["eval", "--network", &witness.program()]);
    let (mut command, _folder) = client.into_parts();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let program = witness.wait();
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 130");
    program.assert_ends();
}
