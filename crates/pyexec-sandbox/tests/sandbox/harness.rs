//! One sandbox for all tests of this binary, and short ways to use it.

use pyexec_archive::{
    Archive,
    read::{ReadOptions, canonicalize},
};
use pyexec_sandbox::{
    Captured, Finished, Job, Limits, PythonVersion, RunAs, Sandbox, SandboxOptions, Stop,
};
use std::sync::LazyLock;

pub(crate) static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::start(SandboxOptions::default()).unwrap());

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) finished: Finished,
}

pub(crate) fn job(files: &[(&str, &str)]) -> Job {
    let archive = Archive::from_map(files.iter().map(|(name, text)| (*name, *text))).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    canonicalize(archive.open(), &mut file, &ReadOptions::default()).unwrap();
    let mut job = Job::new(file.into(), newest(), files[0].0);
    job.limits = Limits { timeout: std::time::Duration::from_secs(60), ..Limits::default() };
    job
}

pub(crate) fn newest() -> PythonVersion {
    SANDBOX.interpreters()[0].version()
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
