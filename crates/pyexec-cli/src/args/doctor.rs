//! `pyexec doctor`.

use super::ConnectionArgs;
use clap::Args;
#[cfg(all(feature = "local", target_os = "linux"))]
use {pyexec_sandbox::IsolationLevel, std::path::PathBuf};

/// What to look at, and how to say it.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 where nothing fails and isolation is full, 1 elsewhere.")]
pub(crate) struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// The least isolation that will do: full, or no-proc for containers that hide parts of /proc
    #[cfg(all(feature = "local", target_os = "linux"))]
    #[arg(long, value_name = "LEVEL", env = "PYEXEC_ISOLATION", default_value_t)]
    pub(crate) isolation: IsolationLevel,
    /// Control group below which each execution gets one of its own [default: that of this process]
    #[cfg(all(feature = "local", target_os = "linux"))]
    #[arg(long, value_name = "PATH", env = "PYEXEC_CGROUP")]
    pub(crate) cgroup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}
