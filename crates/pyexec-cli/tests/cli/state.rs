//! What outlives a server, and the folder that it is in.

use crate::{
    served::Served,
    session::{Session, pyexec, shown},
};
use insta::assert_snapshot;
use rustix::process::Signal;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn serve(state: &Path) -> Session {
    pyexec(["serve", "--port", "0", "--state-dir", state.to_str().unwrap()])
}

#[test]
fn results_outlive_a_kill() {
    let state = tempfile::tempdir().unwrap();
    let server = Served::start(serve(state.path()));
    let output = server.client(["submit"]).stdin("print('hi')").output();
    let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let before = server.client(["follow", &id]).show();
    assert_snapshot!(before, @"
    exit 0
    --- stdout
    hi
    ");
    assert_snapshot!(shown(&server.end(Signal::KILL)).lines().next().unwrap(), @"signal: 9 (SIGKILL)");
    let server = Served::start(serve(state.path()));
    assert_eq!(server.client(["follow", &id]).show(), before);
}

#[test]
fn the_folder_is_private_and_for_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("new/state");
    let server = Served::start(serve(&state));
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&state).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
    }
    assert_snapshot!(named(serve(&state), &state), @"
    exit 125
    --- stderr
    error: cannot use the state folder STATE
    caused by: the execution store failed: another server uses STATE
    ");
    drop(server);
    drop(Served::start(serve(&state)));
}

#[test]
fn another_ones_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("notes"), "").unwrap();
    assert_snapshot!(named(serve(folder.path()), folder.path()), @"
    exit 125
    --- stderr
    error: cannot use the state folder STATE
    caused by: the execution store failed: STATE holds other files (notes): name a folder that is for this server alone
    ");
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
    let file = folder.path().join("notes");
    assert_snapshot!(named(serve(&file.join("state")), folder.path()), @"
    exit 125
    --- stderr
    error: cannot use the state folder STATE/notes/state
    caused by: the execution store failed: STATE/notes/state can't be made: Not a directory (os error 20)
    ");
}

/// What a session says, with the folder under a name of its own.
fn named(session: Session, folder: &Path) -> String {
    session.show().replace(folder.to_str().unwrap(), "STATE")
}
