//! The wire by hand: what only a client that isn't ours would send, byte for byte.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use pyexec_core::Archive;
use pyexec_server::EmbeddedServer;
use std::sync::LazyLock;

static SERVER: LazyLock<EmbeddedServer> = LazyLock::new(|| EmbeddedServer::start().unwrap());

const FORM: &str = "multipart/form-data; boundary=B";

/// Sends a request; status, headers and body.
fn send(method: &str, path: &str, content_type: &str, body: &[u8]) -> http::Response<String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .build()
        .into();
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", SERVER.url()))
        .header("authorization", format!("Bearer {}", SERVER.token()))
        .header("content-type", content_type)
        .body(body.to_vec())
        .unwrap();
    agent.run(request).unwrap().map(|mut body| body.read_to_string().unwrap())
}

fn answer(response: &http::Response<String>) -> (u16, &str) {
    (response.status().as_u16(), response.body().as_str())
}

fn tar() -> Vec<u8> {
    Archive::from_map([("main.py", "print('hi')\n")]).unwrap().to_vec().unwrap()
}

/// A part as the Go client (a plain field), the Python client (with a content type) or a browser
/// (with a file name) writes it.
fn part(header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("--B\r\nContent-Disposition: form-data; {header}\r\n\r\n");
    [head.as_bytes(), body, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat().as_slice(), b"--B--\r\n"].concat()
}

const TAR: &str = "name=\"tar\"; filename=\"code.tar\"\r\nContent-Type: application/octet-stream";
const METADATA: &[u8] = br#"{"entrypoint":"main.py"}"#;

#[test]
fn both_clients_of_the_original_are_understood() {
    // tarfile pads to 10,240 bytes.
    let mut padded = tar();
    padded.resize(10_240, 0);
    for (name, body) in [
        ("Go", form(&[part(TAR, &tar()), part("name=\"metadata\"", METADATA)])),
        (
            "Python",
            form(&[
                part(TAR, &padded),
                part("name=\"metadata\"\r\nContent-Type: application/json", METADATA),
            ]),
        ),
        (
            "metadata first, as a file",
            form(&[
                part("name=\"metadata\"; filename=\"m.json\"", METADATA),
                part("name=\"more\"", b"ignored"),
                part(TAR, &tar()),
            ]),
        ),
    ] {
        let response = send("POST", "/api/v1/exec/sync", FORM, &body);
        let (status, text) = answer(&response);
        assert_eq!(status, 200, "{name}: {text}");
        assert!(text.contains(r#""status":"completed","stdout":"hi\n","exit_code":0,"#), "{text}");
        // What a Python before 3.11 can read: six digits and a Z.
        for key in ["started_at", "finished_at"] {
            let at = text.find(&format!("\"{key}\":\"")).unwrap() + key.len() + 4;
            let time = &text[at..at + 27];
            assert!(time.ends_with('Z') && &time[10..11] == "T" && &time[19..20] == ".", "{time}");
        }
        let response = send("POST", "/api/v1/exec/async", FORM, &body);
        let (status, text) = answer(&response);
        assert_eq!(status, 202);
        assert!(text.starts_with(r#"{"execution_id":"exe_"#) && text.ends_with("\"}"), "{text}");
    }
}

#[test]
fn broken_forms_are_named() {
    let metadata = || part("name=\"metadata\"", METADATA);
    for (body, code, message) in [
        (form(&[part(TAR, &tar())]), "missing_metadata", "missing metadata"),
        (form(&[metadata()]), "missing_tar", "missing tar file: no part is called \\\"tar\\\""),
        (
            form(&[part("name=\"metadata\"", b"{nope"), part(TAR, &tar())]),
            "invalid_metadata",
            "parsing metadata: key must be a string at line 1 column 2",
        ),
        (
            form(&[part("name=\"metadata\"", br#"{"entrypoint":1}"#), part(TAR, &tar())]),
            "invalid_metadata",
            "parsing metadata: invalid type: integer `1`, expected a string at line 1 column 15",
        ),
        (
            form(&[part(TAR, b""), metadata()]),
            "invalid_tar",
            "invalid tar: the archive is empty: 0 bytes",
        ),
        (
            form(&[part(TAR, &[tar(), tar()].concat()), metadata()]),
            "invalid_tar",
            "invalid tar: there is data after the end of the archive; archives that were joined \
             must be joined by `tar --concatenate`",
        ),
    ] {
        let response = send("POST", "/api/v1/exec/sync", FORM, &body);
        let expected = format!(r#"{{"error":"{message}","code":"{code}"}}"#);
        assert_eq!(answer(&response), (400, expected.as_str()));
    }
    for garbage in
        [&b"this is no tar at all"[..], &[0xff; 4096], b"\x1f\x8b\x08rest", b"PK\x03\x04zip"]
    {
        let body = form(&[part(TAR, garbage), metadata()]);
        let response = send("POST", "/api/v1/exec/sync", FORM, &body);
        let (status, text) = answer(&response);
        assert_eq!(status, 400);
        assert!(text.starts_with(r#"{"error":"invalid tar: "#), "{text}");
    }
    let cut = form(&[metadata(), part(TAR, &tar())]);
    let response = send("POST", "/api/v1/exec/sync", FORM, &cut[..cut.len() - 600]);
    assert_eq!(response.status(), 400, "{}", response.body());
    let response = send("POST", "/api/v1/exec/sync", "application/json", METADATA);
    let message = r#"{"error":"parsing form: request Content-Type isn't multipart/form-data","code":"invalid_form"}"#;
    assert_eq!(answer(&response), (400, message));
}

#[test]
fn eval_bodies_are_read_whatever_their_content_type() {
    let response = send("POST", "/api/v1/eval", "text/plain", br#"{"code":"print('hi')"}"#);
    assert!(response.body().contains(r#""stdout":"hi\n""#), "{}", response.body());
    assert!(!response.body().contains("\"result\""));
    for (body, message) in [
        ("", "invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("{\"code\"", "invalid JSON: EOF while parsing an object at line 1 column 7"),
        (
            "{\"code\":1}",
            "invalid JSON: invalid type: integer `1`, expected a string at line 1 column 9",
        ),
        ("{}", "either 'code' or 'files' must be provided"),
    ] {
        let response = send("POST", "/api/v1/eval", "application/json", body.as_bytes());
        let (status, text) = answer(&response);
        assert_eq!(status, 400);
        assert!(text.starts_with(&format!(r#"{{"error":"{message}""#)), "{text}");
    }
}

#[test]
fn unknown_routes_and_methods_answer_in_json() {
    let response = send("GET", "/api/v1/nothing", "text/plain", b"");
    assert_eq!(
        answer(&response),
        (404, r#"{"error":"404 page not found","code":"route_not_found"}"#)
    );
    let response = send("PUT", "/api/v1/eval", "text/plain", b"");
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    assert!(response.body().starts_with(r#"{"error":"405 method not allowed""#));
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[test]
fn the_api_describes_itself_without_the_network() {
    let document = send("GET", "/docs/doc.json", "text/plain", b"");
    assert_eq!(document.status(), 200);
    for path in [
        "/api/v1/exec/sync",
        "/api/v1/exec/async",
        "/api/v1/executions/{id}",
        "/api/v1/eval",
        "/health",
    ] {
        assert!(document.body().contains(&format!("\"{path}\"")), "{path}");
    }
    let page = send("GET", "/docs/", "text/plain", b"");
    assert_eq!(page.status(), 200);
    assert!(
        page.body().contains("swagger-ui") && !page.body().contains("https://"),
        "{}",
        page.body()
    );
}

/// Dropping a server ends it, whoever is connected and silent.
#[test]
fn a_stalled_upload_neither_holds_a_place_nor_the_end() {
    use std::io::{Read, Write};
    let config = pyexec_server::ServerConfig {
        upload_patience: std::time::Duration::from_millis(200),
        ..Default::default()
    };
    let server = EmbeddedServer::start_with(config, Default::default()).unwrap();
    let connect =
        || std::net::TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let mut silent = connect();
    silent.write_all(b"GET /health HTT").unwrap();
    let mut stalled = connect();
    let head = format!(
        "POST /api/v1/exec/sync HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: {FORM}\r\ncontent-length: 100000\r\n\r\n",
        server.token()
    );
    stalled.write_all(head.as_bytes()).unwrap();
    stalled.write_all(&part(TAR, &tar())[..600]).unwrap();
    let mut answer = [0; 12];
    stalled.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    drop(server);
}
