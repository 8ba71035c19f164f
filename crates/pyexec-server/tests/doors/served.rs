//! A server, with or without a token, and clients by hand.

use pyexec_sandbox::SandboxOptions;
use pyexec_server::{Server, ServerConfig, ServerError};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

/// As long as it takes on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Served {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
}

pub(crate) fn serve(change: impl FnOnce(&mut ServerConfig)) -> Served {
    let mut config = ServerConfig { grace: Duration::ZERO, ..ServerConfig::default() };
    change(&mut config);
    let server = Server::new(config, SandboxOptions::default()).unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = oneshot::channel();
    let ended = async { drop(ended.await) };
    let thread = std::thread::spawn(move || runtime.block_on(server.serve(listener, ended)));
    Served { address, end: Some(end), thread: Some(thread) }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Talk {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Talk(stream)
    }

    /// One request on a connection of its own; the whole answer.
    pub(crate) fn ask(&self, head: &str, body: &str) -> String {
        let mut talk = self.connect();
        let length = body.len();
        talk.say(&format!("{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"));
        talk.rest()
    }

    /// Tells it to end.
    pub(crate) fn tell(&mut self) {
        drop(self.end.take());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Result<(), ServerError> {
        self.tell();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// One connection.
pub(crate) struct Talk(TcpStream);

impl Talk {
    pub(crate) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Says one thing again and again until the server hangs up.
    pub(crate) fn trickle(&mut self, text: &str) {
        let pause = Duration::from_millis(5);
        self.0.set_read_timeout(Some(pause)).unwrap();
        let mut byte = [0];
        while self.0.write_all(text.as_bytes()).is_ok() {
            match self.0.read(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Ok(1..) => panic!("it answered"),
                _ => return,
            }
        }
    }

    /// `GET /health`, after which the connection may be used again.
    pub(crate) fn health(&mut self) {
        self.say("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}") {
            let mut piece = [0; 4096];
            let read = self.0.read(&mut piece).unwrap();
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..read]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }

    /// The next that comes is this.
    pub(crate) fn hear(&mut self, text: &str) {
        let mut heard = vec![0; text.len()];
        self.0.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), text);
    }

    /// What comes until the server hangs up.
    pub(crate) fn rest(mut self) -> String {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Reads nothing until the server hangs up.
    pub(crate) fn is_deaf(&mut self) {
        let begun = Instant::now();
        while self.0.write_all(b"\r\n").is_ok() {
            assert!(begun.elapsed() < PATIENCE, "it is still there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether nothing comes, not even an end, for so long.
    pub(crate) fn is_silent(&mut self, time: Duration) -> bool {
        self.0.set_read_timeout(Some(time)).unwrap();
        let read = self.0.read(&mut [0]);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

/// Runs a little Python.
pub(crate) fn eval(head: &str) -> (String, &'static str) {
    let head = format!("POST /api/v1/eval HTTP/1.1\r\n{head}");
    (head, r#"{"code":"1 + 1","eval_last_expr":true}"#)
}
