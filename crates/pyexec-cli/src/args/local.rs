//! `pyexec local`.

use clap::{Args, Subcommand};

/// What to do with this user's own server.
#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    #[command(subcommand)]
    pub(crate) command: LocalCommand,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Say whether it runs, and where it keeps what it knows
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// End it once what it runs has ended, ten minutes at most; what waits goes on with the next
    Stop {
        /// End what it runs, too
        #[arg(long)]
        now: bool,
    },
    /// Be it
    #[command(hide = true)]
    Serve,
}
