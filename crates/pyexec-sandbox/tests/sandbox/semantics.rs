//! A script inside is plain Python: the same bytes and the same end as `python -u` outside, on
//! every interpreter of this machine.

use crate::harness::{SANDBOX, job, run};
use pyexec_sandbox::{End, Interpreter};
use std::{
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
};

struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    env: &'static [&'static str],
    stdin: &'static str,
}

const fn case(name: &'static str, code: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, files: code, args: &[], env: &[], stdin: "" }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("print", &[("main.py", "print('hi'); print('é', end='')")]),
    case("stderr", &[("main.py", "import sys; print('e', file=sys.stderr)")]),
    case("exit code", &[("main.py", "import sys; sys.exit(3)")]),
    case("exit with a message", &[("main.py", "import sys; sys.exit('bye')")]),
    case("os._exit", &[("main.py", "import os; print('x'); os._exit(9)")]),
    case("traceback", &[("main.py", "def f():\n    raise ValueError('bad <&>')\nf()\n")]),
    case("traceback through the library", &[("main.py", "import json\njson.loads('{')\n")]),
    case("chained exceptions", &[("main.py",
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e\n")]),
    case("syntax error", &[("main.py", "if True\n")]),
    case("syntax error in a module", &[("main.py", "import other\n"), ("other.py", "x = = 1\n")]),
    case("keyboard interrupt", &[("main.py", "raise KeyboardInterrupt\n")]),
    case("killed by itself", &[("main.py",
        "import os, signal; print('a'); os.kill(os.getpid(), signal.SIGTERM)")]),
    case("segmentation fault", &[("main.py",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")]),
    case("names of main", &[("main.py", "import sys\nprint(__name__, __file__, __package__, \
        __spec__, __cached__, sys.argv, sys.path[0], sorted(globals()))\n")]),
    case("loader", &[("main.py", "print(type(__loader__).__name__, __loader__.name)")]),
    case("modules that are loaded", &[("main.py",
        "import sys; print([m for m in sys.modules if 'pyexec' in m or m == 'atexit'])")]),
    case("flags and hooks", &[("main.py", "import sys\nprint(sys.flags, sys.excepthook is \
        sys.__excepthook__, sys.dont_write_bytecode, sys.displayhook is sys.__displayhook__)")]),
    case("stack", &[("main.py", "import inspect; print(len(inspect.stack()))")]),
    case("descriptors", &[("main.py",
        "import os; print(os.open('/dev/null', os.O_RDONLY), os.dup(0))")]),
    case("packages", &[("main.py", "from pkg.sub import value; print(value)"),
        ("pkg/__init__.py", ""), ("pkg/sub.py", "from . import other\nvalue = other.x\n"),
        ("pkg/other.py", "x = 42\n")]),
    case("nested entrypoint", &[("app/run.py", "import sys, helper; print(helper.x, __file__)"),
        ("app/helper.py", "x = 1")]),
    case("zipapp-like module run", &[("main.py",
        "import runpy; runpy.run_module('pkg', run_name='__main__')"),
        ("pkg/__init__.py", ""), ("pkg/__main__.py", "print('in', __name__, __package__)")]),
    case("atexit order", &[("main.py",
        "import atexit\natexit.register(print, 'first')\natexit.register(print, 'last')")]),
    case("threads", &[("main.py", "import threading\n\
        ts=[threading.Thread(target=print, args=(i,)) for i in range(3)]\n\
        [(t.start(), t.join()) for t in ts]")]),
    case("exception in a thread", &[("main.py", "import threading\n\
        t=threading.Thread(target=lambda: 1/0, name='t')\nt.start(); t.join(); print('on')")]),
    case("asyncio", &[("main.py", "import asyncio\n\
        async def f(x):\n    await asyncio.sleep(0)\n    return x\n\
        async def g():\n    print(await asyncio.gather(f(1), f(2)))\nasyncio.run(g())")]),
    case("multiprocessing fork", &[("main.py", "import multiprocessing as m\n\
        if __name__ == '__main__':\n    with m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, -2]))")]),
    case("multiprocessing spawn", &[("main.py", "import multiprocessing as m\n\
        def f(x): return x * 2\n\
        if __name__ == '__main__':\n    with m.get_context('spawn').Pool(2) as p: print(p.map(f, [1, 2]))")]),
    case("fork", &[("main.py", "import os\np = os.fork()\n\
        if p == 0:\n    raise SystemExit(4)\nprint(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))")]),
    case("subprocess", &[("main.py", "import subprocess, sys\n\
        r = subprocess.run([sys.executable, '-c', 'print(input())'], input='x\\n', text=True, capture_output=True)\n\
        print(r.stdout, r.returncode)")]),
    case("shell", &[("main.py", "import subprocess; print(subprocess.getoutput('echo $HOME | wc -l; ls'))")]),
    case("pickle of main's classes", &[("main.py", "import pickle\nclass A: pass\n\
        print(type(pickle.loads(pickle.dumps(A()))))")]),
    case("deep recursion", &[("main.py", "def f(): f()\ntry: f()\nexcept RecursionError as e: print(e)")]),
    case("encodings", &[("main.py", "import sys, locale\nprint(sys.stdout.encoding, \
        sys.getfilesystemencoding(), sys.stdin.errors, sys.flags.utf8_mode)")]),
    case("coding cookie", &[("main.py", "# -*- coding: latin-1 -*-\nprint(len('é'))")]),
    case("no input", &[("main.py", "import sys; print(repr(sys.stdin.read()))")]),
    case("end of input", &[("main.py", "input()")]),
    Case { name: "input", files: &[("main.py", "import sys\nprint(input(), sys.stdin.buffer.read())")],
        args: &[], env: &[], stdin: "line\nrést" },
    Case { name: "arguments", files: &[("main.py", "import sys; print(sys.argv, sys.orig_argv[1:])")],
        args: &["--flag", "", "it's", "é", "-h"], env: &[], stdin: "" },
    Case { name: "variables", files: &[("main.py", "import os; print(sorted((k, v) for k, v in os.environ.items() if k != 'PATH'))")],
        args: &[], env: &["A=1", "B=x y=z", "HOME=/tmp", "LC_ALL=C", "EMPTY="], stdin: "" },
    Case { name: "python path", files: &[("main.py", "import os, sys, m; print(m.x, os.environ['PYTHONPATH'], 'opt/pyexec' in str(sys.path))"),
        ("lib/m.py", "x = 1")], args: &[], env: &["PYTHONPATH=lib"], stdin: "" },
    Case { name: "own sitecustomize", files: &[("main.py", "import sys; print(sys.modules['sitecustomize'].x)"),
        ("lib/sitecustomize.py", "x = 1; print('site')")], args: &[], env: &["PYTHONPATH=lib"], stdin: "" },
    Case { name: "hash seed", files: &[("main.py", "print(hash('a'))")],
        args: &[], env: &["PYTHONHASHSEED=7"], stdin: "" },
    Case { name: "warnings", files: &[("main.py", "import warnings; warnings.warn('w', DeprecationWarning)")],
        args: &[], env: &["PYTHONWARNINGS=error"], stdin: "" },
];

#[test]
fn scripts_are_plain_python_on_every_interpreter() {
    let mut wrong = Vec::new();
    for interpreter in SANDBOX.interpreters() {
        for case in CASES {
            let (outside, inside) = (outside(interpreter, case), inside(interpreter, case));
            if outside != inside {
                let (name, version) = (case.name, interpreter.version());
                wrong.push(format!(
                    "{name} on {version}:\n outside {outside:?}\n inside  {inside:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Seen = (String, String, End);

fn inside(interpreter: &Interpreter, case: &Case) -> Seen {
    let mut job = job(case.files);
    job.version = interpreter.version();
    job.args = case.args.iter().map(|&arg| arg.to_owned()).collect();
    job.env = case.env.iter().map(|&pair| pair.to_owned()).collect();
    job.stdin = case.stdin.into();
    let ran = run(job);
    (ran.stdout, ran.stderr, ran.finished.end)
}

/// The same by hand, with the folder's name replaced.
fn outside(interpreter: &Interpreter, case: &Case) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in case.files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let bin = interpreter.executable().parent().unwrap().display().to_string();
    let script = folder.path().join(case.files[0].0);
    let mut command = Command::new(interpreter.executable());
    command.arg("-u").arg(script).args(case.args).current_dir(folder.path()).env_clear();
    command.env("PATH", format!("{bin}:/usr/local/bin:/usr/bin:/bin"));
    command.env("HOME", folder.path()).env("USER", "pyexec").env("LANG", "C.UTF-8");
    command.envs(case.env.iter().map(|pair| pair.split_once('=').unwrap()));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(case.stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let real = folder.path().to_str().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(real, "/work");
    let end = match output.status.signal() {
        Some(signal) => End::Signaled(signal),
        None => End::Exited(output.status.code().unwrap()),
    };
    (text(&output.stdout), text(&output.stderr), end)
}
