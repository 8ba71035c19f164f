//! HTTPS, by certificates of an authority that nobody else knows.

use crate::{
    service::{main_py, server},
    suite::{Options, Subject},
};
use pyexec_core::{
    Error, RetryPolicy, TransportErrorKind,
    types::{Metadata, SimpleExecRequest},
};
use pyexec_server::{EmbeddedServer, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

/// An authority's certificate, and one of its servers' with its key, all PEM.
struct Authority {
    root: String,
    certificate: String,
    key: String,
}

fn authority() -> Authority {
    let root_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(params, root_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().pem();
    Authority { root, certificate, key: key.serialize_pem() }
}

/// The files of a server.
struct Files {
    folder: TempDir,
}

impl Files {
    fn of(authority: &Authority) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.put(authority);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, authority: &Authority) {
        fs::write(self.path("certificate"), &authority.certificate).unwrap();
        fs::write(self.path("key"), &authority.key).unwrap();
    }

    fn server(&self) -> EmbeddedServer {
        let (certificate, key) = (self.path("certificate"), self.path("key"));
        server(|config| config.tls = Some(TlsFiles { certificate, key }))
    }
}

fn client<S: Subject>(server: &EmbeddedServer, root: &str) -> S {
    let options = Options {
        token: Some(server.token().to_owned()),
        root_certificates: Some(root.as_bytes().to_vec()),
        retry: Some(RetryPolicy::never()),
        ..Options::new(server.url())
    };
    S::build(options).unwrap()
}

fn refuses<S: Subject>(server: &EmbeddedServer, root: &str) {
    let Err(Error::Transport(error)) = client::<S>(server, root).health() else {
        panic!("no transport error")
    };
    assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

pub(crate) fn a_root_of_ones_own<S: Subject>() {
    let ours = authority();
    let server = Files::of(&ours).server();
    assert!(server.url().starts_with("https://"));
    let client = client::<S>(&server, &ours.root);
    let result = client.eval(&SimpleExecRequest::new("1 + 1")).unwrap();
    assert_eq!(result.result.as_deref(), Some("2"));
    let code = format!(
        "data = {:?}\nprint(len(data) * 1000)\nprint('x' * 3_000_000)",
        "#".repeat(900_000)
    );
    let result = client.execute_sync(&main_py(&code), &Metadata::new("main.py")).unwrap();
    assert!(result.stdout.starts_with("900000000\nxx") && result.stdout.len() > 3_000_000);
    refuses::<S>(&server, &authority().root);
}

pub(crate) fn certificates_are_read_again<S: Subject>() {
    let (old, new) = (authority(), authority());
    let files = Files::of(&old);
    let server = files.server();
    let before = client::<S>(&server, &old.root);
    before.health().unwrap();
    files.put(&new);
    client::<S>(&server, &new.root).health().unwrap();
    refuses::<S>(&server, &old.root);
    // Its connection is as good as before.
    before.health().unwrap();
    // What can't be used changes nothing: files that are gone, are none, or don't belong together.
    for (name, contents) in [("key", "no key"), ("certificate", ""), ("key", old.key.as_str())] {
        fs::write(files.path(name), contents).unwrap();
        client::<S>(&server, &new.root).health().unwrap();
    }
    fs::remove_file(files.path("certificate")).unwrap();
    client::<S>(&server, &new.root).health().unwrap();
    files.put(&old);
    client::<S>(&server, &old.root).health().unwrap();
}

pub(crate) fn plain_http_is_told<S: Subject>() {
    let ours = authority();
    let server = Files::of(&ours).server();
    let plain = S::new(&server.url().replace("https:", "http:"));
    let error = plain.health().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400), "{error:?}");
    assert!(error.to_string().contains("this server speaks HTTPS only"), "{error}");
    // With a body, which is still being sent when the answer comes.
    let archive = main_py(&"#".repeat(8 << 20));
    let error = plain.execute_sync(&archive, &Metadata::new("main.py")).unwrap_err();
    assert!(error.to_string().contains("this server speaks HTTPS only"), "{error}");
    // Nobody else is the worse for it.
    client::<S>(&server, &ours.root).health().unwrap();
}
