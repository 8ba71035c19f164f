//! What operators install: every file of `deploy/` has to fit this very program.

mod compose;
mod image;
mod unit;

use crate::session::pyexec;
use std::{fs, path::PathBuf, process::Command};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// Whether `pyexec serve` has such a flag or variable.
fn is_setting(name: &str) -> bool {
    let output = pyexec(["serve", "--help"]).output();
    let help = String::from_utf8(output.stdout).unwrap();
    let variable = format!("{name}=]");
    help.split([' ', '\n', ',']).any(|word| word == name || word == variable)
}

fn assert_setting(name: &str) {
    assert!(is_setting(name), "`pyexec serve --help` doesn't name {name}");
}

/// Whether a program of this machine can be had.
fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Seconds, from what the files write: 90s, 120.
fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap()
}

#[test]
fn settings_are_told_from_what_is_none() {
    for (name, is) in [
        ("--state-dir", true),
        ("PYEXEC_STATE_DIR", true),
        ("--state", false),
        ("PYEXEC_STATE", false),
        ("STATE_DIR", false),
    ] {
        assert_eq!(is_setting(name), is, "{name}");
    }
}
