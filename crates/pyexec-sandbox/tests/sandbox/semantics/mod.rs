//! A script inside is plain Python: the same bytes and the same end as `python -u` outside, on
//! every interpreter of this machine, by a copy of a zygote and by a new interpreter.

mod exits;
mod imports;
mod language;
mod processes;
mod streams;
mod variables;

use crate::harness::{SANDBOX, await_zygote, job, run};
use pyexec_sandbox::{End, Interpreter, PythonVersion, Start};
use std::{
    io::Write,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
};

type Files = &'static [(&'static str, &'static str)];

/// A script, what it is given, and its name.
struct Case {
    name: &'static str,
    files: Files,
    args: &'static [&'static str],
    env: &'static [&'static str],
    stdin: &'static str,
}

const fn case(name: &'static str, files: Files) -> Case {
    Case { name, files, args: &[], env: &[], stdin: "" }
}

const fn input(name: &'static str, stdin: &'static str, files: Files) -> Case {
    Case { name, files, args: &[], env: &[], stdin }
}

const fn variables(name: &'static str, env: &'static [&'static str], files: Files) -> Case {
    Case { name, files, args: &[], env, stdin: "" }
}

/// Runs every case outside and inside, in both ways, on every interpreter.
fn compare(cases: &[Case]) {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let interpreters = SANDBOX.interpreters().iter();
        let threads: Vec<_> = interpreters
            .map(|interpreter| scope.spawn(|| differences(interpreter, cases)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(interpreter: &Interpreter, cases: &[Case]) -> Vec<String> {
    let version = interpreter.version();
    await_zygote(version);
    let mut wrong = Vec::new();
    for case in cases {
        let outside = outside(interpreter, case);
        for start in [Start::Zygote, Start::Strict] {
            let (inside, by) = inside(version, case, start);
            let name = case.name;
            if outside != inside {
                wrong.push(format!(
                    "{name} on {version} by {by:?}:\n outside {outside:?}\n inside  {inside:?}"
                ));
            }
            // Variables may call for a new interpreter.
            if case.env.is_empty() && by != start {
                wrong.push(format!("{name} on {version} was run by {by:?}, not by {start:?}"));
            }
        }
    }
    wrong
}

type Seen = (String, String, End);

fn inside(version: PythonVersion, case: &Case, start: Start) -> (Seen, Start) {
    let mut job = job(case.files);
    job.version = version;
    job.start = start;
    job.args = case.args.iter().map(|&arg| arg.to_owned()).collect();
    job.env = case.env.iter().map(|&pair| pair.to_owned()).collect();
    job.stdin = case.stdin.into();
    let ran = run(job);
    let seen = (same_addresses(&ran.stdout), same_addresses(&ran.stderr), ran.finished.end);
    (seen, ran.finished.start)
}

/// The same by hand, with the folder's name replaced.
fn outside(interpreter: &Interpreter, case: &Case) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in case.files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    plain(interpreter, folder.path(), case.files[0].0, case)
}

fn plain(interpreter: &Interpreter, folder: &Path, script: &str, case: &Case) -> Seen {
    let bin = interpreter.executable().parent().unwrap().display().to_string();
    // Signals that whoever runs the tests ignores (nohup: SIGHUP) would be ignored by the script.
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(interpreter.executable());
    command.arg("-u").arg(folder.join(script)).args(case.args).current_dir(folder).env_clear();
    command.env("PATH", format!("{bin}:/usr/local/bin:/usr/bin:/bin"));
    command.env("HOME", folder).env("USER", "pyexec").env("LANG", "C.UTF-8");
    command.envs(case.env.iter().map(|pair| pair.split_once('=').unwrap()));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A script that doesn't read may be gone before.
    drop(child.stdin.take().unwrap().write_all(case.stdin.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let real = folder.to_str().unwrap();
    let text =
        |bytes: &[u8]| same_addresses(&String::from_utf8_lossy(bytes).replace(real, "/work"));
    let end = match output.status.signal() {
        Some(signal) => End::Signaled(signal),
        None => End::Exited(output.status.code().unwrap()),
    };
    (text(&output.stdout), text(&output.stderr), end)
}

/// Addresses of objects and threads differ from run to run.
fn same_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "0x…" + part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit())
    })
}
