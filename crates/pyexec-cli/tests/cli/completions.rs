//! Command lines that are completed by the shells themselves.

use crate::{
    served::{Served, serve},
    session::{Session, pyexec},
};
use std::{
    env,
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a shell may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);
const PROMPT: &str = "READY> ";

/// A shell on a terminal of its own, at which this types.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<(Mutex<String>, Condvar)>,
    seen: usize,
    _folder: TempDir,
}

impl Terminal {
    /// Starts a shell that finds the program and means this server.
    fn start(shell: &str, server: &Served) -> Self {
        let session = beside(&["script", "-qfec", shell, "/dev/null"], server).env("PS1", PROMPT);
        let (mut command, folder) = session.env("TERM", "xterm").into_parts();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let screen = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut output, shown) = (child.stdout.take().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.0.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                shown.1.notify_all();
            }
        });
        let keys = child.stdin.take().unwrap();
        let mut terminal = Self { child, keys, screen, seen: 0, _folder: folder };
        terminal.wait(PROMPT);
        terminal
    }

    /// Types something, and waits until the screen shows what is expected behind what it showed.
    fn type_until(&mut self, keys: &str, expected: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.wait(expected);
    }

    fn wait(&mut self, expected: &str) {
        let start = Instant::now();
        let mut screen = self.screen.0.lock().unwrap();
        loop {
            if let Some(at) = screen[self.seen..].find(expected) {
                self.seen += at + expected.len();
                return;
            }
            let left = PATIENCE.checked_sub(start.elapsed());
            let left = left.unwrap_or_else(|| panic!("no {expected:?} in {screen:?}"));
            screen = self.screen.1.wait_timeout(screen, left).unwrap().0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A program that finds ours, in a home that is its own.
fn beside(program: &[&str], server: &Served) -> Session {
    let folder = Path::new(env!("CARGO_BIN_EXE_pyexec")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), env::var("PATH").unwrap());
    let session = pyexec([]).instead(program).env("PATH", &path);
    session.env("PYEXEC_SERVER", server.url()).home()
}

#[allow(clippy::print_stderr, reason = "says what stays untested")]
fn is_installed(shell: &str) -> bool {
    let found = Command::new(shell).args(["-c", "exit"]).status().is_ok();
    if !found {
        eprintln!("{shell} isn't installed: what it completes stays untested");
    }
    found
}

fn submitted(server: &Served) -> String {
    let output = server.client(["submit"]).stdin("import time\ntime.sleep(600)").output();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Types `pyexec ki⇥ ex⇥ ⏎` with one execution to choose from, and one that is over.
fn kills_what_it_completes(shell: &str, load: &str) {
    let server = serve();
    let over = submitted(&server);
    assert!(server.client(["kill", &over]).output().status.success());
    let id = submitted(&server);
    let mut terminal = Terminal::start(shell, &server);
    terminal.type_until(&format!("{load}\n"), "\n");
    terminal.wait(PROMPT);
    terminal.type_until("pyexec ki\t", "pyexec kill");
    // What was typed of it may stand apart.
    terminal.type_until("ex\t", &id[3..]);
    terminal.type_until("\n", "killed");
}

#[test]
fn bash_completes_a_command_and_an_id() {
    kills_what_it_completes("bash --noprofile --norc -i", "source <(pyexec completions bash)");
}

#[test]
fn zsh_completes_a_command_and_an_id() {
    if is_installed("zsh") {
        let load = "autoload -Uz compinit && compinit -u && source <(pyexec completions zsh)";
        kills_what_it_completes("zsh -f -i", load);
    }
}

#[test]
fn fish_completes_a_command_and_an_id() {
    if !is_installed("fish") {
        return;
    }
    let server = serve();
    let id = submitted(&server);
    let complete = |line: &str| {
        let script = format!("pyexec completions fish | source; complete -C '{line}'");
        let output = beside(&["fish", "-c", &script], &server).output();
        String::from_utf8(output.stdout).unwrap()
    };
    let commands = complete("pyexec ki");
    assert!(commands.starts_with("kill\t") && commands.lines().count() == 1, "{commands}");
    let ids = complete("pyexec kill exe_");
    assert!(ids.starts_with(&format!("{id}\t")) && ids.lines().count() == 1, "{ids}");
}

/// What bash would offer for the last of these words; flags only where it is one.
fn offered(session: Session, words: &[&str]) -> Vec<String> {
    let mut session = session.env("PYEXEC_COMPLETE", "bash").env("_CLAP_IFS", "\n");
    let index = words.len() - 1;
    session = session.env("_CLAP_COMPLETE_INDEX", &index.to_string());
    let output = session.args(&["--"]).args(words).output();
    assert!(output.stderr.is_empty(), "{output:?}");
    let is_wanted = |word: &&str| words[index].starts_with('-') || !word.starts_with('-');
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().filter(is_wanted).map(str::to_owned).collect()
}

#[test]
fn flags_shells_profiles_and_files() {
    let here = || pyexec([]);
    assert_eq!(offered(here(), &["pyexec", "run", "--ti"]), ["--timeout"]);
    assert_eq!(offered(here(), &["pyexec", "completions", ""]), ["bash", "zsh", "fish"]);
    assert_eq!(offered(here(), &["pyexec", "help", "exit"]), ["exit-codes"]);
    let config = "[profile.default]\n[profile.work]\n[profile.'$(x)']\n";
    let profiles = offered(here().config(config), &["pyexec", "eval", "--profile", ""]);
    assert_eq!(profiles, ["default", "work"]);
    let file = || here().file("input.csv", "");
    assert_eq!(offered(file(), &["pyexec", "run", "inp"]), ["input.csv"]);
    assert_eq!(offered(file(), &["pyexec", "run", "x.py", "--", "inp"]), ["input.csv"]);
}

#[test]
fn ids_of_the_server_that_the_line_means() {
    let (server, other) = (serve(), serve());
    let (id, others) = (submitted(&server), submitted(&other));
    let ids = |words: &[&str]| offered(pyexec([]).env("PYEXEC_SERVER", server.url()), words);
    assert_eq!(ids(&["pyexec", "follow", "exe"]), [id.as_str()]);
    assert_eq!(ids(&["pyexec", "follow", "-s", other.url(), ""]), [others.as_str()]);
    assert_eq!(ids(&["pyexec", "-s", other.url(), "kill", ""]), [others.as_str()]);
    assert_eq!(ids(&["pyexec", "follow", "none"]), [""; 0]);
    assert!(server.client(["kill", &id]).output().status.success());
    assert_eq!(ids(&["pyexec", "follow", ""]), [id.as_str()]);
    assert_eq!(ids(&["pyexec", "kill", ""]), [""; 0]);
}

#[test]
fn ids_behind_a_token() {
    let server = Served::start(pyexec(["serve", "--port", "0"]).env("PYEXEC_TOKEN", "s3cret"));
    let submit = server.client(["submit", "--token-file", "token"]).secret("token", "s3cret");
    let output = submit.stdin("1").output();
    let id = String::from_utf8(output.stdout).unwrap();
    let ids = |words: &[&str]| offered(server.client([]).secret("token", "s3cret"), words);
    assert_eq!(ids(&["pyexec", "follow", "--token-file", "token", "exe"]), [id.trim()]);
    assert_eq!(ids(&["pyexec", "follow", "exe"]), [""; 0]);
}

#[test]
fn ids_of_the_local_server() {
    let state = tempfile::tempdir().unwrap();
    let local = |session: Session| session.env("XDG_STATE_HOME", state.path().to_str().unwrap());
    let ids = || offered(local(pyexec([])), &["pyexec", "follow", "exe"]);
    // Nobody starts it just to ask.
    assert_eq!(ids(), [""; 0]);
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
    let output = local(pyexec(["submit"])).stdin("1").output();
    let id = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ids(), [id.trim()]);
    assert!(local(pyexec(["local", "stop", "--now"])).output().status.success());
}

#[test]
fn no_server_no_ids_and_no_words() {
    let nowhere = pyexec([]).env("PYEXEC_SERVER", "http://127.0.0.1:1");
    assert_eq!(offered(nowhere, &["pyexec", "kill", ""]), [""; 0]);
    assert_eq!(offered(pyexec([]).home(), &["pyexec", "kill", ""]), [""; 0]);
    assert_eq!(offered(pyexec([]).home().config("!"), &["pyexec", "kill", ""]), [""; 0]);
}

#[test]
fn shells_that_are_none() {
    let refused = pyexec(["completions", "bahs"]).show();
    assert!(refused.contains("a similar value exists: 'bash'"), "{refused}");
}
