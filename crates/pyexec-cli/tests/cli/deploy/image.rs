//! The container's image, and what begins in it.

use super::{assert_setting, folder, is_there, read};
use crate::session::{pyexec, shown};
use parse_dockerfile::{Command as Words, Instruction, Source, Stage};
use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Command};

/// What a shell would run in a stage.
fn shell_lines<'a>(stage: &Stage<'a, '_>) -> Vec<&'a str> {
    let lines = stage.instructions.iter().filter_map(|instruction| match instruction {
        Instruction::Run(run) => match &run.arguments {
            Words::Shell(line) => Some(line.value),
            _ => None,
        },
        _ => None,
    });
    lines.collect()
}

/// Words that no shell reads: one in between would keep signals for itself.
fn words(words: &Words<'_>) -> Vec<String> {
    let Words::Exec(words) = words else { panic!("a shell would run {words:?}") };
    words.value.iter().map(|word| word.value.to_string()).collect()
}

#[test]
fn the_image_is_small_and_names_what_there_is() {
    let text = read("Dockerfile");
    let file = parse_dockerfile::parse(&text).unwrap();
    let stages: Vec<_> = file.stages().collect();
    let [build, run] = &stages[..] else { panic!("{} stages", stages.len()) };
    // The version that the crate needs, so that nothing newer is taken by chance.
    let manifest = fs::read_to_string(folder().join("../crates/pyexec-cli/Cargo.toml")).unwrap();
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    let base = format!("rust:{}-slim-", version.trim_matches('"'));
    assert!(build.from.image.value.starts_with(&base), "{}", build.from.image.value);
    assert_eq!(build.from.as_.as_ref().unwrap().1.value, "build");
    assert_eq!(shell_lines(build), ["cargo build --locked --release --package pyexec-cli"]);
    let base = &run.from.image.value;
    assert!(base.starts_with("python:3.") && base.contains("-slim-"), "{base}");

    for line in shell_lines(run) {
        assert!(line.contains(" --no-install-recommends "), "{line}");
        assert!(line.ends_with("rm -rf /var/lib/apt/lists/*"), "{line}");
    }
    let (mut settings, mut copied) = (0, Vec::new());
    let (mut start, mut is_watched) = (Vec::new(), false);
    for instruction in run.instructions {
        match instruction {
            Instruction::Env(env) => {
                for set in env.arguments.value.split_whitespace().filter(|word| *word != "\\") {
                    assert_setting(set.split_once('=').unwrap().0);
                    settings += 1;
                }
            }
            Instruction::Copy(copy) => {
                let from = copy.options.iter().find(|flag| flag.name.value == "from");
                let from = from.map(|flag| flag.value.as_ref().unwrap().value.to_string());
                for source in &copy.src {
                    let Source::Path(path) = source else { panic!("{source:?}") };
                    copied.push((from.clone(), path.value.to_string()));
                }
            }
            Instruction::Entrypoint(entrypoint) => start = words(&entrypoint.arguments),
            Instruction::Cmd(cmd) => start.extend(words(&cmd.arguments)),
            Instruction::Healthcheck(_) => is_watched = true,
            _ => {}
        }
    }
    assert!(settings >= 3 && is_watched);
    assert_eq!(start, ["pyexec-entrypoint", "serve"]);
    let built = (Some("build".to_owned()), "/src/target/release/pyexec".to_owned());
    assert_eq!(copied, [built, (None, "deploy/entrypoint.sh".to_owned())]);
    assert!(!text.contains(":latest") && !text.contains("TOKEN"));
}

/// What a build needs is in its context, and nothing else.
#[test]
fn the_context_holds_the_workspace() {
    let ignored = read("Dockerfile.dockerignore");
    let mut lines = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("*"), "first of all nothing");
    let taken: BTreeSet<_> = lines.map(|line| line.strip_prefix('!').unwrap()).collect();
    for path in &taken {
        assert!(folder().join("..").join(path).exists(), "{path}");
    }
    let manifest = fs::read_to_string(folder().join("../Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members =
        members.trim_matches(['[', ']']).split(", ").map(|member| member.trim_matches('"'));
    for member in members {
        assert!(taken.contains(member.trim_end_matches("/*")), "{member}");
    }
    assert!(taken.contains("Cargo.lock") && taken.contains("deploy/entrypoint.sh"));
}

/// With the capabilities of the compose file, and without a control group that may be written to.
#[test]
fn the_entrypoint_gives_the_server_an_ordinary_user() {
    if !rustix::process::geteuid().is_root() || !is_there("setpriv") {
        return;
    }
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_pyexec"), place.path().join("pyexec")).unwrap();
    let entrypoint = folder().join("entrypoint.sh").canonicalize().unwrap();
    let inside = place.path().join("pyexec-entrypoint");
    fs::copy(entrypoint, &inside).unwrap();
    let prepare = "mount -t proc proc /proc && mount -t tmpfs tmpfs /sys/fs/cgroup && \
                   mount -t tmpfs -o mode=1777 tmpfs /tmp && cd / && \
                   exec setpriv --no-new-privs --inh-caps=-all \
                   --bounding-set=-all,+chown,+kill,+setgid,+setuid \"$0\" \"$@\"";
    let session =
        pyexec(["eval", "import os; print(os.stat('/work').st_uid == os.getuid(), 6 * 7)"]);
    let mut session = session
        .program(&inside)
        .within(&[
            "unshare",
            "--mount",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            prepare,
        ])
        .env("PATH", &format!("{}:/usr/bin:/bin", place.path().display()))
        .env("PYEXEC_STATE_DIR", "/tmp/state");
    let output = session.output();
    assert_eq!(output.stdout, b"True 42\n", "{}", shown(&output));
    let doctor = Command::new("sh").arg("-n").arg(&inside).status().unwrap();
    assert!(doctor.success());
}
