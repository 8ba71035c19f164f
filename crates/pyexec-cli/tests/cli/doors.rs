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
    hint: pass the server's token: set PYEXEC_TOKEN, or --token-file FILE
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

#[test]
fn https_by_a_certificate_of_ones_own() {
    let key = certified();
    let session = pyexec(["serve", "--port", "0"])
        .file("cert.pem", key.cert.pem())
        .secret("key.pem", &key.signing_key.serialize_pem())
        .env("PYEXEC_TLS_CERT", "cert.pem")
        .env("PYEXEC_TLS_KEY", "key.pem");
    let server = Served::start(session);
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let refused = server.client(["eval", "1"]).show();
    assert!(refused.starts_with("exit 125\n") && refused.contains("certificate"), "{refused}");
    let plain = pyexec(["eval", "1"]).env("PYEXEC_SERVER", &server.url().replace("https", "http"));
    assert_snapshot!(plain.show(), @"
    exit 125
    --- stderr
    error: this server speaks HTTPS only: write https:// in its address (HTTP 400)
    ");
    let log = shown(&server.end(Signal::TERM));
    assert!(log.starts_with("exit 0\n") && log.contains("listening on https://127.0"), "{log}");
}

#[test]
fn certificates_that_cannot_be_used() {
    assert_snapshot!(pyexec(["serve", "--tls-cert", "cert.pem"]).show(), @"
    exit 2
    --- stderr
    error: HTTPS takes a certificate and its key
    hint: give both --tls-cert and --tls-key
    ");
    let tls = || pyexec(["serve", "--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert_snapshot!(tls().show(), @"
    exit 125
    --- stderr
    error: can't read cert.pem
    caused by: No such file or directory (os error 2)
    ");
    let of = |certificate: &str, key: &str| {
        tls().file("cert.pem", certificate).secret("key.pem", key).show()
    };
    assert_snapshot!(of("hunter2", "hunter2"), @"
    exit 125
    --- stderr
    error: cert.pem: it holds no certificate
    ");
    let (one, other) = (certified(), certified());
    assert_snapshot!(of(&one.cert.pem(), "hunter2"), @"
    exit 125
    --- stderr
    error: key.pem: it holds no private key without a password
    ");
    assert_snapshot!(of(&one.cert.pem(), &other.signing_key.serialize_pem()), @"
    exit 125
    --- stderr
    error: key.pem: it isn't the key of the certificate
    ");
}

/// What can't be used changes nothing, and the log says so.
#[test]
fn a_certificate_that_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
    let own = certified();
    fs::write(path("cert.pem"), own.cert.pem()).unwrap();
    fs::write(path("key.pem"), own.signing_key.serialize_pem()).unwrap();
    let session = pyexec(["serve", "--port", "0"])
        .env("PYEXEC_TLS_CERT", &path("cert.pem"))
        .env("PYEXEC_TLS_KEY", &path("key.pem"));
    let server = Served::start(session);
    fs::write(path("key.pem"), "hunter2").unwrap();
    let refused = server.client(["eval", "1"]).show();
    // The handshake went as far as the client's look at the certificate.
    assert!(refused.contains("certificate"), "{refused}");
    let log = shown(&server.end(Signal::TERM));
    let said = "certificate and key stay as they were: ";
    assert!(log.contains(said) && log.contains("it holds no private key"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

fn certified() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}
