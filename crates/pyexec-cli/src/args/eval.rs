//! `pyexec eval`.

use super::{ConnectionArgs, LimitArgs, OutputArgs};
use clap::Args;

/// Code to evaluate.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Code; from standard input where it is `-` or missing
    #[arg(allow_negative_numbers = true)]
    pub(crate) code: Option<String>,
    /// Python version, such as 3.12
    #[arg(long, value_name = "VERSION")]
    pub(crate) python: Option<String>,
    /// Don't ask for the value of the last expression
    #[arg(long)]
    pub(crate) no_result: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}
