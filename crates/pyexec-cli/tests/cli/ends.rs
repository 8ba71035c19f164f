//! How programs end, and what the exit code says of it.

use crate::{
    processes,
    served::Served,
    session::{Session, pyexec, shown},
    witness::{Running, Witness},
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process, kill_process_group};
use std::{
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

#[test]
fn its_own_exit_code() {
    assert_snapshot!(pyexec(["run"]).stdin("raise SystemExit(3)").show(), @"exit 3");
    let signal = "import os, signal\nos.kill(os.getpid(), signal.SIGUSR1)";
    assert_snapshot!(pyexec(["run"]).stdin(signal).show(), @"exit 138");
}

#[test]
fn a_timeout() {
    let code = "import time\nprint('before')\ntime.sleep(60)";
    assert_snapshot!(pyexec(["run", "--timeout", "3"]).stdin(code).show(), @"
    exit 124
    --- stdout
    before
    --- stderr
    Error: execution timeout after 3s
    ");
}

#[test]
fn out_of_memory() {
    // In pieces and in several processes, so that no single allocation can be refused.
    let code =
        "import os\nfor _ in range(3): os.fork()\nx = []\nwhile True: x.append(bytearray(65536))";
    let output = pyexec(["run", "--memory", "64", "--timeout", "30"]).stdin(code).output();
    assert_eq!(output.status.code(), Some(137), "{}", shown(&output));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("Error: out of memory: the limit is memory_mb = 64\n"), "{stderr}");
}

/// A program that would go on for long.
fn long(session: impl FnOnce(&str) -> Session) -> (Child, Running, TempDir) {
    let witness = Witness::new();
    let (mut command, folder) = session(&witness.program()).into_parts();
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().unwrap();
    (child, witness.wait(), folder)
}

fn run(program: &str) -> Session {
    pyexec(["run", "--network", "-q", "main.py"]).file("main.py", program)
}

fn eval(program: &str) -> Session {
    pyexec(["eval", "--network", "-q", program])
}

/// Whoever started the tests may ignore that signal, and we heed who does.
fn hung_up(program: &str) -> Session {
    eval(program).within(&["env", "--default-signal=HUP"])
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    for session in [run, eval] {
        let (child, program, _folder) = long(session);
        let pid = crate::served::pid(&child);
        let descendants = processes::below(pid);
        assert!(!descendants.is_empty());
        // A terminal sends it to the whole group.
        kill_process_group(pid, Signal::INT).unwrap();
        assert_eq!(shown(&child.wait_with_output().unwrap()), "exit 130\n");
        program.assert_ends();
        processes::assert_gone(&descendants);
    }
}

#[test]
fn sigterm_leaves_nothing_behind() {
    for (session, signal, exit) in [
        (run as fn(&str) -> Session, Signal::TERM, "exit 143\n"),
        (hung_up, Signal::HUP, "exit 129\n"),
    ] {
        let (child, program, _folder) = long(session);
        let pid = crate::served::pid(&child);
        let descendants = processes::below(pid);
        kill_process(pid, signal).unwrap();
        assert_eq!(shown(&child.wait_with_output().unwrap()), exit);
        program.assert_ends();
        processes::assert_gone(&descendants);
    }
}

#[test]
fn a_signal_that_a_parent_wants_ignored() {
    let witness = Witness::new();
    let program = witness.program_that_waits();
    let session = pyexec(["run", "--network", "-q", "main.py"]).file("main.py", program);
    let (child, _folder) = crate::live::start(session.within(&["nohup"]));
    let running = witness.wait();
    kill_process(crate::served::pid(&child), Signal::HUP).unwrap();
    running.let_go();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"let go\n"[..]));
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let code = "import time\nprint('y\\n' * 100_000)\ntime.sleep(0.3)";
    for session in [pyexec(["eval", code]), pyexec(["run", "main.py"]).file("main.py", code)] {
        let (mut command, _folder) = session.into_parts();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(shown(&child.wait_with_output().unwrap()), "exit 141\n");
    }
}

/// What `sh` makes of a pipeline, with `$PYEXEC` and a server.
fn shell(server: &Served, script: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("PYEXEC", env!("CARGO_BIN_EXE_pyexec"));
    command.env("PYEXEC_SERVER", server.url()).stdin(Stdio::null());
    shown(&command.output().unwrap())
}

#[test]
fn head_ends_the_execution_on_a_server() {
    let (server, witness) = (crate::live::serve(), Witness::new());
    let program = witness.program().replace("time.sleep(60)", "while True: print('y')");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.py"), program).unwrap();
    let thread = std::thread::spawn(move || witness.wait().assert_ends());
    let path = folder.path().display();
    let script =
        format!("{{ \"$PYEXEC\" run --network {path}/main.py; echo $? >&2; }} | head -n 1");
    assert_snapshot!(shell(&server, &script), @"
    exit 0
    --- stdout
    y
    --- stderr
    141
    ");
    thread.join().unwrap();
}

#[test]
fn head_ends_what_writes_nothing_more() {
    let (server, witness) = (crate::live::serve(), Witness::new());
    let folder = tempfile::tempdir().unwrap();
    let program = format!("print('first')\n{}", witness.program());
    std::fs::write(folder.path().join("main.py"), program).unwrap();
    let thread = std::thread::spawn(move || witness.wait().assert_ends());
    let path = folder.path().display();
    let script =
        format!("{{ \"$PYEXEC\" run --network {path}/main.py; echo $? >&2; }} | head -n 1");
    assert_snapshot!(shell(&server, &script), @"
    exit 0
    --- stdout
    first
    --- stderr
    141
    ");
    thread.join().unwrap();
    // What ends by itself ended well, though nobody waited for that.
    let script = "{ \"$PYEXEC\" eval 'print(1)'; echo $? >&2; } | head -n 1";
    assert_snapshot!(shell(&server, script), @"
    exit 0
    --- stdout
    1
    --- stderr
    0
    ");
}

#[test]
fn signals_end_it_on_a_server() {
    let server = crate::live::serve();
    for (signal, exit) in [(Signal::INT, "exit 130\n"), (Signal::TERM, "exit 143\n")] {
        let client =
            |program: &str| server.client(["run", "--network", "main.py"]).file("main.py", program);
        let (child, program, _folder) = long(client);
        kill_process(crate::served::pid(&child), signal).unwrap();
        assert_eq!(shown(&child.wait_with_output().unwrap()), exit);
        program.assert_ends();
    }
}

#[test]
fn ctrl_c_in_follow_only_leaves() {
    let (server, witness) = (crate::live::serve(), Witness::new());
    let program = format!("print('first')\n{}", witness.program_that_waits());
    let output = server.client(["submit", "--network"]).stdin(program).output();
    let id = String::from_utf8(output.stdout).unwrap();
    let running = witness.wait();
    let (mut child, _folder) = crate::live::start(server.client(["follow", id.trim()]));
    let mut first = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    kill_process(crate::served::pid(&child), Signal::INT).unwrap();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"
    exit 130
    --- stderr
    note: exe_ID goes on; to come back: pyexec follow exe_ID --since 6-0
    ");
    running.let_go();
    assert_snapshot!(server.client(["follow", id.trim()]).show(), @"
    exit 0
    --- stdout
    first
    let go
    ");
}

#[test]
fn a_timeout_on_a_server() {
    let code = "import time\nprint('before')\ntime.sleep(60)";
    let server = crate::live::serve();
    assert_snapshot!(server.client(["run", "--timeout", "2"]).stdin(code).show(), @"
    exit 124
    --- stdout
    before
    --- stderr
    Error: execution timeout after 2s
    ");
}
