//! One run of the program and what came of it, as text that is the same every time.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// One run of the program in a folder of its own.
pub(crate) struct Session {
    folder: TempDir,
    command: Command,
    stdin: Option<Vec<u8>>,
}

/// The program with these arguments, in an empty environment.
pub(crate) fn pyexec<const N: usize>(args: [&str; N]) -> Session {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyexec"));
    command.args(args).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.env("XDG_CONFIG_HOME", folder.path().join(".config"));
    command.env("XDG_CACHE_HOME", folder.path().join(".cache"));
    // Packages come from nowhere, unless a test has some.
    command.env("PIP_NO_INDEX", "1").env("UV_NO_INDEX", "1").env("PIP_CONFIG_FILE", "/dev/null");
    Session { folder, command, stdin: None }
}

impl Session {
    /// Puts a file into the folder.
    pub(crate) fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        self
    }

    /// Puts a file into the folder that nobody else may read.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn secret(self, name: &str, contents: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        let session = self.file(name, contents);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        session
    }

    /// Puts a file that may be executed into the folder.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn script(self, name: &str, contents: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        let session = self.file(name, contents);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        session
    }

    /// Puts a symbolic link into the folder.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn link(self, target: &str, name: &str) -> Self {
        std::os::unix::fs::symlink(target, self.folder.path().join(name)).unwrap();
        self
    }

    /// Puts the configuration file where it is looked for.
    pub(crate) fn config(self, contents: &str) -> Self {
        self.file(".config/pyexec/config.toml", contents)
    }

    /// Makes the folder the home of whoever runs this.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn home(mut self) -> Self {
        self.command.env("HOME", self.folder.path());
        self
    }

    /// Adds arguments.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// One more argument.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.command.arg(arg);
        self
    }

    /// Pipes this in.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Takes standard input from there.
    pub(crate) fn stdin_from(mut self, source: impl Into<Stdio>) -> Self {
        self.command.stdin(source);
        self
    }

    /// Takes a copy of the program, or what starts it.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn program(mut self, program: &std::path::Path) -> Self {
        let mut command = Command::new(program);
        command.args(self.command.get_args());
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
        self
    }

    /// Has another program start it: one whose last arguments are a program and its arguments.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn within(self, wrapper: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(self.command.get_program()).args(self.command.get_args());
        self.replaced(command)
    }

    /// Starts another program in its place.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn instead(self, program: &[&str]) -> Self {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]);
        self.replaced(command)
    }

    #[cfg(all(feature = "local", target_os = "linux"))]
    fn replaced(mut self, mut command: Command) -> Self {
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
        self
    }

    /// Runs it to its end.
    pub(crate) fn output(&mut self) -> Output {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let Some(text) = self.stdin.take() else {
            return self.command.output().unwrap();
        };
        let mut child = self.command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // One that refuses its arguments doesn't read it.
        pipe.write_all(&text).unwrap_or_default();
        drop(pipe);
        child.wait_with_output().unwrap()
    }

    /// Runs it to its end and shows what came of it.
    pub(crate) fn show(mut self) -> String {
        let output = self.output();
        let folder = self.folder.path().to_str().unwrap().to_owned();
        shown(&output).replace(&folder, "FOLDER")
    }

    /// The command itself, for more than a run to the end, and the folder to keep.
    #[cfg(all(feature = "local", target_os = "linux"))]
    pub(crate) fn into_parts(self) -> (Command, TempDir) {
        // Whoever started the tests may ignore Ctrl-C, as shells have it for what runs in their
        // background, and we heed who does.
        let session = match ignores_interrupts() {
            true => self.within(&["env", "--default-signal=INT"]),
            false => self,
        };
        (session.command, session.folder)
    }
}

/// Whether this process ignores `SIGINT`, and what it starts would, too.
#[cfg(all(feature = "local", target_os = "linux"))]
fn ignores_interrupts() -> bool {
    const SIGINT: u64 = 1 << 1;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap() & SIGINT != 0
}

/// The exit code, and what was printed if anything was.
pub(crate) fn shown(output: &Output) -> String {
    let mut text = match output.status.code() {
        Some(code) => format!("exit {code}\n"),
        None => format!("{}\n", output.status),
    };
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let printed = normalized(&String::from_utf8_lossy(bytes));
            if printed.is_empty() {
                continue;
            }
            let end = if printed.ends_with('\n') { "" } else { "<no newline>\n" };
            write!(text, "--- {name}\n{printed}{end}").unwrap();
        }
    }
    text
}

/// Ids, durations and ports are different each time, and a server warns where this user has no
/// control group.
fn normalized(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let text: String = lines.filter(|line| !line.contains("no control group:")).collect();
    let text = masked(&text, "exe_", |c| c.is_ascii_hexdigit() || c == '-', "ID");
    let text = masked(&text, "Duration: ", |c| c.is_ascii_digit(), "N");
    masked(&text, "127.0.0.1:", |c| c.is_ascii_digit(), "PORT")
}

/// Replaces what belongs to the variable part after each `prefix`.
fn masked(text: &str, prefix: &str, belongs: impl Fn(char) -> bool, mask: &str) -> String {
    let mut parts = text.split(prefix);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&belongs);
        let mask = if rest.len() == part.len() { "" } else { mask };
        masked = masked + prefix + mask + rest;
    }
    masked
}
