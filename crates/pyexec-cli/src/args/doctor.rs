//! `pyexec doctor`.

use clap::Args;
use pyexec_sandbox::IsolationLevel;
use std::path::PathBuf;

/// What to look at, and how to say it.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 where isolation is full and Python runs, 1 elsewhere.")]
pub(crate) struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// The least isolation that will do: full, or no-proc for containers that hide parts of /proc
    #[arg(long, value_name = "LEVEL", env = "PYEXEC_ISOLATION", default_value_t)]
    pub(crate) isolation: IsolationLevel,
    /// Control group below which each execution gets one of its own [default: that of this process]
    #[arg(long, value_name = "PATH", env = "PYEXEC_CGROUP")]
    pub(crate) cgroup: Option<PathBuf>,
}
