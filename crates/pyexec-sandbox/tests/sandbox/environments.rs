//! Packages of an execution: found as in a virtual environment, by everything it starts, and
//! written by nobody.

mod attached;

use crate::harness::{SANDBOX, STRICT, await_zygote, job, newest, run};
use pyexec_sandbox::{
    Captured, End, Environment, Interpreter, Job, PythonVersion, RunAs, Sandbox, SandboxOptions,
    Start, Stop,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tempfile::TempDir;

/// A folder with these files, as `pip install --target` leaves them.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// What a package can consist of.
const PACKAGE: &[(&str, &str)] = &[
    ("lib/__init__.py", "from .sub import value\n"),
    ("lib/sub.py", "value = 42\n"),
    ("lib/__main__.py", "import sys\nprint('as a module', sys.argv[1:])\n"),
    ("lib-1.2.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: lib\nVersion: 1.2.3\n"),
    ("lib-1.2.3.dist-info/RECORD", ""),
    ("by_path.pth", "more\n# a comment\nnowhere\n"),
    ("more/further.py", "value = 7\n"),
    ("by_code.pth", "import sys; sys.by_code = sys.argv[-1:], sorted(__import__('os').environ)\n"),
    ("sitecustomize.py", "import sys\nsys.customised = 'by site'\n"),
    ("usercustomize.py", "import sys\nsys.customised += ' and user'\n"),
];

const WAYS: &[(&str, &str)] = &[(
    "main.py",
    "import importlib.metadata, json, lib, further, multiprocessing, os, subprocess, sys
def child(queue): import lib; queue.put(lib.value)
def python(*words):
    ran = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    return ran.stdout + ran.stderr
if __name__ == '__main__':
    print(lib.value, further.value, lib.__file__)
    print(importlib.metadata.version('lib'), sys.customised, sys.by_code)
    print([path for path in sys.path if path.startswith('/opt/')], sys.path[0])
    print(python('-c', 'import lib, further, sys; print(lib.value, further.value, sys.customised)').strip())
    print(python('-I', '-c', 'import lib; print(lib.value)').strip(), python('-m', 'lib', 'a').strip())
    print('No module' in python('-S', '-c', 'import lib'))
    for way in ('spawn', 'forkserver', 'fork'):
        context = multiprocessing.get_context(way)
        queue = context.SimpleQueue()
        process = context.Process(target=child, args=(queue,)); process.start(); print(way, queue.get()); process.join()
    print(sorted(os.environ), os.listdir('/work'))
",
)];

const EXPECTED: &str = "42 7 /opt/pyexec/site-packages/lib/__init__.py
1.2.3 by site and user (['last'], ['HOME', 'LANG', 'PATH', 'USER'])
['/opt/pyexec/site-packages', '/opt/pyexec/site-packages/more'] /work
42 7 by site and user
42 as a module ['a']
True
spawn 42
forkserver 42
fork 42
['HOME', 'LANG', 'PATH', 'USER'] ['main.py']
";

fn with(environment: &Environment, files: &[(&str, &str)]) -> Job {
    Job { environment: Some(environment.clone()), ..job(files) }
}

/// Copies and new interpreters, where there are both.
fn starts(version: PythonVersion) -> Vec<Start> {
    if std::env::var_os(STRICT).is_some() {
        return vec![Start::Strict];
    }
    await_zygote(version);
    vec![Start::Zygote, Start::Strict]
}

fn each(check: impl Fn(&Interpreter, Start)) {
    for interpreter in SANDBOX.interpreters() {
        starts(interpreter.version()).into_iter().for_each(|start| check(interpreter, start));
    }
}

#[test]
fn packages_are_found_by_every_version_and_by_whatever_it_starts() {
    let folder = folder(PACKAGE);
    let environment = Environment::open(folder.path()).unwrap();
    each(|interpreter, start| {
        let (version, args) = (interpreter.version(), vec!["first".into(), "last".into()]);
        let ran = run(Job { version, start, args, ..with(&environment, WAYS) });
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            (EXPECTED, ""),
            "{version} {start:?}"
        );
        assert_eq!((ran.finished.end, ran.finished.start), (End::Exited(0), start), "{version}");
    });
}

#[test]
fn packages_are_found_by_evaluations_and_by_commands_before() {
    let folder = folder(PACKAGE);
    let environment = Environment::open(folder.path()).unwrap();
    each(|interpreter, start| {
        let version = interpreter.version();
        let code = "import lib, further\nlib.value + further.value";
        let job = with(&environment, &[("main.py", code)]);
        let ran = run(Job { version, start, run_as: RunAs::Eval, ..job });
        assert_eq!(ran.finished.claims.result.as_deref(), Some("49"), "{version} {ran:?}");
        assert_eq!(ran.finished.start, start);

        let pre_commands = vec!["python -m lib; python -c 'import lib; print(lib.value)'".into()];
        let job = with(&environment, &[("main.py", "import lib; print(lib.value)")]);
        let ran = run(Job { version, start, pre_commands, ..job });
        assert_eq!(ran.stdout, "as a module []\n42\n42\n", "{version} {ran:?}");
    });
}

/// As with packages that are installed: what the script brings comes first, then the library.
#[test]
fn what_has_the_same_name_is_found_in_the_usual_order() {
    let folder = folder(&[
        ("mine.py", "x = 'theirs'"),
        ("json.py", "raise SystemExit('not the library')"),
        ("early/sitecustomize.py", ""),
        ("sitecustomize.py", "import sys; sys.customised = 'theirs'"),
        ("last.pth", "import sys; sys.last = getattr(sys, 'customised', 'not yet')"),
    ]);
    let environment = Environment::open(folder.path()).unwrap();
    let main = ("main.py", "import json, mine, sys; print(mine.x, sys.customised, sys.last)");
    each(|interpreter, start| {
        let version = interpreter.version();
        let files = [main, ("mine.py", "x = 'mine'"), ("sitecustomize.py", "raise SystemExit(9)")];
        let ran = run(Job { version, start, ..with(&environment, &files) });
        assert_eq!(ran.stdout, "mine theirs not yet\n", "{version} {start:?} {ran:?}");

        let own = [main, ("p/sitecustomize.py", "import sys; sys.customised = 'mine'")];
        let env = vec!["PYTHONPATH=/work/p".into()];
        let ran = run(Job { version, start, env, ..with(&environment, &own) });
        assert_eq!(ran.stdout, "theirs mine not yet\n", "{version} {start:?} {ran:?}");
    });
}

/// What a `.pth` file does wrong is told as `site` tells it, and stops nothing.
#[test]
fn code_of_packages_that_fails_early_is_not_hidden() {
    let folder = folder(&[
        ("a.pth", "import sys; 1/0\n"),
        ("b.pth", "import sys; sys.b = 1\n"),
        ("c.py", "c = 3\n"),
    ]);
    let environment = Environment::open(folder.path()).unwrap();
    each(|interpreter, start| {
        let version = interpreter.version();
        let job = with(&environment, &[("main.py", "import c, sys; print(c.c)\nprint(sys.b)")]);
        let ran = run(Job { version, start, ..job });
        assert!(ran.stderr.contains("Error processing line 1 of /opt/pyexec/site-packages/a.pth"));
        assert!(ran.stderr.contains("ZeroDivisionError"), "{version} {ran:?}");
        assert!(ran.stdout.starts_with("3\n"), "{version} {start:?} {ran:?}");
    });
    // It ends the interpreter where it wants to, and no sandbox is worse for it.
    fs::write(folder.path().join("a.pth"), "import os; os._exit(3)\n").unwrap();
    let ran = run(with(&environment, &[("main.py", "print('on')")]));
    assert_eq!((ran.stdout.as_str(), ran.finished.end), ("", End::Exited(3)));
}

#[test]
fn executions_at_the_same_time_have_their_own() {
    let folders: Vec<_> =
        (0..4).map(|n| folder(&[("which.py", &format!("number = {n}\n"))])).collect();
    let environments: Vec<_> =
        folders.iter().map(|folder| Environment::open(folder.path()).unwrap()).collect();
    let code = "import time, which; print(which.number, flush=True); time.sleep(0.2); \
                import importlib; print(importlib.reload(which).number)";
    std::thread::scope(|scope| {
        for (number, environment) in environments.iter().enumerate().cycle().take(12) {
            scope.spawn(move || {
                let ran = run(with(environment, &[("main.py", code)]));
                assert_eq!(ran.stdout, format!("{number}\n{number}\n"), "{ran:?}");
            });
        }
    });
}

/// A launcher that is replaced attaches it as well.
#[test]
fn another_launcher_attaches_it_too() {
    let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
    let folder = folder(PACKAGE);
    let environment = Environment::open(folder.path()).unwrap();
    for _ in 0..2 {
        let mut output = Captured::default();
        let job = with(&environment, &[("main.py", "import lib; print(lib.value)")]);
        sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
        assert_eq!(output.stdout, b"42\n");
        let launcher = rustix::process::Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
        rustix::process::kill_process(launcher, rustix::process::Signal::KILL).unwrap();
    }
}

/// Installs packages from the configured index for an interpreter; or why not.
pub(crate) fn installed(interpreter: &Interpreter, packages: &[&str]) -> Result<TempDir, String> {
    let target = folder(&[]);
    let output = Command::new(interpreter.executable())
        .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--target"])
        .arg(target.path())
        .args(packages)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    open_for_all(target.path());
    Ok(target)
}

fn open_for_all(folder: &Path) {
    let status = Command::new("chmod").args(["-R", "go+rX"]).arg(folder).status();
    assert!(status.unwrap().success());
}

/// Extension modules, which are mapped from there.
#[test]
fn numpy_from_its_wheel_works() {
    let interpreters = SANDBOX.interpreters();
    let interpreter = interpreters.iter().find(|i| i.version() == newest()).unwrap();
    let target = match installed(interpreter, &["numpy", "colorama", "six"]) {
        Ok(target) => target,
        Err(why) => {
            assert!(std::env::var_os("PYEXEC_TEST_REQUIRE_INDEX").is_none(), "{why}");
            println!("SKIPPED: numpy can't be had from a package index here: {why}");
            return;
        }
    };
    let environment = Environment::open(target.path()).unwrap();
    let code = "import colorama, importlib.metadata as m, numpy, six
from multiprocessing import get_context
if __name__ == '__main__':
    a = numpy.random.rand(200, 200)
    print(numpy.allclose(numpy.linalg.inv(a) @ a, numpy.eye(200)), numpy.__file__)
    print([bool(m.version(name)) for name in ('numpy', 'colorama', 'six')], six.PY3)
    with get_context('spawn').Pool(2) as pool: print(*pool.map(numpy.sum, [[1, 2], [3, 4]]))";
    let expected =
        "True /opt/pyexec/site-packages/numpy/__init__.py\n[True, True, True] True\n3 7\n";
    for start in starts(newest()) {
        let ran = run(Job { start, ..with(&environment, &[("main.py", code)]) });
        assert_eq!(ran.stdout, expected, "{ran:?}");
        assert_eq!((ran.finished.end, ran.finished.start), (End::Exited(0), start));
    }
}
