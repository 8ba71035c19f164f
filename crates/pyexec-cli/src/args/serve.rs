//! `pyexec serve`.

use super::doors::DoorArgs;
use clap::{Args, ValueEnum};
use pyexec_sandbox::IsolationLevel;
use std::{path::PathBuf, time::Duration};

/// What an operator decides.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; one that others can reach needs a token
    #[arg(long, env = "PYEXEC_HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port to listen on; 0 for any free one
    #[arg(long, env = "PYEXEC_PORT", default_value_t = 8080)]
    pub(crate) port: u16,
    /// What to log to standard error: error, warn, info, debug, trace or a filter
    #[arg(long, value_name = "LEVEL", env = "PYEXEC_LOG_LEVEL", default_value = "info")]
    pub(crate) log_level: String,
    /// How to log: text, or a JSON object a line
    #[arg(long, value_name = "FORMAT", env = "PYEXEC_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// The least isolation that will do: full, or no-proc for containers that hide parts of /proc
    #[arg(long, value_name = "LEVEL", env = "PYEXEC_ISOLATION", default_value_t)]
    pub(crate) isolation: IsolationLevel,
    /// What an execution that asks for the network gets: a refusal, a network of its own by the
    /// program `pasta`, or this machine's with all that listens there
    #[arg(long, value_name = "MODE", env = "PYEXEC_NETWORK_MODE", default_value = "none")]
    pub(crate) network_mode: NetworkMode,
    /// What a request that doesn't mention the network means
    #[arg(long, value_name = "WHICH", env = "PYEXEC_DEFAULT_NETWORK", default_value = "off")]
    pub(crate) default_network: Network,
    /// Executions at the same time [default: twice the processors]
    #[arg(long, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) slots: Option<usize>,
    /// Processors that each execution may use and sees: 2, 1.5 or 0.25; takes control groups
    /// [default: all that are free]
    #[arg(long, value_name = "N", value_parser = crate::serve::parse_processors)]
    pub(crate) cpus_per_execution: Option<u64>,
    /// Interpreters of each version in use that wait for the next executions [default: as many as
    /// run at the same time]
    #[arg(long, value_name = "N")]
    pub(crate) ready: Option<usize>,
    /// Start a new interpreter for each execution rather than a copy of one that waits: slower, but
    /// with an address layout and a hash seed of its own
    #[arg(long, env = "PYEXEC_STRICT", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) strict: bool,
    /// Executions that may wait for a slot [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) queue: Option<usize>,
    /// How long results are kept: 300, 300s or 5m [default: 300]
    #[arg(long, value_name = "TIME", env = "PYEXEC_CLEANUP_TTL", value_parser = crate::serve::parse_duration)]
    pub(crate) cleanup_ttl: Option<Duration>,
    /// How long executions may go on after the first SIGTERM or Ctrl-C: 10, 10s or 5m [default: 10]
    #[arg(long, value_name = "TIME", env = "PYEXEC_GRACE", value_parser = crate::serve::parse_duration)]
    pub(crate) grace: Option<Duration>,
    /// Largest upload in MiB [default: 1024]
    #[arg(long, value_name = "MIB")]
    pub(crate) max_body_mb: Option<u32>,
    /// Folder in which submissions and results outlive the server [default: none, they are kept
    /// in memory]
    #[arg(long, value_name = "FOLDER", env = "PYEXEC_STATE_DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Folder for uploads above 1 MiB and outputs above 256 KiB [default: within the state folder,
    /// or the system's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) spool_dir: Option<PathBuf>,
    /// Control group below which each execution gets one of its own: an empty one that this user
    /// may write to [default: the server's own]
    #[arg(long, value_name = "PATH", env = "PYEXEC_CGROUP")]
    pub(crate) cgroup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) doors: DoorArgs,
    #[command(flatten)]
    pub(crate) defaults: DefaultArgs,
}

/// What a request that doesn't say gets.
#[derive(Debug, Args)]
#[command(next_help_heading = "What a request that doesn't say gets")]
pub(crate) struct DefaultArgs {
    /// Seconds it may take [default: 300]
    #[arg(long, value_name = "SECONDS", env = "PYEXEC_DEFAULT_TIMEOUT")]
    pub(crate) default_timeout: Option<u32>,
    /// Memory in MiB [default: 1024]
    #[arg(long, value_name = "MIB", env = "PYEXEC_DEFAULT_MEMORY_MB")]
    pub(crate) default_memory_mb: Option<u32>,
    /// Disk space in MiB [default: 2048]
    #[arg(long, value_name = "MIB", env = "PYEXEC_DEFAULT_DISK_MB")]
    pub(crate) default_disk_mb: Option<u32>,
    /// Share of the processors [default: 1024]
    #[arg(long, value_name = "SHARES", env = "PYEXEC_DEFAULT_CPU_SHARES")]
    pub(crate) default_cpu_shares: Option<u32>,
    /// Image, python:X.Y [default: Python 3.12, or the newest]
    #[arg(long, value_name = "IMAGE", env = "PYEXEC_DEFAULT_IMAGE")]
    pub(crate) default_image: Option<String>,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// What an execution that asks for the network gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkMode {
    None,
    Pasta,
    Host,
    // The original's other mode, which takes a container engine. A doc comment would make the help
    // of the whole command a long one.
    #[value(hide = true)]
    Bridge,
}

/// What a request that doesn't mention the network means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    Off,
    On,
}

impl ServeArgs {
    /// Takes over a token that stood before the command, or in the environment.
    pub(super) fn adopt_token(&mut self, before: Option<String>) {
        self.doors.token = self.doors.token.take().or(before);
    }
}
