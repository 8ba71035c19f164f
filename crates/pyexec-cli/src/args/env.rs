//! `pyexec env`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with the packages that are kept on this machine.
#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[command(subcommand)]
    pub(crate) command: EnvCommand,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// List what is kept: one line for each set of packages that something needed
    Ls {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove what wasn't used for longest, or all of it; what is in use stays
    Prune {
        /// Keep so much in MiB
        #[arg(long, value_name = "MIB", conflicts_with = "all")]
        keep: Option<u64>,
        /// Remove all of it
        #[arg(long)]
        all: bool,
    },
    /// Install packages now, so that nobody waits for them later
    Warm {
        /// Package, such as `numpy` or 'numpy>=2'; again for several that are needed together
        #[arg(value_name = "PACKAGE", required_unless_present = "requirements")]
        packages: Vec<String>,
        /// Packages as a requirements.txt
        #[arg(long, value_name = "FILE")]
        requirements: Option<PathBuf>,
        /// Python version, such as 3.12
        #[arg(long, value_name = "VERSION")]
        python: Option<String>,
    },
}
