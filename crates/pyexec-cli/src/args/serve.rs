//! `pyexec serve`.

use super::{
    Command, capacity::CapacityArgs, config_file::ConfigFile, doors::DoorArgs,
    effective::effective, no_token_by_flag, packages::PackageArgs, understand,
};
use crate::failure::Failure;
use clap::{ArgMatches, Args, ValueEnum, builder::RangedU64ValueParser, parser::ValueSource};
use pyexec_sandbox::IsolationLevel;
use pyexec_server::ServerConfig;
use std::{path::PathBuf, sync::LazyLock, time::Duration};

/// What depends on the machine.
pub(super) static USUAL: LazyLock<ServerConfig> = LazyLock::new(ServerConfig::default);

/// What an operator decides.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// File with settings in TOML, each named like its flag, as in max_body_mb = 64; flags and
    /// variables win over it
    #[arg(long, value_name = "FILE", env = "PYEXEC_CONFIG")]
    config: Option<PathBuf>,
    /// Print all settings with where each comes from, as such a file, and serve nothing
    #[arg(long)]
    print_config: bool,
    /// What it prints.
    #[arg(skip)]
    pub(crate) effective: Option<String>,
    /// What is wrong with the file.
    #[arg(skip)]
    pub(crate) warning: Option<String>,
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
    #[arg(long, value_name = "N", env = "PYEXEC_SLOTS", default_value_t = USUAL.slots, hide_default_value = true, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) slots: usize,
    /// Processors that each execution may use and sees: 2, 1.5 or 0.25; takes control groups
    /// [default: all that are free]
    #[arg(long, value_name = "N", env = "PYEXEC_CPUS_PER_EXECUTION", value_parser = crate::serve::parse_processors)]
    pub(crate) cpus_per_execution: Option<u64>,
    /// Interpreters of each version in use that wait for the next executions [default: as many as
    /// run at the same time]
    #[arg(long, value_name = "N", env = "PYEXEC_READY")]
    pub(crate) ready: Option<usize>,
    /// Start a new interpreter for each execution rather than a copy of one that waits: slower, but
    /// with an address layout and a hash seed of its own
    #[arg(long, env = "PYEXEC_STRICT", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) strict: bool,
    /// Executions that may wait for a slot
    #[arg(long, value_name = "N", env = "PYEXEC_QUEUE", default_value_t = 1000)]
    pub(crate) queue: usize,
    /// How long results are kept: 300, 300s or 5m
    #[arg(long, value_name = "TIME", env = "PYEXEC_CLEANUP_TTL", default_value = "5m", value_parser = crate::serve::parse_duration)]
    pub(crate) cleanup_ttl: Duration,
    /// How long executions may go on after the first SIGTERM or Ctrl-C: 10, 10s or 5m
    #[arg(long, value_name = "TIME", env = "PYEXEC_GRACE", default_value = "10s", value_parser = crate::serve::parse_duration)]
    pub(crate) grace: Duration,
    /// Largest upload in MiB
    #[arg(long, value_name = "MIB", env = "PYEXEC_MAX_BODY_MB", default_value_t = 1024)]
    pub(crate) max_body_mb: u32,
    /// Folder in which submissions and results outlive the server [default: none, they are kept
    /// in memory]
    #[arg(long, value_name = "FOLDER", env = "PYEXEC_STATE_DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Folder for uploads above 1 MiB and outputs above 256 KiB [default: within the state folder,
    /// or the system's temporary folder]
    #[arg(long, value_name = "FOLDER", env = "PYEXEC_SPOOL_DIR")]
    pub(crate) spool_dir: Option<PathBuf>,
    /// Control group below which each execution gets one of its own: an empty one that this user
    /// may write to [default: the server's own]
    #[arg(long, value_name = "PATH", env = "PYEXEC_CGROUP")]
    pub(crate) cgroup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) doors: DoorArgs,
    #[command(flatten)]
    pub(crate) capacity: CapacityArgs,
    #[command(flatten)]
    pub(crate) packages: PackageArgs,
    #[command(flatten)]
    pub(crate) defaults: DefaultArgs,
}

/// What a request that doesn't say gets.
#[derive(Debug, Args)]
#[command(next_help_heading = "What a request that doesn't say gets")]
pub(crate) struct DefaultArgs {
    /// Seconds it may take
    #[arg(long, value_name = "SECONDS", env = "PYEXEC_DEFAULT_TIMEOUT", default_value_t = 300)]
    pub(crate) default_timeout: u32,
    /// Memory in MiB
    #[arg(long, value_name = "MIB", env = "PYEXEC_DEFAULT_MEMORY_MB", default_value_t = 1024)]
    pub(crate) default_memory_mb: u32,
    /// Disk space in MiB
    #[arg(long, value_name = "MIB", env = "PYEXEC_DEFAULT_DISK_MB", default_value_t = 2048)]
    pub(crate) default_disk_mb: u32,
    /// Share of the processors
    #[arg(long, value_name = "SHARES", env = "PYEXEC_DEFAULT_CPU_SHARES", default_value_t = 1024)]
    pub(crate) default_cpu_shares: u32,
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

/// Reads the command line again with what the configuration file says, if it names one.
///
/// # Errors
///
/// Where that file can't be used, or a token was passed.
pub(super) fn parse(command: clap::Command, matches: ArgMatches) -> Result<Command, Failure> {
    let own = matches.subcommand_matches("serve");
    if own.and_then(|own| own.value_source("token")) == Some(ValueSource::CommandLine) {
        return Err(no_token_by_flag());
    }
    let file = ConfigFile::named(&command, &matches)?;
    let (command, matches) = match &file {
        None => (command, matches),
        Some(file) => {
            let command = file.apply(command);
            let matches = command.clone().get_matches();
            (command, matches)
        }
    };
    let text = effective(&command, &matches, file.as_ref());
    let mut wanted = understand(command, &matches).unwrap_or_else(|error| error.exit());
    if let Command::Serve(args) = &mut wanted {
        args.effective = args.print_config.then_some(text);
        args.warning = file.and_then(|file| file.warning());
    }
    Ok(wanted)
}
