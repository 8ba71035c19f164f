//! Servers with certificates of their own. Included by tests of clients with rustls.
#![allow(dead_code, clippy::unwrap_used)]

use crate::suite::{
    Options, Subject,
    fake::{Received, json, ok},
};
use pyexec_core::{Archive, Error, RetryPolicy, TransportErrorKind, types::Metadata};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

/// A certificate authority, and how a server for `localhost` presents itself by it.
fn authority() -> (String, ServerConfig) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem();

    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &issuer).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
        )
        .unwrap();
    (pem, config)
}

/// Answers this many connections, each as far as its handshake gets.
fn serve(config: ServerConfig, connections: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let config = Arc::new(config);
    thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            if Received::head(&mut stream).is_none() {
                continue;
            }
            let stream = stream.get_mut();
            stream.write_all(ok(r#"{"status":"ok","server":"secure"}"#).as_bytes()).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
    });
    url
}

pub(crate) fn own_root_certificates<S: Subject>() {
    let (pem, config) = authority();
    let (other, _) = authority();
    let url = serve(config, 3);
    let health = |roots: Option<&str>| {
        let options = Options {
            root_certificates: roots.map(|pem| pem.as_bytes().to_vec()),
            retry: Some(RetryPolicy::never()),
            ..Options::new(&url)
        };
        S::build(options).unwrap().health()
    };
    assert_eq!(health(Some(&pem)).unwrap().server.as_deref(), Some("secure"));
    // One among several will do.
    assert!(health(Some(&format!("{other}{pem}"))).is_ok());
    let url = serve(authority().1, 2);
    let health = |roots: Option<String>| {
        let options = Options {
            root_certificates: roots.map(String::into_bytes),
            retry: Some(RetryPolicy::never()),
            ..Options::new(&url)
        };
        S::build(options).unwrap().health().unwrap_err()
    };
    for roots in [None, Some(pem)] {
        let Error::Transport(error) = health(roots) else { panic!("no transport error") };
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

/// An upload to a server that answers in the middle and closes the connection on the rest.
pub(crate) fn hung_up_on_in_the_middle<S: Subject>() {
    let (pem, config) = authority();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        Received::head(&mut stream).unwrap();
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        stream.fill_buf().unwrap();
        let answer = json("413 Payload Too Large", r#"{"error":"body over 1 MiB"}"#);
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        stream.get_mut().flush().unwrap();
    });
    let archive = Archive::from_map([("main.py", "#".repeat(32 << 20))]).unwrap();
    let options = Options { root_certificates: Some(pem.into_bytes()), ..Options::new(&url) };
    let client = S::build(options).unwrap();
    let error = client.execute_async(&archive, &Metadata::new("main.py")).unwrap_err();
    assert_eq!(error.to_string(), "body over 1 MiB (HTTP 413)", "{error:?}");
}
