//! What the program says about this machine.

use crate::session::{Session, pyexec};
use insta::assert_snapshot;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// Sees one interpreter and no other program.
fn doctor<const N: usize>(args: [&str; N]) -> (Session, TempDir) {
    let bin = tempfile::tempdir().unwrap();
    let interpreter = &pyexec_sandbox::discover()[0];
    symlink(interpreter.executable(), bin.path().join("python3")).unwrap();
    let session = pyexec(args).env("PATH", bin.path().to_str().unwrap()).env("HOME", "/nowhere");
    (session, bin)
}

/// Without what differs from machine to machine.
fn usual(text: &str) -> String {
    let version = pyexec_sandbox::discover()[0].version().to_string();
    let path = pyexec_sandbox::discover()[0].executable().display().to_string();
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace(&path, "PATH").replace(&version, "X.Y").lines() {
        let subject = line.split(": ").next().unwrap_or_default();
        let took = line.rfind(" (").filter(|_| line.ends_with(" ms)"));
        lines.push(match (subject.get(5..), took) {
            (Some("kernel" | "seccomp" | "user namespaces"), _) => format!("{subject}: TEXT"),
            // Not every user has control groups.
            (Some("limits"), _) => "     limits: TEXT".into(),
            (Some("hint"), _)
                if lines.last().is_some_and(|last| last.ends_with("limits: TEXT")) =>
            {
                continue;
            }
            (_, Some(at)) => format!("{} (N ms)", &line[..at]),
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

#[test]
fn a_machine_that_is_well() {
    let (session, _bin) = doctor(["doctor"]);
    assert_snapshot!(usual(&session.show()), @"
    exit 0
    --- stdout
    ok   kernel: TEXT
    ok   seccomp: TEXT
    ok   user namespaces: TEXT
    ok   isolation: full (N ms)
         limits: TEXT
    ok   network: none, unless an operator chooses pasta or host
    warn pasta: not installed: of networks only host can be chosen
         hint: install it: the package is `passt` in Debian, Ubuntu, Fedora, Arch and Alpine
    ok   Python X.Y: PATH, with compiled modules
    ok   Python X.Y, started anew: ran print(1) (N ms)
    ok   Python X.Y, copied: ran print(1) (N ms)
    ");
}

#[test]
fn for_programs() {
    let (mut session, _bin) = doctor(["doctor", "--json"]);
    let output = session.output();
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["level"], "full");
    assert_eq!(json["findings"][3]["subject"], "isolation");
    assert_eq!(json["findings"][3]["standing"], "ok");
    assert!(json["findings"][3]["took_ms"].is_u64());
    assert!(json["findings"][6]["hint"].is_string(), "there is no pasta");
}

#[test]
fn a_machine_that_refuses() {
    // Whoever this is outside.
    let wrapper = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
    let output = pyexec(["doctor"])
        .within(&["unshare", "--user", "--map-root-user", "sh", "-c", wrapper])
        .output();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("\nFAIL isolation: refused: "), "{text}");
    assert!(text.contains("\n     hint: "), "{text}");
    assert!(output.stderr.is_empty());
}

#[test]
fn what_it_does_not_know() {
    assert_snapshot!(pyexec(["doctor", "--isolation", "none"]).show(), @r#"
    exit 2
    --- stderr
    error: invalid value 'none' for '--isolation <LEVEL>': "none" is no isolation level; there are full and no-proc

    For more information, try '--help'.
    "#);
}
