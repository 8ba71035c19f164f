//! What server, launcher and PID 1 say to each other.

use crate::{IsolationLevel, environment::Place, template::Imports};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// The server's first message to a launcher.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Interpreter trees to make visible.
    pub(crate) interpreters: Vec<crate::Interpreter>,
    /// What an execution that asks for the network gets.
    pub(crate) network: crate::Network,
    /// Sandboxes to keep ready, of each kind.
    pub(crate) ready: usize,
    /// No zygotes: every run starts an interpreter of its own.
    pub(crate) strict: bool,
    /// What some zygotes import.
    pub(crate) imports: Vec<Imports>,
    /// Templates, by number, to have zygotes of from the start.
    pub(crate) warm: Vec<usize>,
    /// Copies after which a zygote is replaced.
    pub(crate) forks_per_zygote: u32,
    /// Control group below which each execution gets its own; the server's own where `None`.
    pub(crate) cgroup: Option<PathBuf>,
    /// The least isolation that will do.
    pub(crate) isolation: IsolationLevel,
    /// What the attack suite leaves out.
    pub(crate) weakened: crate::weaken::Weakened,
}

/// Server to launcher.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToLauncher {
    /// Make (or take) a sandbox for one execution.
    Create {
        /// The server's number for it.
        id: u64,
        /// Whether it has the network.
        network: bool,
        /// The template, by number, of which a copy will do; none where it must be a new interpreter.
        template: Option<usize>,
        /// Packages that it can import.
        environment: Option<Place>,
        limits: GroupLimits,
    },
}

/// Limits that the launcher sets on the group of processes, from outside.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct GroupLimits {
    /// Memory of processes and writable file systems together.
    pub(crate) memory_bytes: u64,
    pub(crate) processes: u64,
    pub(crate) cpu_shares: u64,
    pub(crate) cpu_percent: Option<u64>,
}

/// Launcher to server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromLauncher {
    /// The root is built and a first sandbox was made: isolation works on this machine.
    Ready {
        limits: LimitsBy,
        /// How far it works.
        level: IsolationLevel,
    },
    /// It doesn't.
    Refused(StepError),
    /// With descriptors: pidfd, control socket, stdin, stdout, stderr, claims; where it has an
    /// environment, the mount of that; and where pasta connects it, the line to its minder.
    Created {
        id: u64,
        /// Whether a copy of the interpreter waits in it.
        is_warm: bool,
    },
    NotCreated {
        id: u64,
        error: StepError,
    },
    /// Copies of a template can be had from now on, or can't, and why.
    Zygote {
        template: usize,
        /// The memory that its imports hold in each copy, in bytes.
        state: Result<u64, String>,
    },
    /// Every process of the execution is gone.
    Exited {
        id: u64,
        usage: GroupUsage,
    },
}

/// What enforces the limits on groups of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LimitsBy {
    Cgroup2,
    Cgroup1,
    Rlimits,
}

/// What an execution had used when its last process was gone.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct GroupUsage {
    pub(crate) cpu_ms: u64,
    pub(crate) peak_memory_bytes: u64,
    /// Processes that the kernel ended because the group was out of memory.
    pub(crate) oom_kills: u64,
}

/// Server to PID 1: start. The order itself travels in a memfd beside this message, followed by
/// the descriptor of the canonical archive and, where it has an environment, by the mount of that.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Go;

/// What to run and how.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) program: Program,
    /// Whether a copy of the interpreter that waits may run it.
    pub(crate) may_be_warm: bool,
    /// The interpreter's version, as in `python3.12`.
    pub(crate) version: String,
    /// The interpreter's binary.
    pub(crate) interpreter: String,
    /// First directory of `PATH`, where `python` is that interpreter.
    pub(crate) bin: String,
    /// Path of the script below `/work`.
    pub(crate) entrypoint: String,
    pub(crate) args: Vec<String>,
    /// `KEY=value`.
    pub(crate) env: Vec<String>,
    pub(crate) pre_commands: Vec<String>,
    /// Where it has an environment: the interpreter's own folder of packages.
    pub(crate) packages: Option<String>,
    pub(crate) memory_bytes: u64,
    pub(crate) disk_bytes: u64,
    pub(crate) inodes: u64,
    pub(crate) processes: u64,
    pub(crate) open_files: u64,
    /// The processors that it is bound to; none where it may use all.
    pub(crate) processors: Vec<usize>,
    pub(crate) network: bool,
    /// No control group stands behind the limits.
    pub(crate) rlimits_only: bool,
}

/// How the entrypoint is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Program {
    /// As `python <entrypoint>`.
    Script,
    /// By the driver that evaluates a last expression.
    Eval,
}

/// PID 1 to server, or to the launcher while the sandbox is new.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromInit {
    /// Namespaces and file systems are in place. With descriptors, where a zygote may send a copy:
    /// the namespaces, the user's first, and the copy's end of the go channel.
    Ready {
        level: IsolationLevel,
    },
    /// A copy came and waits, or ended on its way.
    Warmed {
        ok: bool,
    },
    Failed(StepError),
    /// The script's process ended, by itself or by a signal.
    Exited {
        code: Option<i32>,
        signal: Option<i32>,
        /// Time from "go" until everything was in place for it.
        prepared_us: u64,
        /// Whether it was a copy of a zygote.
        by_copy: bool,
    },
    /// The processes together passed their memory limit.
    OutOfMemory,
}

/// A step of building a sandbox that the kernel refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StepError {
    /// What was tried, as in "mounting /proc".
    pub(crate) step: String,
    /// The kernel's answer, 0 where it was something else.
    pub(crate) errno: i32,
    pub(crate) detail: String,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.detail)
    }
}

/// The step that containers which hide parts of `/proc` make fail.
pub(crate) const MOUNTING_PROC: &str = "mounting /proc";

/// Names the step that failed.
pub(crate) trait Step<T> {
    fn step(self, step: impl Into<String>) -> Result<T, StepError>;
}

impl<T, E: Into<std::io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl Into<String>) -> Result<T, StepError> {
        self.map_err(|error| {
            let error: std::io::Error = error.into();
            StepError {
                step: step.into(),
                errno: error.raw_os_error().unwrap_or(0),
                detail: error.to_string(),
            }
        })
    }
}
