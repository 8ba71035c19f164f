//! What `Diagnosis` finds: here, for an ordinary user, and where the kernel says no.

use crate::{
    again::{as_ordinary_user, text},
    no_proc::hidden,
};
use pyexec_sandbox::{Diagnosis, IsolationLevel, SandboxOptions, Standing, Start};

/// Set in the inner half.
const INNER: &str = "PYEXEC_TEST_DIAGNOSE";

#[test]
fn this_machine_is_well() {
    let diagnosis = Diagnosis::of(&SandboxOptions::default());
    assert_eq!(diagnosis.level, Some(IsolationLevel::Full), "{diagnosis:?}");
    assert!(diagnosis.is_well(), "{diagnosis:?}");
    let subjects: Vec<_> = diagnosis.findings.iter().map(|finding| &finding.subject).collect();
    let first = [
        "kernel",
        "seccomp",
        "user namespaces",
        "isolation",
        "limits",
        "network",
        "pasta",
        "packages",
    ];
    assert_eq!(subjects[..8], first);
    assert_eq!(diagnosis.findings[7].text, "attached, read-only");
    let of_each = subjects[8..].chunks(3);
    assert_eq!(of_each.len(), SandboxOptions::default().interpreters.len());
    for of_one in of_each {
        assert_eq!(*of_one[1], format!("{}, started anew", of_one[0]));
        assert_eq!(*of_one[2], format!("{}, copied", of_one[0]));
    }
    let timed = diagnosis.findings[8..].iter().filter(|finding| finding.took.is_some());
    assert_eq!(timed.count(), subjects[8..].len() / 3 * 2, "{diagnosis:?}");
}

#[test]
fn copies_can_be_off_and_interpreters_be_missing() {
    let strict = SandboxOptions { start: Start::Strict, ..SandboxOptions::default() };
    let diagnosis = Diagnosis::of(&strict);
    assert!(
        diagnosis.is_well() && diagnosis.findings[10].text == "off, as chosen",
        "{diagnosis:?}"
    );
    let nothing = SandboxOptions { interpreters: Vec::new(), ..SandboxOptions::default() };
    let diagnosis = Diagnosis::of(&nothing);
    assert_eq!((diagnosis.level, diagnosis.is_well()), (None, false));
    let isolation = &diagnosis.findings[3];
    assert_eq!(isolation.standing, Standing::Fail);
    assert!(isolation.hint.as_ref().unwrap().contains("install one"), "{isolation:?}");
}

#[test]
fn for_an_ordinary_user() {
    let (mut command, _, _folder) = as_ordinary_user("");
    let output = command.args(["--exact", "--nocapture", "doctor::inner"]).env(INNER, "1").output();
    let text = text(output.unwrap());
    assert!(text.contains("LEVEL Some(Full), well: true"), "{text}");
    assert!(text.contains("copied: ran print(1)"), "{text}");
    assert!(text.contains("Ok packages: attached, read-only"), "{text}");
    if rustix::process::geteuid().is_root() {
        assert!(text.contains("Warn limits: no control groups: the kernel"), "{text}");
        assert!(text.contains("hint: "), "{text}");
    }
}

/// In a user namespace in which no network namespace may be made.
#[test]
fn where_a_namespace_is_refused() {
    let (mut command, copy, _folder) = as_ordinary_user("unshare");
    let output = command
        .args(["--user", "--map-root-user", "sh", "-c"])
        .arg("echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" --exact --nocapture doctor::inner")
        .arg(copy)
        .env(INNER, "1")
        .output();
    let text = text(output.unwrap());
    assert!(text.contains("LEVEL None, well: false"), "{text}");
    let refused = "Fail isolation: refused: creating namespaces: No space left on device";
    assert!(text.contains(refused), "{text}");
    assert!(text.contains("hint: raise the limits below /proc/sys/user"), "{text}");
    assert!(!text.contains("print(1)"), "{text}");
}

#[test]
fn where_a_part_of_proc_is_hidden() {
    let output = hidden(&["--exact", "--nocapture", "doctor::inner"], true, |command| {
        command.env(INNER, "1");
    });
    let text = text(output);
    assert!(text.contains("LEVEL None, well: false"), "{text}");
    let refused = "Fail isolation: refused: mounting /proc: Operation not permitted (os error 1); \
                   no-proc is refused: doing without /proc: no control group";
    assert!(text.contains(refused), "{text}");
    assert!(text.contains("PYEXEC_ISOLATION=no-proc"), "{text}");
}

/// The inner half of the tests above; by itself it has nothing to do.
#[test]
fn inner() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let diagnosis = Diagnosis::of(&SandboxOptions::default());
    println!("LEVEL {:?}, well: {}", diagnosis.level, diagnosis.is_well());
    for finding in &diagnosis.findings {
        println!("{:?} {}: {}", finding.standing, finding.subject, finding.text);
        if let Some(hint) = &finding.hint {
            println!("hint: {hint}");
        }
    }
}
