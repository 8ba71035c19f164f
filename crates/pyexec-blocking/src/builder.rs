//! Clients that aren't the default one.

use crate::{Client, connection_check::ConnectionCheck, early_answer::EarlyAnswers};
use pyexec_core::{Error, Result, RetryPolicy, Settings};
use std::{env, fmt, io, time::Duration};
use ureq::{
    Agent, Proxy, ProxyProtocol,
    config::Config,
    unversioned::{
        resolver::DefaultResolver,
        transport::{ConnectProxyConnector, Connector, TcpConnector},
    },
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of an upload goes to the system at once, in bytes. ureq's own 128 KiB wake both ends
/// so often that curl is faster.
const UPLOAD_BUFFER: usize = 512 << 10;

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
    transport: Transport,
    agent: Option<Agent>,
}

/// How connections come about.
#[derive(Default)]
struct Transport {
    proxy: Option<String>,
    /// In PEM.
    root_certificates: Option<Vec<u8>>,
    check: ConnectionCheck,
}

/// Without the proxy's password.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("has_proxy", &self.proxy.is_some())
            .field("has_root_certificates", &self.root_certificates.is_some())
            .finish()
    }
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self::with(Settings::new(base_url))
    }

    fn with(settings: Result<Settings>) -> Self {
        Self { settings, transport: Transport::default(), agent: None }
    }

    /// For the service that the environment names, as [`Client::from_env`]. Where that is wrong,
    /// [`build`](Self::build) says so.
    pub fn from_env() -> Self {
        let [server, token] = ["PYEXEC_SERVER", "PYEXEC_TOKEN"].map(|name| env::var(name).ok());
        let settings = Settings::from_variables(server.as_deref(), token.as_deref());
        Self::with(settings)
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

    /// How exchanges are repeated that fail in a way that passes.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.set(|settings| Ok(settings.retry(policy)))
    }

    /// Sends everything through this proxy: `http://[USER:PASSWORD@]HOST:PORT`. Without it the
    /// environment decides (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), for a service
    /// on this machine none.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.transport.proxy = Some(url.into());
        self
    }

    /// Trusts the servers of these certificate authorities, in PEM, and no others: for a service
    /// with a certificate of one's own.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.transport.root_certificates = Some(pem.into());
        self
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

    /// Asks this of each new connection, before anything goes over it: the token, for example. For
    /// a service on this machine whose port could have become somebody else's. An error ends the
    /// request as one that found no service.
    ///
    /// ```
    /// use std::{fs, io};
    ///
    /// let client = pyexec_blocking::Client::builder("http://localhost:8080")
    ///     .check_connections(|| match fs::exists("/run/my-service.pid")? {
    ///         true => Ok(()),
    ///         false => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
    ///     })
    ///     .build()?;
    /// # Ok::<(), pyexec_blocking::Error>(())
    /// ```
    pub fn check_connections(
        mut self,
        check: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.transport.check = ConnectionCheck::new(check);
        self
    }

    /// Sends by this agent, for what can't be set here, and for tests. Proxy and
    /// certificates are then its own. Its own time limit for a whole
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
            None => default_agent(&settings, &self.transport)?,
        };
        Ok(Client::from_parts(settings, agent))
    }
}

fn default_agent(settings: &Settings, transport: &Transport) -> Result<Agent> {
    let base = settings.base_url();
    if base.is_https() && cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
        return Err(Error::base_url(
            base.as_str(),
            "pyexec-blocking was built without TLS; enable its feature `rustls` or `native-tls`",
        ));
    }
    let mut config = Agent::config_builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .output_buffer_size(UPLOAD_BUFFER);
    if let Some(url) = &transport.proxy {
        config = config.proxy(Some(http_proxy(url)?));
    } else if base.is_loopback() {
        config = config.proxy(None);
    }
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    {
        config = config.tls_config(tls(transport.root_certificates.as_deref())?);
    }
    Ok(agent(config.build(), transport.check.clone()))
}

/// An agent with the connections of ureq's own default, and that are checked and look for early
/// answers.
fn agent(config: Config, check: ConnectionCheck) -> Agent {
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(check)
            .chain(EarlyAnswers);
    #[cfg(feature = "rustls")]
    let connector = connector.chain(ureq::unversioned::transport::RustlsConnector::default());
    #[cfg(feature = "native-tls")]
    let connector = connector.chain(ureq::unversioned::transport::NativeTlsConnector::default());
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// The connections know no other kind of proxy.
fn http_proxy(url: &str) -> Result<Proxy> {
    let proxy = Proxy::new(url).map_err(|_| invalid_proxy(url))?;
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
        _ => Err(invalid_proxy(url)),
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn tls(roots: Option<&[u8]>) -> Result<ureq::tls::TlsConfig> {
    use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
    let rustls = cfg!(feature = "rustls");
    let provider = if rustls { TlsProvider::Rustls } else { TlsProvider::NativeTls };
    let builder = TlsConfig::builder().provider(provider);
    let Some(pem) = roots else {
        let usual = if rustls { RootCerts::WebPki } else { RootCerts::PlatformVerifier };
        return Ok(builder.root_certs(usual).build());
    };
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => {
                return Err(Error::invalid_because("cannot use the root certificates", error));
            }
        }
    }
    if certificates.is_empty() {
        return Err(Error::invalid("the root certificates are no PEM: no CERTIFICATE in them"));
    }
    Ok(builder.root_certs(RootCerts::new_with_certs(&certificates)).build())
}

/// The URL isn't shown: it may hold a password.
fn invalid_proxy(url: &str) -> Error {
    let host = url.rsplit('@').next().unwrap_or_default();
    Error::invalid(format!("invalid proxy {host:?}; write http://[USER:PASSWORD@]HOST:PORT"))
}
