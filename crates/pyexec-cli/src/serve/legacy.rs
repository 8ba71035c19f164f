//! Variables that the original service knows and this one doesn't.

use std::ffi::OsString;

const UNSUPPORTED: [(&str, &str); 5] = [
    ("PYEXEC_DOCKER_SOCKET", "executions run in a sandbox of this server, without Docker"),
    ("PYEXEC_DNS_SERVERS", "executions with the network use this machine's resolver"),
    ("PYEXEC_CONSUL_ADDR", "the server doesn't register itself"),
    ("PYEXEC_CONSUL_TOKEN", "the server doesn't register itself"),
    ("PYEXEC_CONSUL_PREFIX", "the server doesn't register itself"),
];

/// A line for each that is set, so that nobody relies on it.
pub(super) fn warnings(lookup: impl Fn(&str) -> Option<OsString>) -> Vec<String> {
    let is_set = |name| lookup(name).is_some_and(|value| !value.is_empty());
    UNSUPPORTED
        .iter()
        .filter(|(name, _)| is_set(name))
        .map(|(name, reason)| format!("{name} is set but not supported: {reason}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_each_that_is_set() {
        let environment = |name: &str| match name {
            "PYEXEC_DNS_SERVERS" => Some("1.1.1.1".into()),
            "PYEXEC_CONSUL_ADDR" => Some("".into()),
            _ => None,
        };
        assert_eq!(
            warnings(environment),
            ["PYEXEC_DNS_SERVERS is set but not supported: executions with the \
                 network use this machine's resolver"]
        );
    }
}
