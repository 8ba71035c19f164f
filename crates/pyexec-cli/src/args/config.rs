//! `pyexec config`.

use super::ConnectionArgs;
use clap::{Args, Subcommand};

/// What to say about the configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) wanted: ConfigCommand,
}

/// What to say about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print each setting, its value and where that comes from
    Show(ConfigShowArgs),
    /// Print where the configuration file is, or would be
    Path,
}

/// As which profile, and how.
#[derive(Debug, Args)]
pub(crate) struct ConfigShowArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}
