//! What both clients are configured with.

use crate::{BaseUrl, CallOptions, Discovery, Error, Exchange, Result, RetryPolicy};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::time::{Duration, Instant};

/// How long an exchange takes at most where neither the user nor the call says: 5 minutes.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Largest answer that a client accepts where the user doesn't say: 256 MiB.
pub const DEFAULT_MAX_RESPONSE: u64 = 256 << 20;

/// Longer than any exchange, and short enough to be added to any clock.
const FOREVER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What both clients are configured with: where the service is and what every request carries.
///
/// ```
/// use pyexec_core::{Endpoint, Settings, endpoints::GetHealth};
/// use std::time::Instant;
///
/// let settings = Settings::new("http://localhost:8080")?.bearer_token("s3cret")?;
/// let ready = settings.prepare(*GetHealth.exchange()?, Instant::now())?;
/// assert_eq!(ready.request.uri(), "http://localhost:8080/health");
/// assert_eq!(ready.request.headers()["authorization"], "Bearer s3cret");
/// # Ok::<(), pyexec_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    base: BaseUrl,
    headers: HeaderMap,
    timeout: Option<Duration>,
    max_response: u64,
    retry: RetryPolicy,
    idempotency_key: Option<String>,
}

impl Settings {
    /// The defaults, for a service at `base_url`.
    ///
    /// # Errors
    ///
    /// As [`BaseUrl::new`].
    pub fn new(base_url: impl AsRef<str>) -> Result<Self> {
        let base = BaseUrl::new(base_url)?;
        let mut headers = HeaderMap::new();
        if let Some(value) = base.authorization() {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        Ok(Self {
            base,
            headers,
            timeout: None,
            max_response: DEFAULT_MAX_RESPONSE,
            retry: RetryPolicy::new(),
            idempotency_key: None,
        })
    }

    /// The defaults, for the service that two environment variables name: `PYEXEC_SERVER`, and
    /// `PYEXEC_TOKEN` where the service wants a token. Both as found, or none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] where there is no server; as [`new`](Self::new) and
    /// [`bearer_token`](Self::bearer_token).
    pub fn from_variables(server: Option<&str>, token: Option<&str>) -> Result<Self> {
        let server = server.map(str::trim).filter(|server| !server.is_empty());
        let server = server.ok_or_else(|| {
            Error::invalid("PYEXEC_SERVER isn't set; it names the server, as http://HOST:PORT")
        })?;
        let settings = Self::new(server)?;
        match token.filter(|token| !token.trim().is_empty()) {
            Some(token) => settings.bearer_token(token),
            None => Ok(settings),
        }
    }

    /// Where the service is.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// Ends every exchange after this time, whatever the call itself would allow.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Refuses answers of more than `bytes`.
    #[must_use]
    pub fn max_response(mut self, bytes: u64) -> Self {
        self.max_response = bytes;
        self
    }

    /// Repeats exchanges that fail in a way that passes as `policy` says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sends submissions under this key: the server takes another one with the same key for the
    /// same, and so they may be repeated. A server that doesn't offer that is an error.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// How exchanges are repeated.
    pub fn retry_policy(&self) -> RetryPolicy {
        self.retry
    }

    /// How calls are carried out, with what is known of the server.
    pub fn options(&self, discovery: &Discovery) -> CallOptions {
        let mut options = CallOptions::new();
        options.discovery = discovery.clone();
        options.retry = self.retry;
        options.idempotency_key.clone_from(&self.idempotency_key);
        options
    }

    /// Sends a bearer token, in place of credentials in the URL.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the token can't stand in a header.
    pub fn bearer_token(self, token: impl AsRef<str>) -> Result<Self> {
        let value = format!("Bearer {}", token.as_ref().trim());
        self.header(header::AUTHORIZATION.as_str(), value)
    }

    /// Sends a header with every request. Its value is treated as a secret.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the name or the value isn't one of a header.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let invalid = |what: &str, error: http::Error| {
            Error::invalid_because(format!("invalid {what} {name:?}"), error)
        };
        let mut value = HeaderValue::from_str(value.as_ref())
            .map_err(|error| invalid("value of the header", error.into()))?;
        let name =
            HeaderName::try_from(name).map_err(|error| invalid("header name", error.into()))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sends this as `User-Agent`.
    ///
    /// # Errors
    ///
    /// As [`header`](Self::header).
    pub fn user_agent(self, name: impl AsRef<str>) -> Result<Self> {
        self.header(header::USER_AGENT.as_str(), name)
    }

    /// Makes a call's exchange ready to send: the whole URL, the headers of every request (a
    /// request's own win), and limits that are set.
    ///
    /// # Errors
    ///
    /// As [`BaseUrl::resolve`].
    pub fn prepare(&self, mut exchange: Exchange, now: Instant) -> Result<Exchange> {
        let request = &mut exchange.request;
        *request.uri_mut() = self.base.resolve(request.uri())?;
        for (name, value) in &self.headers {
            if !request.headers().contains_key(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let timeout = self.timeout.or(exchange.timeout).unwrap_or(DEFAULT_TIMEOUT);
        let timeout = timeout.saturating_add(exchange.hold.unwrap_or_default());
        self.limit(exchange, timeout, now)
    }

    /// The same for the opening of a [`Feed`](crate::Feed), whose own limit on silence wins over
    /// the client's time limit.
    ///
    /// # Errors
    ///
    /// As [`BaseUrl::resolve`].
    pub fn prepare_feed(&self, mut exchange: Exchange, now: Instant) -> Result<Exchange> {
        let silence = exchange.timeout.or(self.timeout).unwrap_or(DEFAULT_TIMEOUT);
        exchange.timeout = Some(silence);
        let exchange = self.prepare(exchange, now)?;
        self.limit(exchange, silence, now)
    }

    fn limit(&self, mut exchange: Exchange, timeout: Duration, now: Instant) -> Result<Exchange> {
        let left =
            exchange.deadline.map_or(FOREVER, |deadline| deadline.saturating_duration_since(now));
        exchange.timeout = Some(timeout.min(left).min(FOREVER));
        exchange.max_response.get_or_insert(self.max_response);
        Ok(exchange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn exchange() -> Exchange {
        let mut request = http::Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("/health");
        Exchange::new(request)
    }

    #[test]
    fn the_users_time_limit_wins_and_a_deadline_always_holds() {
        let now = Instant::now();
        let secs = Duration::from_secs;
        let settings = Settings::new("http://host").unwrap();
        let limit = |settings: &Settings, exchange: Exchange| {
            settings.prepare(exchange, now).unwrap().timeout.unwrap()
        };
        assert_eq!(limit(&settings, exchange()), DEFAULT_TIMEOUT);
        let mut long = exchange();
        long.timeout = Some(secs(610));
        assert_eq!(limit(&settings, long.clone()), secs(610));
        let settings = settings.timeout(secs(20));
        assert_eq!(limit(&settings, long.clone()), secs(20));
        let silence = settings.prepare_feed(long.clone(), now).unwrap().timeout;
        assert_eq!(silence, Some(secs(610)));
        let mut held = exchange();
        held.hold = Some(secs(30));
        assert_eq!(limit(&settings, held), secs(50));
        long.deadline = Some(now + secs(5));
        assert_eq!(limit(&settings, long), secs(5));
        assert_eq!(limit(&settings.timeout(Duration::MAX), exchange()), FOREVER);
    }

    #[test]
    fn from_the_environment() {
        let settings =
            Settings::from_variables(Some(" http://host:1 "), Some(" s3cret\n")).unwrap();
        assert_eq!(settings.base_url().as_str(), "http://host:1");
        let ready = settings.prepare(exchange(), Instant::now()).unwrap();
        assert_eq!(ready.request.headers()["authorization"], "Bearer s3cret");
        let settings = Settings::from_variables(Some("http://host:1"), Some("")).unwrap();
        let ready = settings.prepare(exchange(), Instant::now()).unwrap();
        assert!(!ready.request.headers().contains_key("authorization"));
        for nothing in [None, Some(""), Some(" ")] {
            let error = Settings::from_variables(nothing, Some("t")).unwrap_err().to_string();
            assert!(error.starts_with("PYEXEC_SERVER isn't set"), "{error}");
        }
        assert!(matches!(Settings::from_variables(Some("host"), None), Err(Error::BaseUrl { .. })));
    }

    #[test]
    fn headers_of_every_request() {
        let settings = Settings::new("http://x:pass@host/api/")
            .unwrap()
            .header("X-Team", "blue")
            .unwrap()
            .user_agent("test/1")
            .unwrap();
        let mut own = exchange();
        own.request.headers_mut().insert("x-team", HeaderValue::from_static("red"));
        let ready = settings.prepare(own, Instant::now()).unwrap();
        assert_eq!(ready.request.uri(), "http://host/api/health");
        let headers = ready.request.headers();
        assert_eq!(headers["authorization"], "Basic eDpwYXNz");
        assert_eq!(headers["x-team"], "red");
        assert_eq!(headers["user-agent"], "test/1");
        assert_eq!(ready.max_response, Some(DEFAULT_MAX_RESPONSE));
        let settings = settings.bearer_token(" token\n").unwrap();
        let ready = settings.prepare(exchange(), Instant::now()).unwrap();
        assert_eq!(ready.request.headers()["authorization"], "Bearer token");
        assert!(!format!("{settings:?}{ready:?}").contains("token"));
    }

    #[test]
    fn a_bad_header_is_named_without_its_value() {
        let settings = || Settings::new("http://host").unwrap();
        let error = settings().header("bad name", "v").unwrap_err().to_string();
        assert!(error.starts_with("invalid header name \"bad name\""), "{error}");
        let error = settings().bearer_token("s3\ncret").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
    }
}
