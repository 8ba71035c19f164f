//! This user's own server in the background: `submit`, `ps`, `status`, `kill` and `follow` with no
//! server named.

use crate::session::{Session, pyexec, shown};
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Output, Stdio},
};
use tempfile::TempDir;

/// A user of their own, whose server ends with this.
struct User(TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn pyexec<const N: usize>(&self, args: [&str; N]) -> Session {
        pyexec(args).env("XDG_STATE_HOME", self.0.path().to_str().unwrap())
    }

    fn run<const N: usize>(&self, args: [&str; N]) -> Output {
        self.pyexec(args).output()
    }

    fn printed<const N: usize>(&self, args: [&str; N]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", shown(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn submit(&self, code: &str) -> String {
        let output = self.pyexec(["submit"]).stdin(code).output();
        assert!(output.status.success(), "{}", shown(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What `local status` knows.
    fn server(&self) -> Value {
        serde_json::from_slice(&self.run(["local", "status", "--json"]).stdout).unwrap()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.server()["pid"].as_i64().unwrap().try_into().unwrap()).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("pyexec/local")
    }

    /// Waits for the end of whatever serves.
    fn await_end(&self) {
        fs::File::open(self.folder().join("lock")).unwrap().lock().unwrap();
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.run(["local", "stop", "--now"]);
    }
}

#[test]
fn a_submission_is_followed_listed_and_told_of() {
    let user = User::new();
    assert_snapshot!(user.pyexec(["local", "status"]).show(), @"
    exit 1
    --- stdout
    no local server runs; `pyexec submit` starts one
    ");
    let id = user.submit("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)");
    assert_snapshot!(user.pyexec(["follow", &id]).show(), @"
    exit 3
    --- stdout
    out
    --- stderr
    err
    ");
    let listed = user.printed(["ps"]);
    let rows: Vec<Vec<&str>> = listed.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["ID", "STATUS", "EXIT", "STARTED", "TOOK"]);
    assert_eq!(rows[1][..3], [&id, "completed", "3"]);
    assert_eq!(user.printed(["ps", "-q"]), id);
    assert_eq!(user.printed(["ps", "-q", "--status", "running"]), "");
    let list: Value = serde_json::from_str(&user.printed(["ps", "--json"])).unwrap();
    assert_eq!(list["executions"][0]["execution_id"], json!(id));
    let told = user.printed(["status", &id]);
    assert!(told.contains("Status:     completed\n") && told.contains("Exit code:  3\n"), "{told}");
    let told: Value = serde_json::from_str(&user.printed(["status", &id, "--json"])).unwrap();
    assert_eq!((&told["stdout"], &told["exit_code"]), (&json!("out\n"), &json!(3)));
    let unknown = user.pyexec(["status", "exe_none"]).show();
    assert_snapshot!(unknown, @"
    exit 125
    --- stderr
    error: execution not found (HTTP 404)
    ");
}

#[test]
fn twenty_at_once_start_one_server() {
    let user = User::new();
    let ids: Vec<_> = std::thread::scope(|scope| {
        let submit = |n| user.submit(&format!("print({n})"));
        let threads: Vec<_> = (0..20).map(|n| scope.spawn(move || submit(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(user.printed(["follow", id]), n.to_string());
    }
    assert_eq!(user.printed(["ps", "-q", "-n", "0"]).lines().count(), 20);
    // Each start puts the log of the one before aside.
    assert!(!user.folder().join("log.1").exists());
}

#[test]
fn nobody_else_can_look_into_its_folder() {
    let user = User::new();
    let started = user.pyexec(["submit"]).env("API_KEY", "s3cret").stdin("pass").output();
    assert!(started.status.success(), "{}", shown(&started));
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&user.folder()), 0o700);
    for entry in fs::read_dir(user.folder()).unwrap() {
        let path = entry.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    let pid = user.pid().as_raw_pid();
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("s3cret"));
}

#[test]
fn a_folder_that_others_could_write_to_is_refused() {
    let user = User::new();
    fs::create_dir_all(user.folder()).unwrap();
    fs::set_permissions(user.folder(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = user.pyexec(["ps"]).output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    fs::set_permissions(user.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(said.contains("it has to be a folder of yours alone: chmod 700"), "{said}");
}

#[test]
fn a_crash_is_survived_and_leaves_the_results() {
    let user = User::new();
    let id = user.submit("print('before')");
    assert_eq!(user.printed(["follow", &id]), "before");
    let waiting = user.submit("import time; time.sleep(600)");
    let pid = user.pid();
    kill_process(pid, Signal::KILL).unwrap();
    user.await_end();
    // What the dead one said of itself is still there, and is nobody's address any more.
    assert!(user.folder().join("server.json").exists());
    assert_eq!(user.printed(["follow", &id]), "before");
    assert_ne!(user.pid(), pid);
    let lost: Value = serde_json::from_str(&user.printed(["status", &waiting, "--json"])).unwrap();
    assert_eq!(lost["status"], "failed");
    assert_eq!(lost["error"]["message"], "server restarted while it ran");
}

/// Somebody else listens where the dead server did: they never see the token.
#[test]
fn a_port_that_became_somebody_elses_never_sees_the_token() {
    let user = User::new();
    user.submit("pass");
    let pid = user.pid();
    kill_process(pid, Signal::KILL).unwrap();
    user.await_end();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = user.folder().join("server.json");
    let mut said: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    said["url"] = json!(format!("http://{}", stranger.local_addr().unwrap()));
    fs::write(&path, said.to_string()).unwrap();

    stranger.set_nonblocking(true).unwrap();
    assert!(user.run(["ps"]).status.success());
    let heard = stranger.accept().map(|(mut call, _)| {
        let mut text = String::new();
        call.read_to_string(&mut text).unwrap_or_default();
        text
    });
    assert!(heard.as_ref().map_or(true, String::is_empty), "{heard:?}");
}

#[test]
fn one_of_another_version_is_drained_and_replaced() {
    let user = User::new();
    let id = user.submit("import time; time.sleep(1); print('drained')");
    let path = user.folder().join("server.json");
    let mut said: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let old = said["pid"].clone();
    said["version"] = json!("0.0.1");
    fs::write(&path, said.to_string()).unwrap();
    let output = user.run(["follow", &id]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "drained\n", "{}", shown(&output));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"note: waiting for the local server (pyexec 0.0.1) to finish what it runs; `pyexec local stop --now` ends that");
    assert_ne!(user.server()["pid"], old);
}

#[test]
fn it_ends_when_nobody_needs_it() {
    let user = User::new();
    let submitted =
        user.pyexec(["submit"]).env("PYEXEC_LOCAL_IDLE", "1").stdin("print(1)").output();
    assert!(submitted.status.success(), "{}", shown(&submitted));
    user.await_end();
    assert_eq!(user.server(), json!({"running": false}));
    assert!(!user.folder().join("server.json").exists());
    let id = String::from_utf8(submitted.stdout).unwrap();
    assert_eq!(user.printed(["follow", id.trim()]), "1");
}

#[test]
fn it_is_ended_on_request() {
    let user = User::new();
    assert_eq!(user.printed(["local", "stop"]), "no local server runs");
    let id = user.submit("import time; time.sleep(600)");
    assert_eq!(user.printed(["local", "stop", "--now"]), "the local server has ended");
    assert_eq!(user.server(), json!({"running": false}));
    let told: Value = serde_json::from_str(&user.printed(["status", &id, "--json"])).unwrap();
    assert_eq!(told["status"], "failed");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let user = User::new();
    let output = user.pyexec(["ps"]).env("PYEXEC_ISOLATION", "none-at-all").output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(said.starts_with("error: the local server did not start\ncaused by: "), "{said}");
    assert!(said.contains("PYEXEC_ISOLATION") && said.contains("hint: "), "{said}");
}

#[test]
fn a_project_that_cannot_be_read_starts_no_server() {
    let user = User::new();
    assert_snapshot!(user.pyexec(["submit", "main.py"]).show(), @"
    exit 125
    --- stderr
    error: can't read main.py
    caused by: No such file or directory (os error 2)
    ");
    assert_eq!(user.server(), json!({"running": false}));
}

#[test]
fn kill_works_without_a_server_named() {
    let user = User::new();
    let id = user.submit("import time; time.sleep(600)");
    assert_eq!(user.printed(["kill", &id]), "killed");
    assert_eq!(user.run(["follow", &id]).status.code(), Some(137));
}

/// A caller that reads to the end of our output waits for us alone, not for the server.
#[test]
fn it_holds_nothing_of_its_starters() {
    let user = User::new();
    let (mut command, _folder) = user.pyexec(["submit"]).into_parts();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"import time; time.sleep(600)").unwrap();
    // Reads both pipes to their ends.
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(user.server()["running"], json!(true));
}
