//! How an execution ended and what it used.

use crate::{Claims, Start};
use std::time::Duration;

/// What came of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// How it ended, as seen from outside.
    pub end: End,
    /// How long it ran.
    pub duration: Duration,
    /// What it used.
    pub usage: Usage,
    /// What the script's process said of itself.
    pub claims: Claims,
    /// How its interpreter came to be.
    pub start: Start,
    /// Where its time went.
    pub phases: Phases,
}

/// Where an execution's time went: one phase after the other, from the call to its return. A phase
/// that it didn't reach took no time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Phases {
    /// Until there was a sandbox for it.
    pub sandbox: Duration,
    /// Until everything was in place in it: its files, its limits, and no privileges.
    pub preparation: Duration,
    /// Until its process had ended.
    pub script: Duration,
    /// Until every channel to the sandbox was closed.
    pub closing: Duration,
    /// Until nothing was left of it, and what it had used was known.
    pub report: Duration,
}

/// How an execution ended. No script can forge one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The script's process exited with this code.
    Exited(i32),
    /// A signal ended the script's process.
    Signaled(i32),
    /// The time was up.
    TimedOut,
    /// The memory limit was reached.
    OutOfMemory,
    /// Someone pressed [`Stop`](crate::Stop).
    Killed,
    /// It wrote more than it may.
    OutputLimit,
    /// The sandbox could not be started for it; the text says why.
    Refused(String),
    /// The sandbox vanished.
    Lost,
}

/// What an execution used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Processor time of all its processes; where there are no control groups, of those that had
    /// ended and been waited for.
    pub cpu: Duration,
    /// Highest memory use: of all processes and files together where there are control groups,
    /// of the largest process elsewhere.
    pub peak_memory_bytes: u64,
}
