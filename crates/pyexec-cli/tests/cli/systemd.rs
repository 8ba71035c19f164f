//! What a service manager passes to a server, and what it hears of it.

use crate::{
    served::Served,
    session::{pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::Signal;
use std::{
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    time::Duration,
};

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let told = || {
        let mut space = [0; 100];
        let length = manager.recv(&mut space).unwrap();
        String::from_utf8_lossy(&space[..length]).into_owned()
    };
    let session = pyexec(["serve", "--port", "0"]).env("NOTIFY_SOCKET", path.to_str().unwrap());
    let server = Served::start(session);
    assert_eq!(told(), "READY=1\n");
    assert!(server.client(["eval", "6 * 7"]).show().contains("42"));
    assert!(shown(&server.end(Signal::TERM)).starts_with("exit 0\n"));
    assert_eq!(told(), "STOPPING=1\n");
    // One that is gone is no reason not to serve.
    drop(manager);
    let session = pyexec(["serve", "--port", "0"]).env("NOTIFY_SOCKET", path.to_str().unwrap());
    let log = shown(&Served::start(session).end(Signal::TERM));
    assert!(log.contains("can't tell the service manager: "), "{log}");
}

/// A program that starts another with its standard input as what a service manager passes.
fn passing(sockets: u32) -> [String; 3] {
    let script = format!(
        "export LISTEN_FDS={sockets} LISTEN_PID=$$; exec \"$0\" \"$@\" 3<&0 4<&0 </dev/null"
    );
    ["sh".into(), "-c".into(), script]
}

#[test]
fn a_socket_that_the_service_manager_holds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let wrapper = passing(1);
    let wrapper: Vec<_> = wrapper.iter().map(String::as_str).collect();
    let held = OwnedFd::from(listener);
    let session = |held: &OwnedFd| {
        pyexec(["serve", "--host", "nowhere.invalid", "--port", "1"])
            .within(&wrapper)
            .stdin_from(held.try_clone().unwrap())
    };
    // Again and again on the same one: it outlives its servers.
    for _ in 0..2 {
        let server = Served::start(session(&held));
        assert_eq!(server.url(), format!("http://{address}"));
        assert!(server.client(["eval", "6 * 7"]).show().contains("42"));
        assert!(shown(&server.end(Signal::TERM)).starts_with("exit 0\n"));
    }
}

#[test]
fn sockets_that_cannot_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let of = |sockets, held: OwnedFd| {
        let wrapper = passing(sockets);
        let wrapper: Vec<_> = wrapper.iter().map(String::as_str).collect();
        pyexec(["serve"]).within(&wrapper).stdin_from(held).show()
    };
    let datagrams = UnixDatagram::bind(folder.path().join("socket")).unwrap();
    assert_snapshot!(of(1, datagrams.into()), @"
    exit 125
    --- stderr
    error: can't use the socket that the service manager passed
    caused by: fd 3 is not a valid tcp socket
    hint: give the unit a ListenStream= with an address and a port
    ");
    // Whoever passes it, one that others can reach takes a token.
    let open = of(1, TcpListener::bind("0.0.0.0:0").unwrap().into());
    assert!(open.contains("error: refusing to listen on 0.0.0.0:"), "{open}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_snapshot!(of(2, listener.into()), @"
    exit 125
    --- stderr
    error: the service manager passed more than one socket
    hint: give the unit one ListenStream=; [::]:8080 takes connections of IPv4 too
    ");
}
