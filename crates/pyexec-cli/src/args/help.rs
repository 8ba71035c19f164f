//! `pyexec help`.

use clap::Args;

/// What to explain.
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// Command, or a topic: exit-codes, environment, profiles
    #[arg(value_name = "COMMAND OR TOPIC")]
    pub(crate) about: Vec<String>,
}
