//! This binary again: as an ordinary user, and where the network plays a host of its own.

use crate::{
    hosts,
    options::Options,
    report::{Report, Verdict},
};
use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

/// A user that has nothing.
const ORDINARY: u32 = 54_321;

/// Once more without being root; who isn't has done so already.
pub(crate) fn as_ordinary_user(options: &Options, report: &Report) {
    if !hosts::is_root() {
        return;
    }
    // Where the original lies may be out of that user's reach.
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    };
    open(folder.path());
    let copy = folder.path().join("attacks");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    open(&copy);
    let mut command = Command::new(&copy);
    command.current_dir("/").env("HOME", folder.path()).uid(ORDINARY).gid(ORDINARY);
    // The secrets have to be that user's own.
    hosts::forget(&mut command);
    collect(command, options, None, "an ordinary user", report);
}

/// In a network namespace that plays the host, for the family that attacks it.
pub(crate) fn in_a_network_of_its_own(options: &Options, report: &Report) {
    let missing = |program: &&str| Command::new(program).arg("--help").output().is_err();
    if let Some(program) = ["ip", "unshare"].iter().find(|program| missing(program)) {
        let mut skipped = Verdict::new("network", "all", "-", "-", Ok(()));
        skipped.detail = Some(format!("`{program}` is missing: install iproute2 and util-linux"));
        return report.add(skipped);
    }
    let mut command = Command::new("unshare");
    command.arg("--net");
    if !hosts::is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    // Its loopback is up before the first attack needs it.
    command.args(["sh", "-euc", "ip link set lo up; exec \"$@\"", "sh"]);
    command.arg(std::env::current_exe().unwrap());
    hosts::name_user(&mut command);
    collect(command, options, Some("network"), "a network of its own", report);
}

fn collect(
    mut command: Command,
    options: &Options,
    family: Option<&str>,
    what: &str,
    report: &Report,
) {
    command.arg("--inner").args(&options.filter);
    command.args(family.into_iter().flat_map(|family| ["--family", family]));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdicts = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    verdicts.for_each(|verdict| report.add(verdict));
    if !output.status.success() {
        let why = format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        report.add(Verdict::new("suite", what, "-", "-", Err(why)));
    }
}
