//! Where a request is carried out: on a server, or on one in this very process.

use crate::{
    args::{Remote, Verbosity},
    console,
    failure::Failure,
    local,
};
use pyexec_blocking::{Client, Error};

/// What identifies this program to servers.
const USER_AGENT: &str = concat!("pyexec/", env!("CARGO_PKG_VERSION"));

/// A connection to where requests are carried out. Dropping it ends what runs on this machine.
#[derive(Debug)]
pub(crate) struct Backend {
    client: Client,
    embedded: Option<local::Server>,
}

/// Where a request is carried out, for messages.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Local,
    Remote(String),
}

impl Backend {
    /// The server that was named, or this machine.
    ///
    /// # Errors
    ///
    /// Where the server's address is none, or this machine can't isolate executions.
    pub(crate) fn open(
        remote: Option<&Remote>,
        host_network: bool,
        verbosity: Verbosity,
    ) -> Result<Self, Failure> {
        if let Some(remote) = remote {
            return Self::remote(remote);
        }
        if host_network {
            console::note(verbosity, "warning: the script shares this machine's network");
        }
        let server = local::Server::start(host_network)?;
        let client = connect(&server.url(), Some(server.token()))?;
        Ok(Self { client, embedded: Some(server) })
    }

    /// A server.
    ///
    /// # Errors
    ///
    /// Where its address is none.
    pub(crate) fn remote(remote: &Remote) -> Result<Self, Failure> {
        let client = connect(&remote.url, remote.token.as_deref())?;
        Ok(Self { client, embedded: None })
    }

    /// The client of it.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        match self.embedded {
            Some(_) => Place::Local,
            None => Place::Remote(self.client.base_url().to_string()),
        }
    }
}

fn connect(url: &str, token: Option<&str>) -> Result<Client, Failure> {
    let builder = Client::builder(url).user_agent(USER_AGENT);
    let builder = match token {
        Some(token) => builder.bearer_token(token),
        None => builder,
    };
    Ok(builder.build()?)
}

/// A server for what can't be done without one.
///
/// # Errors
///
/// Where none was named.
pub(crate) fn need_server(remote: Option<Remote>, command: &str) -> Result<Remote, Failure> {
    remote.ok_or_else(|| {
        let hint = "start one with `pyexec serve`, and name it: --server http://127.0.0.1:8080, \
                    or PYEXEC_SERVER";
        Failure::usage(format!("`pyexec {command}` needs a server")).hint(hint)
    })
}

/// What failed, and what to do where the server isn't there at all.
pub(crate) fn explain(error: Error, could_be_local: bool) -> Failure {
    let connect = matches!(&error, Error::Transport(error) if error.is_connect());
    let failure = Failure::from(error);
    match connect {
        true if could_be_local && local::AVAILABLE => failure.hint(
            "start a server there with `pyexec serve`, or name none (--server, PYEXEC_SERVER) to \
             use this machine",
        ),
        true => failure.hint("start a server there with `pyexec serve`, or check its address"),
        false => failure,
    }
}
