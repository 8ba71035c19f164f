//! `pyexec follow`.

use super::{ConnectionArgs, OutputArgs};
use crate::excerpt::Offsets;
use clap::Args;

/// An execution that a server knows.
#[derive(Debug, Args)]
pub(crate) struct ExecutionArgs {
    /// The execution's id, as `submit` printed it
    pub(crate) id: String,
    /// Leave out what was seen: so many bytes of standard output and of standard error, such as
    /// 120-0
    #[arg(long, value_name = "OFFSETS")]
    pub(crate) since: Option<Offsets>,
    /// Of what was written so far, show only the last lines of each stream
    #[arg(long, value_name = "LINES", conflicts_with = "since")]
    pub(crate) tail: Option<usize>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
