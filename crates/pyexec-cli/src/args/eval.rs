//! `pyexec eval`.

use super::{ConnectionArgs, LimitArgs, OutputArgs};
use clap::Args;
use std::path::PathBuf;

/// Code to evaluate.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Code; from standard input where it is `-` or missing
    #[arg(allow_negative_numbers = true)]
    pub(crate) code: Option<String>,
    /// File with the code; again, or separated by commas, for modules that it imports
    #[arg(long = "file", value_name = "FILE", value_delimiter = ',', conflicts_with = "code")]
    pub(crate) files: Vec<PathBuf>,
    /// Give the code our standard input, read to its end
    #[arg(long, short)]
    pub(crate) interactive: bool,
    /// Give the code a file as its standard input; without this and -i it has none
    #[arg(long, value_name = "FILE", conflicts_with = "interactive")]
    pub(crate) stdin: Option<PathBuf>,
    /// Packages to install before, as a requirements.txt
    #[arg(long, value_name = "FILE")]
    pub(crate) requirements: Option<PathBuf>,
    /// Package to install before, such as `numpy` or 'numpy>=2'; again for several
    #[arg(long = "with", value_name = "PACKAGE")]
    pub(crate) with: Vec<String>,
    /// Install nothing that the code imports unasked
    #[arg(long, conflicts_with_all = ["requirements", "with"])]
    pub(crate) no_auto_install: bool,
    /// Environment variable of the code: NAME (with its value here) or NAME=value
    #[arg(long = "env", short, value_name = "VAR")]
    pub(crate) env: Vec<String>,
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
