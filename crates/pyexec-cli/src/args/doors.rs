//! Who gets in, and how.

use clap::{Args, builder::RangedU64ValueParser};
use std::path::PathBuf;

/// Who gets in, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Who gets in")]
pub(crate) struct DoorArgs {
    /// Token that opens the server; by variable or configuration file only, as others can see flags
    // The flag is refused by name, in place of a guess at what was meant.
    #[arg(long, env = "PYEXEC_TOKEN", hide = true, hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// File with tokens, one a line, or with names and limits in TOML; read again when it changes
    #[arg(long, value_name = "FILE", env = "PYEXEC_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Name by which a proxy asks for this server, beside those of this machine; again, or separated
    /// by commas, for several
    #[arg(long, value_name = "NAME", env = "PYEXEC_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(crate) allowed_host: Vec<String>,
    /// Certificate for HTTPS as PEM, with those that lead to its root; read again when it changes
    #[arg(long, value_name = "FILE", env = "PYEXEC_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate as PEM; read again when it changes
    #[arg(long, value_name = "FILE", env = "PYEXEC_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Connections at the same time
    #[arg(long, value_name = "N", env = "PYEXEC_MAX_CONNECTIONS", default_value_t = 4096, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) max_connections: usize,
    /// Connections of one address at the same time, this machine's aside; raise it for a proxy on
    /// another machine
    #[arg(long, value_name = "N", env = "PYEXEC_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) max_connections_per_address: usize,
}
