//! Clients that aren't the default one.

use crate::Client;
use pyexec_core::{Error, Result, Settings};
use std::time::Duration;

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
    http: Option<reqwest::Client>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self { settings: Settings::new(base_url), http: None }
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

    /// Sends by this HTTP client, for proxies, certificates and tests. Its own time limit does
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
            None => default_http_client(&settings)?,
        };
        Ok(Client::from_parts(settings, http))
    }
}

fn default_http_client(settings: &Settings) -> Result<reqwest::Client> {
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
    if base.is_loopback() {
        builder = builder.no_proxy();
    }
    #[cfg(feature = "rustls")]
    {
        builder = builder.tls_backend_preconfigured(crate::tls::config()?);
    }
    builder.build().map_err(|error| Error::invalid_because("cannot build the HTTP client", error))
}
