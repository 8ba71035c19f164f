//! A client by hand, and servers for the cases.

use pyexec_core::Archive;
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, ServerConfig};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    sync::LazyLock,
    time::{Duration, Instant},
};

pub(crate) const SLEEPER: &str = "import time; time.sleep(600)";

/// The server that most cases share.
pub(crate) static SHARED: LazyLock<EmbeddedServer> =
    LazyLock::new(|| EmbeddedServer::start().unwrap());

/// A server of a case's own.
pub(crate) fn server(change: impl FnOnce(&mut ServerConfig)) -> EmbeddedServer {
    let mut config = ServerConfig::default();
    change(&mut config);
    EmbeddedServer::start_with(config, SandboxOptions::default()).unwrap()
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    token: String,
}

pub(crate) type Answer = (u16, Value);

impl Client {
    pub(crate) fn of(server: &EmbeddedServer) -> Self {
        Self { url: server.url(), token: server.token().to_owned() }
    }

    /// Somebody else at the same server.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Any request; its answer as it streams.
    pub(crate) fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> ::http::Response<ureq::Body> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = ::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).unwrap();
        if method == "GET" || method == "DELETE" {
            return agent.run(request.map(drop)).unwrap();
        }
        agent.run(request).unwrap()
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut response = self.open(method, path, headers, body);
        let mut text = String::new();
        response.body_mut().as_reader().read_to_string(&mut text).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        (response.status().as_u16(), json)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub(crate) fn exec(&self, how: &str, code: &str, headers: &[(&str, &str)]) -> Answer {
        let (content_type, body) = form(code);
        let headers = [headers, &[("content-type", content_type)]].concat();
        self.send("POST", &format!("/api/v1/exec/{how}"), &headers, &body)
    }

    /// A whole request of `exec/sync`, for those who leave early.
    pub(crate) fn sync_request(&self, code: &str, key: &str) -> Vec<u8> {
        let (content_type, body) = form(code);
        let head = format!(
            "POST /api/v1/exec/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {key}\r\ncontent-type: {content_type}\r\n\
             content-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        [head.as_bytes(), &body].concat()
    }

    /// Submits code; the path of its execution.
    pub(crate) fn submit(&self, code: &str) -> String {
        let (status, answer) = self.exec("async", code, &[]);
        assert_eq!(status, 202, "{answer}");
        format!("/api/v1/executions/{}", answer["execution_id"].as_str().unwrap())
    }

    pub(crate) fn run(&self, code: &str) -> Value {
        let (status, answer) = self.exec("sync", code, &[]);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) fn kill(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    /// Its result, once it has one.
    pub(crate) fn result(&self, path: &str) -> Value {
        let (status, answer) = self.get(&format!("{path}?wait=60"));
        assert_eq!(status, 200, "{answer}");
        assert!(answer["finished_at"].is_string(), "{answer}");
        answer
    }

    pub(crate) fn until(&self, path: &str, status: &str) {
        let begun = Instant::now();
        while self.get(path).1["status"] != status {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never is {status}");
            std::thread::yield_now();
        }
    }

    pub(crate) fn events(&self, path: &str, last: Option<&str>) -> Events {
        let headers: Vec<_> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let response = self.open("GET", &format!("{path}/events"), &headers, b"");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events(BufReader::new(response.into_body().into_reader()))
    }
}

fn form(code: &str) -> (&'static str, Vec<u8>) {
    let tar = Archive::from_map([("main.py", code)]).unwrap().to_vec().unwrap();
    let head = "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n\
        {\"entrypoint\":\"main.py\"}\r\n--B\r\nContent-Disposition: form-data; name=\"tar\"; \
        filename=\"code.tar\"\r\n\r\n";
    let body = [head.as_bytes(), &tar, b"\r\n--B--\r\n"].concat();
    ("multipart/form-data; boundary=B", body)
}

/// A stream of events as it arrives.
pub(crate) struct Events(BufReader<ureq::BodyReader<'static>>);

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Event {
    /// The output in it, with where it stands.
    pub(crate) fn output(&self) -> (u64, Vec<u8>) {
        use base64::Engine;
        let data = self.data["data"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        assert!(bytes.len() <= 64 << 10 && !bytes.is_empty());
        (self.data["offset"].as_u64().unwrap(), bytes)
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (String::new(), String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                assert!(name.is_empty(), "it broke off in an event");
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", text)) => id = text.to_owned(),
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => data += text,
                Some(other) => panic!("{other:?}"),
                None if line.starts_with(':') => {}
                None if name.is_empty() => {}
                None => {
                    return Some(Event { id, name, data: serde_json::from_str(&data).unwrap() });
                }
            }
        }
    }
}
