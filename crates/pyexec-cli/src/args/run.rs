//! `pyexec run` and `pyexec submit`.

use super::{ConnectionArgs, LimitArgs, OutputArgs};
use clap::Args;
use std::path::PathBuf;

/// A project to run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// File, directory, .tar or .tar.gz to run; code from standard input where it is `-` or missing
    pub(crate) input: Option<PathBuf>,
    /// Arguments of the program
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) script_args: Vec<String>,
    /// File to send, in place of INPUT; again, or separated by commas, for several
    #[arg(long = "file", value_name = "FILE", value_delimiter = ',')]
    pub(crate) files: Vec<PathBuf>,
    /// File of the project to run [default: the first main.py, __main__.py or *.py]
    #[arg(long, value_name = "NAME")]
    pub(crate) entrypoint: Option<String>,
    /// Packages to install before, as a requirements.txt
    #[arg(long, value_name = "FILE")]
    pub(crate) requirements: Option<PathBuf>,
    /// Package to install before, such as `numpy` or 'numpy>=2'; again for several
    #[arg(long = "with", value_name = "PACKAGE")]
    pub(crate) with: Vec<String>,
    /// Install what the project's files import, too
    #[arg(long)]
    pub(crate) auto_install: bool,
    /// Install nothing that only the project says: in its requirements.txt, or in the script itself
    #[arg(long)]
    pub(crate) no_requirements: bool,
    /// Environment variable of the program: NAME (with its value here) or NAME=value
    #[arg(long = "env", short, value_name = "VAR")]
    pub(crate) env: Vec<String>,
    /// Give the program our standard input, read to its end
    #[arg(long, short)]
    pub(crate) interactive: bool,
    /// Give the program a file as its standard input; without this and -i it has none
    #[arg(long, value_name = "FILE", conflicts_with = "interactive")]
    pub(crate) stdin: Option<PathBuf>,
    /// Python version, such as 3.12
    #[arg(long, value_name = "VERSION")]
    pub(crate) python: Option<String>,
    /// Image to run in: `python:3.11-slim` chooses the Python version
    #[arg(long)]
    pub(crate) image: Option<String>,
    /// Submit only, and print the execution's id
    #[arg(long = "async", id = "async", visible_alias = "detach")]
    pub(crate) asynchronous: bool,
    /// Send nothing; list what would be sent, and what would not and why
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}
