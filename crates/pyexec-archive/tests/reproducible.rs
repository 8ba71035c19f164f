//! Equal input, equal bytes; and what can be kept instead.
#![allow(clippy::unwrap_used, reason = "a test's helpers are tests, too")]
#![cfg(any(feature = "digest", all(feature = "fs", unix)))]

use pyexec_archive::Archive;

/// These bytes are part of the contract: a digest is a cache key, which another version of the
/// crate shouldn't change without need.
#[cfg(feature = "digest")]
#[test]
fn the_digest_is_known() {
    let mut builder = Archive::builder();
    builder
        .add_bytes("main.py", "print('hi')\n")
        .and_then(|builder| builder.add_directory("empty"))
        .and_then(|builder| builder.add_bytes("ü".repeat(80), "x"))
        .and_then(|builder| builder.add_symlink("latest", "main.py"))
        .unwrap();
    let digest = builder.build().digest().unwrap();
    assert_eq!(
        digest.to_string(),
        "eef82b2a478b133df6f4bbe05d437028de025773737cd9616e2a15c834851b56"
    );
    assert_eq!(digest.as_bytes().len(), 32);
    assert!(format!("{digest:?}").contains(&digest.to_string()));
}

#[cfg(all(feature = "fs", unix))]
mod on_disk {
    use super::*;
    use pyexec_archive::DirectoryOptions;
    use std::{
        fs::{self, File},
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
        process::Command,
        time::{Duration, SystemTime},
    };
    use tempfile::TempDir;

    fn set(path: &Path, mode: u32, seconds: i64) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let since = Duration::from_secs(seconds.unsigned_abs());
        let time = SystemTime::UNIX_EPOCH;
        let time = if seconds < 0 { time - since } else { time + since };
        File::open(path).unwrap().set_modified(time).unwrap();
    }

    /// The same files with other times and modes, made in another order.
    fn project(names: [&str; 3], mode: u32, seconds: i64) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        for name in names {
            fs::write(dir.path().join(name), name).unwrap();
            set(&dir.path().join(name), mode, seconds);
        }
        set(&dir.path().join("d"), mode | 0o100, seconds);
        dir
    }

    #[test]
    fn neither_order_nor_times_nor_modes_matter() {
        let one = project(["a", "d/b", "c"], 0o644, 1_000_000_000);
        let two = project(["c", "a", "d/b"], 0o7711, 5);
        let bytes = |dir: &TempDir| Archive::from_directory(dir.path()).unwrap().to_vec().unwrap();
        assert_eq!(bytes(&one), bytes(&two));
    }

    /// As Python's `tarfile` reads it: name, mode, time.
    fn seen(archive: &Archive) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tar");
        fs::write(&path, archive.to_vec().unwrap()).unwrap();
        let script = "
import sys, tarfile
for m in tarfile.open(sys.argv[1]):
    print(m.name, oct(m.mode)[2:], int(m.mtime))
";
        let output = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listing = Command::new("tar").arg("-tvf").arg(&path).output().unwrap();
        assert!(listing.status.success() && listing.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn times_and_modes_are_kept_on_request() {
        let dir = project(["a", "d/b", "c"], 0o7750, 1_234_567_890);
        set(&dir.path().join("a"), 0o400, -86_400);
        set(&dir.path().join("c"), 0o755, 1 << 33);
        let options = DirectoryOptions::new();
        let plain = options.archive(dir.path()).unwrap();
        assert_eq!(seen(&plain), ["a 644 0", "c 644 0", "d 755 0", "d/b 644 0"]);
        let times = options.clone().preserve_mtime(true).archive(dir.path()).unwrap();
        assert_eq!(
            seen(&times),
            ["a 644 -86400", "c 644 8589934592", "d 755 1234567890", "d/b 644 1234567890"]
        );
        let modes = options.preserve_mode(true).archive(dir.path()).unwrap();
        assert_eq!(seen(&modes), ["a 400 0", "c 755 0", "d 750 0", "d/b 750 0"]);
        for archive in [times, modes] {
            assert_eq!(archive.to_vec().unwrap().len() as u64, archive.size());
        }
        // File by file as well, and the settings outlive what is built.
        let mut builder = Archive::builder();
        builder.preserve_mode(true).preserve_mtime(true);
        for _ in 0..2 {
            let archive = builder.add_file("a", dir.path().join("a")).unwrap().build();
            assert_eq!(seen(&archive), ["a 400 -86400"]);
        }
    }

    #[test]
    fn part_of_a_second_is_rounded_down() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "").unwrap();
        for (time, want) in [
            (SystemTime::UNIX_EPOCH + Duration::from_millis(1500), "a 644 1"),
            (SystemTime::UNIX_EPOCH - Duration::from_millis(1500), "a 644 -2"),
        ] {
            File::open(&path).unwrap().set_modified(time).unwrap();
            let archive = DirectoryOptions::new().preserve_mtime(true).archive(dir.path());
            assert_eq!(seen(&archive.unwrap()), [want]);
        }
    }

    #[test]
    fn kept_links_are_links_to_others() {
        let dir = project(["a", "d/b", "c"], 0o644, 5);
        symlink("../a", dir.path().join("d/l")).unwrap();
        let long = "x".repeat(120);
        symlink(&long, dir.path().join("long")).unwrap();
        let options = DirectoryOptions::new().symlinks(pyexec_archive::Symlinks::Keep);
        let archive = options.archive(dir.path()).unwrap();
        let out = tempfile::tempdir().unwrap();
        let tar = out.path().join("x.tar");
        fs::write(&tar, archive.to_vec().unwrap()).unwrap();
        for (name, command, arguments) in [
            ("gnu", "tar", &["-xf", "x.tar", "-C", "gnu"][..]),
            ("python", "python3", &["-m", "tarfile", "-e", "x.tar", "python"]),
        ] {
            fs::create_dir(out.path().join(name)).unwrap();
            let status = Command::new(command).args(arguments).current_dir(&out).status().unwrap();
            assert!(status.success());
            let at = |file: &str| out.path().join(name).join(file);
            assert_eq!(fs::read_link(at("d/l")).unwrap(), Path::new("../a"));
            assert_eq!(fs::read_link(at("long")).unwrap(), Path::new(&long));
            assert_eq!(fs::read_to_string(at("d/l")).unwrap(), "a");
        }
    }
}
