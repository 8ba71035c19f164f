//! PID 2: the interpreter, or the shell that runs the commands before it.

use super::privileges;
use crate::{
    Environment,
    message::{Order, Program, Step, StepError},
    sys::{self, Fork},
    weaken::{Layer, without},
};
use rustix::{
    fd::OwnedFd,
    fs::{MemfdFlags, memfd_create},
    pipe::{PipeFlags, pipe_with},
    process::{Pid, setsid},
};
use std::{
    convert::Infallible,
    fs::File,
    io::{Read, Seek, Write},
};

/// Everything that PID 2 needs beside its streams, made while memory files still may be.
pub(crate) struct Prepared {
    /// Python waits for the end of this; a shell doesn't.
    go: (OwnedFd, OwnedFd),
    /// What the script's process is to become.
    message: OwnedFd,
    /// Says why the program couldn't be started; silent where it could.
    failure: (OwnedFd, OwnedFd),
    program: sys::Program,
    numbers: Numbers,
}

/// A process that has started and waits.
pub(crate) struct Started {
    pid: Pid,
    go: OwnedFd,
    failure: OwnedFd,
}

impl Prepared {
    pub(crate) fn new(order: &Order) -> Result<Self, StepError> {
        let pipe = || pipe_with(PipeFlags::CLOEXEC).step("making a pipe");
        let message =
            memfd_create("pyexec-go", MemfdFlags::CLOEXEC).step("making a memory file")?;
        let mut file = File::from(message);
        file.write_all(&go_message(order, &order.env))
            .and_then(|()| file.rewind())
            .step("writing arguments")?;
        let numbers = Numbers::beyond(order);
        let program = program(order, &numbers).step("starting the program")?;
        Ok(Self { go: pipe()?, message: file.into(), failure: pipe()?, program, numbers })
    }

    /// Forks PID 2 with its standard streams and the claims channel.
    pub(crate) fn start(self, order: &Order, streams: [&OwnedFd; 4]) -> Result<Started, StepError> {
        match sys::fork().step("forking")? {
            Fork::Parent(pid) => Ok(Started { pid, go: self.go.1, failure: self.failure.0 }),
            Fork::Child => {
                let Err(error) = enter(order, streams, &self);
                let report = serde_json::to_vec(&error).unwrap_or_default();
                sys::write_to(self.numbers.failure, &report);
                sys::exit_now(126)
            }
        }
    }
}

impl Started {
    /// Lets it go, once everything is in place.
    pub(crate) fn go(self) -> Result<Pid, StepError> {
        let mut failure = Vec::new();
        File::from(self.failure).read_to_end(&mut failure).step("waiting for the program")?;
        if let Ok(error) = serde_json::from_slice(&failure) {
            return Err(error);
        }
        // A shell doesn't listen, and an interpreter that is gone has said why.
        let _ = rustix::io::write(&self.go, b"go");
        Ok(self.pid)
    }
}

/// Kind of program, entrypoint, folder of an environment's packages, number of arguments, arguments,
/// variables, with NULs between them.
pub(crate) fn go_message(order: &Order, variables: &[String]) -> Vec<u8> {
    let program = match order.program {
        Program::Script => "script",
        Program::Eval => "eval",
    };
    let (entrypoint, count) = (script(order), order.args.len().to_string());
    let packages = order.packages.as_ref().map_or("", |_| Environment::PATH);
    let words = [program, &entrypoint, packages, &count].into_iter();
    let words = words.chain(order.args.iter().chain(variables).map(String::as_str));
    words.collect::<Vec<_>>().join("\0").into_bytes()
}

/// What a zygote is started with.
pub(crate) const MAIN: &str = "/work/main.py";

fn script(order: &Order) -> String {
    format!("/work/{}", order.entrypoint)
}

/// The file that the interpreter is to open.
pub(crate) fn opened(order: &Order) -> String {
    match order.program {
        Program::Script => script(order),
        Program::Eval => "/opt/pyexec/eval/main.py".into(),
    }
}

/// How many descriptors a script's process has beside its own.
pub(crate) const DESCRIPTORS: u64 = 4;

/// Their numbers: beyond those that the script may have, so that it gets the same ones, and as
/// many, as everywhere.
struct Numbers {
    claims: i32,
    go: i32,
    message: i32,
    failure: i32,
}

impl Numbers {
    fn beyond(order: &Order) -> Self {
        let first = i32::try_from(order.open_files).unwrap_or(i32::MAX - 3);
        Self { claims: first, go: first + 1, message: first + 2, failure: first + 3 }
    }
}

/// The interpreter, or the shell that comes before it.
fn program(order: &Order, numbers: &Numbers) -> rustix::io::Result<sys::Program> {
    let shell = !order.pre_commands.is_empty();
    let (path, argv) = if shell { shell_command(order) } else { python_command(order) };
    let Numbers { go, message, claims, .. } = numbers;
    let boot = (!shell).then(|| format!("script,{go},{message},{claims}"));
    sys::Program::new(path, argv, environment(order, boot))
}

/// Between fork and exec: nothing here allocates unless it fails.
fn enter(
    order: &Order,
    [stdin, stdout, stderr, claims]: [&OwnedFd; 4],
    prepared: &Prepared,
) -> Result<Infallible, StepError> {
    let numbers = &prepared.numbers;
    let place = |from: &OwnedFd, to, survives_exec| {
        sys::duplicate_to(from, to, survives_exec).step("placing a stream")
    };
    place(&prepared.failure.1, numbers.failure, false)?;
    setsid().step("starting a session")?;
    place(stdout, 1, true)?;
    place(stderr, 2, true)?;
    if !order.pre_commands.is_empty() {
        // Last, since any of the others may have had this number.
        place(stdin, STDIN_FOR_LATER, true)?;
        sys::close_all_but([STDIN_FOR_LATER, numbers.failure])
    } else {
        place(stdin, 0, true)?;
        place(&prepared.go.0, numbers.go, true)?;
        place(&prepared.message, numbers.message, true)?;
        place(claims, numbers.claims, true)?;
        let leaked = if without(Layer::ClosedDescriptors) { 3 } else { numbers.claims };
        place(claims, leaked, true)?;
        sys::close_all_but([numbers.failure, numbers.message, numbers.go, numbers.claims, leaked])
    }
    .step("closing descriptors")?;

    rustix::process::chdir("/work").step("entering /work")?;
    sys::reset_signals();
    privileges::limit(None, order)?;

    Err(prepared.program.exec()).step(format!("starting {}", order.interpreter))
}

/// Where a shell finds the script's standard input; its own is empty.
const STDIN_FOR_LATER: i32 = 9;

fn python_command(order: &Order) -> (String, Vec<String>) {
    (order.interpreter.clone(), vec![order.interpreter.clone(), "-u".into(), opened(order)])
}

/// One `sh` runs each command by itself, so that a comment or an open quote in one can't reach
/// the next, and stops at the first that fails.
fn shell_command(order: &Order) -> (String, Vec<String>) {
    let mut text = String::new();
    for command in &order.pre_commands {
        text += &format!("eval {}\ncase $? in 0) ;; *) exit ;; esac\n", quote(command));
    }
    text += &format!("exec \"$@\" <&{STDIN_FOR_LATER} {STDIN_FOR_LATER}<&-\n");
    let python = [&order.interpreter, "-u", &script(order)].map(str::to_owned);
    let argv = ["/bin/sh", "-c", &text, "sh"].map(str::to_owned);
    ("/bin/sh".into(), argv.into_iter().chain(python).chain(order.args.iter().cloned()).collect())
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What every program gets.
fn usual(bin: &str) -> Vec<String> {
    let path = format!("PATH={bin}:/usr/local/bin:/usr/bin:/bin");
    [&*path, "HOME=/work", "USER=pyexec", "LANG=C.UTF-8"].map(str::to_owned).to_vec()
}

/// Where `sitecustomize` lies.
const BOOT_PATH: &str = "PYTHONPATH=/opt/pyexec/boot";

/// The same before anyone has asked for anything.
pub(crate) fn zygote_environment(bin: &str, boot: &str) -> Vec<String> {
    let boot = [BOOT_PATH.to_owned(), format!("PYEXEC_BOOT={boot}")];
    usual(bin).into_iter().chain(boot).collect()
}

/// A clean environment, the request's variables, and what our part of the start needs.
pub(crate) fn environment(order: &Order, boot: Option<String>) -> Vec<String> {
    let mut pairs = usual(&order.bin);
    if without(Layer::CleanEnvironment) {
        pairs.extend(std::env::vars().map(|(name, value)| format!("{name}={value}")));
    }
    let key = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    for pair in &order.env {
        pairs.retain(|other| key(other) != key(pair));
        pairs.push(pair.clone());
    }
    if let Some(boot) = boot {
        let given = pairs.iter().find_map(|pair| pair.strip_prefix("PYTHONPATH="));
        let path = given.map_or(BOOT_PATH.to_owned(), |given| format!("{BOOT_PATH}:{given}"));
        pairs.retain(|pair| key(pair) != "PYTHONPATH" && key(pair) != "PYEXEC_BOOT");
        pairs.extend([path, format!("PYEXEC_BOOT={boot}")]);
    }
    pairs
}
