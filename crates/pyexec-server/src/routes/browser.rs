//! Keeping web pages away from a server that lets a browser in: because it asks for no token, or
//! because the browser knows it and sends it by itself.
//!
//! Anything that listens on loopback can be reached by every page in a browser on the same
//! machine: directly (the answer stays hidden, but the code would run), or through a name that
//! its owner points at 127.0.0.1 (DNS rebinding).

use crate::{
    auth,
    error::ApiError,
    host::{is_this_machine, name_of},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

/// Whom a server talks to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitors<'a> {
    /// Names by which it may be asked for, beside this machine's own.
    pub(crate) hosts: &'a [String],
    /// Whether it asks for a token.
    pub(crate) has_tokens: bool,
}

impl Visitors<'_> {
    /// The host must be this machine by name, or one that is allowed, and the sender no page of
    /// another site.
    pub(crate) fn check(self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        // A name that was pointed here has no token; an operator who lists names means them.
        if !self.has_tokens || !self.hosts.is_empty() {
            self.check_host(uri, headers)?;
        }
        // Browsers send passwords by themselves, as they do nothing at all.
        if !self.has_tokens || auth::is_basic(headers) {
            self.check_sender(headers)?;
        }
        Ok(())
    }

    fn check_host(self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut given = headers.get_all(header::HOST).iter();
        let host = text(given.next());
        let is_one = given.next().is_none();
        // What a request line names takes precedence over the header; here both have to do.
        let is_meant = uri.authority().is_none_or(|authority| self.is_ours(authority.as_str()));
        if is_one && is_meant && self.is_ours(host) {
            return Ok(());
        }
        let message = match self.has_tokens || !self.hosts.is_empty() {
            true => format!("host {host:?} is not one that this server answers for"),
            false => format!("host {host:?} is not this machine; a token would open it to others"),
        };
        Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_host", message))
    }

    fn check_sender(self, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = text(headers.get(header::HOST));
        // A proxy in front may have put a name of its own into the other header.
        let is_own = |origin: &str| {
            let origin = origin.split_once("://").map(|(_, origin)| origin);
            origin.is_some_and(|origin| origin == host || self.is_listed(name_of(origin)))
        };
        let foreign =
            headers.get_all(header::ORIGIN).iter().any(|value| !is_own(text(Some(value))));
        // Browsers say so even where they send no origin. A page on another port of this machine
        // is of the same site.
        let from = headers.get_all(HeaderName::from_static("sec-fetch-site"));
        let cross = from.iter().any(|from| !["same-origin", "none"].contains(&text(Some(from))));
        if foreign || cross {
            let message = "web pages of other sites may not run code here";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message));
        }
        Ok(())
    }

    fn is_ours(self, host: &str) -> bool {
        let name = name_of(host);
        is_this_machine(name) || self.is_listed(name)
    }

    fn is_listed(self, name: &str) -> bool {
        self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }
}

/// A header's text; what is none matches nothing.
fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Visitors<'static> = Visitors { hosts: &[], has_tokens: false };

    fn allowed(visitors: Visitors<'_>, pairs: &[(&'static str, &str)]) -> bool {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        visitors.check(&Uri::from_static("/api"), &pairs.collect()).is_ok()
    }

    #[test]
    fn only_this_machine_and_its_own_pages() {
        let allowed = |pairs: &[(&'static str, &str)]| allowed(NOBODY, pairs);
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "127.1.2.3"] {
            assert!(allowed(&[("host", host)]), "{host}");
        }
        for host in
            ["evil.example:8080", "localhost.evil.example", "192.168.0.1", "", "10.0.0.1:80"]
        {
            assert!(!allowed(&[("host", host)]), "{host}");
        }
        let host = ("host", "localhost:1");
        assert!(allowed(&[host, ("origin", "http://localhost:1")]));
        assert!(!allowed(&[host, ("origin", "http://localhost:2")]));
        assert!(!allowed(&[host, ("origin", "null")]));
        for site in ["same-origin", "none"] {
            assert!(allowed(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(!allowed(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!allowed(&[]));
        let headers = HeaderMap::from_iter([(header::HOST, "localhost".parse().unwrap())]);
        assert!(NOBODY.check(&Uri::from_static("http://evil.example/api"), &headers).is_err());
        let mut twice = headers;
        twice.append(header::HOST, "evil.example".parse().unwrap());
        assert!(NOBODY.check(&Uri::from_static("/api"), &twice).is_err());
    }

    #[test]
    fn names_of_a_proxy() {
        let hosts = ["Py.Example".to_owned()];
        for has_tokens in [false, true] {
            let visitors = Visitors { hosts: &hosts, has_tokens };
            for host in ["py.example", "py.example:8443", "localhost:1"] {
                assert!(allowed(visitors, &[("host", host)]), "{host}");
            }
            assert!(!allowed(visitors, &[("host", "evil.example")]));
        }
        let visitors = Visitors { hosts: &hosts, has_tokens: false };
        let origin = ("origin", "https://py.example");
        assert!(allowed(visitors, &[("host", "127.0.0.1:8080"), origin]));
        assert!(!allowed(NOBODY, &[("host", "127.0.0.1:8080"), origin]));
    }

    #[test]
    fn a_token_that_a_browser_sends_by_itself() {
        let visitors = Visitors { hosts: &[], has_tokens: true };
        let (host, origin) = (("host", "a.example"), ("origin", "https://evil.example"));
        assert!(allowed(visitors, &[host, origin, ("authorization", "Bearer x")]));
        assert!(!allowed(visitors, &[host, origin, ("authorization", "Basic eDp4")]));
        assert!(allowed(visitors, &[host, ("authorization", "Basic eDp4")]));
    }
}
