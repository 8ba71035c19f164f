//! Clients that aren't the default one.

use crate::Client;
use pyexec_core::{Error, Result, Settings};
use std::time::Duration;
use ureq::Agent;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Builds a [`Client`]; made by [`Client::builder`]. The first mistake is reported by
/// [`build`](Self::build).
///
/// ```
/// use pyexec_blocking::Client;
/// use std::time::Duration;
///
/// let client = Client::builder("http://localhost:8080")
///     .timeout(Duration::from_secs(30))
///     .bearer_token("s3cret")
///     .build()?;
/// # Ok::<(), pyexec_blocking::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    settings: Result<Settings>,
    agent: Option<Agent>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self { settings: Settings::new(base_url), agent: None }
    }

    fn set(mut self, change: impl FnOnce(Settings) -> Result<Settings>) -> Self {
        self.settings = self.settings.and_then(change);
        self
    }

    /// Ends every HTTP exchange after this time. Without it an exchange has 5 minutes, and
    /// `execute_sync` and `eval` have as long as the execution itself may take.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| Ok(settings.timeout(timeout)))
    }

    /// Sends `Authorization: Bearer TOKEN`, in place of credentials in the URL.
    pub fn bearer_token(self, token: impl AsRef<str>) -> Self {
        self.set(|settings| settings.bearer_token(token))
    }

    /// Sends a header with every request.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.set(|settings| settings.header(name, value))
    }

    /// Sends this as `User-Agent`.
    pub fn user_agent(self, name: impl AsRef<str>) -> Self {
        self.set(|settings| settings.user_agent(name))
    }

    /// Refuses answers of more than `bytes`; 256 MiB by default.
    pub fn max_response(self, bytes: u64) -> Self {
        self.set(|settings| Ok(settings.max_response(bytes)))
    }

    /// Sends by this agent, for proxies, certificates and tests. Its own time limit for a whole
    /// request, its redirections and its reading of statuses as errors do not apply.
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agent = Some(agent);
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`Error::BaseUrl`] or [`Error::InvalidRequest`] for the first setting that can't be used.
    pub fn build(self) -> Result<Client> {
        let settings = self.settings?;
        let agent = match self.agent {
            Some(agent) => agent,
            None => default_agent(&settings)?,
        };
        Ok(Client::from_parts(settings, agent))
    }
}

fn default_agent(settings: &Settings) -> Result<Agent> {
    let base = settings.base_url();
    if base.is_https() && cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
        return Err(Error::base_url(
            base.as_str(),
            "pyexec-blocking was built without TLS; enable its feature `rustls` or `native-tls`",
        ));
    }
    let mut config = Agent::config_builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT));
    if base.is_loopback() {
        config = config.proxy(None);
    }
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    {
        use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        config = config.tls_config(tls);
    }
    Ok(config.build().into())
}
