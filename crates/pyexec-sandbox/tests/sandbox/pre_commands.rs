//! Commands before the script.

use crate::harness::{Ran, job, run};
use pyexec_sandbox::End;

fn ran(commands: &[&str], code: &str) -> Ran {
    let mut job = job(&[("main.py", code)]);
    job.pre_commands = commands.iter().map(|&command| command.to_owned()).collect();
    job.args = vec!["it's".into()];
    job.stdin = b"for the script".to_vec();
    run(job)
}

#[test]
fn they_run_before_the_script_in_one_shell() {
    let ran = ran(
        &["echo pre; echo err >&2 # a comment", "export A=1; cd /tmp", "cat; X='open \"quote'"],
        "import os, sys\nprint(os.environ['A'], os.getcwd(), sys.argv, sys.stdin.read())",
    );
    assert_eq!(ran.stdout, "pre\n1 /tmp ['/work/main.py', \"it's\"] for the script\n", "{ran:?}");
    assert_eq!(ran.stderr, "err\n");
    assert_eq!(ran.finished.end, End::Exited(0));
}

#[test]
fn the_first_that_fails_stops_everything_with_its_exit_code() {
    let ran = ran(&["echo one", "sh -c 'exit 7'", "echo two"], "print('script')");
    assert_eq!((ran.stdout.as_str(), ran.finished.end), ("one\n", End::Exited(7)));
}

#[test]
fn broken_syntax_is_the_commands_own() {
    let ran = ran(&["if true", "echo two"], "print('script')");
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.finished.end, End::Exited(2));
}

#[test]
fn python_on_the_path_is_the_interpreter_that_was_asked_for() {
    let version = crate::harness::newest();
    let ran = ran(&["python -V; python3 -V"], "");
    assert!(
        ran.stdout.lines().all(|line| line.starts_with(&format!("Python {version}."))),
        "{ran:?}"
    );
}
