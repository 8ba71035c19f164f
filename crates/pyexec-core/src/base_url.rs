//! Where the service lives.

use crate::{Error, Result, credentials};
use http::{HeaderValue, Uri};
use std::{fmt, net::IpAddr};

/// Where the service lives: `http` or `https`, a host, and perhaps a path below which its routes
/// are. Trailing slashes don't matter.
///
/// User information (`http://x:TOKEN@host`) becomes a Basic `Authorization` header and is shown
/// nowhere.
///
/// ```
/// use pyexec_core::BaseUrl;
///
/// let base = BaseUrl::new("http://x:s3cret@localhost:8080/api/")?;
/// assert_eq!(base.as_str(), "http://localhost:8080/api");
/// assert_eq!(base.resolve("/health")?, "http://localhost:8080/api/health");
/// assert!(BaseUrl::new("localhost:8080").is_err());
/// # Ok::<(), pyexec_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BaseUrl {
    /// Without credentials and without a trailing slash.
    url: String,
    authorization: Option<HeaderValue>,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    /// Reads a base URL. White space around it is ignored.
    ///
    /// # Errors
    ///
    /// [`Error::BaseUrl`] for anything but `http://` or `https://` with a host, and for a URL with
    /// a query.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        let url = url.as_ref().trim();
        let invalid = |reason: &str| Error::base_url(redacted(url), reason);
        let uri: Uri =
            url.parse().map_err(|error: http::uri::InvalidUri| invalid(&error.to_string()))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(invalid("it must begin with http:// or https://")),
        };
        if uri.query().is_some() {
            return Err(invalid("it must not have a query"));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let (userinfo, host_port) = match authority.rsplit_once('@') {
            Some((userinfo, host_port)) => (Some(userinfo), host_port),
            None => (None, authority),
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() {
            return Err(invalid("it has no host"));
        }
        if host_port.len() > host.len() && uri.port_u16().is_none() {
            return Err(invalid("its port is not a number from 0 to 65535"));
        }
        let scheme = if https { "https" } else { "http" };
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            url: format!("{scheme}://{host_port}{path}"),
            authorization: userinfo
                .filter(|userinfo| !userinfo.is_empty())
                .and_then(credentials::basic),
            https,
            loopback: is_loopback(host),
        })
    }

    /// The URL without credentials and without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Whether it asks for TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether its host is this machine, so that no proxy is to be asked.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The header that its user information stands for.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// The whole URL of a path of the service, which begins with a slash.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the path isn't one.
    pub fn resolve(&self, path: impl fmt::Display) -> Result<Uri> {
        format!("{}{path}", self.url)
            .parse()
            .map_err(|error| Error::invalid_because("cannot form the request's URL", error))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.url)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A URL that may be anything, without what could be a password.
fn redacted(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((before, host)) => match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://***@{host}"),
            None => format!("***@{host}"),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_with_any_number_of_slashes() {
        for (base, whole) in [
            ("http://host", "http://host/health"),
            (" http://host/\n", "http://host/health"),
            ("https://host:8443//", "https://host:8443/health"),
            ("http://host/api/", "http://host/api/health"),
            ("HTTP://[::1]:80/a/b", "http://[::1]:80/a/b/health"),
        ] {
            let base = BaseUrl::new(base).unwrap();
            assert_eq!(base.resolve("/health").unwrap(), whole);
        }
    }

    #[test]
    fn names_what_is_wrong() {
        for (url, message) in [
            ("", r#"invalid base URL "": empty string"#),
            ("ftp://host", "must begin with http"),
            ("localhost:8080", r#""localhost:8080": it must begin with http:// or https://"#),
            ("/path", "must begin with http"),
            ("http://host?x=1", "query"),
            ("http://host:99999", "port"),
            ("http://ho st", "http://ho st"),
        ] {
            let error = BaseUrl::new(url).unwrap_err().to_string();
            assert!(error.contains(message), "{url}: {error}");
        }
    }

    #[test]
    fn credentials_become_a_header_and_are_shown_nowhere() {
        let base = BaseUrl::new("http://x:s3cret@host/p").unwrap();
        assert_eq!(base.authorization().unwrap(), "Basic eDpzM2NyZXQ=");
        assert_eq!(base.to_string(), "http://host/p");
        let debug = format!("{base:?}");
        assert!(!debug.contains("s3cret") && !debug.contains("eDpz"), "{debug}");
        for url in [
            "http://x:s3cret@host?q",
            "ftp://x:s3cret@host",
            "http://x:s3/cret@host",
            "x:s3cret@host",
        ] {
            let Err(error) = BaseUrl::new(url) else { panic!("{url}") };
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("cret"), "{shown}");
        }
        assert!(BaseUrl::new("http://host").unwrap().authorization().is_none());
    }

    #[test]
    fn knows_this_machine() {
        for (url, loopback) in [
            ("http://localhost:1", true),
            ("http://127.0.0.2", true),
            ("http://[::1]", true),
            ("http://example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(BaseUrl::new(url).unwrap().is_loopback(), loopback, "{url}");
        }
    }
}
