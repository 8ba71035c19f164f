//! Packages that want more than to be installed.

use crate::support::{Dist, Index, Store, Tool, newest, run, tools};
use pyexec_packages::{Environment, InstallError, InstallFailure as F};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

fn obtain(tool: Tool, dists: &[Dist], name: &str) -> (Store, Result<Environment, InstallError>) {
    let (index, store) = (Index::new(dists), Store::new());
    let obtained = store.obtain(&index.installer(tool), &[name]);
    (store, obtained)
}

/// Every file below this folder with this name.
fn find(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(find(&entry.path(), name));
        } else if entry.file_name() == *name {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn no_path_leads_out() {
    let outside = tempfile::tempdir().unwrap();
    let absolute = outside.path().join("escaped.txt");
    let absolute = absolute.to_str().unwrap();
    for path in [
        "../escaped.txt",
        "../../escaped.txt",
        "hostile/../../../../escaped.txt",
        absolute,
        "hostile-1.0.data/data/../../../escaped.txt",
        "hostile-1.0.data/scripts/../../escaped.txt",
        "hostile-1.0.data/purelib/../../escaped.txt",
        &format!("hostile-1.0.data/data/{absolute}"),
        "..\\..\\escaped.txt",
    ] {
        for tool in tools() {
            // pip is slow, and refuses these all in the same place.
            if tool == Tool::Pip && path.contains("/../../../") {
                continue;
            }
            let dist = Dist::wheel("hostile", "1.0").file(path, "here");
            let (store, obtained) = obtain(tool, &[dist], "hostile");
            println!("{tool:?} {path}: {:?}", obtained.as_ref().map_err(ToString::to_string));
            assert!(!Path::new(absolute).exists(), "{tool:?} followed {path}");
            // What is refused is refused by name; what is taken stays in the environment.
            let above = store.path().parent().unwrap().to_owned();
            match obtained {
                Ok(environment) => {
                    let objects = store.path().join("objects");
                    let caches = store.path().join("cache");
                    for file in find(&above, "escaped.txt") {
                        let within = [environment.path(), &objects, &caches];
                        assert!(within.iter().any(|f| file.starts_with(f)), "{file:?} by {path}");
                    }
                }
                Err(error) => {
                    assert!(
                        matches!(error.failure(), F::Refused { .. }),
                        "{tool:?} {path}: {error:?}"
                    );
                    assert_eq!(find(&above, "escaped.txt"), [""; 0].map(PathBuf::from));
                }
            }
        }
    }
}

#[test]
fn links_and_modes_of_a_wheel_mean_nothing() {
    for tool in tools() {
        let dist = Dist::wheel("hostile", "1.0")
            .special("hostile_link", "/etc/passwd", 0, 0o120_777)
            .special("hostile_fifo", "", 0, 0o010_666)
            .special("hostile_device", "", 0, 0o020_666)
            .special("hostile_root", "#!/bin/sh\n", 0, 0o106_777)
            .special("hostile_secret", "x", 0, 0o100_000);
        let (_store, obtained) = obtain(tool, &[dist], "hostile");
        let environment = obtained.unwrap();
        for (name, wanted) in [
            ("hostile_link", None),
            ("hostile_fifo", None),
            ("hostile_device", None),
            ("hostile_root", Some(0o755)),
            ("hostile_secret", Some(0o644)),
        ] {
            let metadata = environment.path().join(name).symlink_metadata().unwrap();
            assert!(metadata.is_file(), "{tool:?} made of {name} {metadata:?}");
            let mode = metadata.permissions().mode() & 0o7777;
            assert!(wanted.is_none_or(|wanted| mode == wanted), "{name}: {mode:o}");
            assert_eq!(mode & !0o755, 0, "{name}: {mode:o}");
        }
    }
}

#[test]
fn nothing_of_a_package_runs_while_it_is_installed() {
    for tool in tools() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("marker");
        let code = format!("open({:?}, 'a').write('ran\\n')\n", marker.display());
        let path = format!("import os; {code}");
        let dist = Dist::wheel("hostile", "1.0")
            .file("hostile.pth", &path)
            .file("sitecustomize.py", &code)
            .file("usercustomize.py", &code)
            .file("compileall.py", &code)
            .file("encodings/__init__.py", &code)
            .file("hostile/__init__.py", &code)
            .file("setup.py", &code)
            .file("hostile-1.0.data/scripts/run", &format!("#!python\n{code}"))
            .file("hostile-1.0.dist-info/entry_points.txt", "[console_scripts]\ngo = hostile:f\n");
        let (_store, obtained) = obtain(tool, &[dist], "hostile");
        let environment = obtained.unwrap();
        assert!(!marker.exists(), "{tool:?}");
        // It is there, for whoever runs it on purpose.
        run(newest(), &environment, "");
        assert_eq!(fs::read_to_string(marker).unwrap(), "ran\n");
        assert!(environment.path().join("bin/run").is_file());
    }
}

#[test]
fn a_dependency_by_address_is_neither_fetched_nor_built() {
    let index = Index::new(&[Dist::wheel("simple", "1.0")]);
    let sources = Index::new(&[]);
    sources.add(&[Dist::source("evil", "1.0", &sources.marker())]);
    let unpacked = sources.wheels().join("evil-1.0");
    fs::create_dir(&unpacked).unwrap();
    for file in ["setup.py", "backend.py"] {
        let code = format!("open({:?}, 'w').close()\n", sources.marker().display());
        fs::write(unpacked.join(file), code).unwrap();
    }
    let at = |path: PathBuf| format!("file://{}", path.display());
    let wheel = at(index.wheels().join("simple-1.0-py3-none-any.whl"));
    for (name, line) in [
        ("wheel", format!("simple @ {wheel}")),
        ("archive", format!("evil @ {}", at(sources.wheels().join("evil-1.0.tar.gz")))),
        ("folder", format!("evil @ {}", at(unpacked.clone()))),
        ("repository", format!("evil @ git+{}", at(unpacked.clone()))),
    ] {
        index.add(&[Dist::wheel(name, "1.0").requires(&line)]);
        for tool in tools() {
            let store = Store::new();
            let error = store.obtain(&index.installer(tool), &[name]).unwrap_err();
            println!("{tool:?} {name}: {error}");
            assert!(!sources.marker().exists(), "{tool:?} built {line}");
            assert!(
                matches!(error.failure(), F::Refused { .. } | F::Failed { .. }),
                "{tool:?} {name}: {error:?}"
            );
        }
    }
}

#[test]
fn records_that_lie_do_no_harm() {
    for tool in tools() {
        let dist = Dist::wheel("hostile", "1.0").broken("record");
        let (_store, obtained) = obtain(tool, &[dist], "hostile");
        // Neither installer looks at them; what counts is the digest of the wheel.
        let code = "import hostile; print(hostile.VERSION)";
        assert_eq!(run(newest(), &obtained.unwrap(), code), "1.0");
    }
}

#[test]
fn a_wheel_that_changes_after_it_was_chosen_is_refused() {
    for tool in tools() {
        let (index, store) = (Index::new(&[Dist::wheel("simple", "1.0")]), Store::new());
        let installer = index.installer(tool);
        drop(store.obtain(&installer, &["simple"]).unwrap());
        // What it leads to is remembered, the environment and the download are gone.
        store.environments.prune(pyexec_packages::Prune::DownTo(0)).unwrap();
        fs::remove_dir_all(store.path().join("cache")).unwrap();
        index.add(&[Dist::wheel("simple", "1.0").file("simple.py", "VERSION = 'evil'")]);
        let error = store.obtain(&installer, &["simple"]).unwrap_err();
        println!("{tool:?}: {error}");
        assert!(
            matches!(error.failure(), F::Refused { package, .. } if package == "simple==1.0"),
            "{error:?}"
        );
    }
}
