//! Which server is meant.

use crate::{
    failure::Failure,
    settings::{Chosen, Connection, Lookup, Profiles, Remote},
};
use clap::Args;
use std::path::PathBuf;

/// Which server is meant.
#[derive(Debug, Default, Args)]
pub(crate) struct ConnectionArgs {
    /// Server to use, such as http://127.0.0.1:8080, or `local` for this machine; without one,
    /// `run` and `eval` use this machine [env: PYEXEC_SERVER]
    #[arg(long, short, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// File with the token that opens the server, which nobody else may read; the token itself can
    /// be in PYEXEC_TOKEN
    // `serve` has a flag of that name with another meaning.
    #[arg(long, id = "client_token_file", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Profile of the configuration file to use [env: PYEXEC_PROFILE] [default: default]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// What all that comes to.
    #[arg(skip)]
    pub(crate) settled: Connection,
}

impl ConnectionArgs {
    pub(super) fn adopt(&mut self, before: Self) {
        self.server = self.server.take().or(before.server);
        self.token_file = self.token_file.take().or(before.token_file);
        self.profile = self.profile.take().or(before.profile);
    }

    /// Settles which server is meant, and returns the profile for the rest that it says.
    ///
    /// # Errors
    ///
    /// Where a variable or the configuration file makes no sense.
    pub(super) fn settle(&mut self, lookup: Lookup<'_>) -> Result<Chosen, Failure> {
        let chosen = Profiles::read(lookup)?.choose(self.profile.as_deref(), lookup)?;
        self.settled = Connection::decide(
            self.server.as_deref(),
            self.token_file.as_deref(),
            &chosen,
            lookup,
        )?;
        Ok(chosen)
    }

    /// The server; `None` is this machine.
    ///
    /// # Errors
    ///
    /// Where the token can't be read, or a file with one was given by flag and there is no server
    /// that it could open.
    pub(crate) fn remote(self) -> Result<Option<Remote>, Failure> {
        self.settled.remote()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_after_the_command_wins() {
        let args = |server: Option<&str>, profile: Option<&str>| ConnectionArgs {
            server: server.map(Into::into),
            profile: profile.map(Into::into),
            ..ConnectionArgs::default()
        };
        let mut after = args(Some("a"), None);
        after.adopt(args(Some("b"), Some("work")));
        assert_eq!((after.server.as_deref(), after.profile.as_deref()), (Some("a"), Some("work")));
    }
}
