//! What the host has that no attacker may get, and what is seen of attackers from there.

use std::{
    collections::BTreeSet,
    os::unix::process::CommandExt,
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Holds a secret for as long as this process lives.
const SECRET: &str = "PYEXEC_TEST_SECRET";
/// Who this is outside of a user namespace in which everybody is root.
const USER: &str = "PYEXEC_TEST_USER";

/// Starts this program again with a secret in its environment: that of a process can't be changed
/// so that others would see it.
pub(crate) fn with_secrets() {
    if std::env::var_os(SECRET).is_none() {
        let secret = format!("secret-{:x}-{}", std::process::id(), now());
        let arguments = std::env::args_os().skip(1);
        let error = Command::new("/proc/self/exe").args(arguments).env(SECRET, secret).exec();
        panic!("starting again: {error}");
    }
}

fn now() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
}

pub(crate) fn secret() -> String {
    std::env::var(SECRET).unwrap()
}

pub(crate) fn forget(command: &mut Command) {
    command.env_remove(SECRET);
}

pub(crate) fn is_root() -> bool {
    static IS_ROOT: LazyLock<bool> = LazyLock::new(|| {
        std::env::var(USER).map_or_else(|_| rustix::process::geteuid().is_root(), |v| v == "root")
    });
    *IS_ROOT
}

pub(crate) fn name_user(command: &mut Command) {
    command.env(USER, crate::report::user());
}

/// A name for a process that can be found from outside.
pub(crate) fn mark() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("atk{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Gives the script's process, and those that it forks, a name.
pub(crate) fn marked(mark: &str, code: &str) -> String {
    format!("libc.prctl(15, b'{mark}', 0, 0, 0)\n{code}")
}

/// Processes of this name that are there now.
pub(crate) fn with_mark(mark: &str) -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_name = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == mark)
    };
    pids.filter(has_name).collect()
}

/// `Err` where something of that name is left.
pub(crate) fn nothing_left_of(mark: &str) -> Result<(), String> {
    let left = with_mark(mark);
    crate::ground::ensure(left.is_empty(), ("left", left))
}

/// Waits for something; whether it happened.
pub(crate) fn happens(mut it: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !it() {
        if start.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}
