//! A build or a system without a server of its own.

use crate::{args::Verbosity, failure::Failure};
use pyexec_blocking::{Client, Error};

/// There is none.
#[derive(Debug)]
pub(crate) enum Background {}

impl Background {
    /// Says what to do instead.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn connect(_verbosity: Verbosity) -> Result<Self, Failure> {
        Err(nowhere())
    }

    /// None runs.
    ///
    /// # Errors
    ///
    /// Never.
    pub(crate) fn find() -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    pub(crate) fn client(&self, _user_agent: &str) -> Result<Client, Error> {
        match *self {}
    }
}

/// There is none.
#[derive(Debug)]
pub(crate) enum Server {}

impl Server {
    /// Says what to do instead.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn start(_host_network: bool) -> Result<Self, Failure> {
        Err(nowhere())
    }

    pub(crate) fn url(&self) -> String {
        match *self {}
    }

    pub(crate) fn token(&self) -> &str {
        match *self {}
    }
}

fn nowhere() -> Failure {
    let message = if cfg!(target_os = "linux") {
        "no server named, and this pyexec was built without its own (feature `local`)"
    } else {
        "no server named, and code runs on this machine itself only under Linux"
    };
    Failure::usage(message).hint("name a server: --server http://host:8080, or PYEXEC_SERVER")
}
