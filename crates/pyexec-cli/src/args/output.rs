//! How much is said.

use crate::failure::Failure;
use clap::Args;

/// How much is said.
#[derive(Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Print the program's standard output only, and only if it succeeds
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Say first how it went and where it ran
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Usual,
    Verbose,
}

impl OutputArgs {
    pub(super) fn adopt(&mut self, before: Self) {
        self.quiet |= before.quiet;
        self.verbose |= before.verbose;
    }

    /// One of three.
    ///
    /// # Errors
    ///
    /// Where both flags were given.
    pub(crate) fn verbosity(&self) -> Result<Verbosity, Failure> {
        match (self.quiet, self.verbose) {
            (true, true) => Err(Failure::usage("--quiet and --verbose contradict each other")),
            (true, false) => Ok(Verbosity::Quiet),
            (false, true) => Ok(Verbosity::Verbose),
            (false, false) => Ok(Verbosity::Usual),
        }
    }
}
