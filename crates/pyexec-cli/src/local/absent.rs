//! A build or a system without a server of its own.

use crate::failure::Failure;

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
        let message = if cfg!(target_os = "linux") {
            "no server named, and this pyexec was built without its own (feature `local`)"
        } else {
            "no server named, and code runs on this machine itself only under Linux"
        };
        Err(Failure::usage(message)
            .hint("name a server: --server http://host:8080, or PYEXEC_SERVER"))
    }

    pub(crate) fn url(&self) -> String {
        match *self {}
    }

    pub(crate) fn token(&self) -> &str {
        match *self {}
    }
}
