//! Web pages of others, in a browser on the same machine.

use crate::served::{Served, eval, serve};

const FORM: &str = "POST /api/v1/exec/sync HTTP/1.1\r\nhost: localhost\r\n\
                    content-type: multipart/form-data; boundary=B";

fn status(server: &Served, head: &str) -> String {
    let (head, body) = eval(head);
    let answer = server.ask(&head, body);
    assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
    let code = answer.split_once(r#""code":""#).and_then(|(_, rest)| rest.split('"').next());
    format!("{} {}", &answer[9..12], code.unwrap_or_default()).trim_end().to_owned()
}

#[test]
fn a_server_without_a_token() {
    let server = serve(|_| {});
    for (head, expected) in [
        ("host: localhost", "200"),
        ("host: 127.0.0.1:8080", "200"),
        ("host: localhost\r\norigin: http://localhost\r\nsec-fetch-site: same-origin", "200"),
        // A name that its owner has pointed here: to the browser it is one site.
        ("host: evil.example\r\norigin: http://evil.example", "403 foreign_host"),
        ("host: evil.example:8080\r\nsec-fetch-site: same-origin", "403 foreign_host"),
        ("host: localhost.evil.example", "403 foreign_host"),
        ("x: y", "403 foreign_host"),
        // A page that posts without asking: what browsers send without leave is text.
        (
            "host: localhost\r\norigin: http://evil.example\r\ncontent-type: text/plain",
            "403 foreign_origin",
        ),
        ("host: localhost\r\norigin: null", "403 foreign_origin"),
        ("host: localhost\r\nsec-fetch-site: cross-site", "403 foreign_origin"),
        // Another program's page on this machine.
        ("host: localhost\r\norigin: http://localhost:3000", "403 foreign_origin"),
        ("host: localhost\r\nsec-fetch-site: same-site", "403 foreign_origin"),
    ] {
        assert_eq!(status(&server, head), expected, "{head}");
    }
    let form = server.ask(&format!("{FORM}\r\norigin: https://evil.example"), "--B--\r\n");
    assert!(form.starts_with("HTTP/1.1 403 ") && form.contains("foreign_origin"), "{form}");
    let form = server.ask(FORM, "--B--\r\n");
    assert!(form.starts_with("HTTP/1.1 400 "), "{form}");
    // Asked for leave, it gives none.
    let preflight = "OPTIONS /api/v1/eval HTTP/1.1\r\nhost: localhost\r\n\
                     origin: https://evil.example\r\naccess-control-request-method: POST";
    let answer = server.ask(preflight, "");
    assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("access-control-"), "{answer}");
}

#[test]
fn a_proxy_has_a_name() {
    let server = serve(|config| config.allowed_hosts = vec!["py.example".into()]);
    let origin = "origin: https://py.example\r\nsec-fetch-site: same-origin";
    for (head, expected) in [
        (format!("host: py.example\r\n{origin}"), "200"),
        // One that asks for this server by its address.
        (format!("host: 127.0.0.1:8080\r\n{origin}"), "200"),
        ("host: other.example".into(), "403 foreign_host"),
    ] {
        assert_eq!(status(&server, &head), expected, "{head}");
    }
}

/// A browser that was shown `http://x:TOKEN@host` sends the token for whatever page asks.
#[test]
fn a_token_that_the_browser_knows() {
    let server = serve(|config| config.tokens = vec!["secret".into()]);
    let basic = "authorization: Basic eDpzZWNyZXQ=\r\nhost: py.example";
    for (head, expected) in [
        (basic.to_owned(), "200"),
        (format!("{basic}\r\norigin: https://py.example"), "200"),
        (format!("{basic}\r\norigin: https://evil.example"), "403 foreign_origin"),
        (format!("{basic}\r\nsec-fetch-site: cross-site"), "403 foreign_origin"),
        // This one it doesn't.
        (
            "authorization: Bearer secret\r\nhost: py.example\r\norigin: https://a.example".into(),
            "200",
        ),
        ("host: localhost".into(), "401 unauthorized"),
    ] {
        assert_eq!(status(&server, &head), expected, "{head}");
    }
}

#[test]
fn names_that_are_none_are_refused() {
    for name in ["https://py.example", "py.example:80", "*.example", ""] {
        let config =
            pyexec_server::ServerConfig { allowed_hosts: vec![name.into()], ..Default::default() };
        let error = pyexec_server::Server::new(config, Default::default()).unwrap_err();
        let expected = format!("{name:?} is no name of a host");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
