//! In a container that hides a part of `/proc`, so that the kernel lets nobody mount another.

use crate::{
    served::Served,
    session::{Session, pyexec},
};
use insta::assert_snapshot;
use pyexec_blocking::{Archive, Client, types::Metadata};
use rustix::process::Signal;

fn hidden(session: Session) -> Session {
    let user: &[_] = match rustix::process::geteuid().is_root() {
        true => &["unshare"],
        false => &["unshare", "--user", "--map-root-user"],
    };
    let hide = "mount --bind /dev/null /proc/interrupts && exec \"$0\" \"$@\"";
    session.within(&[user, &["--mount", "sh", "-c", hide]].concat())
}

/// What no-proc takes.
fn has_groups() -> bool {
    let isolation = pyexec_sandbox::Sandbox::start(Default::default()).unwrap().isolation();
    isolation.limits != "rlimits"
}

#[test]
fn it_is_refused_unless_it_is_asked_for() {
    let run = || hidden(pyexec(["run"]).stdin("import os\nprint(os.listdir('/proc'))\n"));
    assert_snapshot!(run().show(), @"
    exit 125
    --- stderr
    error: no sandbox
    caused by: this machine doesn't allow isolation: mounting /proc failed: Operation not permitted (os error 1)
    hint: this container hides parts of /proc: in Docker, add `--security-opt systempaths=unconfined`; or ask for the isolation level no-proc, which does without (PYEXEC_ISOLATION=no-proc)
    ");
    if has_groups() {
        assert_snapshot!(run().env("PYEXEC_ISOLATION", "no-proc").show(), @"
        exit 0
        --- stdout
        []
        ");
    }
    assert_snapshot!(run().env("PYEXEC_ISOLATION", "some").show(), @r#"
    exit 2
    --- stderr
    error: PYEXEC_ISOLATION makes no sense
    caused by: "some" is no isolation level; there are full and no-proc
    "#);
}

#[test]
fn a_server_says_that_it_is_so() {
    if !has_groups() {
        return;
    }
    let session = pyexec(["serve", "--port", "0", "--isolation", "no-proc"]);
    let server = Served::start(hidden(session));
    let client = Client::new(server.url()).unwrap();
    assert_eq!(client.health().unwrap().isolation.unwrap().level, "no-proc");
    let archive = Archive::from_map([("main.py", "print(1)")]).unwrap();
    let result = client.execute_sync(&archive, &Metadata::new("main.py")).unwrap();
    assert_eq!((result.stdout.as_str(), result.isolation.as_deref()), ("1\n", Some("no-proc")));
    let log = String::from_utf8(server.end(Signal::TERM).stderr).unwrap();
    assert!(log.contains("WARN") && log.contains("isolation is no-proc, as asked for"), "{log}");
}
