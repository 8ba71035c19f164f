//! What the kernel is and permits.

use super::Finding;
use rustix::system::uname;
use std::fs;

/// The oldest kernel that has every system call that is needed.
const OLDEST: (u32, u32) = (5, 12);

/// What user namespaces hang on, and the value with which an ordinary user may make none.
const SETTINGS: [(&str, &str); 3] = [
    ("user.max_user_namespaces", "0"),
    ("kernel.unprivileged_userns_clone", "0"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1"),
];

pub(super) fn kernel() -> Finding {
    let release = uname().release().to_string_lossy().into_owned();
    match numbers(&release) {
        Some(found) if found < OLDEST => {
            let (major, minor) = OLDEST;
            Finding::fail("kernel", release).hint(format!("Linux {major}.{minor} is the oldest"))
        }
        _ => Finding::ok("kernel", release),
    }
}

/// The first two numbers of a release such as `6.8.0-31-generic`.
fn numbers(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

pub(super) fn seccomp() -> Finding {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:")).map(str::trim);
    match mode {
        Some("0") => Finding::ok("seccomp", "the kernel filters system calls"),
        Some(_) => Finding::ok(
            "seccomp",
            "the kernel filters system calls, already those of pyexec itself",
        ),
        None => Finding::warn("seccomp", "the kernel doesn't say that it filters system calls")
            .hint("use a kernel with CONFIG_SECCOMP_FILTER"),
    }
}

/// The settings that most often stand in the way. `works` tells that none does.
pub(super) fn user_namespaces(works: bool) -> Finding {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/{}", name.replace('.', "/")));
    let found: Vec<_> = SETTINGS
        .into_iter()
        .filter_map(|(name, forbidding)| Some((name, forbidding, read(name).ok()?)))
        .map(|(name, forbidding, value)| (name, forbidding, value.trim().to_owned()))
        .collect();
    let all: Vec<_> = found.iter().map(|(name, _, value)| format!("{name} = {value}")).collect();
    let text = if all.is_empty() { "no setting is in sight".into() } else { all.join(", ") };
    let in_the_way = found.iter().find(|(_, forbidding, value)| value == forbidding);
    match in_the_way {
        Some((name, ..)) if !works => {
            let permitting = if name.starts_with("user.") { "10000" } else { opposite(name) };
            Finding::warn("user namespaces", text)
                .hint(format!("permit them: `sysctl {name}={permitting}`"))
        }
        _ => Finding::ok("user namespaces", text),
    }
}

fn opposite(name: &str) -> &'static str {
    if name.contains("restrict") { "0" } else { "1" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_distributions() {
        for (release, expected) in [
            ("6.8.0-31-generic", Some((6, 8))),
            ("5.12-rc1", Some((5, 12))),
            ("6.18.44-fc", Some((6, 18))),
            ("weird", None),
        ] {
            assert_eq!(numbers(release), expected, "{release}");
        }
    }
}
