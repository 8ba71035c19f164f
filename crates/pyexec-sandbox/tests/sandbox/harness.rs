//! One sandbox for all tests of this binary, and short ways to use it.

use pyexec_archive::{
    Archive,
    read::{ReadOptions, canonicalize},
};
use pyexec_sandbox::{
    Captured, Finished, IsolationLevel, Job, Limits, PythonVersion, RunAs, Sandbox, SandboxOptions,
    Start, Stop, discover,
};
use std::sync::LazyLock;

/// By copies of zygotes, unless these tests run once more for the other way.
pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let strict = std::env::var_os(STRICT).is_some();
    let start = if strict { Start::Strict } else { Start::Zygote };
    let no_proc = std::env::var_os(NO_PROC).is_some();
    let isolation = if no_proc { IsolationLevel::NoProc } else { IsolationLevel::Full };
    let sandbox =
        Sandbox::start(SandboxOptions { start, isolation, ..SandboxOptions::default() }).unwrap();
    assert_eq!(sandbox.isolation().level, isolation.as_str());
    if !strict {
        await_zygote_of(&sandbox, sandbox.interpreters()[0].version());
    }
    sandbox
});

/// Set where every job is to start strictly.
pub(crate) const STRICT: &str = "PYEXEC_TEST_STRICT";

/// Set where there is no `/proc` inside.
pub(crate) const NO_PROC: &str = "PYEXEC_TEST_NO_PROC";

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) finished: Finished,
}

pub(crate) fn job(files: &[(&str, &str)]) -> Job {
    let bytes: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    job_with_bytes(&bytes)
}

pub(crate) fn job_with_bytes(files: &[(&str, &[u8])]) -> Job {
    let archive = Archive::from_map(files.iter().map(|(name, bytes)| (*name, *bytes))).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    canonicalize(archive.open(), &mut file, &ReadOptions::default()).unwrap();
    let mut job = Job::new(file.into(), newest(), files[0].0);
    job.limits = Limits { timeout: std::time::Duration::from_secs(60), ..Limits::default() };
    job
}

/// Waits until copies of an interpreter can be had; a first job asks for them.
pub(crate) fn await_zygote(version: PythonVersion) {
    await_zygote_of(&SANDBOX, version);
}

pub(crate) fn await_zygote_of(sandbox: &Sandbox, version: PythonVersion) {
    let start = std::time::Instant::now();
    loop {
        let mut job = job(&[("main.py", "")]);
        job.version = version;
        let ran = sandbox.run(job, &mut Captured::default(), &Stop::new().unwrap()).unwrap();
        if ran.start == Start::Zygote {
            return;
        }
        let state = sandbox.zygote(version).unwrap();
        assert!(start.elapsed().as_secs() < 30, "no zygote: {state:?}");
    }
}

pub(crate) fn newest() -> PythonVersion {
    static NEWEST: LazyLock<PythonVersion> = LazyLock::new(|| discover()[0].version());
    *NEWEST
}

pub(crate) fn run(job: Job) -> Ran {
    let mut output = Captured::default();
    let finished = SANDBOX.run(job, &mut output, &Stop::new().unwrap()).unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), finished }
}

pub(crate) fn python(code: &str) -> Ran {
    run(job(&[("main.py", code)]))
}

pub(crate) fn eval(code: &str) -> Ran {
    let mut job = job(&[("main.py", code)]);
    job.run_as = RunAs::Eval;
    run(job)
}
