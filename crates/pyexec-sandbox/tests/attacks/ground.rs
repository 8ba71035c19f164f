//! Where attacks happen: a sandbox in one of the two ways of starting.

use pyexec_archive::{
    Archive,
    read::{ReadOptions, canonicalize},
};
use pyexec_sandbox::{
    Captured, End, Finished, Job, Limits, Observer, OutputStream, Sandbox, SandboxOptions, Start,
    Stop,
};
use std::{
    sync::mpsc::{Receiver, Sender},
    time::{Duration, Instant},
};

/// A sandbox, and how it starts interpreters.
pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    pub(crate) start: Start,
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) finished: Finished,
}

impl Ran {
    pub(crate) fn end(&self) -> &End {
        &self.finished.end
    }

    /// What the attacker got.
    pub(crate) fn got(&self) -> Vec<&str> {
        self.stdout.lines().filter(|line| line.starts_with("GOT")).collect()
    }
}

impl Ground {
    pub(crate) fn new(start: Start) -> Self {
        Self::with(SandboxOptions { start, ready: 2, ..SandboxOptions::default() })
    }

    pub(crate) fn with(options: SandboxOptions) -> Self {
        let start = options.start;
        let ground = Self { sandbox: Sandbox::start(options).unwrap(), start };
        if start == Start::Zygote {
            ground.await_copies();
        }
        ground
    }

    /// A first job asks for them.
    fn await_copies(&self) {
        let before = Instant::now();
        while self.run_anyhow(self.job(&[("main.py", "")])).finished.start != Start::Zygote {
            assert!(before.elapsed() < Duration::from_secs(30), "no zygote");
        }
    }

    /// Whether the level says that it can't hold this.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.sandbox.isolation().missing.iter().any(|missing| missing == name)
    }

    pub(crate) fn job(&self, files: &[(&str, &str)]) -> Job {
        let archive = files.iter().map(|(name, text)| (*name, text.as_bytes()));
        let mut file = tempfile::tempfile().unwrap();
        let archive = Archive::from_map(archive).unwrap();
        canonicalize(archive.open(), &mut file, &ReadOptions::default()).unwrap();
        self.job_of(file, files[0].0)
    }

    /// The limits are low: where one fails, that is all the harm.
    pub(crate) fn job_of(&self, archive: std::fs::File, entrypoint: &str) -> Job {
        let version = self.sandbox.interpreters()[0].version();
        let mut job = Job::new(archive.into(), version, entrypoint);
        job.limits = Limits {
            timeout: Duration::from_secs(30),
            memory_mb: 256,
            disk_mb: 64,
            inodes: 4096,
            processes: 64,
            output_bytes: 8 << 20,
            ..Limits::default()
        };
        job
    }

    /// A script with the functions of attacks.
    pub(crate) fn script(&self, code: &str) -> Job {
        self.job(&[("main.py", &crate::case::whole(code))])
    }

    /// # Errors
    /// Where the interpreter came to be in another way than this ground is there for.
    pub(crate) fn run(&self, job: Job) -> Result<Ran, String> {
        let ran = self.run_anyhow(job);
        let is_strict = ran.finished.start == Start::Strict;
        // A variable that is read early asks for a new interpreter.
        (is_strict || self.start == Start::Zygote).then_some(ran).ok_or("by a copy".to_owned())
    }

    fn run_anyhow(&self, job: Job) -> Ran {
        let mut output = Captured::default();
        let finished = self.sandbox.run(job, &mut output, &Stop::new().unwrap()).unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), finished }
    }

    /// Runs one script while another that has printed something is still there; what came of the
    /// second. The first is stopped then.
    pub(crate) fn run_beside(&self, first: Job, second: Job) -> Result<Ran, String> {
        let (teller, told) = std::sync::mpsc::channel();
        let stop = Stop::new().unwrap();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| self.sandbox.run(first, &mut Tells(teller), &stop));
            let ran = wait_for(&told).and_then(|()| self.run(second));
            stop.stop();
            running.join().unwrap().map_err(|error| error.to_string())?;
            ran
        })
    }
}

fn wait_for(told: &Receiver<()>) -> Result<(), String> {
    told.recv_timeout(Duration::from_secs(20)).map_err(|_| "the first said nothing".to_owned())
}

/// Tells of output.
pub(crate) struct Tells(pub(crate) Sender<()>);

impl Observer for Tells {
    fn output(&mut self, _: OutputStream, _: &[u8]) {
        let _ = self.0.send(());
    }
}

/// `Ok` where it is so.
pub(crate) fn ensure(is_so: bool, otherwise: impl std::fmt::Debug) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("{otherwise:?}")) }
}
