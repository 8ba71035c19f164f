//! A real server, for as long as a test needs it.

use crate::session::{Session, pyexec};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Output, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `pyexec serve`, which ends with this.
pub(crate) struct Served {
    url: String,
    child: Child,
    log: Option<JoinHandle<String>>,
    _folder: TempDir,
}

/// `pyexec serve` on a free port.
pub(crate) fn serve() -> Served {
    Served::start(pyexec(["serve", "--port", "0"]))
}

impl Served {
    pub(crate) fn start(session: Session) -> Self {
        let (mut command, folder) = session.into_parts();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (head, url) = listening(&mut stderr);
        let log = thread::spawn(move || {
            let mut log = head;
            stderr.read_to_string(&mut log).unwrap_or_default();
            log
        });
        Self { url, child, log: Some(log), _folder: folder }
    }

    /// `pyexec` with these arguments and this server.
    pub(crate) fn client<const N: usize>(&self, args: [&str; N]) -> Session {
        pyexec(args).env("PYEXEC_SERVER", &self.url)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it with a signal and returns what it exited with and said.
    pub(crate) fn end(self, signal: Signal) -> Output {
        self.signal(signal);
        self.wait()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).unwrap();
    }

    /// Sends a request as it is, but for the headers that every request takes; its whole answer.
    pub(crate) fn ask(&self, head: &str, body: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        let rest =
            format!("Host: {address}\r\nContent-Length: {}\r\nConnection: close", body.len());
        connection.write_all(format!("{head}\r\n{rest}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn pid(&self) -> Pid {
        pid(&self.child)
    }

    /// Waits for its end and returns what it exited with and said.
    pub(crate) fn wait(mut self) -> Output {
        let status = wait(&mut self.child);
        let stderr = self.log.take().unwrap().join().unwrap().into_bytes();
        let mut stdout = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
        Output { status, stdout, stderr }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            kill_process(pid(&self.child), Signal::TERM).unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// What it says up to the address that it listens on.
fn listening(stderr: &mut BufReader<ChildStderr>) -> (String, String) {
    let mut head = String::new();
    loop {
        let before = head.len();
        assert_ne!(stderr.read_line(&mut head).unwrap(), 0, "it ended: {head}");
        // A line of its own, or one of a log in JSON.
        if let Some((_, url)) = head[before..].split_once("listening on ") {
            let url = url.split(['"', '\n']).next().unwrap_or_default().to_owned();
            return (head, url);
        }
    }
}

pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap()).unwrap()
}

/// Waits for the end of a process, but not forever.
pub(crate) fn wait(child: &mut Child) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it didn't end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}
