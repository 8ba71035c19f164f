//! Programs whose life can be seen from outside.

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// What a long program calls as soon as it runs, over the network that it must be given.
pub(crate) struct Witness(TcpListener);

/// A program that runs.
pub(crate) struct Running(TcpStream);

impl Witness {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).unwrap())
    }

    /// A program that calls and then would go on for long.
    pub(crate) fn program(&self) -> String {
        self.calling("import time\ntime.sleep(60)\n")
    }

    /// A program that calls, and once it is let go prints `let go`.
    pub(crate) fn program_that_waits(&self) -> String {
        self.calling("call.recv(1)\nprint('let go')\n")
    }

    fn calling(&self, rest: &str) -> String {
        let port = self.0.local_addr().unwrap().port();
        format!("import socket\ncall = socket.create_connection(('127.0.0.1', {port}))\n{rest}")
    }

    /// Waits for its call.
    pub(crate) fn wait(self) -> Running {
        let (call, _) = self.0.accept().unwrap();
        call.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Running(call)
    }
}

impl Running {
    /// Hangs up.
    pub(crate) fn let_go(self) {}

    /// Waits a little for the program's end, which ends its call.
    pub(crate) fn assert_ends(mut self) {
        let heard = self.0.read(&mut [0]);
        assert!(matches!(heard, Ok(0)), "it still runs: {heard:?}");
    }
}
