//! How programs end, and what the exit code says of it.

use crate::{
    processes,
    session::{pyexec, shown},
    witness::{Running, Witness},
};
use insta::assert_snapshot;
use rustix::process::{Signal, kill_process, kill_process_group};
use std::{
    os::unix::process::CommandExt,
    process::{Child, Stdio},
};

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

/// A program that would go on for long, on this machine.
fn long() -> (Child, Running) {
    let witness = Witness::new();
    let program = witness.program();
    let (mut command, _) = pyexec(["eval", "-q", "--network", &program]).into_parts();
    command.current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().unwrap();
    (child, witness.wait())
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let (child, program) = long();
    let pid = crate::served::pid(&child);
    let descendants = processes::below(pid);
    assert!(!descendants.is_empty());
    // A terminal sends it to the whole group.
    kill_process_group(pid, Signal::INT).unwrap();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 130");
    program.assert_ends();
    processes::assert_gone(&descendants);
}

#[test]
fn sigterm_leaves_nothing_behind() {
    let (child, program) = long();
    let pid = crate::served::pid(&child);
    let descendants = processes::below(pid);
    kill_process(pid, Signal::TERM).unwrap();
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 143");
    program.assert_ends();
    processes::assert_gone(&descendants);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let code = "import time\nprint('y\\n' * 100_000)\ntime.sleep(0.3)";
    let (mut command, _folder) = pyexec(["eval", code]).into_parts();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_snapshot!(shown(&child.wait_with_output().unwrap()), @"exit 141");
}
