//! What somebody at a terminal sees.

use crate::{
    fake::{Received, json, ok},
    scripted::{Asked, server},
    served::wait,
    session::{Session, pyexec},
};
use rustix::pty;
use std::{
    fs::File,
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A program whose standard error is a terminal.
struct AtTerminal {
    child: Child,
    shown: mpsc::Receiver<String>,
    text: String,
    _folder: TempDir,
}

fn start(session: Session) -> AtTerminal {
    let flags = pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY;
    let controller = pty::openpt(flags).unwrap();
    pty::grantpt(&controller).unwrap();
    pty::unlockpt(&controller).unwrap();
    let name = pty::ptsname(&controller, Vec::new()).unwrap();
    let name = name.to_str().unwrap();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    let (mut command, folder) = session.env("TERM", "xterm").into_parts();
    let child = command.stdout(Stdio::piped()).stderr(terminal).spawn().unwrap();
    // The last one that holds the terminal is the child.
    drop(command);
    let (tell, shown) = mpsc::channel();
    thread::spawn(move || {
        let (mut controller, mut buffer) = (File::from(controller), [0; 1024]);
        // A terminal without anybody is an error.
        while let Ok(read @ 1..) = controller.read(&mut buffer) {
            tell.send(String::from_utf8_lossy(&buffer[..read]).into_owned()).unwrap_or_default();
        }
    });
    AtTerminal { child, shown, text: String::new(), _folder: folder }
}

impl AtTerminal {
    /// Waits until the terminal was shown that.
    fn wait_for(&mut self, words: &str) {
        let start = Instant::now();
        while !self.text.contains(words) {
            let left = Duration::from_secs(20).saturating_sub(start.elapsed());
            match self.shown.recv_timeout(left) {
                Ok(text) => self.text += &text,
                Err(_) => panic!("no {words:?} in {:?}", self.text),
            }
        }
    }

    /// All that is printed to the end, and all that the terminal was shown.
    fn end(mut self) -> (String, String) {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        wait(&mut self.child);
        self.text.extend(self.shown.iter());
        (stdout, self.text)
    }
}

/// What leaves an empty line.
const CLEARED: &str = "\r\u{1b}[2K";

const COMPLETED: &str = r#"{"execution_id":"exe_1","status":"completed","exit_code":0}"#;

/// A server where an execution waits until somebody sends, and then runs.
fn busy() -> (String, mpsc::Sender<()>) {
    let (go_on, told) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let url = server(move |asked: Asked| match asked.line() {
        "POST /api/v1/exec/async" => {
            asked.say(&json("202 Accepted", r#"{"execution_id":"exe_1"}"#));
        }
        "GET /health" => asked.say(&ok(r#"{"status":"ok","extensions":["events"]}"#)),
        _ => {
            asked.events(&[("status", r#"{"status":"pending","queue_position":3}"#)]);
            told.lock().unwrap().recv().unwrap_or_default();
            asked.more(&[
                ("status", r#"{"status":"running"}"#),
                ("stdout", r#"{"offset":0,"data":"b3V0Cg=="}"#),
                ("result", COMPLETED),
            ]);
        }
    });
    (url, go_on)
}

fn run(url: &str) -> Session {
    pyexec(["run", "main.py"]).env("PYEXEC_SERVER", url).file("main.py", "1")
}

#[test]
fn the_place_in_the_queue() {
    let (url, go_on) = busy();
    let mut terminal = start(run(&url));
    terminal.wait_for("waiting: 3 executions before it");
    go_on.send(()).unwrap();
    let (stdout, shown) = terminal.end();
    assert_eq!(stdout, "out\n");
    assert!(shown.ends_with(CLEARED) && !shown.contains('\n'), "{shown:?}");
}

#[test]
fn nothing_where_nobody_wants_it() {
    let quiet = |session: Session| {
        let (url, go_on) = busy();
        go_on.send(()).unwrap();
        let (_, shown) = start(session.env("PYEXEC_SERVER", &url).file("main.py", "1")).end();
        assert_eq!(shown, "");
    };
    quiet(pyexec(["run", "-q", "main.py"]));
    quiet(pyexec(["run", "--json", "main.py"]));
    quiet(pyexec(["run", "main.py"]).env("CI", "true"));
}

#[test]
fn how_much_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // More than the system keeps for the two.
    let session = pyexec(["submit", "."]).env("PYEXEC_SERVER", &url).file("main.py", "1");
    let mut terminal = start(session.file("large", vec![0; 64 << 20]));
    let (mut stream, _) = listener.accept().unwrap();
    let head = head(&stream);
    terminal.wait_for("sending [");
    terminal.wait_for("/64.00 MiB");
    let size: u64 = head.header("content-length").unwrap().parse().unwrap();
    std::io::copy(&mut (&stream).take(size), &mut std::io::sink()).unwrap();
    let accepted = json("202 Accepted", r#"{"execution_id":"exe_1"}"#);
    stream.write_all(accepted.as_bytes()).unwrap();
    let (stdout, shown) = terminal.end();
    assert_eq!(stdout, "exe_1\n");
    assert!(shown.ends_with(CLEARED) && !shown.contains('\n'), "{shown:?}");
}

/// Reads a request's head, byte by byte, and gives leave for the rest.
fn head(mut stream: &TcpStream) -> Received {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    let head = Received::head(&mut BufReader::new(&bytes[..])).unwrap();
    if head.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    head
}

#[test]
fn a_signal_ends_an_upload_at_once() {
    use rustix::process::{Signal, kill_process};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let session = pyexec(["run", "."]).env("PYEXEC_SERVER", &url).file("main.py", "1");
    let mut terminal = start(session.file("large", vec![0; 64 << 20]));
    let (stream, _) = listener.accept().unwrap();
    let head = head(&stream);
    terminal.wait_for("sending [");
    kill_process(crate::served::pid(&terminal.child), Signal::INT).unwrap();
    let size: u64 = head.header("content-length").unwrap().parse().unwrap();
    let came = std::io::copy(&mut (&stream).take(size), &mut std::io::sink()).unwrap_or(0);
    assert!(came < size, "all of it came");
    assert_eq!(wait(&mut terminal.child).code(), Some(130));
}
