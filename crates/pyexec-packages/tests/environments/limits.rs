//! Packages that are too large are ended before they fill the disk.

use crate::support::{Dist, Index, Store, newest, obtain, tools};
use pyexec_packages::{EnvironmentsOptions, InstallFailure as F, Installer, InstallerOptions};
use std::{fs, os::unix::fs::PermissionsExt as _};

const MIB: u64 = 1 << 20;

#[test]
fn packages_that_are_too_large_are_refused() {
    let mut many = Dist::wheel("many", "1.0");
    for n in 0..3000 {
        many = many.file(&format!("many/f{n}"), "");
    }
    let mut pieces = Dist::wheel("pieces", "1.0");
    for n in 0..20 {
        pieces = pieces.special(&format!("pieces/f{n}"), "", 3 * MIB, 0o100_644);
    }
    let index = Index::new(&[
        Dist::wheel("large", "1.0").special("large.bin", "", 30 * MIB, 0o100_644),
        // Each file within the limit, all of them not.
        pieces,
        many,
        Dist::wheel("fits", "1.0").special("fits.bin", "", 7 * MIB, 0o100_644),
    ]);
    let options = EnvironmentsOptions::new().environment_bytes(8 * MIB).environment_files(1000);
    for tool in tools() {
        for name in ["large", "pieces", "many"] {
            let store = Store::with(options.clone());
            let error = store.obtain(&index.installer(tool), &[name]).unwrap_err();
            assert!(
                matches!(error.failure(), F::TooLarge { bytes, files: 1000 } if *bytes == 8 * MIB),
                "{tool:?} {name}: {error:?}"
            );
            store.assert_tidy();
            assert!(store.environments.list().unwrap().is_empty());
        }
        Store::with(options.clone()).obtain(&index.installer(tool), &["fits"]).unwrap();
    }
}

/// In uv's place: fills a folder, and would do so forever.
const FILLS: &str = "#!/bin/sh
if [ \"$1\" = --version ]; then echo 'uv 99.0'; exit; fi
n=0
while :; do
    PIECE > FOLDER/$n
    n=$((n + 1))
done
";

#[test]
fn an_installer_is_ended_while_it_fills_the_disk() {
    for folder in ["\"$UV_CACHE_DIR\"", "\"$TMPDIR\"", "."] {
        // Large files, and many.
        for piece in ["head -c 1000000 /dev/zero", ":"] {
            let (dir, store) = (
                tempfile::tempdir().unwrap(),
                Store::with(
                    EnvironmentsOptions::new()
                        .environment_bytes(8 * MIB)
                        .environment_files(1000)
                        .download_bytes(MIB),
                ),
            );
            let program = dir.path().join("uv");
            fs::write(&program, FILLS.replace("FOLDER", folder).replace("PIECE", piece)).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let options = InstallerOptions::new().uv(program);
            let installer = Installer::find(&options, newest()).unwrap();
            let (obtained, _) = obtain(&store.environments, &installer, &["simple"]);
            let error = obtained.unwrap_err();
            assert!(matches!(error.failure(), F::TooLarge { .. }), "{folder} {piece}: {error:?}");
            store.assert_tidy();
            let caches = fs::read_dir(store.path().join("cache")).unwrap();
            // That, or its lock, where it is small.
            let kept = !folder.contains("CACHE") || piece == ":";
            assert_eq!(caches.count(), usize::from(kept) * 2, "{folder}");
        }
    }
}

#[test]
fn modules_that_explode_when_compiled_are_harmless() {
    // A constant that would be computed, and nesting that a parser may choke on.
    let deep = format!("x = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let wheel = Dist::wheel("hostile", "1.0")
        .file("hostile_constant.py", "x = ((((1 << 1000) ** 1000) ** 1000) ** 1000)\n")
        .file("hostile_text.py", "x = 'x' * 100_000 * 100_000\n")
        .file("hostile_deep.py", &deep);
    let index = Index::new(&[wheel]);
    for tool in tools() {
        let store = Store::new();
        let environment = store.obtain(&index.installer(tool), &["hostile"]).unwrap();
        assert!(environment.path().join("hostile_deep.py").is_file());
    }
}
