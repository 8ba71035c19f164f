//! A package index on the loopback that has nothing, in one way or another.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// Answers every request in one way, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    asked: Arc<(Mutex<usize>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy)]
enum Habit {
    Answers(u16),
    HangsUp,
    SaysNothing,
}

impl Server {
    /// Answers with this status, or hangs up.
    pub(crate) fn answering(status: Option<u16>) -> Self {
        Self::with(status.map_or(Habit::HangsUp, Habit::Answers))
    }

    /// Takes requests and never answers.
    pub(crate) fn silent() -> Self {
        Self::with(Habit::SaysNothing)
    }

    fn with(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::<(_, _)>::default());
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&asked));
        let thread = std::thread::spawn(move || serve(&listener, habit, &stopped, &counted));
        Self { address, stop, asked, thread: Some(thread) }
    }

    /// `http://<credentials>127.0.0.1:<port>/simple/`
    pub(crate) fn address(&self, credentials: &str) -> String {
        format!("http://{credentials}{}/simple/", self.address)
    }

    /// How many connections there were.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.0.lock().unwrap()
    }

    pub(crate) fn wait_until_asked(&self, times: usize) {
        let asked = self.asked.0.lock().unwrap();
        drop(self.asked.1.wait_while(asked, |asked| *asked < times).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it.
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(listener: &TcpListener, habit: Habit, stop: &AtomicBool, asked: &(Mutex<usize>, Condvar)) {
    let mut held = Vec::new();
    for connection in listener.incoming() {
        let mut connection = connection.unwrap();
        if stop.load(Ordering::Relaxed) {
            return;
        }
        *asked.0.lock().unwrap() += 1;
        asked.1.notify_all();
        match habit {
            Habit::HangsUp => drop(connection),
            Habit::SaysNothing => held.push(connection),
            Habit::Answers(status) => {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && connection.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = write!(connection, "HTTP/1.1 {status} No\r\n{rest}");
            }
        }
    }
}
