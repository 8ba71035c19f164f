//! Who gets in to a server, and by whom it is watched.

use crate::{
    served::Served,
    session::{pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::Signal;
use std::{fs, os::unix::fs::PermissionsExt};

const TOKENS: &str = "[[token]]\nname = 'ci'\ntoken = 'secret'\nmax_running = 1\n";

#[test]
fn tokens_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    fs::write(&path, TOKENS).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = path.to_str().unwrap();
    let server = Served::start(pyexec(["serve", "--port", "0"]).env("PYEXEC_TOKEN_FILE", file));
    let eval = |token| server.client(["eval", "6 * 7"]).env("PYEXEC_TOKEN", token).show();
    assert_snapshot!(eval("secret"), @"
    exit 0
    --- stdout
    42
    ");
    fs::write(&path, TOKENS.replace("secret", "other")).unwrap();
    assert_snapshot!(eval("secret"), @"
    exit 125
    --- stderr
    error: this token is not known (HTTP 401)
    hint: pass the server's token: set PYEXEC_TOKEN, or --token
    ");
    fs::write(&path, TOKENS.replace("= 1", "= secret")).unwrap();
    assert!(eval("other").contains("42"));
    let log = shown(&server.end(Signal::TERM));
    assert!(log.contains("tokens stay as they were") && log.contains("line 4 is no TOML"), "{log}");
    assert!(!log.contains("secret") && !log.contains("everyone on this machine"), "{log}");
}

#[test]
fn token_files_that_cannot_be_used() {
    let serve = |name: &'static str, text: &str| {
        pyexec(["serve", "--port", "0", "--token-file", name]).secret(name, text)
    };
    assert_snapshot!(serve("empty", "# none\n").show(), @"
    exit 125
    --- stderr
    error: empty: it holds no token
    ");
    assert_snapshot!(serve("tokens.toml", &TOKENS.replace("max_", "most_")).show(), @"
    exit 125
    --- stderr
    error: tokens.toml: line 4: a token has name, token or sha256, max_running, max_queued, max_timeout_seconds and max_memory_mb, and nothing else
    ");
}

#[test]
fn secrets_that_everyone_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    fs::write(&path, "secret\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let session = pyexec(["serve", "--port", "0", "--token-file", path.to_str().unwrap()]);
    let log = shown(&Served::start(session).end(Signal::TERM));
    assert!(log.contains("everyone on this machine can read the tokens in "), "{log}");
}

#[test]
fn names_of_a_proxy() {
    let urls = pyexec(["serve", "--port", "0", "--allowed-host", "py.example,https://py.example"]);
    assert_snapshot!(urls.show(), @r#"
    exit 125
    --- stderr
    error: "https://py.example" is no name of a host: write that alone, as py.example.com
    "#);
}
