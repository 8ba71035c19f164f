//! Keeping web pages away from a server without a token.
//!
//! Anything that listens on loopback can be reached by every page in a browser on the same
//! machine: directly (the answer stays hidden, but the code would run), or through a name that
//! its owner points at 127.0.0.1 (DNS rebinding).

use crate::error::ApiError;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

/// The host must be this machine by name, and the sender no page of another.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if !is_loopback(host) {
        let message = format!("host {host:?} is not this machine; a token would open it to others");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_host", message));
    }
    let foreign = text(header::ORIGIN)
        .is_some_and(|origin| origin.split_once("://").is_none_or(|(_, origin)| origin != host));
    let cross = text(HeaderName::from_static("sec-fetch-site")) == Some("cross-site");
    if foreign || cross {
        let message = "web pages of other sites may not run code here";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message));
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pairs: &[(&'static str, &str)]) -> bool {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        check(&pairs.collect()).is_ok()
    }

    #[test]
    fn only_this_machine_and_its_own_pages() {
        for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "127.1.2.3"] {
            assert!(allowed(&[("host", host)]), "{host}");
        }
        for host in
            ["evil.example:8080", "localhost.evil.example", "192.168.0.1", "", "10.0.0.1:80"]
        {
            assert!(!allowed(&[("host", host)]), "{host}");
        }
        assert!(allowed(&[("host", "localhost:1"), ("origin", "http://localhost:1")]));
        assert!(!allowed(&[("host", "localhost:1"), ("origin", "http://localhost:2")]));
        assert!(!allowed(&[("host", "localhost:1"), ("origin", "null")]));
        assert!(!allowed(&[("host", "localhost:1"), ("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[]));
    }
}
