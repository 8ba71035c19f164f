//! Names by which a server is asked for.

use std::net::IpAddr;

/// A `Host` without its port and the brackets of IPv6.
pub(crate) fn name_of(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
}

/// Whether it is this machine's own name, which nobody else can point elsewhere.
pub(crate) fn is_this_machine(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a name stands for itself: no URL, no port, no pattern.
pub(crate) fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    name.parse::<IpAddr>().is_ok() || (!name.is_empty() && name.bytes().all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_hosts() {
        for (host, name) in [
            ("a.example:80", "a.example"),
            ("a.example", "a.example"),
            ("[::1]:80", "::1"),
            ("[::1]", "::1"),
            ("a:b", "a:b"),
            ("", ""),
        ] {
            assert_eq!(name_of(host), name);
        }
        for name in ["localhost", "LOCALHOST", "127.1.2.3", "::1"] {
            assert!(is_this_machine(name) && is_name(name), "{name}");
        }
        for name in ["localhost.example", "0.0.0.0", "10.0.0.1", "::2", "127.0.0.1.example"] {
            assert!(!is_this_machine(name) && is_name(name), "{name}");
        }
        for name in ["", "https://a", "a:80", "*.a", "a/b", "a b", "[::1]"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
