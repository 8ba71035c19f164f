//! Every example that a help text gives, run as it stands there.

use crate::{
    packages,
    served::{Served, serve},
    session::{Session, pyexec, shown},
};
use expect_test::expect_file;
use rustix::process::Signal;
use std::{env, fmt::Write, path::Path, process::Command};

/// An example: its remark, and what a shell is given.
struct Example {
    remark: String,
    lines: Vec<String>,
}

/// Those at the end of a command's help.
fn examples(command: &str) -> Vec<Example> {
    let words: Vec<_> = command.split(' ').collect();
    let output = Command::new(env!("CARGO_BIN_EXE_pyexec")).args(&words).arg("--help").output();
    let help = String::from_utf8(output.unwrap().stdout).unwrap();
    let (_, lines) = help.split_once("\nExamples:\n").expect("examples");
    let mut examples: Vec<Example> = Vec::new();
    for line in lines.lines().map_while(|line| line.strip_prefix("  ")) {
        match line.strip_prefix("# ") {
            Some(remark) => examples.push(Example { remark: remark.into(), lines: Vec::new() }),
            None if examples.is_empty() => {
                examples.push(Example { remark: String::new(), lines: vec![line.into()] });
            }
            None => examples.last_mut().unwrap().lines.push(line.into()),
        }
    }
    assert!(examples.len() >= 2, "{command}: {lines}");
    examples
}

/// A shell in a folder with all that examples take for granted, which finds the program.
pub(crate) fn shell(script: &str) -> Session {
    let program = Path::new(env!("CARGO_BIN_EXE_pyexec")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap());
    pyexec([])
        .instead(&["bash", "-euc", script])
        .env("PATH", &path)
        .home()
        .env("PIP_FIND_LINKS", packages::wheels())
        .env("UV_FIND_LINKS", packages::wheels())
        .file("requirements.txt", "colorama\n")
        .file("script.py", "import sys\nprint('script', *sys.argv[1:])\n")
        .file("forever.py", "import time\ntime.sleep(600)\n")
        .file("project/main.py", "import helper\nprint(helper.NAME)\n")
        .file("project/helper.py", "NAME = 'project'\n")
        .home()
        .file(".config/fish/completions/other.fish", "")
        .secret("tokens", "s3cret\n")
        .config("[profile.default]\ntimeout = 60\n\n[profile.work]\nmemory = 512\n")
}

/// What came of all examples of a command.
fn sessions(command: &str, server: Option<&Served>) -> String {
    let mut text = String::new();
    for Example { remark, lines } in examples(command) {
        let script = lines.join("\n");
        let session = match server {
            // The address that is in the examples is that of a server of ours.
            Some(server) => shell(&script.replace("http://127.0.0.1:8080", server.url()))
                .env("PYEXEC_SERVER", server.url()),
            None => shell(&script),
        };
        let shown = session.show();
        assert!(shown.starts_with("exit 0\n"), "{script}\n{shown}");
        writeln!(text, "# {remark}").unwrap();
        for line in &lines {
            writeln!(text, "$ {line}").unwrap();
        }
        writeln!(text, "{shown}").unwrap();
    }
    text
}

#[test]
fn on_this_machine() {
    expect_file!["examples/run.txt"].assert_eq(&sessions("run", None));
    expect_file!["examples/eval.txt"].assert_eq(&sessions("eval", None));
    expect_file!["examples/config.txt"]
        .assert_eq(&(sessions("config show", None) + &sessions("config path", None)));
}

#[test]
fn on_a_server() {
    let server = serve();
    for command in ["submit", "follow", "kill"] {
        let sessions = sessions(command, Some(&server));
        expect_file![format!("examples/{command}.txt")].assert_eq(&sessions);
    }
}

/// What is different each time: that it succeeds has to do.
#[test]
fn whose_words_are_tested_elsewhere() {
    for command in ["completions", "version", "help", "doctor"] {
        sessions(command, None);
    }
    let server = serve();
    for command in ["ps", "status"] {
        sessions(command, Some(&server));
    }
}

#[test]
fn on_a_server_of_ones_own() {
    for command in ["local status", "local stop"] {
        for Example { lines, .. } in examples(command) {
            let script = lines.join("\n") + "\npyexec local stop --now";
            let shown = shell(&script).show();
            assert!(shown.starts_with("exit 0\n"), "{script}\n{shown}");
        }
    }
}

#[test]
fn servers() {
    for Example { lines, .. } in examples("serve") {
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        // Nobody else is to reach it, and the port may be taken.
        let script = format!("exec {}", line.replace("0.0.0.0", "127.0.0.1"));
        let server = Served::start(shell(&script).env("PYEXEC_PORT", "0"));
        assert!(shown(&server.end(Signal::TERM)).starts_with("exit 0\n"), "{line}");
    }
}

#[test]
fn with_packages() {
    for command in ["env ls", "env prune", "env warm"] {
        sessions(command, None);
    }
}
