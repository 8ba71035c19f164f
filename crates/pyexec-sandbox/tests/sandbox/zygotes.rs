//! Zygotes and their copies: that they serve, end and come back.

use crate::{
    harness::{await_zygote_of, job},
    launcher::{children, until},
};
use pyexec_sandbox::{
    Captured, End, Finished, Job, PythonVersion, Sandbox, SandboxOptions, Start, Stop, ZygoteState,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

fn run(sandbox: &Sandbox, job: Job) -> (Finished, String) {
    let mut output = Captured::default();
    let finished = sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    (finished, String::from_utf8(output.stdout).unwrap())
}

fn python(sandbox: &Sandbox, code: &str) -> (Start, String) {
    let (finished, stdout) = run(sandbox, job(&[("main.py", code)]));
    assert_eq!(finished.end, End::Exited(0));
    (finished.start, stdout)
}

/// A sandbox whose newest interpreter has a zygote, that interpreter, and the zygote.
fn start(options: SandboxOptions) -> (Sandbox, PythonVersion, Pid) {
    let sandbox = Sandbox::start(options).unwrap();
    let version = sandbox.interpreters()[0].version();
    await_zygote_of(&sandbox, version);
    let zygotes = zygotes(&sandbox, version);
    let zygote = *zygotes.first().expect("there is one");
    (sandbox, version, zygote)
}

fn zygotes(sandbox: &Sandbox, version: PythonVersion) -> Vec<Pid> {
    children(sandbox.launcher_id(), &format!("(python{version}"))
}

#[test]
fn a_zygote_that_dies_is_replaced_and_nothing_is_lost() {
    let (sandbox, version, zygote) = start(SandboxOptions::default());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| python(&sandbox, "import time; time.sleep(1); print('on')"));
        kill_process(zygote, Signal::KILL).unwrap();
        assert_eq!(running.join().unwrap().1, "on\n");
    });
    assert_eq!(python(&sandbox, "print(1)").1, "1\n");
    await_zygote_of(&sandbox, version);
    assert_ne!(zygotes(&sandbox, version), [zygote]);
    until("its end", || test_kill_process(zygote).is_err());
}

#[test]
fn a_zygote_that_is_stopped_holds_nobody_up_for_long() {
    let (sandbox, _, zygote) = start(SandboxOptions::default());
    kill_process(zygote, Signal::STOP).unwrap();
    // Those that wait already, and then those that wait for it.
    let code = "print('done')";
    let runs: Vec<_> = (0..3).map(|_| python(&sandbox, code)).collect();
    assert!(runs.iter().all(|(_, stdout)| stdout == "done\n"), "{runs:?}");
}

#[test]
fn zygotes_are_replaced_after_their_share_of_copies() {
    let options = SandboxOptions { forks_per_zygote: 3, ..SandboxOptions::default() };
    let (sandbox, version, first) = start(options);
    let mut seeds = BTreeSet::new();
    until("a second hash seed", || {
        let (_, hash) = python(&sandbox, "print(hash('a'))");
        seeds.insert(hash);
        seeds.len() > 2
    });
    until("the first zygote's end", || {
        python(&sandbox, "");
        test_kill_process(first).is_err()
    });
    until("one zygote alone", || zygotes(&sandbox, version).len() == 1);
}

#[test]
fn copies_do_not_share_their_chances() {
    let (sandbox, ..) = start(SandboxOptions::default());
    let code = "import os, random, uuid, tempfile\n\
        print(random.random(), os.urandom(4).hex(), uuid.uuid4(), next(tempfile._get_candidate_names()))";
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        let (start, stdout) = python(&sandbox, code);
        assert_eq!(start, Start::Zygote);
        seen.extend(stdout.split_whitespace().map(str::to_owned));
    }
    assert_eq!(seen.len(), 16, "{seen:?}");
}

#[test]
fn a_job_or_a_sandbox_can_ask_for_a_new_interpreter() {
    let (sandbox, version, _) = start(SandboxOptions::default());
    assert_eq!(sandbox.zygote(version).unwrap(), ZygoteState::Ready);
    let mut strict = job(&[("main.py", "print(hash('a'))")]);
    strict.start = Start::Strict;
    assert_eq!(run(&sandbox, strict).0.start, Start::Strict);

    let options = SandboxOptions { start: Start::Strict, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(sandbox.zygote(version).unwrap(), ZygoteState::Off);
    let runs: Vec<_> = (0..3).map(|_| python(&sandbox, "print(hash('a'))")).collect();
    assert!(runs.iter().all(|(start, _)| *start == Start::Strict));
    let hashes: BTreeSet<_> = runs.iter().map(|(_, hash)| hash).collect();
    assert_eq!(hashes.len(), 3, "each has a hash seed of its own");
    assert_eq!(zygotes(&sandbox, version), []);
}

#[test]
fn what_is_asked_for_early_is_there_before_the_first_job() {
    let newest = pyexec_sandbox::discover()[0].version();
    let sandbox =
        Sandbox::start(SandboxOptions { warm: vec![newest], ..SandboxOptions::default() }).unwrap();
    until("a zygote", || sandbox.zygote(newest).unwrap() == ZygoteState::Ready);
}

/// It has neither privileges nor a network nor a sight of the host's processes.
#[test]
fn a_zygote_has_nothing_that_a_script_could_want() {
    let (sandbox, _, zygote) = start(SandboxOptions::default());
    let of = |pid: &str, file: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
    };
    let pid = zygote.as_raw_nonzero().to_string();
    let status = of(&pid, "status");
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(field(set), ["0000000000000000"], "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), ["1"]);
    assert!(!field("Uid:").contains(&"0".to_owned()), "{status}");
    let namespace = |pid: &str, kind: &str| {
        std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).map(|link| link.display().to_string())
    };
    if let (Ok(its), Ok(ours)) = (namespace(&pid, "net"), namespace("self", "net")) {
        assert_ne!(its, ours);
        assert_ne!(namespace(&pid, "mnt").unwrap(), namespace("self", "mnt").unwrap());
        assert_eq!(std::fs::read_dir(format!("/proc/{pid}/root/proc")).unwrap().count(), 0);
    }
    drop(sandbox);
}

#[test]
fn runs_leave_no_descriptor_behind() {
    let (sandbox, version, zygote) = start(SandboxOptions::default());
    let count = |pid: &str| std::fs::read_dir(format!("/proc/{pid}/fd")).map(Iterator::count);
    let launcher = sandbox.launcher_id().to_string();
    let zygote = zygote.as_raw_nonzero().to_string();
    // Other tests run in this process too, so its own are counted by a process of its own below.
    let counts = || [&launcher, &zygote].map(|pid| count(pid).unwrap_or(0));
    let settled = |what: &str| {
        let mut last = counts();
        let mut same = 0;
        until(what, || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            let now = counts();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            same > 10
        });
        last
    };
    python(&sandbox, "");
    let before = settled("a quiet launcher");
    for _ in 0..40 {
        python(&sandbox, "import os; os.fork()");
    }
    await_zygote_of(&sandbox, version);
    assert_eq!(settled("a quiet launcher again"), before);
}

/// As where the limit on open files is too low for the numbers of its channels.
#[test]
fn where_no_copy_can_be_made_nothing_piles_up() {
    let server = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 1024 && exec \"$0\" --exact zygotes::counts_its_sandboxes --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .env(SERVE, "1")
        .output()
        .unwrap();
    assert!(server.status.success(), "{}", String::from_utf8_lossy(&server.stdout));
}

/// The inner half of the test above.
#[test]
fn counts_its_sandboxes() {
    if std::env::var_os(SERVE).is_none() {
        return;
    }
    let newest = pyexec_sandbox::discover()[0].version();
    let sandbox =
        Sandbox::start(SandboxOptions { warm: vec![newest], ..SandboxOptions::default() }).unwrap();
    until("a zygote", || sandbox.zygote(newest).unwrap() == ZygoteState::Ready);
    for _ in 0..12 {
        assert_eq!(python(&sandbox, "print(1)"), (Start::Strict, "1\n".into()));
        // The next is made meanwhile.
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let waiting = children(sandbox.launcher_id(), "pyexec-launcher").len();
    assert!(waiting < 5, "{waiting} sandboxes");
}

/// Whatever the server's is.
#[test]
fn copies_have_the_usual_umask() {
    let server = Command::new("sh")
        .args(["-c", "umask 077 && exec \"$0\" --exact zygotes::prints_its_umask --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(SERVE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(server.stdout).unwrap();
    assert!(text.contains("UMASK Zygote 0o22\n"), "{text}");
}

/// The inner half of the test above.
#[test]
fn prints_its_umask() {
    if std::env::var_os(SERVE).is_some() {
        let (sandbox, ..) = start(SandboxOptions::default());
        let (start, umask) = python(&sandbox, "import os; print(oct(os.umask(0)))");
        print!("UMASK {start:?} {umask}");
    }
}

/// `kill -9` of the process that has the sandbox ends launcher, zygote, copies and scripts.
#[test]
fn nothing_outlives_the_server() {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "zygotes::serves_until_it_is_killed", "--nocapture"])
        .env(SERVE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().starts_with("UP ")).unwrap().unwrap();
    let mut tree: Vec<Pid> = Vec::new();
    // Launcher, zygote, two or more PID 1s, a script and a copy that waits.
    until(&format!("a whole family after {line:?}"), || {
        tree = children(server.id(), "");
        let mut at = 0;
        while at < tree.len() {
            tree.extend(children(tree[at].as_raw_nonzero().get() as u32, ""));
            at += 1;
        }
        tree.len() >= 6
    });
    server.kill().unwrap();
    server.wait().unwrap();
    for pid in tree {
        until("its end", || test_kill_process(pid).is_err());
    }
}

const SERVE: &str = "PYEXEC_TEST_SERVE";

/// The inner half of the test above.
#[test]
fn serves_until_it_is_killed() {
    if std::env::var_os(SERVE).is_none() {
        return;
    }
    let (sandbox, ..) = start(SandboxOptions { ready: 2, ..SandboxOptions::default() });
    struct Tell;
    impl pyexec_sandbox::Observer for Tell {
        fn output(&mut self, _: pyexec_sandbox::OutputStream, _: &[u8]) {
            println!("UP it runs");
        }
    }
    let forever = job(&[("main.py", "import time; print('x'); time.sleep(600)")]);
    drop(sandbox.run(forever, &mut Tell, &Stop::new().unwrap()));
}
