//! What the program says about this machine.

use crate::{
    served::{Served, serve},
    session::{Session, pyexec},
};
use insta::assert_snapshot;
use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::symlink,
    thread,
};
use tempfile::TempDir;

/// Sees one interpreter and no other program.
fn doctor<const N: usize>(args: [&str; N]) -> (Session, TempDir) {
    let bin = tempfile::tempdir().unwrap();
    let interpreter = &pyexec_sandbox::discover()[0];
    symlink(interpreter.executable(), bin.path().join("python3")).unwrap();
    let folder = bin.path().to_str().unwrap();
    let session = pyexec(args).env("PATH", folder).env("HOME", "/nowhere");
    // What it finds on this machine's disk is its own.
    (session.env("TMPDIR", folder).env("XDG_STATE_HOME", folder), bin)
}

/// Without what differs from machine to machine.
fn usual(text: &str) -> String {
    let version = pyexec_sandbox::discover()[0].version().to_string();
    let path = pyexec_sandbox::discover()[0].executable().display().to_string();
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace(&path, "PATH").replace(&version, "X.Y").lines() {
        let subject = line.split(": ").next().unwrap_or_default();
        let took = line.rfind(" (").filter(|_| line.ends_with(" ms)"));
        lines.push(match (subject.get(5..), took) {
            (Some("kernel" | "seccomp" | "user namespaces"), _) => format!("{subject}: TEXT"),
            // Not every user has control groups.
            (Some("limits"), _) => "     limits: TEXT".into(),
            (Some("hint"), _)
                if lines.last().is_some_and(|last| last.ends_with("limits: TEXT")) =>
            {
                continue;
            }
            (Some("installer"), _) => "ok   installer: TEXT".into(),
            (Some("disk for uploads and output" | "disk for the local server"), _) => {
                format!("{subject}: ROOM")
            }
            (_, Some(at)) => format!("{} (N ms)", &line[..at]),
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

#[test]
fn a_machine_that_is_well() {
    let (session, _bin) = doctor(["doctor"]);
    assert_snapshot!(usual(&session.show()), @"
    exit 0
    --- stdout
    ok   kernel: TEXT
    ok   seccomp: TEXT
    ok   user namespaces: TEXT
    ok   isolation: full (N ms)
         limits: TEXT
    ok   network: none, unless an operator chooses pasta or host
    warn pasta: not installed: of networks only host can be chosen
         hint: install it: the package is `passt` in Debian, Ubuntu, Fedora, Arch and Alpine
    ok   packages: attached, read-only (N ms)
    ok   Python X.Y: PATH, with compiled modules
    ok   Python X.Y, started anew: ran print(1) (N ms)
    ok   Python X.Y, copied: ran print(1) (N ms)
    ok   installer: TEXT
    ok   disk for uploads and output: ROOM
    ok   disk for the local server: ROOM
    ok   configuration: none in FOLDER/.config/pyexec/config.toml
    ok   server: none named: executions run here
    ");
}

#[test]
fn for_programs() {
    let (mut session, _bin) = doctor(["doctor", "--json"]);
    let output = session.output();
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["level"], "full");
    assert_eq!(json["findings"][3]["subject"], "isolation");
    assert_eq!(json["findings"][3]["standing"], "ok");
    assert!(json["findings"][3]["took_ms"].is_u64());
    assert!(json["findings"][6]["hint"].is_string(), "there is no pasta");
}

#[test]
fn a_machine_that_refuses() {
    // Whoever this is outside.
    let wrapper = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
    let output = pyexec(["doctor"])
        .within(&["unshare", "--user", "--map-root-user", "sh", "-c", wrapper])
        .output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("\nFAIL isolation: refused: "), "{text}");
    assert!(text.contains("\n     hint: "), "{text}");
    assert!(output.stderr.is_empty());
}

/// What it says beyond this machine.
fn beyond(session: Session) -> String {
    let shown = session.show();
    let beyond = shown.lines().skip_while(|line| !line.contains(" configuration: "));
    let lines: Vec<_> = shown.lines().take(1).chain(beyond).collect();
    usual(&lines.join("\n"))
}

#[test]
fn a_server_and_its_token() {
    let server = serve();
    let (session, _bin) = doctor(["doctor", "--server", server.url()]);
    let shown = beyond(session);
    let told = concat!(" is pyexec ", env!("CARGO_PKG_VERSION"), ", isolation full, Python ");
    for expected in
        [told, "ok   the server's clock: as here\n", "ok   token: none, and the server wants none"]
    {
        assert!(shown.contains(expected) && shown.starts_with("exit 0\n"), "{shown}");
    }

    let server = Served::start(pyexec(["serve", "--port", "0"]).env("PYEXEC_TOKEN", "s3cret"));
    let (session, _bin) = doctor(["--server", server.url(), "doctor"]);
    let without = beyond(session);
    assert!(without.starts_with("exit 1\n"), "{without}");
    assert!(
        without.contains("FAIL token: none, and the server wants one\n     hint: set PYEXEC_TOKEN")
    );
    let config = format!("[profile.default]\nserver = '{}'\ntoken_file = 'token'\n", server.url());
    for (token, expected) in [
        ("s3cret", "ok   token: that of profile default is taken"),
        ("other", "FAIL token: that of profile default isn't the server's"),
    ] {
        let (session, _bin) = doctor(["doctor"]);
        let shown = beyond(session.config(&config).secret(".config/pyexec/token", token));
        assert!(shown.contains(expected) && !shown.contains(token), "{shown}");
    }
    let (session, _bin) = doctor(["doctor"]);
    let shown = beyond(session.config(&config).script(".config/pyexec/token", "s3cret"));
    assert!(shown.contains("FAIL token: others on this machine can get at"), "{shown}");
    let url = server.url().replace("http://", "http://x:s3cret@");
    let (session, _bin) = doctor(["doctor", "-s", &url]);
    let shown = beyond(session);
    assert!(shown.contains("ok   token: that of the URL is taken"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn servers_that_cannot_be_used() {
    let (session, _bin) = doctor(["doctor"]);
    let session = session.env("PYEXEC_SERVER", "http://127.0.0.1:1");
    assert_snapshot!(beyond(session), @"
    exit 1
    ok   configuration: none in FOLDER/.config/pyexec/config.toml
    FAIL server: cannot connect to http://127.0.0.1:PORT: connection refused
         hint: start a server there with `pyexec serve`, or check its address
    ");
    let (session, _bin) = doctor(["doctor"]);
    assert_snapshot!(beyond(session.config("[profile.default]\nsever = 1")), @"
    exit 1
    FAIL configuration: FOLDER/.config/pyexec/config.toml, line 2: unknown key `sever` in profile `default`
         hint: did you mean `server`?
    ");
}

/// The original service, whose clock is wrong.
#[test]
fn another_server_with_another_clock() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (status, body) in [("200 OK", r#"{"status":"ok"}"#), ("404 Not Found", "")] {
            let (mut call, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                call.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            write!(
                call,
                "HTTP/1.1 {status}\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    let (session, _bin) = doctor(["doctor", "-s", &url]);
    let shown = beyond(session);
    assert!(shown.contains("ok   server: ") && shown.contains("none of ours"), "{shown}");
    assert!(shown.contains("warn the server's clock: ") && shown.contains(" s behind"), "{shown}");
    assert!(shown.contains("ok   token: none, and the server wants none"), "{shown}");
    assert!(shown.starts_with("exit 0\n"), "{shown}");
}

#[test]
fn a_disk_that_is_full() {
    let mount = "mount -t tmpfs -o size=8m none \"$TMPDIR\" && exec \"$0\" \"$@\"";
    let user: &[_] = match rustix::process::geteuid().is_root() {
        true => &["unshare"],
        false => &["unshare", "--user", "--map-root-user"],
    };
    let folder = tempfile::tempdir().unwrap();
    let session = pyexec(["doctor"]).within(&[user, &["--mount", "sh", "-c", mount]].concat());
    let shown = session.env("TMPDIR", folder.path().to_str().unwrap()).show();
    assert!(shown.contains("FAIL disk for uploads and output: "), "{shown}");
    assert!(
        shown.contains(" has 8 MiB free\n     hint: free some space, or set TMPDIR"),
        "{shown}"
    );
    assert!(shown.starts_with("exit 1\n"), "{shown}");
}

#[test]
fn what_it_does_not_know() {
    assert_snapshot!(pyexec(["doctor", "--isolation", "none"]).show(), @r#"
    exit 2
    --- stderr
    error: invalid value 'none' for '--isolation <LEVEL>': "none" is no isolation level; there are full and no-proc

    For more information, try '--help'.
    "#);
}
