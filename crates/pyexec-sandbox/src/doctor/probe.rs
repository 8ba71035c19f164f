//! A sandbox that is started to see whether that works, and Python in it.

use super::Finding;
use crate::{
    Captured, End, Environment, IsolationLevel, Job, PythonVersion, Sandbox, SandboxError,
    SandboxOptions, Start, Stop, ZygoteState, message::MOUNTING_PROC,
};
use pyexec_archive::{
    Archive,
    read::{ReadOptions, canonicalize},
};
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    fs::File,
    io::{self, Seek},
    thread,
    time::{Duration, Instant},
};

/// How long a template interpreter may take to get ready.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked whether it is.
const PAUSE: Duration = Duration::from_millis(2);
/// How long the line of Python may run.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The first copies may not have been begun when the first is asked for.
const TRIES: usize = 20;

/// What came of starting a sandbox.
pub(super) struct Probe {
    pub(super) level: Option<IsolationLevel>,
    pub(super) finding: Finding,
    sandbox: Option<Sandbox>,
}

impl Probe {
    pub(super) fn start(options: &SandboxOptions) -> Self {
        let before = Instant::now();
        let warm = options.interpreters.iter().map(crate::Interpreter::version).collect();
        let options = SandboxOptions { warm, ..options.clone() };
        let started = Sandbox::start(options.clone());
        let took = before.elapsed();
        match started {
            Ok(sandbox) => Self::of(sandbox, took),
            Err(error) => Self::refused(error, options),
        }
    }

    fn of(sandbox: Sandbox, took: Duration) -> Self {
        let level = sandbox.level();
        let finding = match level {
            IsolationLevel::Full => Finding::ok("isolation", "full"),
            IsolationLevel::NoProc => {
                Finding::warn("isolation", "no-proc, as asked for: executions have no /proc").hint(
                    "let this container have all of /proc: in Docker, `--security-opt \
                           systempaths=unconfined`",
                )
            }
        };
        Self { level: Some(level), finding: finding.took(took), sandbox: Some(sandbox) }
    }

    fn refused(error: SandboxError, options: SandboxOptions) -> Self {
        let is_proc = matches!(&error, SandboxError::Refused { step, .. } if step == MOUNTING_PROC);
        // The rest can be tried all the same where a weaker level works.
        let weaker = is_proc.then(|| {
            Sandbox::start(SandboxOptions { isolation: IsolationLevel::NoProc, ..options })
        });
        let full = refusal(&error);
        let (text, sandbox) = match weaker {
            None => (full, None),
            Some(Ok(sandbox)) => {
                (format!("{full}; no-proc works where it is asked for"), Some(sandbox))
            }
            Some(Err(error)) => (format!("{full}; no-proc is {}", refusal(&error)), None),
        };
        let mut finding = Finding::fail("isolation", text);
        finding.hint = error.hint().map(str::to_owned);
        Self { level: None, finding, sandbox }
    }

    /// Whether sandboxes can be made, of one level or another.
    pub(super) fn works(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Attaches a folder of packages: for want of others, one of the library.
    pub(super) fn attaches(&self) -> Option<Finding> {
        let sandbox = self.sandbox.as_ref()?;
        let all = sandbox.interpreters().iter();
        let (able, lacking): (Vec<_>, Vec<_>) = all.partition(|it| it.packages().is_some());
        let subject = "packages";
        let versions = lacking.iter().map(|it| it.version().to_string()).collect::<Vec<_>>();
        let lacks = Finding::warn(
            subject,
            format!("none for Python {}: it has no site-packages", versions.join(", ")),
        );
        let Some(interpreter) = able.first() else { return Some(lacks) };
        let tried = Environment::open(interpreter.standard_library()?.join("json"))
            .map_err(|error| refusal(&error))
            .and_then(|environment| {
                let code = "import os\nprint(os.statvfs('/opt/pyexec/site-packages').f_flag & 1)";
                let job = job(code, interpreter.version(), Start::Strict);
                run(sandbox, job.map(|job| Job { environment: Some(environment), ..job }))
            });
        Some(match tried {
            Ok((_, took)) if lacking.is_empty() => {
                Finding::ok(subject, "attached, read-only").took(took)
            }
            Ok(_) => lacks,
            Err(text) => Finding::fail(subject, text),
        })
    }

    /// Runs a version both ways.
    pub(super) fn runs(&self, version: PythonVersion) -> Vec<Finding> {
        let Some(sandbox) = &self.sandbox else { return Vec::new() };
        vec![started_anew(sandbox, version), copied(sandbox, version)]
    }
}

fn refusal(error: &SandboxError) -> String {
    match error {
        SandboxError::Refused { step, reason, .. } => format!("refused: {step}: {reason}"),
        other => other.to_string(),
    }
}

fn started_anew(sandbox: &Sandbox, version: PythonVersion) -> Finding {
    let subject = format!("Python {version}, started anew");
    match run(sandbox, print_1(version, Start::Strict)) {
        Ok((_, took)) => Finding::ok(subject, "ran print(1)").took(took),
        Err(text) => Finding::fail(subject, text),
    }
}

fn copied(sandbox: &Sandbox, version: PythonVersion) -> Finding {
    let subject = format!("Python {version}, copied");
    let asked = Instant::now();
    let state = loop {
        match sandbox.zygote(version) {
            Ok(ZygoteState::Absent) if asked.elapsed() < PATIENCE => thread::sleep(PAUSE),
            state => break state,
        }
    };
    match state {
        Ok(ZygoteState::Ready) => {}
        Ok(ZygoteState::Off) => return Finding::ok(subject, "off, as chosen"),
        Ok(ZygoteState::Failed(reason)) => {
            return Finding::warn(subject, format!("each run starts one anew: {reason}"));
        }
        Ok(ZygoteState::Absent) => {
            return Finding::warn(subject, "each run starts one anew: no template got ready");
        }
        Err(error) => return Finding::fail(subject, error.to_string()),
    }
    for _ in 0..TRIES {
        match run(sandbox, print_1(version, Start::Zygote)) {
            Ok((Start::Zygote, took)) => return Finding::ok(subject, "ran print(1)").took(took),
            Ok((Start::Strict, _)) => {}
            Err(text) => return Finding::fail(subject, text),
        }
    }
    Finding::warn(subject, "each run starts one anew: a template is ready and makes no copy")
}

/// Runs a line; how its interpreter came to be, and how long all of it took.
fn run(sandbox: &Sandbox, job: io::Result<Job>) -> Result<(Start, Duration), String> {
    let job = job.map_err(|error| error.to_string())?;
    let stop = Stop::new().map_err(|error| error.to_string())?;
    let mut output = Captured::default();
    let before = Instant::now();
    let finished = sandbox.run(job, &mut output, &stop).map_err(|error| error.to_string())?;
    let took = before.elapsed();
    if finished.end == End::Exited(0) && output.stdout == b"1\n" {
        return Ok((finished.start, took));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or("it said nothing");
    Err(format!("a line of Python ended as {:?}: {last}", finished.end))
}

fn print_1(version: PythonVersion, start: Start) -> io::Result<Job> {
    job("print(1)", version, start)
}

/// A job that is well if it prints 1.
fn job(code: &str, version: PythonVersion, start: Start) -> io::Result<Job> {
    let archive = Archive::from_map([("main.py", code)]).map_err(io::Error::other)?;
    let mut file = File::from(memfd_create("pyexec-doctor", MemfdFlags::CLOEXEC)?);
    canonicalize(archive.open(), &mut file, &ReadOptions::default()).map_err(io::Error::other)?;
    file.rewind()?;
    let mut job = Job::new(file.into(), version, "main.py");
    job.start = start;
    job.limits.timeout = TIMEOUT;
    Ok(job)
}
