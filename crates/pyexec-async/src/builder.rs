//! Clients that aren't the default one.

use crate::Client;
use pyexec_core::{Error, Result, RetryPolicy, Settings};
use std::{env, fmt, time::Duration};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Builds a [`Client`]; made by [`Client::builder`]. The first mistake is reported by
/// [`build`](Self::build).
///
/// ```
/// use pyexec_async::Client;
/// use std::time::Duration;
///
/// let client = Client::builder("http://localhost:8080")
///     .timeout(Duration::from_secs(30))
///     .bearer_token("s3cret")
///     .build()?;
/// # Ok::<(), pyexec_async::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    settings: Result<Settings>,
    transport: Transport,
    http: Option<reqwest::Client>,
}

/// How connections come about.
#[derive(Default)]
struct Transport {
    proxy: Option<String>,
    /// In PEM.
    root_certificates: Option<Vec<u8>>,
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
        Self { settings, transport: Transport::default(), http: None }
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

    /// Sends by this HTTP client, for what can't be set here, and for tests. Proxy and
    /// certificates are then its own. Its own time limit does
    /// not apply; let it follow no redirections, which lose an upload.
    pub fn http_client(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`Error::BaseUrl`] or [`Error::InvalidRequest`] for the first setting that can't be used.
    pub fn build(self) -> Result<Client> {
        let settings = self.settings?;
        let http = match self.http {
            Some(http) => http,
            None => default_http_client(&settings, &self.transport)?,
        };
        Ok(Client::from_parts(settings, http))
    }
}

fn default_http_client(settings: &Settings, transport: &Transport) -> Result<reqwest::Client> {
    let base = settings.base_url();
    if base.is_https() && cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
        return Err(Error::base_url(
            base.as_str(),
            "pyexec-async was built without TLS; enable its feature `rustls` or `native-tls`",
        ));
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirected POST would lose its body in silence.
        .redirect(reqwest::redirect::Policy::none());
    if let Some(url) = &transport.proxy {
        let proxy = reqwest::Proxy::all(url).map_err(|_| invalid_proxy(url))?;
        builder = builder.no_proxy().proxy(proxy);
    } else if base.is_loopback() {
        builder = builder.no_proxy();
    }
    #[cfg(feature = "rustls")]
    {
        let roots = transport.root_certificates.as_deref();
        builder = builder.tls_backend_preconfigured(crate::tls::config(roots)?);
    }
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    if let Some(pem) = &transport.root_certificates {
        let certificates = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|error| Error::invalid_because("the root certificates are no PEM", error))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| Error::invalid_because("cannot build the HTTP client", error))
}

/// The URL isn't shown: it may hold a password.
fn invalid_proxy(url: &str) -> Error {
    let host = url.rsplit('@').next().unwrap_or_default();
    Error::invalid(format!("invalid proxy {host:?}; write http://[USER:PASSWORD@]HOST:PORT"))
}
