//! How much is said.

use crate::failure::Failure;
use clap::{Args, ColorChoice};

/// How much is said.
#[derive(Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Print the program's standard output only, and only if it succeeds
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Say first how it went and where it ran
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Print JSON for programs to read, errors too (see docs/cli-json.md)
    #[arg(long)]
    pub(crate) json: bool,
    /// When our own words have colour: auto, which heeds NO_COLOR, always or never
    #[arg(long, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<ColorChoice>,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Usual,
    Verbose,
    /// As JSON, to programs.
    Json,
}

impl OutputArgs {
    pub(super) fn adopt(&mut self, before: Self) {
        self.quiet |= before.quiet;
        self.verbose |= before.verbose;
        self.json |= before.json;
    }

    /// One of four.
    ///
    /// # Errors
    ///
    /// Where two flags were given.
    pub(crate) fn verbosity(&self) -> Result<Verbosity, Failure> {
        match (self.quiet, self.verbose, self.json) {
            (true, true, _) => Err(Failure::usage("--quiet and --verbose contradict each other")),
            (true, _, true) => Err(Failure::usage("--json says it all: --quiet can't apply")),
            (_, true, true) => Err(Failure::usage("--json says it all: --verbose can't apply")),
            (true, false, false) => Ok(Verbosity::Quiet),
            (false, true, false) => Ok(Verbosity::Verbose),
            (false, false, true) => Ok(Verbosity::Json),
            (false, false, false) => Ok(Verbosity::Usual),
        }
    }
}
