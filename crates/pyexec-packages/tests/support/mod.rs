//! The Python interpreters and the uv of this machine, to compare with.
#![allow(dead_code, reason = "each test uses what it needs")]

use serde_json::Value;
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A CPython, 3.10 or newer.
pub(crate) struct Interpreter {
    pub(crate) minor: u16,
    executable: PathBuf,
}

/// One of each version that is found, oldest first.
pub(crate) fn interpreters() -> Vec<Interpreter> {
    let found: Vec<_> = (10..=13).filter_map(Interpreter::find).collect();
    assert!(!found.is_empty(), "no Python from 3.10 to 3.13 to compare with");
    found
}

impl Interpreter {
    fn find(minor: u16) -> Option<Self> {
        let name = format!("python3.{minor}");
        let path = env::var_os("PATH").unwrap_or_default();
        let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
        let pyenv = env::var_os("PYENV_ROOT").map_or(home.join(".pyenv"), PathBuf::from);
        let installed = fs::read_dir(pyenv.join("versions")).into_iter().flatten().flatten();
        env::split_paths(&path)
            .chain(installed.map(|entry| entry.path().join("bin")))
            .map(|folder| folder.join(&name))
            .find(|executable| Self::works(executable, minor))
            .map(|executable| Self { minor, executable })
    }

    /// A shim may stand for a version that isn't chosen.
    fn works(executable: &Path, minor: u16) -> bool {
        let script = format!("import sys; sys.exit(sys.version_info[:2] != (3, {minor}))");
        let mut command = Command::new(executable);
        command.args(["-I", "-c", &script]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Runs a script, which reads JSON from its input and writes JSON.
    pub(crate) fn ask(&self, script: &str, input: &Value) -> Value {
        let mut child = Command::new(&self.executable)
            .args(["-I", "-W", "ignore", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_string();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success(), "python3.{} failed", self.minor);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The program `uv`.
pub(crate) struct Uv(PathBuf);

/// The one that `PYEXEC_TEST_UV` names, or that of the `PATH`.
pub(crate) fn uv() -> Option<Uv> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = || env::split_paths(&path).map(|folder| folder.join("uv")).find(|uv| uv.is_file());
    env::var_os("PYEXEC_TEST_UV").map(PathBuf::from).or_else(found).map(Uv)
}

impl Uv {
    /// Has it read a file of requirements, without any index. Gives its exit code, 2 where it
    /// can't read the file, and what it logs.
    pub(crate) fn read(&self, lines: &[&str]) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("requirements.txt"), lines.join("\n")).unwrap();
        let python = interpreters().pop().unwrap().executable;
        let output = Command::new(&self.0)
            .args(["-v", "pip", "compile", "--offline", "--no-index", "--no-config", "--no-cache"])
            .arg("--python")
            .arg(python)
            .arg("requirements.txt")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
