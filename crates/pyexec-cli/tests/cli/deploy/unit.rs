//! The units of systemd.

use super::{assert_setting, folder, is_there, read, seconds};
use crate::{
    served::Served,
    session::{Session, pyexec, shown},
};
use rustix::process::Signal;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, process::Command};

/// What keeps a server that was taken over from the rest of the machine.
const HARDENING: [(&str, &str); 22] = [
    ("AmbientCapabilities", ""),
    ("CapabilityBoundingSet", ""),
    ("DeviceAllow", "/dev/net/tun rw"),
    ("DevicePolicy", "closed"),
    ("DynamicUser", "yes"),
    ("KeyringMode", "private"),
    ("LockPersonality", "yes"),
    ("NoNewPrivileges", "yes"),
    ("PrivateMounts", "yes"),
    ("PrivateTmp", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHome", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectProc", "invisible"),
    ("ProtectSystem", "strict"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("StateDirectoryMode", "0700"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap"),
    ("UMask", "0077"),
];

/// What takes away something that each execution is made of, or that a script may do.
const TOO_MUCH: [&str; 10] = [
    "MemoryDenyWriteExecute",
    "PrivateDevices",
    "PrivateNetwork",
    "PrivateUsers",
    "ProcSubset",
    "ProtectControlGroups",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelTunables",
    "RestrictNamespaces",
];

type Sections = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A unit's settings; what is no comment has to be one.
fn parse(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut section = String::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            name.strip_suffix(']').unwrap().clone_into(&mut section);
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric()), "{line}");
        let settings = sections.entry(section.clone()).or_default();
        settings.entry(key.into()).or_default().push(value.into());
    }
    assert!(!sections.contains_key(""), "a setting stands before all sections");
    sections
}

/// Variables that a unit sets.
fn environment(service: &BTreeMap<String, Vec<String>>) -> BTreeMap<&str, &str> {
    service["Environment"].iter().map(|set| set.split_once('=').unwrap()).collect()
}

#[test]
fn the_service_is_hardened_as_far_as_the_sandbox_allows() {
    let unit = parse(&read("pyexec.service"));
    let service = &unit["Service"];
    for (key, value) in HARDENING {
        assert_eq!(service.get(key), Some(&vec![value.to_owned()]), "{key}");
    }
    for key in TOO_MUCH {
        assert!(!service.contains_key(key), "{key} takes what the sandbox needs");
    }
    assert_eq!(service["Type"], ["notify"]);
    assert_eq!(service["Delegate"], ["memory pids cpu"]);
    assert_eq!(service["DelegateSubgroup"], ["server"]);
    // Else the first signal would go to executions, too.
    assert_eq!(service["KillMode"], ["mixed"]);
    assert_eq!(service["OOMPolicy"], ["continue"]);
}

#[test]
fn the_service_names_what_there_is() {
    let unit = parse(&read("pyexec.service"));
    let service = &unit["Service"];
    let environment = environment(service);
    environment.keys().copied().for_each(assert_setting);
    let command: Vec<_> = service["ExecStart"][0].split(' ').collect();
    assert_eq!(command[..2], ["/usr/bin/pyexec", "serve"]);
    command[2..].iter().for_each(|flag| assert_setting(flag));
    let stop = seconds(&service["TimeoutStopSec"][0]);
    assert!(stop > seconds(environment["PYEXEC_GRACE"]) + 5, "systemd kills before pyexec does");
    // The group below which executions get theirs is the service's own.
    let slice = &service["Slice"][0];
    assert_eq!(environment["PYEXEC_CGROUP"], format!("/sys/fs/cgroup/{slice}/%n"));
    let credential = service["LoadCredential"][0].split_once(':').unwrap().0;
    assert_eq!(environment["PYEXEC_TOKEN_FILE"], format!("%d/{credential}"));
    let state = &service["StateDirectory"][0];
    assert_eq!(environment["PYEXEC_STATE_DIR"], format!("%S/{state}"));

    let socket = parse(&read("pyexec.socket"));
    // Where the server listens without it, too.
    assert_eq!(socket["Socket"]["ListenStream"], ["127.0.0.1:8080"]);
    assert!(!socket["Socket"].contains_key("Accept"), "one server answers all connections");
    assert_eq!(socket["Install"]["WantedBy"], ["sockets.target"]);
}

/// A server with the service's variables, but folders of the test's.
#[test]
fn a_server_starts_with_the_services_settings() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    fs::write(folder.path().join("tokens"), "unit's\n").unwrap();
    fs::set_permissions(folder.path().join("tokens"), fs::Permissions::from_mode(0o400)).unwrap();
    let unit = parse(&read("pyexec.service"));
    let environment = environment(&unit["Service"]);
    // The group is there once systemd has made it.
    let settings = environment.into_iter().filter(|(name, _)| *name != "PYEXEC_CGROUP");
    let session = settings.fold(pyexec(["serve", "--port", "0"]), |session, (name, value)| {
        session.env(name, &value.replace("%d", place).replace("%S", place))
    });
    let server = Served::start(session.env("PYEXEC_LOG_LEVEL", "error"));
    let client = |token: &str| server.client(["eval", "6 * 7"]).env("PYEXEC_TOKEN", token).output();
    assert_eq!(client("unit's").stdout, b"42\n");
    assert_eq!(client("another").status.code(), Some(125));
    assert!(folder.path().join("pyexec/executions.redb").exists());
    let ended = server.end(Signal::TERM);
    assert_eq!(ended.status.code(), Some(0), "{}", shown(&ended));
}

/// The file system, the user and the privileges that the service has; the rest of it takes systemd.
fn like_the_service(session: Session) -> Session {
    let prepare = "mount -t tmpfs tmpfs /home && mount -t tmpfs tmpfs /root && \
                   mount -t tmpfs -o mode=1777 tmpfs /tmp && \
                   mount -o remount,bind,ro / && \
                   mount -t proc -o hidepid=invisible proc /proc && cd / && \
                   exec setpriv --reuid=61184 --regid=61184 --clear-groups --no-new-privs \
                   --bounding-set=-all --inh-caps=-all \"$0\" \"$@\"";
    session.within(&["unshare", "--mount", "--ipc", "sh", "-c", prepare])
}

#[test]
fn executions_are_isolated_in_what_the_service_has() {
    if !rustix::process::geteuid().is_root() || !is_there("setpriv") {
        return;
    }
    // Beside what is hidden there.
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("pyexec");
    fs::copy(env!("CARGO_BIN_EXE_pyexec"), &program).unwrap();
    let session = pyexec(["eval", "import os; os.path.exists('/proc/self/maps')"]);
    let output = like_the_service(session.program(&program)).env("PATH", "/usr/bin:/bin").output();
    assert_eq!(output.stdout, b"True\n", "{}", shown(&output));
}

/// By systemd itself, which reads both files and starts nothing.
#[test]
fn systemd_understands_both() {
    if !is_there("systemd-analyze") {
        return;
    }
    let copies = tempfile::tempdir().unwrap();
    for name in ["pyexec.service", "pyexec.socket"] {
        // The program isn't installed where the unit has it.
        let text = read(name).replace("/usr/bin/pyexec", env!("CARGO_BIN_EXE_pyexec"));
        fs::write(copies.path().join(name), text).unwrap();
    }
    let verify = |name: &str| {
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--man=no", "--recursive-errors=no"]);
        let output = command.arg(copies.path().join(name)).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        // Systemd before 254 lacks this one.
        let lines = said.lines().filter(|line| !line.contains("'DelegateSubgroup'"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(verify("pyexec.service"), [""; 0]);
    assert_eq!(verify("pyexec.socket"), [""; 0]);
    let wrong = read("pyexec.service").replace("ProtectHome=yes", "ProtectHome=maybe");
    fs::write(copies.path().join("pyexec.service"), wrong).unwrap();
    assert!(!verify("pyexec.service").is_empty(), "it finds nothing");
    assert!(folder().join("pyexec.service").exists());
}
