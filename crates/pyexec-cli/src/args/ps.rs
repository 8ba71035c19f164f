//! `pyexec ps` and `pyexec status`.

use super::ConnectionArgs;
use clap::Args;

/// Which executions to list.
#[derive(Debug, Args)]
pub(crate) struct PsArgs {
    /// Only those that are pending, running, completed, failed or killed
    #[arg(long, value_name = "STATUS", value_parser = ["pending", "running", "completed", "failed", "killed"])]
    pub(crate) status: Option<String>,
    /// How many, the newest first; 0 for all
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print their ids alone
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print one JSON object: {"executions":[…]} (see docs/cli-json.md)
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Which execution to tell of.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The execution's id, as `submit` printed it
    pub(crate) id: String,
    /// Print one JSON object, output included (see docs/cli-json.md)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}
