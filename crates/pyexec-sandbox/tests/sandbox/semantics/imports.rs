//! Modules, packages, archives of modules.

use super::{Case, case, compare, plain};
use crate::harness::{SANDBOX, await_zygote, job, job_with_bytes, run};
use pyexec_sandbox::Start;
use std::process::Command;

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("packages", &[("main.py", "from pkg.sub import value; print(value)"),
        ("pkg/__init__.py", ""), ("pkg/sub.py", "from . import other\nvalue = other.x\n"),
        ("pkg/other.py", "x = 42\n")]),
    case("nested entrypoint", &[("app/run.py", "import sys, helper; print(helper.x, __file__)"),
        ("app/helper.py", "x = 1")]),
    case("relative import in a script", &[("main.py", "from . import other\n"), ("other.py", "")]),
    case("relative import that is missing", &[("main.py", "import pkg\n"), ("pkg/__init__.py", "from .gone import x\n")]),
    case("a module that is missing", &[("main.py", "import nonesuch\n")]),
    case("a module that shadows the library", &[("main.py", "import random; print(random.x)"), ("random.py", "x = 'mine'")]),
    case("namespace packages", &[("main.py", "import a.b; print(a.b.x, list(a.__path__))"), ("a/b.py", "x = 3")]),
    case("circular imports", &[("main.py", "import a\n"), ("a.py", "import b\n"), ("b.py", "from a import x\n")]),
    case("bytecode is written", &[("main.py", "import m, os; print(os.listdir('__pycache__') == [os.path.basename(m.__cached__)])"), ("m.py", "")]),
    case("importlib", &[("main.py", "import importlib, importlib.util, importlib.resources as r\n\
        print(importlib.import_module('pkg').x, importlib.util.find_spec('pkg').origin, r.files('pkg').joinpath('t.txt').read_text())"),
        ("pkg/__init__.py", "x = 1"), ("pkg/t.txt", "text")]),
    case("reload", &[("main.py", "import importlib, m; open('m.py', 'w').write('x = 22'); print(importlib.reload(m).x)"), ("m.py", "x = 1")]),
    case("run of a package", &[("main.py", "import runpy; runpy.run_module('pkg', run_name='__main__')"),
        ("pkg/__init__.py", ""), ("pkg/__main__.py", "print('in', __name__, __package__)")]),
    case("run of a path", &[("main.py", "import runpy; print(runpy.run_path('other.py', {'y': 1})['x'])"), ("other.py", "x = y + 1")]),
    case("python -m", &[("main.py", "import subprocess, sys\nprint(subprocess.run([sys.executable, '-m', 'pkg', 'a'], capture_output=True, text=True))"),
        ("pkg/__init__.py", ""), ("pkg/__main__.py", "import sys; print(__name__, sys.argv, __spec__.name)")]),
    case("zipapp that is made and run", &[("main.py", "import subprocess, sys, zipapp\n\
        zipapp.create_archive('src', 'app.pyz', main='m:f')\nprint(subprocess.run([sys.executable, 'app.pyz'], capture_output=True, text=True))"),
        ("src/m.py", "import sys\ndef f(): print(__file__, sys.path[0])\n")]),
    case("zip on the path", &[("main.py", "import sys, zipfile\nwith zipfile.ZipFile('z.zip', 'w') as z: z.writestr('m.py', 'x = 9')\n\
        sys.path.insert(0, 'z.zip'); import m; print(m.x, m.__file__)")]),
    case("many modules of the library", &[("main.py", "import decimal, json, re, socket, hashlib, zlib, xml.dom, unittest, email, http.client, csv, uuid, dataclasses, typing\n\
        print(decimal.Decimal(1) / 3, hashlib.sha256(b'').hexdigest())")]),
    case("unittest", &[("main.py", "import unittest, sys\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 2)\n\
        unittest.main(testRunner=unittest.TextTestRunner(stream=open('/dev/null', 'w')))")]),
];

#[test]
fn imports_are_the_same() {
    compare(CASES);
}

/// `python app.pyz` and `python folder`, by CPython's own way of running them.
#[test]
fn zipapps_and_folders_are_entrypoints() {
    for interpreter in SANDBOX.interpreters() {
        await_zygote(interpreter.version());
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("app");
        std::fs::create_dir(&source).unwrap();
        let code = "import sys\nprint(__name__, __file__, sys.argv, sys.path[0])\n1/0\n";
        std::fs::write(source.join("__main__.py"), code).unwrap();
        let made = Command::new(interpreter.executable())
            .args(["-m", "zipapp", "app"])
            .current_dir(folder.path())
            .status();
        assert!(made.unwrap().success());
        let zip = std::fs::read(folder.path().join("app.pyz")).unwrap();
        for entrypoint in ["app.pyz", "app"] {
            let plain = plain(interpreter, folder.path(), entrypoint, &case("", &[]));
            for start in [Start::Zygote, Start::Strict] {
                let mut job =
                    job_with_bytes(&[("app.pyz", &zip), ("app/__main__.py", code.as_bytes())]);
                job.entrypoint = entrypoint.into();
                job.version = interpreter.version();
                job.start = start;
                let ran = run(job);
                let seen = (ran.stdout, ran.stderr, ran.finished.end);
                assert_eq!((seen, ran.finished.start), (plain.clone(), start), "{entrypoint}");
            }
        }
    }
}

/// `site` looks for them when an interpreter starts, which a copy did before they were there.
#[test]
fn packages_of_the_user_are_found() {
    for interpreter in SANDBOX.interpreters() {
        let version = interpreter.version();
        await_zygote(version);
        let module = format!(".local/lib/python{version}/site-packages/mine.py");
        let mut job = job(&[("main.py", "import mine; print(mine.x)"), (&module, "x = 7")]);
        job.version = version;
        assert_eq!(run(job).stdout, "7\n");
    }
}
