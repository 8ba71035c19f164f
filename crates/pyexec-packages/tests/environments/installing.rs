//! What is installed, and with what.

use crate::support::{Dist, Index, Store, Tool, names, newest, obtain, pythons, run, tools};
use pyexec_packages::{InstallFailure, Installer, InstallerOptions, Phase};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

fn index() -> Index {
    Index::new(&[
        Dist::wheel("simple", "1.0"),
        Dist::wheel("simple", "2.0"),
        Dist::wheel("app", "1.0")
            .requires("simple<2")
            .requires("other; extra == 'more'")
            .requires("nowhere; python_version < '3'")
            .extra("more"),
        Dist::wheel("other", "3.1"),
    ])
}

#[test]
fn modules_are_found_by_every_interpreter() {
    let (index, store) = (index(), Store::new());
    for tool in tools() {
        for python in pythons() {
            let installer = Installer::find(&index.options(tool), python).unwrap();
            let environment = store.obtain(&installer, &["simple"]).unwrap();
            let code = "import importlib.metadata as m, simple; print(simple.VERSION, m.version('simple'))";
            assert_eq!(run(python, &environment, code), "2.0 2.0", "{tool:?} {}", python.version());
        }
    }
    store.assert_tidy();
}

#[test]
fn dependencies_extras_and_markers_are_heeded() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let environment = store.obtain(&installer, &["app"]).unwrap();
        assert_eq!(names(&environment), ["app 1.0", "simple 1.0"]);
        let environment = store.obtain(&installer, &["app[more]", "simple>0.5"]).unwrap();
        assert_eq!(names(&environment), ["app 1.0", "other 3.1", "simple 1.0"]);
        let lines = ["nowhere; python_version < '3'", "other"];
        assert_eq!(names(&store.obtain(&installer, &lines).unwrap()), ["other 3.1"]);
        let none = store.obtain(&installer, &["nowhere; python_version < '3'"]).unwrap();
        assert_eq!(names(&none), [""; 0]);
        assert_eq!(run(newest(), &none, "print(1)"), "1");
        store.assert_tidy();
    }
}

#[test]
fn the_second_time_nothing_is_done() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let (first, phases) = obtain(&store.environments, &installer, &["app"]);
        let first = first.unwrap();
        let wanted = [Phase::Resolving, Phase::Installing { packages: 2 }, Phase::Compiling];
        assert_eq!(phases, wanted);
        assert!(!first.log().is_empty());
        let (second, phases) = obtain(&store.environments, &installer, &["app"]);
        assert_eq!(phases, []);
        assert_eq!(second.as_ref().unwrap().path(), first.path());
        assert_eq!(second.unwrap().log(), "");
        let (third, phases) = obtain(&store.reopened(), &installer, &["app"]);
        assert_eq!((third.unwrap().address(), phases), (first.address(), vec![]));
        // The same packages by other words.
        let (other, phases) = obtain(&store.environments, &installer, &["app>=1", "simple"]);
        assert_eq!((other.unwrap().address(), phases), (first.address(), vec![Phase::Resolving]));
    }
}

#[test]
fn modules_are_compiled_for_where_they_will_be_seen() {
    let index = Index::new(&[Dist::wheel("simple", "1.0").file("wrong.py", "def f(:\n")]);
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let environment = store.obtain(&installer, &["simple"]).unwrap();
        let code = "import importlib.util, marshal\n\
            data = open(importlib.util.cache_from_source(sys.argv[1] + '/simple.py'), 'rb').read()\n\
            print(int.from_bytes(data[4:8], 'little'), marshal.loads(data[16:]).co_filename)";
        // PEP 552: by hash, and not to be checked.
        assert_eq!(run(newest(), &environment, code), "1 /opt/pyexec/site-packages/simple.py");
        assert!(environment.path().join("wrong.py").is_file());
    }
}

#[test]
fn everybody_may_read_and_nobody_else_sees_the_folder() {
    let index = index();
    for tool in tools() {
        let (store, installer) = (Store::new(), index.installer(tool));
        let environment = store.obtain(&installer, &["simple"]).unwrap();
        assert_eq!(mode(&store.path()), 0o700);
        let mut folders = vec![environment.path().to_owned()];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o755);
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(path);
                } else {
                    assert!(metadata.is_file());
                    assert_eq!(mode(&path), 0o644, "{}", path.display());
                }
            }
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A program in uv's place that tells what it was given.
const TELLS: &str = "#!/bin/sh
if [ \"$1\" = --version ]; then echo 'uv 99.0'; exit; fi
echo \"input: $(wc -c | tr -d ' ')\"
echo \"files: $(ls -A | tr '\\n' ' ')\"
echo \"mode: $(stat -c %a .)\"
echo \"arguments: $*\"
env
exit 1
";

#[test]
fn an_installer_gets_its_configuration_and_nothing_else() {
    let (folder, store) = (tempfile::tempdir().unwrap(), Store::new());
    let program = folder.path().join("uv");
    fs::write(&program, TELLS).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let options = InstallerOptions::new()
        .environment([
            ("PATH", "/usr/bin:/bin"),
            ("PYEXEC_TOKEN", "sesame"),
            ("PYTHONPATH", "/tmp"),
            ("LD_LIBRARY_PATH", "/tmp"),
            ("UV_DEFAULT_INDEX", "https://svc:hunter22@127.0.0.1:1/simple"),
            ("UV_INDEX_CORP_PASSWORD", "opensesame"),
            ("https_proxy", "http://p:q12345@127.0.0.1:1"),
        ])
        .uv(&program);
    let installer = Installer::find(&options, newest()).unwrap();
    assert_eq!(installer.to_string(), "uv 99.0");
    let error = store.obtain(&installer, &["simple==7"]).unwrap_err();
    let log = error.log();
    assert!(log.contains("input: 0\n"), "{log}");
    assert!(log.contains("files: requirements.in uv.toml \n"), "{log}");
    assert!(log.contains("mode: 700\n"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("arguments:") && line.contains("simple")));
    let mut names: Vec<_> = log
        .lines()
        .skip_while(|line| !line.starts_with("arguments"))
        .filter_map(|line| Some(line.split_once('=')?.0))
        // What the shell sets.
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    names.sort_unstable();
    let wanted = [
        "LC_ALL",
        "NO_COLOR",
        "PATH",
        "TMPDIR",
        "UV_CACHE_DIR",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_CORP_PASSWORD",
        "https_proxy",
    ];
    assert_eq!(names, wanted);
    assert!(log.contains("UV_DEFAULT_INDEX=https://***@127.0.0.1:1/simple"), "{log}");
    for secret in ["sesame", "hunter22", "q12345", &*store.path().to_string_lossy()] {
        assert!(!log.contains(secret), "{secret} is in {log}");
        assert!(!error.to_string().contains(secret));
    }
}

#[test]
fn projects_in_folders_above_have_no_say() {
    let index = index();
    for tool in tools() {
        let store = Store::new();
        let above = store.path().parent().unwrap().to_owned();
        fs::write(above.join("uv.toml"), "no-such-setting = 1\n[[[").unwrap();
        fs::write(above.join("pyproject.toml"), "[tool.uv]\nfind-links = 7\n").unwrap();
        // With a configuration that is named, uv looks for no other.
        let options = match tool {
            Tool::Pip => index.options(tool),
            Tool::Uv => {
                let own = above.join("uv");
                fs::create_dir(&own).unwrap();
                let named = index.wheels().join("../configuration-of-uv.toml");
                fs::copy(named, own.join("uv.toml")).unwrap();
                let options = index.options(tool).variable("XDG_CONFIG_HOME", &above);
                options.without("UV_CONFIG_FILE")
            }
        };
        let installer = Installer::find(&options, newest()).unwrap();
        store.obtain(&installer, &["simple"]).unwrap();
    }
}

#[test]
fn an_interpreter_without_pip_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(newest().executable())
        .args(["-I", "-m", "venv", "--without-pip"])
        .arg(folder.path())
        .status();
    assert!(made.unwrap().success());
    let python = pyexec_packages::Python::probe(folder.path().join("bin/python")).unwrap();
    let options = InstallerOptions::new().environment([("PATH", "/nonexistent")]);
    let error = Installer::find(&options, &python).unwrap_err();
    assert!(matches!(error.failure(), InstallFailure::NoInstaller { .. }));
    assert!(error.to_string().contains("install uv"), "{error}");
    let missing = options.uv("/nonexistent/uv");
    let error = Installer::find(&missing, newest()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/uv"), "{error}");
}

#[test]
fn pip_is_used_where_uv_does_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("uv");
    fs::write(&program, "#!/bin/sh\necho 'uv: command not found'; exit 127\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let options = InstallerOptions::new().environment([("PATH", folder.path())]);
    assert_eq!(Installer::find(&options, newest()).unwrap().name(), "pip");
}
