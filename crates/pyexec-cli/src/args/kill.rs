//! `pyexec kill`.

use super::{ConnectionArgs, OutputArgs};
use clap::Args;

/// Executions that a server knows.
#[derive(Debug, Args)]
pub(crate) struct KillArgs {
    /// The executions' ids, as `submit` printed them
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
