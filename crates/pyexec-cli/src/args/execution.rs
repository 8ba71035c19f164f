//! `pyexec follow` and `pyexec kill`.

use super::{ConnectionArgs, OutputArgs};
use clap::Args;

/// An execution that a server knows.
#[derive(Debug, Args)]
pub(crate) struct ExecutionArgs {
    /// The execution's id, as `submit` printed it
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
