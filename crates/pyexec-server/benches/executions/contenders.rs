//! Other ways to run the same script.

use pyexec_sandbox::Interpreter;
use std::{
    path::Path,
    process::{Command, Stdio},
};

const SCRIPT: [&str; 2] = ["-c", "print(1)"];
const IMAGE: &str = "python:3.12-slim";

/// Starts it, waits for its end and reads its output.
pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"1\n", "{}", String::from_utf8_lossy(&output.stderr));
}

/// Without two variables that the sandbox doesn't pass on either.
pub(crate) fn bare(interpreter: &Interpreter) -> Command {
    let mut command = Command::new(interpreter.executable());
    command.args(SCRIPT).env_remove("PYTHONUNBUFFERED").env_remove("PYTHONDONTWRITEBYTECODE");
    command
}

/// With namespaces and file systems like ours; it brings neither limits nor a filter of system
/// calls by itself. Or why not.
pub(crate) fn bubblewrap(interpreter: &Interpreter) -> Result<Command, String> {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]);
    command.args(["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]);
    command.args(["--tmpfs", "/tmp", "--tmpfs", "/work", "--chdir", "/work", "--clearenv"]);
    for folder in ["/bin", "/lib", "/lib64"].map(Path::new).into_iter().filter(|it| it.exists()) {
        command.arg("--ro-bind").args([folder, folder]);
    }
    if !interpreter.prefix().starts_with("/usr") {
        command.arg("--ro-bind").args([interpreter.prefix(); 2]);
    }
    command.arg(interpreter.executable()).args(SCRIPT);
    tried(command)
}

/// Where an engine answers and has the image. Or why not.
pub(crate) fn docker() -> Result<Command, String> {
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--pull", "never", "--network", "none"]);
    command.args([IMAGE, "python"]).args(SCRIPT);
    tried(command)
}

fn tried(mut command: Command) -> Result<Command, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.stdout == b"1\n" {
        return Ok(command);
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").to_owned())
}
