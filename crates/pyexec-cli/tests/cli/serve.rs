//! The server's own start and end.

use crate::{
    served::{Served, serve},
    session::{pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::Signal;

#[test]
fn ends_in_an_orderly_way() {
    assert_snapshot!(shown(&serve().end(Signal::INT)), @"
    exit 0
    --- stderr
    listening on http://127.0.0.1:PORT
    ");
    assert_snapshot!(shown(&serve().end(Signal::TERM)), @"
    exit 0
    --- stderr
    listening on http://127.0.0.1:PORT
    ");
}

#[test]
fn warns_of_what_it_does_not_support() {
    let session = pyexec(["serve", "--port", "0"])
        .env("PYEXEC_DOCKER_SOCKET", "/var/run/docker.sock")
        .env("PYEXEC_DNS_SERVERS", "8.8.8.8")
        .env("PYEXEC_AUTO_DETECT_IMPORTS", "true")
        .env("PYEXEC_CONSUL_ADDR", "http://consul:8500");
    assert_snapshot!(shown(&Served::start(session).end(Signal::TERM)), @"
    exit 0
    --- stderr
    warning: PYEXEC_DOCKER_SOCKET is set but not supported: executions run in a sandbox of this server, without Docker
    warning: PYEXEC_DNS_SERVERS is set but not supported: executions with the network use this machine's resolver
    warning: PYEXEC_CONSUL_ADDR is set but not supported: the server doesn't register itself
    listening on http://127.0.0.1:PORT
    ");
}

#[test]
fn reads_the_environment() {
    let session = pyexec(["serve"])
        .env("PYEXEC_PORT", "0")
        .env("PYEXEC_NETWORK_MODE", "host")
        .env("PYEXEC_DEFAULT_NETWORK", "on")
        .env("PYEXEC_DEFAULT_TIMEOUT", "3")
        .env("PYEXEC_CLEANUP_TTL", "5m0s")
        .env("PYEXEC_LOG_LEVEL", "error");
    let server = Served::start(session);
    let code = "import os, time\nprint(os.path.exists('/proc/net/dev'))\ntime.sleep(60)";
    assert_snapshot!(server.client(["eval", code]).show(), @"
    exit 124
    --- stdout
    False
    --- stderr
    Error: execution timeout after 3s
    ");
    assert_snapshot!(shown(&server.end(Signal::TERM)), @"
    exit 0
    --- stderr
    listening on http://127.0.0.1:PORT
    ");
}

#[test]
fn refuses_what_it_cannot_be() {
    assert_snapshot!(pyexec(["serve", "--network-mode", "bridge"]).show(), @"
    exit 2
    --- stderr
    error: network mode `bridge` takes a container engine, and this server uses none
    hint: choose `none`, `pasta` to give executions a network of their own, or `host`
    ");
    let without = pyexec(["serve", "--network-mode", "pasta"]).env("PATH", "/nowhere");
    assert_snapshot!(without.show(), @"
    exit 125
    --- stderr
    error: network by pasta: pasta is not there
    hint: install it: the package is `passt` in Debian, Ubuntu, Fedora, Arch and Alpine
    ");
    assert_snapshot!(pyexec(["serve", "--default-network", "on"]).show(), @"
    exit 125
    --- stderr
    error: executions would have the network by default, but may not have it at all
    hint: set PYEXEC_NETWORK_MODE=pasta or host too
    ");
    assert_snapshot!(pyexec(["serve", "--cleanup-ttl", "soon"]).show(), @r#"
    exit 2
    --- stderr
    error: invalid value 'soon' for '--cleanup-ttl <TIME>': "soon" is no duration; write 300, 300s or 5m

    For more information, try '--help'.
    "#);
    assert_snapshot!(pyexec(["serve", "--log-level", "a=b=c"]).show(), @r#"
    exit 2
    --- stderr
    error: log level "a=b=c" is none
    caused by: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
    hint: write error, warn, info, debug or trace
    "#);
    assert_snapshot!(pyexec(["serve", "--token-file", "none"]).show(), @"
    exit 125
    --- stderr
    error: can't read none
    caused by: No such file or directory (os error 2)
    ");
    assert_snapshot!(pyexec(["--server", "http://h", "serve"]).show(), @"
    exit 2
    --- stderr
    error: --server does not apply to `pyexec serve`

    Usage: pyexec [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    let open = pyexec(["serve", "--host", "0.0.0.0", "--port", "0"]).show();
    assert!(open.contains("without a token\nhint: set PYEXEC_TOKEN"), "{open}");
}

#[test]
fn a_port_that_is_taken() {
    let server = serve();
    let port = server.url().rsplit_once(':').unwrap().1;
    assert_snapshot!(pyexec(["serve", "--port", port]).show(), @"
    exit 125
    --- stderr
    error: cannot listen on 127.0.0.1:PORT
    caused by: Address already in use (os error 98)
    hint: choose another --port; 0 is any free one
    ");
}
