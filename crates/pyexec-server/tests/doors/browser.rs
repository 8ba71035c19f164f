//! A web page that tries what it can, in a real browser.

use crate::{chromium, served::serve};
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

/// Sends every request that a page may send without asking, and some for which it has to ask.
const PAGE: &str = r#"<!doctype html><title>begun</title><script>
const url = "http://SERVER/api/v1";
const code = JSON.stringify({code: "print(1)"});
const text = {"content-type": "text/plain"}, json = {"content-type": "application/json"};
const form = new FormData();
form.append("metadata", '{"entrypoint":"main.py"}');
form.append("tar", new Blob([new Uint8Array(10240)]), "code.tar");
Promise.allSettled([
  fetch(url + "/eval", {method: "POST", mode: "no-cors", headers: text, body: code}),
  fetch(url + "/eval", {method: "POST", headers: text, body: code}),
  fetch(url + "/eval", {method: "POST", headers: json, body: code}),
  fetch(url + "/exec/async", {method: "POST", mode: "no-cors", body: form}),
  fetch(url + "/executions", {mode: "no-cors"}),
  fetch(url + "/executions"),
  fetch("http://SERVER/metrics"),
]).then(answers => {
  const readable = answers.filter(answer => answer.value && answer.value.type !== "opaque");
  document.title = `sent ${answers.length}, read ${readable.length}`;
});
</script>"#;

/// A site with that page.
fn site(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = PAGE.replace("SERVER", &server.to_string());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(&stream).lines();
            head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
            let length = page.len();
            // A browser that has gone needs no answer.
            drop(write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{page}"
            ));
        }
    });
    port
}

#[test]
fn a_page_runs_nothing_and_reads_nothing() {
    let Some(browser) = chromium::browser() else { return };
    let server = serve(|_| {});
    let port = site(server.address());
    // Another site, and another port of the same one.
    for (name, sent) in [("evil.example", 1), ("127.0.0.1", 2)] {
        let page =
            chromium::rendered(browser, &format!("http://{name}:{port}/"), &["evil.example"], &[]);
        assert!(page.contains("<title>sent 7, read 0</title>"), "{page}");
        let metrics = server.ask("GET /metrics HTTP/1.1\r\nhost: localhost", "");
        // All of it came, and all of it was refused.
        for (method, route, count) in
            [("POST", "eval", 2), ("POST", "exec/async", 1), ("GET", "executions", 2)]
        {
            let line = metrics
                .lines()
                .find(|line| {
                    line.contains(&format!("method=\"{method}\""))
                        && line.contains(&format!("route=\"/api/v1/{route}\""))
                })
                .unwrap_or_else(|| panic!("no {method} {route}: {metrics}"));
            assert!(line.contains("status=\"403\""), "{line}");
            assert!(line.ends_with(&format!(" {}", count * sent)), "{line}");
        }
    }
    let list = server.ask("GET /api/v1/executions HTTP/1.1\r\nhost: localhost", "");
    assert!(list.contains(r#"{"executions":[]"#), "{list}");
}
