//! A server that says what a test tells it, to as many at a time as come.

use crate::fake::Received;
use std::{
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// A connection whose request was read.
pub(crate) struct Asked {
    pub(crate) request: Received,
    pub(crate) stream: TcpStream,
}

/// Where it listens. Each connection has one request, and `answer` has a thread for it.
pub(crate) fn server(answer: impl Fn(Asked) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                let Some(mut request) = Received::head(&mut reader) else { return };
                let size = request.header("content-length").unwrap_or("0").parse().unwrap();
                request.body = vec![0; size];
                reader.read_exact(&mut request.body).unwrap();
                answer(Asked { request, stream });
            });
        }
    });
    url
}

impl Asked {
    /// `POST /path`
    pub(crate) fn line(&self) -> &str {
        self.request.line.trim_end_matches(" HTTP/1.1")
    }

    /// Says that and no more.
    pub(crate) fn say(&self, answer: &str) {
        // Whoever asked may be gone.
        (&self.stream).write_all(answer.as_bytes()).unwrap_or_default();
    }

    /// Says that the stream of events begins, with these.
    pub(crate) fn events(&self, events: &[(&str, &str)]) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n";
        self.say(&format!("{head}\r\n"));
        self.more(events);
    }

    /// Goes on with these.
    pub(crate) fn more(&self, events: &[(&str, &str)]) {
        let events = events.iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"));
        self.say(&events.collect::<String>());
    }

    /// Waits until the client hangs up.
    pub(crate) fn hold(mut self) {
        self.stream.read_to_end(&mut Vec::new()).unwrap_or_default();
    }
}
