//! What an operator decides.

use crate::{ConnectionLimits, PackageOptions, TlsFiles};
use std::{path::PathBuf, time::Duration};

/// What an operator decides; [`Default`] is a server for one machine of one's own.
///
/// ```
/// use pyexec_server::ServerConfig;
///
/// let config = ServerConfig { slots: 4, ..ServerConfig::default() };
/// assert_eq!(config.default_memory_mb, 1024);
/// ```
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Tokens that open the server; none at all only on loopback addresses.
    pub tokens: Vec<String>,
    /// A file with further tokens: one a line, or TOML with a name and limits for each
    /// (docs/connections.md). It is read again when it changes (default: none).
    pub token_file: Option<PathBuf>,
    /// Names by which the server may be asked for, as a proxy in front passes them on, beside those
    /// of this machine. Without a token, or with any of these, requests for others are refused
    /// (default: none).
    pub allowed_hosts: Vec<String>,
    /// Certificate and key for HTTPS (default: none, which is plain HTTP).
    pub tls: Option<TlsFiles>,
    /// What connections may cost.
    pub connections: ConnectionLimits,
    /// Executions at the same time (default: twice the processors).
    pub slots: usize,
    /// Memory in MiB that running executions may have in all (default: 80 % of the machine's).
    pub memory_budget_mb: u64,
    /// Executions that may wait for a slot before further ones are turned away (default: 1000).
    pub queue_length: usize,
    /// Longest wait for a slot (default: 300 s).
    pub queue_timeout: Duration,
    /// `timeout_seconds` where a request says nothing (default: 300).
    pub default_timeout_seconds: u64,
    /// Highest `timeout_seconds` (default: 3600).
    pub max_timeout_seconds: u64,
    /// `memory_mb` where a request says nothing (default: 1024).
    pub default_memory_mb: u64,
    /// `disk_mb` where a request says nothing (default: 2048).
    pub default_disk_mb: u64,
    /// Highest `disk_mb` (default: 16384).
    pub max_disk_mb: u64,
    /// `cpu_shares` where a request says nothing (default: 1024).
    pub default_cpu_shares: u64,
    /// Highest `cpu_shares`; more than a few times the default would starve others (default: 4096).
    pub max_cpu_shares: u64,
    /// Processor time that each execution may have, in percent of one processor; it sees as many
    /// processors as that takes. Needs control groups (default: all that is free).
    pub cpu_percent: Option<u64>,
    /// How much of an execution's disk is reserved as memory, in percent: what is written there
    /// is memory, but few write all they may (default: 25).
    pub disk_reserve_percent: u64,
    /// Bytes of small uploads, input, arguments and variables that waiting and running executions may hold in all,
    /// and that requests may hold in all while they arrive (default: 256 MiB).
    pub pending_bytes: usize,
    /// Longest pause within an upload (default: 30 s).
    pub upload_patience: Duration,
    /// Image where a request names none: `python:X.Y…` (default: none: Python 3.12, or the newest).
    pub default_image: Option<String>,
    /// What of packages is installed, and where from.
    pub packages: PackageOptions,
    /// What a request without `network_disabled` means (default: off).
    pub default_network: DefaultNetwork,
    /// Largest body of an `exec` request in bytes (default: 1 GiB).
    pub max_body_bytes: u64,
    /// Bytes of each output stream that are kept: the first and the last half (default: 64 MiB).
    pub output_bytes: usize,
    /// Bytes of an output stream past which an execution is ended (default: 1 GiB).
    pub output_limit_bytes: u64,
    /// How long results are kept (default: 300 s).
    pub result_ttl: Duration,
    /// Bytes of results that are kept at most, in memory and in files; the oldest go first (default: 1 GiB).
    pub result_bytes: usize,
    /// Folder for uploads above 1 MiB and outputs above 256 KiB (default: within the state folder,
    /// or the system's temporary folder).
    pub spool_folder: Option<PathBuf>,
    /// Folder in which executions outlive the server (default: none, they are in memory).
    pub state_dir: Option<PathBuf>,
    /// Bytes that uploads above 1 MiB may take there in all (default: 8 GiB).
    pub spool_bytes: u64,
    /// Bytes that outputs above 256 KiB may take there in all; an execution whose output finds no
    /// room there is ended (default: 8 GiB).
    pub output_spool_bytes: u64,
    /// How long executions may go on after a shutdown began; what still runs then is ended, and is
    /// `failed` (default: 10 s).
    pub grace: Duration,
}

/// What a request without `network_disabled` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultNetwork {
    /// No network.
    Off,
    /// The network, as the original service reads it.
    On,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            tokens: Vec::new(),
            token_file: None,
            allowed_hosts: Vec::new(),
            tls: None,
            connections: ConnectionLimits::default(),
            slots: processors * 2,
            memory_budget_mb: machine_memory_mb() * 8 / 10,
            queue_length: 1000,
            queue_timeout: Duration::from_secs(300),
            default_timeout_seconds: 300,
            max_timeout_seconds: 3600,
            default_memory_mb: 1024,
            default_disk_mb: 2048,
            max_disk_mb: 16_384,
            default_cpu_shares: 1024,
            max_cpu_shares: 4096,
            cpu_percent: None,
            disk_reserve_percent: 25,
            pending_bytes: 256 << 20,
            upload_patience: Duration::from_secs(30),
            default_image: None,
            packages: PackageOptions::default(),
            default_network: DefaultNetwork::Off,
            max_body_bytes: 1 << 30,
            output_bytes: 64 << 20,
            output_limit_bytes: 1 << 30,
            result_ttl: Duration::from_secs(300),
            result_bytes: 1 << 30,
            spool_folder: None,
            state_dir: None,
            spool_bytes: 8 << 30,
            output_spool_bytes: 8 << 30,
            grace: Duration::from_secs(10),
        }
    }
}

/// The machine's memory, or 4 GiB where it doesn't say.
fn machine_memory_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(4096, |kib| kib / 1024)
}
