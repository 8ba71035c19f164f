//! What to run, and who hears of it.

use crate::{Environment, Limits, PythonVersion, Start};
use std::os::fd::OwnedFd;

/// One execution.
#[derive(Debug)]
pub struct Job {
    /// A canonical archive, as `pyexec_archive::read::canonicalize` writes it; read from its
    /// beginning.
    pub archive: OwnedFd,
    /// The interpreter's version.
    pub version: PythonVersion,
    /// Path in the archive of the file to run, normalised.
    pub entrypoint: String,
    /// How it is run.
    pub run_as: RunAs,
    /// `sys.argv[1:]`.
    pub args: Vec<String>,
    /// Environment variables as `KEY=value`.
    pub env: Vec<String>,
    /// Shell commands to run before, in one `sh`, up to the first that fails.
    pub pre_commands: Vec<String>,
    /// What it reads from its standard input.
    pub stdin: Vec<u8>,
    /// How its interpreter comes to be.
    pub start: Start,
    /// Packages that it can import beside the standard library.
    pub environment: Option<Environment>,
    /// Whether it has the network, which takes a sandbox that offers one.
    pub network: bool,
    /// What it may use.
    pub limits: Limits,
}

impl Job {
    /// A job that runs `entrypoint` with every default.
    pub fn new(archive: OwnedFd, version: PythonVersion, entrypoint: impl Into<String>) -> Self {
        Self {
            archive,
            version,
            entrypoint: entrypoint.into(),
            run_as: RunAs::Script,
            args: Vec::new(),
            env: Vec::new(),
            pre_commands: Vec::new(),
            stdin: Vec::new(),
            start: Start::default(),
            environment: None,
            network: false,
            limits: Limits::default(),
        }
    }
}

/// How the entrypoint is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunAs {
    /// As `python <entrypoint>`.
    Script,
    /// As a script whose last expression's value is its result.
    Eval,
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Hears of an execution while it runs, on the thread that called
/// [`Sandbox::run`](crate::Sandbox::run).
pub trait Observer {
    /// The clock runs.
    fn started(&mut self) {}

    /// The execution wrote `bytes`.
    fn output(&mut self, stream: OutputStream, bytes: &[u8]);
}

/// An [`Observer`] that keeps all output in memory.
#[derive(Debug, Default)]
pub struct Captured {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Observer for Captured {
    fn output(&mut self, stream: OutputStream, bytes: &[u8]) {
        match stream {
            OutputStream::Stdout => self.stdout.extend_from_slice(bytes),
            OutputStream::Stderr => self.stderr.extend_from_slice(bytes),
        }
    }
}
