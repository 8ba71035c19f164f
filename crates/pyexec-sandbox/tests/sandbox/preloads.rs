//! Modules that are imported beforehand: who gets them, and who doesn't; and what is dropped.

use crate::{
    environments::{folder, installed},
    harness::{STRICT, job, newest},
    launcher::{children, until},
};
use pyexec_sandbox::{
    Captured, End, Environment, Finished, Interpreter, Job, Preload, PythonVersion, Sandbox,
    SandboxOptions, Start, Stop, ZygoteState, discover,
};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use tempfile::TempDir;

/// Says by which process it was imported, and what it saw then.
const MODULE: &[(&str, &str)] = &[(
    "slow.py",
    "import os, random, threading\nfrom importlib.metadata import version\n\
     pid, variables = os.getpid(), sorted(os.environ)\nstate = random.random()\n",
)];

fn start(preloads: Vec<Preload>) -> Sandbox {
    Sandbox::start(SandboxOptions { preloads, ..SandboxOptions::default() }).unwrap()
}

/// Once the first is ready, or has failed; why.
fn settled(sandbox: &Sandbox) -> Option<String> {
    let state = || sandbox.preloads().next().unwrap().1;
    until("an import", || state() != ZygoteState::Absent);
    match state() {
        ZygoteState::Ready => None,
        ZygoteState::Failed(why) => Some(why),
        other => panic!("{other:?}"),
    }
}

fn run(sandbox: &Sandbox, environment: Option<&Environment>, code: &str) -> (Finished, String) {
    run_job(sandbox, Job { environment: environment.cloned(), ..job(&[("main.py", code)]) })
}

fn run_job(sandbox: &Sandbox, job: Job) -> (Finished, String) {
    let mut output = Captured::default();
    let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    let text = [output.stdout, output.stderr].concat();
    (finished, String::from_utf8(text).unwrap())
}

const IS_LOADED: &str = "import sys; print('slow' in sys.modules)";

/// Runs until there is a copy that has imported it.
fn until_loaded(sandbox: &Sandbox, environment: &Environment) {
    until("a copy", || run(sandbox, Some(environment), IS_LOADED).1 == "True\n");
}

fn opened(files: &[(&str, &str)]) -> (TempDir, Environment) {
    let folder = folder(files);
    let environment = Environment::open(folder.path()).unwrap();
    (folder, environment)
}

#[test]
fn whoever_has_that_environment_gets_copies_and_nobody_else() {
    let (_folder, environment) = opened(MODULE);
    let (_other, another) = opened(MODULE);
    for interpreter in discover() {
        let version = interpreter.version();
        let sandbox = start(vec![Preload::new(version, environment.clone(), ["slow"])]);
        assert_eq!(settled(&sandbox), None);
        let code = "import sys; there = 'slow' in sys.modules\nimport slow, os, threading\n\
            print(there, os.getpid() == slow.pid, slow.__file__, threading.active_count(), threading.main_thread().ident == threading.get_ident())\n\
            print(sorted(os.environ), sys.argv, sys.path.count('/opt/pyexec/site-packages'), __name__)\n\
            print(sorted(set(slow.variables) - set(os.environ)) if there else 'its own')";
        let asked = |environment: Option<&Environment>, version: PythonVersion| {
            let environment = environment.cloned();
            let args = vec!["a".into()];
            run_job(&sandbox, Job { environment, version, args, ..job(&[("main.py", code)]) })
        };
        let rest = "1 True\n['HOME', 'LANG', 'PATH', 'USER'] ['/work/main.py', 'a'] 1 __main__\n";
        let file = "/opt/pyexec/site-packages/slow.py";
        let threads = "['BLIS_NUM_THREADS', 'GOTO_NUM_THREADS', 'MKL_NUM_THREADS', \
                       'NUMEXPR_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS']\n";
        let with = format!("True False {file} {rest}{threads}");
        until("a copy", || asked(Some(&environment), version).1 == with);
        for _ in 0..3 {
            let (finished, text) = asked(Some(&environment), version);
            assert_eq!((text.as_str(), finished.start), (with.as_str(), Start::Zygote));
            let (finished, text) = asked(Some(&another), version);
            assert_eq!(text, format!("False True {file} {rest}its own\n"));
            assert_eq!(finished.end, End::Exited(0));
            assert!(asked(None, version).1.ends_with("No module named 'slow'\n"));
        }
        if let Some(older) = discover().iter().map(Interpreter::version).find(|it| *it != version) {
            assert!(asked(Some(&environment), older).1.starts_with("False True"));
        }
        let job = job(&[("main.py", IS_LOADED)]);
        let strict =
            Job { environment: Some(environment.clone()), start: Start::Strict, version, ..job };
        assert_eq!(run_job(&sandbox, strict).1, "False\n");
    }
}

#[test]
fn where_every_job_starts_strictly_they_stay_unused() {
    let (_folder, environment) = opened(MODULE);
    let preloads = vec![Preload::new(newest(), environment.clone(), ["slow"])];
    let options = SandboxOptions { preloads, start: Start::Strict, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(sandbox.preloads().next().unwrap().1, ZygoteState::Off);
    assert_eq!(run(&sandbox, Some(&environment), IS_LOADED).1, "False\n");
}

/// The name of a process that an import leaves.
const LEFT: &str = "pyexec-left";
const LEAVES_A_PROCESS: &str = "import ctypes, os, time\nif os.fork() == 0:\n    \
    ctypes.CDLL(None).prctl(15, b'pyexec-left', 0, 0, 0); time.sleep(600)\nelse: time.sleep(0.2)";

fn named(name: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let name_of = |path| std::fs::read_to_string(path).unwrap_or_default();
    let names = entries.map(|entry| name_of(entry.path().join("comm")));
    names.filter(|found| found.trim_end() == name).collect()
}

/// What can't be shared among copies, and what is too much, is imported by each for itself.
#[test]
fn imports_that_no_copy_may_have_are_dropped() {
    if std::env::var_os(STRICT).is_some() {
        // These are sandboxes of its own, and the same again.
        return;
    }
    for (code, reason) in [
        ("raise ValueError('not\\x1b[31m here')", "importing slow: ValueError: not[31m here"),
        ("import nonesuch", "importing slow: ModuleNotFoundError: No module named 'nonesuch'"),
        ("raise SystemExit(3)", "importing slow: SystemExit: 3"),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
            "its imports start threads: there are 2",
        ),
        ("x = open('/etc/hosts')", "its imports leave files or sockets open"),
        ("import os; os.close(0)", "its imports leave files or sockets open, or close them"),
        (LEAVES_A_PROCESS, "its imports leave processes"),
        ("x = []\nwhile True: x.append(b'x' * (1 << 20))", "more than 64 MiB of memory"),
        ("x = bytearray(100 << 20)", "more than 64 MiB of memory"),
        ("import os; os._exit(0)", "it ended without a word"),
        ("import os; os.kill(os.getpid(), 9)", "it ended without a word"),
    ] {
        // As executions have it, it does no harm.
        let text = format!("import os\nif 'PYEXEC_TEST' not in os.environ:\n    exec({code:?})\n");
        let (_folder, environment) = opened(&[("slow.py", &text)]);
        let mut preload = Preload::new(newest(), environment.clone(), ["slow"]);
        preload.memory_mb = 64;
        let sandbox = start(vec![preload]);
        let why = settled(&sandbox).expect(code);
        assert!(why.contains(reason), "{code}: {why}");
        let mut own = job(&[("main.py", "import slow, sys; print('well')")]);
        (own.environment, own.env) = (Some(environment), vec!["PYEXEC_TEST=1".into()]);
        assert_eq!(run_job(&sandbox, own).1, "well\n", "{code}");
        // Nothing of it is left, and it isn't tried again.
        assert_eq!(settled(&sandbox), Some(why));
        until("one zygote alone, the usual one", || {
            children(sandbox.launcher_id(), &format!("(python{}", newest())).len() <= 1
        });
        until("the end of what it started", || named(LEFT).is_empty());
    }
}

#[test]
fn names_and_versions_that_cannot_be_are_refused() {
    let (_folder, environment) = opened(MODULE);
    let refused = |version, names: &[&str]| {
        let preloads = vec![Preload::new(version, environment.clone(), names.iter().copied())];
        let options = SandboxOptions { preloads, ..SandboxOptions::default() };
        Sandbox::start(options).unwrap_err().to_string()
    };
    assert!(refused(newest(), &["a,b"]).contains("\"a,b\" is no module's name"));
    assert!(refused("3.99".parse().unwrap(), &["a"]).contains("there is no Python 3.99 here"));
}

/// Or it would be ended for what it may not even use.
#[test]
fn a_job_with_little_memory_imports_for_itself() {
    let (_folder, environment) = opened(&[("slow.py", "x = bytearray(48 << 20)\n")]);
    let sandbox = start(vec![Preload::new(newest(), environment.clone(), ["slow"])]);
    assert_eq!(settled(&sandbox), None);
    until_loaded(&sandbox, &environment);
    for (memory_mb, expected) in [(64, "False\n"), (256, "True\n"), (64, "False\n")] {
        let mut job = job(&[("main.py", IS_LOADED)]);
        (job.environment, job.limits.memory_mb) = (Some(environment.clone()), memory_mb);
        let (finished, text) = run_job(&sandbox, job);
        assert_eq!((text.as_str(), finished.end), (expected, End::Exited(0)));
    }
}

/// It runs code of packages: beside what every zygote lacks, the list of system calls holds it.
#[test]
fn a_zygote_that_imports_has_next_to_nothing() {
    let code = "import os, socket, ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n\
        def says(*words):\n    return libc.syscall(*words), ctypes.get_errno()\n\
        status = dict(l.split(':\\t') for l in open('/proc/self/status')) if os.path.exists('/proc/self') else None\n\
        mount, ptrace, io_uring = says(165, 0, 0, 0, 0, 0), says(101, 16, 1, 0, 0), says(425, 1, 0)\n\
        try: connected = socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as error: connected = error.strerror\n\
        folders = [os.listdir(f) for f in ('/proc', '/work', '/tmp', '/opt/pyexec/site-packages')]\n\
        writable = [f for f in ('/', '/work', '/tmp', '/dev/shm', '/opt/pyexec/site-packages') if os.access(f, os.W_OK)]\n\
        ids = os.getuid(), os.geteuid(), os.getgroups()\n";
    let (_folder, environment) = opened(&[("slow.py", code)]);
    let sandbox = start(vec![Preload::new(newest(), environment.clone(), ["slow"])]);
    assert_eq!(settled(&sandbox), None);
    let zygote = children(sandbox.launcher_id(), &format!("(python{}", newest()))[0];
    until_loaded(&sandbox, &environment);
    let show = "import slow; print(slow.status, slow.connected, slow.folders, slow.writable)\n\
                print(slow.mount, slow.ptrace, slow.io_uring, 0 in slow.ids[:2])";
    let (_, text) = run(&sandbox, Some(&environment), show);
    let calls = if cfg!(target_arch = "x86_64") { "(-1, 1) (-1, 1) (-1, 1)" } else { "" };
    let expected = "None Network is unreachable [[], [], [], ['slow.py']] []\n";
    assert!(text.starts_with(expected) && text.contains(calls), "{text}");
    let file = format!("/proc/{}/status", zygote.as_raw_nonzero());
    let status = std::fs::read_to_string(file).unwrap();
    for line in
        ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]
    {
        assert!(status.contains(line), "{status}");
    }
    if rustix::process::geteuid().is_root() {
        assert!(text.ends_with("False\n"), "{text}");
    }
}

#[test]
fn a_zygote_that_imports_comes_back_when_it_dies_and_after_its_share() {
    let (_folder, environment) = opened(MODULE);
    let preloads = vec![Preload::new(newest(), environment.clone(), ["slow"])];
    let options = SandboxOptions { preloads, forks_per_zygote: 3, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(settled(&sandbox), None);
    // By its own chances, which each zygote has drawn anew.
    let mut states = BTreeSet::new();
    until("a second one", || {
        let code = "import sys; print(sys.modules['slow'].state if 'slow' in sys.modules else '')";
        states.insert(run(&sandbox, Some(&environment), code).1);
        states.len() > 3
    });
    let all = || children(sandbox.launcher_id(), &format!("(python{}", newest()));
    for zygote in all() {
        kill_process(zygote, Signal::KILL).unwrap();
    }
    until_loaded(&sandbox, &environment);
    let launcher = Pid::from_raw(sandbox.launcher_id() as i32).unwrap();
    kill_process(launcher, Signal::KILL).unwrap();
    until_loaded(&sandbox, &environment);
    assert_eq!(settled(&sandbox), None);
}

/// Random state that a zygote has drawn, hash seeds apart, is no copy's.
#[test]
fn numpy_is_there_at_once_and_each_copy_has_its_own_chances() {
    let all = discover();
    let target = match installed(&all[0], &["numpy"]) {
        Ok(target) => target,
        Err(why) => {
            assert!(std::env::var_os("PYEXEC_TEST_REQUIRE_INDEX").is_none(), "{why}");
            println!("SKIPPED: numpy can't be had from a package index here: {why}");
            return;
        }
    };
    let environment = Environment::open(target.path()).unwrap();
    let modules = ["numpy", "numpy.random", "random"];
    let sandbox = start(vec![Preload::new(newest(), environment.clone(), modules)]);
    assert_eq!(settled(&sandbox), None);
    until("a copy", || {
        run(&sandbox, Some(&environment), "import sys; print('numpy' in sys.modules)").1 == "True\n"
    });
    let code = "import numpy, random, sys\n\
        print(numpy.random.rand(), random.random(), numpy.random.default_rng().random())\n\
        a = numpy.random.rand(300, 300); assert numpy.allclose(numpy.linalg.inv(a) @ a, numpy.eye(300))\n\
        from multiprocessing import get_context\n\
        if __name__ == '__main__':\n    with get_context('fork').Pool(2) as pool: assert pool.map(numpy.sum, [[1, 2], [3, 4]]) == [3, 7]\n";
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        let (finished, text) = run(&sandbox, Some(&environment), code);
        assert_eq!((finished.end, finished.start), (End::Exited(0), Start::Zygote), "{text}");
        seen.extend(text.split_whitespace().map(str::to_owned));
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
    // A script that seeds them gets what it always gets.
    let seeded = "import numpy, random\nnumpy.random.seed(1); random.seed(1); print(numpy.random.rand(), random.random())";
    let mut outcomes = BTreeSet::new();
    for environment_start in [Start::Zygote, Start::Strict] {
        let job = job(&[("main.py", seeded)]);
        let environment = Some(environment.clone());
        outcomes.insert(run_job(&sandbox, Job { environment, start: environment_start, ..job }).1);
    }
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
}
