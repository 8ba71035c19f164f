//! Packages that are too large are ended before they fill the disk.

use crate::support::{Dist, Index, Store, tools};
use pyexec_packages::{EnvironmentsOptions, InstallFailure as F};

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
        Dist::wheel("large", "1.0").special("large.bin", "", 100 * MIB, 0o100_644),
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
