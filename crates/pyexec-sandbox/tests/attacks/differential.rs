//! The same probes under bubblewrap: what it refuses, we refuse.

use crate::{
    case::{Attack, Case, steps, whole},
    ground::{Ground, ensure},
    isolation,
    report::SKIPPED,
};
use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
};

pub(crate) fn cases() -> Vec<Case> {
    vec![steps("weaker_than_bubblewrap", "all of them", "nothing that bubblewrap refuses", compare)]
}

/// Whether there is a bubblewrap that works here, and why not.
pub(crate) fn unavailable() -> Option<String> {
    let output =
        Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]).output();
    match output {
        Err(_) => Some("`bwrap` is missing: install bubblewrap".into()),
        Ok(output) if !output.status.success() => {
            Some(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
        Ok(_) => None,
    }
}

/// Its strictest usual settings: every namespace, an empty root with what Python needs, an
/// ordinary user, a clean environment.
fn bubblewrap(python: &str, code: &str) -> BTreeSet<String> {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]);
    command.args(["--uid", "1000", "--gid", "1000", "--hostname", "pyexec"]);
    command.args([
        "--cap-drop",
        "ALL",
        "--ro-bind",
        "/usr",
        "/usr",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]);
    for top in ["/bin", "/lib", "/lib64"] {
        command.args(["--symlink", &format!("usr{top}"), top]);
    }
    let library = std::path::Path::new(python).parent().and_then(std::path::Path::parent);
    if let Some(prefix) = library.filter(|prefix| !prefix.starts_with("/usr")) {
        command.arg("--ro-bind").args([prefix, prefix]);
    }
    command.args(["--tmpfs", "/work", "--tmpfs", "/tmp", "--chdir", "/work"]);
    command.args(["--setenv", "HOME", "/work", "--setenv", "LANG", "C.UTF-8"]);
    command.args(["timeout", "20", python, "-u", "-c", code]).stdin(Stdio::null());
    successes(&String::from_utf8_lossy(&command.output().unwrap().stdout))
}

/// The names of what an attacker got.
fn successes(text: &str) -> BTreeSet<String> {
    let got = text.lines().filter_map(|line| line.strip_prefix("GOT "));
    got.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn compare(ground: &Ground) -> Result<(), String> {
    if let Some(why) = unavailable() {
        return Err(format!("{SKIPPED}{why}"));
    }
    let python = ground.sandbox.interpreters()[0].executable().display().to_string();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for case in isolation::cases() {
        let Attack::Script(script) = case.attack else { continue };
        let code = whole(script.code);
        let under_bubblewrap = bubblewrap(&python, &code);
        let ran = ground.run(ground.script(script.code))?;
        let under_us = successes(&ran.stdout);
        let weaker: Vec<_> = under_us.difference(&under_bubblewrap).collect();
        ensure(weaker.is_empty() || case.gap.is_some(), (case.name, weaker))?;
        ours.extend(under_us);
        theirs.extend(under_bubblewrap);
    }
    // Beside the verdicts, which may be JSON.
    let text =
        format!("an attacker gets {} things here, {} under bubblewrap", ours.len(), theirs.len());
    let _ = writeln!(std::io::stderr(), "{text}: {ours:?}");
    Ok(())
}
