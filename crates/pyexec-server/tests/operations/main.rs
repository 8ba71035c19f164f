//! What operators ask a server for: its metrics, whether it is ready, and whose request was whose.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod exposition;

use exposition::Metric;
use pyexec_sandbox::SandboxOptions;
use pyexec_server::{EmbeddedServer, Server, ServerConfig};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

const TOKEN: &str = "operator";

/// Sends a request with these headers.
fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> http::Response<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .build()
        .into();
    let request = http::Request::builder().method(method).uri(url);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = agent.run(request.body(body).unwrap()).unwrap();
    response.map(|mut body| body.read_to_string().unwrap())
}

fn header<'a>(response: &'a http::Response<String>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn metrics_count_what_happened_and_name_nobody() {
    let server = EmbeddedServer::start().unwrap();
    let bearer = format!("Bearer {}", server.token());
    let auth = ("authorization", bearer.as_str());
    let eval = format!("{}/api/v1/eval", server.url());
    let code = r#"{"code":"print('5ecret' * 2)"}"#;
    assert_eq!(send("POST", &eval, &[auth], code).status(), 200);
    assert_eq!(send("POST", &eval, &[auth], "{").status(), 400);
    assert_eq!(send("GET", &format!("{}/5ecret", server.url()), &[], "").status(), 404);
    let gone = format!("{}/api/v1/executions/5ecret", server.url());
    assert_eq!(send("MADEUP", &gone, &[auth], "").status(), 405);
    assert_eq!(send("GET", &gone, &[auth], "").status(), 404);

    let metrics = format!("{}/metrics", server.url());
    assert_eq!(send("GET", &metrics, &[], "").status(), 401, "it takes the token");
    let response = send("GET", &metrics, &[auth], "");
    assert_eq!(response.status(), 200);
    let kind = header(&response, "content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = response.body();
    for line in [
        r#"pyexec_executions_total{outcome="exited"} 1"#,
        r#"pyexec_execution_phase_seconds_count{phase="run"} 1"#,
        r#"pyexec_execution_phase_seconds_count{phase="queued"} 1"#,
        r#"pyexec_execution_output_bytes_total{stream="stdout"} 13"#,
        r#"pyexec_http_requests_total{method="POST",route="/api/v1/eval",status="200"} 1"#,
        r#"pyexec_http_requests_total{method="POST",route="/api/v1/eval",status="400"} 1"#,
        r#"pyexec_http_requests_total{method="GET",route="none",status="404"} 1"#,
        r#"pyexec_http_requests_total{method="other",route="/api/v1/executions/{id}",status="405"} 1"#,
        r#"pyexec_http_requests_total{method="GET",route="/metrics",status="401"} 1"#,
        r#"pyexec_http_request_seconds_count{route="/api/v1/eval"} 2"#,
        "pyexec_http_received_bytes_total 31",
        "pyexec_queue_length 0",
        "pyexec_slots_used 0",
        "pyexec_memory_used_bytes 0",
        r#"pyexec_spool_used_bytes{of="uploads"} 0"#,
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
    }
    assert!(text.contains("pyexec_build_info{version=\""), "{text}");
    for told in ["5ecret", "MADEUP", server.token()] {
        assert!(!text.contains(told), "{told} is in\n{text}");
    }
    let metrics = exposition::parse(text).unwrap();
    assert_eq!(described(&metrics), documented());
}

/// Each metric's name as a query would have it, with its labels.
fn described(metrics: &BTreeMap<String, Metric>) -> BTreeSet<String> {
    let described = metrics.iter().map(|(name, metric)| {
        let suffix = match metric.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let labels: Vec<_> = metric.labels().into_iter().collect();
        format!("{name}{suffix}{{{}}}", labels.join(","))
    });
    described.collect()
}

/// The same, as the table for operators has it.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/operations.md");
    let (_, table) = text.split_once("| metric | what |\n|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_start_matches("| `").split(" |").next().unwrap());
    let quoted =
        cells.flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>());
    let names = quoted.map(|name| name.trim_start_matches("pyexec_").to_owned());
    let sorted = names.map(|name| {
        let (name, labels) = name.trim_end_matches('}').split_once('{').unwrap_or((&name, ""));
        let labels: BTreeSet<_> = labels.split(',').filter(|label| !label.is_empty()).collect();
        let labels: Vec<_> = labels.into_iter().collect();
        format!("pyexec_{name}{{{}}}", labels.join(","))
    });
    sorted.collect()
}

#[test]
fn every_answer_names_its_request() {
    let server = EmbeddedServer::start().unwrap();
    let bearer = format!("Bearer {}", server.token());
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("GET", "/ready", 200),
        ("GET", "/docs/doc.json", 200),
        ("GET", "/docs/none.js", 404),
        ("GET", "/none", 404),
        ("PUT", "/health", 405),
        ("POST", "/api/v1/eval", 400),
        ("POST", "/api/v1/exec/sync", 400),
        ("GET", "/api/v1/executions/exe_1", 404),
        ("GET", "/docs/%FF", 400),
        ("GET", "/api/v1/executions/%FF", 404),
    ] {
        let url = format!("{}{path}", server.url());
        let headers = [("authorization", bearer.as_str()), ("x-request-id", "mine/1")];
        let response = send(method, &url, &headers, "");
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(header(&response, "x-request-id"), Some("mine/1"), "{method} {path}");
        if status >= 400 {
            assert_eq!(header(&response, "content-type"), Some("application/json"), "{path}");
            let body = response.body();
            assert!(body.starts_with(r#"{"error":""#) && body.contains(r#","code":""#), "{body}");
        }
        let refused = send(method, &url, &[("x-request-id", "not mine")], "");
        assert_eq!(header(&refused, "x-request-id").unwrap().len(), 36, "{method} {path}");
    }
}

/// A server with a token and a grace period, until the sender is dropped.
fn serve(grace: Duration) -> (SocketAddr, oneshot::Sender<()>, thread::JoinHandle<()>) {
    let config = ServerConfig { tokens: vec![TOKEN.into()], grace, ..ServerConfig::default() };
    let server = Server::new(config, SandboxOptions::default()).unwrap();
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = async { drop(stopped.await) };
    let thread = thread::spawn(move || runtime.block_on(server.serve(listener, ended)).unwrap());
    (address, stop, thread)
}

#[test]
fn a_server_that_shuts_down_says_so_until_its_last_execution_is_over() {
    let (address, stop, thread) = serve(Duration::from_secs(60));
    let url = |path: &str| format!("http://{address}{path}");
    let auth = ("authorization", "Bearer operator");
    let response = send("GET", &url("/ready"), &[], "");
    assert_eq!(
        (response.status().as_u16(), response.body().as_str()),
        (200, r#"{"status":"ready"}"#)
    );

    let archive = pyexec_core::Archive::from_map([("main.py", "import time; time.sleep(60)")]);
    let tar = archive.unwrap().to_vec().unwrap();
    let head = "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n\
                {\"entrypoint\":\"main.py\"}\r\n--B\r\nContent-Disposition: form-data; \
                name=\"tar\"; filename=\"code.tar\"\r\n\r\n";
    let form = [head.as_bytes(), &tar, b"\r\n--B--\r\n"].concat();
    let agent = ureq::agent();
    let request = http::Request::post(url("/api/v1/exec/async"))
        .header(auth.0, auth.1)
        .header("content-type", "multipart/form-data; boundary=B");
    let mut accepted = agent.run(request.body(form).unwrap()).unwrap();
    let accepted = accepted.body_mut().read_to_string().unwrap();
    let id = accepted.split('"').nth(3).unwrap();

    drop(stop);
    let start = Instant::now();
    let response = loop {
        let response = send("GET", &url("/ready"), &[], "");
        if response.status() != 200 || start.elapsed() > Duration::from_secs(20) {
            break response;
        }
    };
    assert_eq!(response.status(), 503);
    assert!(response.body().contains(r#""code":"draining""#), "{}", response.body());
    assert_eq!(send("GET", &url("/health"), &[], "").status(), 200);
    let metrics = send("GET", &url("/metrics"), &[auth], "");
    let metrics = exposition::parse(metrics.body()).unwrap();
    assert_eq!(metrics["pyexec_slots_used"].samples[0].value, 1.0);
    assert!(metrics["pyexec_memory_used_bytes"].samples[0].value > 0.0);
    let refused = send("POST", &url("/api/v1/eval"), &[auth], r#"{"code":"1"}"#);
    assert_eq!(refused.status(), 503);
    assert_eq!(header(&refused, "retry-after"), Some("5"));

    let killed = send("DELETE", &url(&format!("/api/v1/executions/{id}")), &[auth], "");
    assert_eq!(killed.body(), r#"{"status":"killed"}"#);
    thread.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(40), "it waited for nothing");
}
