//! A double of the service that says what a script tells it, byte for byte.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// A request as it came.
#[derive(Debug, Clone, Default)]
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
    received: Arc<(Mutex<Vec<Received>>, Condvar)>,
}

impl Fake {
    /// Answers one request after the other with these bytes; then it listens no more.
    pub fn answers<A: Into<Vec<u8>>>(answers: impl IntoIterator<Item = A>) -> Self {
        Self::answers_at(0, answers)
    }

    /// The same at a port.
    pub fn answers_at<A: Into<Vec<u8>>>(port: u16, answers: impl IntoIterator<Item = A>) -> Self {
        let mut answers = answers.into_iter().map(Into::into).collect::<VecDeque<Vec<u8>>>();
        Self::serve(port, answers.len(), move |_| answers.pop_front().unwrap())
    }

    /// Answers as many requests with what `answer` makes of each.
    pub fn replies(requests: usize, answer: impl Fn(&Received) -> String + Send + 'static) -> Self {
        Self::serve(0, requests, move |request| answer(request).into_bytes())
    }

    fn serve(
        port: u16,
        requests: usize,
        mut answer: impl FnMut(&Received) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let fake = Self::at(&listener);
        let log = Arc::clone(&fake.received);
        thread::spawn(move || {
            for _ in 0..requests {
                let (mut stream, _) = listener.accept().unwrap();
                let Some(request) = Received::whole(&stream) else {
                    answer(&Received::default());
                    continue;
                };
                let answer = answer(&request);
                log.0.lock().unwrap().push(request);
                log.1.notify_all();
                let _ = stream.write_all(&answer);
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut [0]);
            }
        });
        fake
    }

    /// A proxy that gives one answer, whatever is asked through it and how.
    pub fn proxy(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self::at(&listener);
        let log = Arc::clone(&fake.received);
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Received::whole(&stream).unwrap();
            log.0.lock().unwrap().push(request.clone());
            if request.line.starts_with("CONNECT ") {
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                request = Received::whole(&stream).unwrap();
                log.0.lock().unwrap().push(request);
            }
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read(&mut [0]);
        });
        fake
    }

    fn at(listener: &TcpListener) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { url, received: Arc::default() }
    }

    /// Treats one connection as `script` does.
    pub fn script(script: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self::at(&listener);
        thread::spawn(move || script(listener.accept().unwrap().0));
        fake
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.0.lock().unwrap().clone()
    }

    /// Waits until there were as many requests.
    pub fn wait_for(&self, requests: usize) {
        let (received, changed) = &*self.received;
        let patience = Duration::from_secs(20);
        let waited = changed
            .wait_timeout_while(received.lock().unwrap(), patience, |log| log.len() < requests);
        assert!(!waited.unwrap().1.timed_out(), "no {requests} requests");
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
