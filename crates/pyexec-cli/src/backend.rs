//! Where a request is carried out: on a server, or on one in this very process.

use crate::{args::Verbosity, console, failure::Failure, local, settings::Remote};
use pyexec_blocking::{Client, ClientBuilder, Error, RetryPolicy, types::ExecutionId};
use std::{fmt, time::Duration};

/// What identifies this program to servers.
const USER_AGENT: &str = concat!("pyexec/", env!("CARGO_PKG_VERSION"));

/// How long the answer to a kill may take: whoever leaves doesn't wait for long.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// A connection to where requests are carried out. Dropping it ends what runs on this machine.
#[derive(Debug)]
pub(crate) struct Backend {
    client: Client,
    killer: Client,
    place: Place,
    /// Ends with this.
    #[allow(dead_code, reason = "only its end matters")]
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
            warn_of_network(verbosity);
        }
        let server = local::Server::start(host_network)?;
        let connected = Self::of(&server.url(), Some(server.token()))?;
        Ok(Self { place: Place::Local, embedded: Some(server), ..connected })
    }

    /// For executions that outlast this process: the server that was named, or this user's own one
    /// in the background.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn lasting(remote: Option<&Remote>, verbosity: Verbosity) -> Result<Self, Failure> {
        match remote {
            Some(remote) => Self::remote(remote),
            None => {
                let client = local::Background::connect(verbosity)?.client(USER_AGENT)?;
                let killer = client.clone();
                Ok(Self { client, killer, place: Place::Local, embedded: None })
            }
        }
    }

    /// A server.
    ///
    /// # Errors
    ///
    /// Where its address is none.
    fn remote(remote: &Remote) -> Result<Self, Failure> {
        Self::of(&remote.url, remote.token.as_deref())
    }

    fn of(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        let client = connect(url, token).build()?;
        let killer = connect(url, token).timeout(KILL_PATIENCE).retry(RetryPolicy::never());
        let place = Place::Remote(client.base_url().to_string());
        Ok(Self { client, killer: killer.build()?, place, embedded: None })
    }

    /// The client of it.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// A client for ending executions when we leave: it soon gives up.
    pub(crate) fn killer(&self) -> Client {
        self.killer.clone()
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }
}

fn connect(url: &str, token: Option<&str>) -> ClientBuilder {
    let builder = Client::builder(url).user_agent(USER_AGENT);
    match token {
        Some(token) => builder.bearer_token(token),
        None => builder,
    }
}

impl Place {
    /// A command about an execution there, as somebody would type it.
    pub(crate) fn command(&self, command: &str, id: &ExecutionId) -> String {
        match self {
            Self::Remote(url) if std::env::var_os("PYEXEC_SERVER").is_none() => {
                format!("pyexec {command} --server {url} {id}")
            }
            _ => format!("pyexec {command} {id}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Remote(url) => url,
        })
    }
}

/// Says what the network is on one's own machine.
pub(crate) fn warn_of_network(verbosity: Verbosity) {
    console::note(verbosity, "warning: the script shares this machine's network");
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
