//! Connections that somebody has to vouch for.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use pyexec_blocking::Client;
use std::{
    io::{self, Read},
    net::TcpListener,
};

#[test]
fn nothing_goes_over_a_connection_that_is_refused() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::builder(format!("http://{}", stranger.local_addr().unwrap()))
        .bearer_token("s3cret")
        .check_connections(|| Err(io::Error::other("that is somebody else")))
        .build()
        .unwrap();
    let error = client.health().unwrap_err();
    assert!(format!("{error:?}").contains("somebody else"), "{error:?}");
    let (mut call, _) = stranger.accept().unwrap();
    let mut heard = Vec::new();
    call.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"");
}
