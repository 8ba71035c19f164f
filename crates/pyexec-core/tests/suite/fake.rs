//! A double of the service that says what a script tells it, byte for byte.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `POST /path HTTP/1.1`
    pub line: String,
    /// Lower-case names with their values, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Reads a request's line and headers.
    pub fn head(reader: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" if lines.is_empty() => {}
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        Some(Self {
            line: lines.next()?,
            headers: lines
                .filter_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    Some((name.to_ascii_lowercase(), value.trim().to_owned()))
                })
                .collect(),
            body: Vec::new(),
        })
    }

    /// Reads a whole request, giving leave to send its body if asked.
    fn whole(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut received = Self::head(&mut reader)?;
        if received.header("expect").is_some() {
            (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        let size = received.header("content-length").unwrap_or("0");
        received.body = vec![0; size.parse().ok()?];
        reader.read_exact(&mut received.body).ok()?;
        Some(received)
    }
}

/// A server that answers each connection in turn and then closes it.
#[derive(Debug)]
pub struct Fake {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Fake {
    /// Answers one request after the other with these bytes; then it listens no more.
    pub fn answers<A: Into<Vec<u8>>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<Vec<u8>> = answers.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let Some(request) = Received::whole(&stream) else {
                    continue;
                };
                log.lock().unwrap().push(request);
                let _ = stream.write_all(&answer);
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut [0]);
            }
        });
        Self { url, received }
    }

    /// Treats one connection as `script` does.
    pub fn script(script: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || script(listener.accept().unwrap().0));
        Self { url, received: Arc::default() }
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The request lines so far, without the protocol.
    pub fn lines(&self) -> Vec<String> {
        let line = |request: Received| request.line.trim_end_matches(" HTTP/1.1").to_owned();
        self.received().into_iter().map(line).collect()
    }
}

/// An answer as the original gives it.
pub fn json(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n\
         Date: Sun, 22 Nov 2026 23:41:04 GMT\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A successful answer.
pub fn ok(body: &str) -> String {
    json("200 OK", body)
}
