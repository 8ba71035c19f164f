//! Which server is meant.

use crate::failure::Failure;
use clap::Args;

/// Which server is meant.
#[derive(Debug, Default, Args)]
pub(crate) struct ConnectionArgs {
    /// Server to use, such as http://127.0.0.1:8080; without one, `run` and `eval` use this
    /// machine [env: PYEXEC_SERVER]
    #[arg(long, short, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Token that opens the server [env: PYEXEC_TOKEN]
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// Whether the token before the command came by flag.
    #[arg(skip)]
    pub(super) token_by_flag: bool,
}

/// A server that isn't this process.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl ConnectionArgs {
    pub(super) fn adopt(&mut self, before: Self) {
        self.token_by_flag = self.token.is_some() || before.token_by_flag;
        self.server = self.server.take().or(before.server);
        self.token = self.token.take().or(before.token);
    }

    /// The server; `None` is this machine.
    ///
    /// # Errors
    ///
    /// Where a token was given by flag and there is no server that it could open.
    pub(crate) fn remote(self) -> Result<Option<Remote>, Failure> {
        // A variable that is set to nothing is not set.
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        match said(self.server) {
            Some(url) => Ok(Some(Remote { url, token: said(self.token) })),
            None if self.token_by_flag => Err(Failure::usage("--token is for a server")
                .hint("name the server: --server URL, or PYEXEC_SERVER")),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(server: Option<&str>, token: Option<&str>, token_by_flag: bool) -> ConnectionArgs {
        ConnectionArgs {
            server: server.map(Into::into),
            token: token.map(Into::into),
            token_by_flag,
        }
    }

    #[test]
    fn what_stands_after_the_command_wins() {
        let mut after = args(Some("http://a"), None, false);
        after.adopt(args(Some("http://b"), Some("t"), false));
        let remote = after.remote().unwrap().unwrap();
        assert_eq!((remote.url.as_str(), remote.token.as_deref()), ("http://a", Some("t")));
    }

    #[test]
    fn no_server_is_this_machine_whatever_the_environment_has_for_a_token() {
        assert!(args(None, Some("t"), false).remote().unwrap().is_none());
        assert!(args(Some(""), None, false).remote().unwrap().is_none());
        assert!(args(None, Some("t"), true).remote().is_err());
    }
}
