//! The whole service within this process.

use crate::failure::Failure;
use pyexec_sandbox::{IsolationLevel, Network, SandboxOptions, Start};
use pyexec_server::{EmbeddedServer, PackageOptions, ServerConfig, ServerError};
use std::{error::Error as _, time::Duration};

/// The highest time limit in seconds: on one's own machine a year is one's own business.
pub(super) const MAX_TIMEOUT_SECONDS: u64 = 366 * 24 * 60 * 60;

/// Packages were installed by this user: reading every byte of them for each script would take
/// longer than most scripts.
const TRUST_CHECKS: Duration = Duration::from_secs(24 * 60 * 60);

/// A server within this process, for it alone. Dropping it ends what runs.
#[derive(Debug)]
pub(crate) struct Server(EmbeddedServer);

impl Server {
    /// Starts one. With `host_network` an execution may use this machine's network.
    ///
    /// # Errors
    ///
    /// Where this machine doesn't allow isolation or has no Python.
    pub(crate) fn start(host_network: bool) -> Result<Self, Failure> {
        let config = ServerConfig {
            slots: 1,
            queue_length: 1,
            max_timeout_seconds: MAX_TIMEOUT_SECONDS,
            packages: PackageOptions { trust_checks: TRUST_CHECKS, ..PackageOptions::default() },
            ..ServerConfig::default()
        };
        // For one execution, a template would cost more than it saves.
        let start = Start::Strict;
        let network = if host_network { Network::Host } else { Network::None };
        let options = SandboxOptions {
            isolation: isolation()?,
            network,
            start,
            // There is no next one.
            ready: 0,
            ..SandboxOptions::default()
        };
        Ok(Self(EmbeddedServer::start_with(config, options)?))
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    pub(crate) fn token(&self) -> &str {
        self.0.token()
    }
}

/// As `pyexec serve` and the hint of a refusal have it.
pub(super) fn isolation() -> Result<IsolationLevel, Failure> {
    match std::env::var("PYEXEC_ISOLATION") {
        Ok(name) if !name.is_empty() => name
            .parse()
            .map_err(|error| Failure::usage("PYEXEC_ISOLATION makes no sense").because(&error)),
        _ => Ok(IsolationLevel::Full),
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let failure = Self::ours(error.to_string());
        let failure = match error.source() {
            Some(cause) => failure.because(cause),
            None => failure,
        };
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
