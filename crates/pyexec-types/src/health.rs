//! What a server says of itself.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// The answer to `GET /health`. The original says only `status`; the rest is *ext*.
///
/// ```
/// use pyexec_types::Health;
///
/// let original: Health = serde_json::from_str(r#"{"status":"ok"}"#)?;
/// assert!(!original.offers("events"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Health {
    /// `ok`.
    #[serde(default, deserialize_with = "lenient::null")]
    pub status: String,
    /// The server's name, `pyexec` (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Its version (*ext*).
    #[serde(default, deserialize_with = "lenient::zero", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The extensions that it offers (*ext*); see [`offers`](Self::offers).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// Python versions that it can run, such as `3.12` (*ext*).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub python_versions: Vec<String>,
    /// How executions are isolated (*ext*).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Its limits (*ext*).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<HealthLimits>,
}

impl Health {
    /// Whether the server offers an extension, by its name in `extensions`.
    pub fn offers(&self, extension: &str) -> bool {
        self.extensions.iter().any(|offered| offered == extension)
    }
}

/// How a server isolates executions (*ext*).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Isolation {
    /// `full`, or the weaker level that an operator asked for.
    #[serde(default, deserialize_with = "lenient::null")]
    pub level: String,
    /// What enforces the limits on memory and processes: `cgroup2`, `cgroup1` or `rlimits`.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub limits: String,
    /// What a request with `network_disabled: false` gets: `none` (it is refused), `host` or
    /// `pasta` (one of its own).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// What can't be held at this level, each by its name; nothing where all is.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// The limits that a server announces (*ext*). Zero where it doesn't say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct HealthLimits {
    /// Longest wait for a free slot, in seconds.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub queue_seconds: u64,
    /// Longest installation of packages, in seconds.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub install_seconds: u64,
    /// Highest `timeout_seconds` of a request.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub max_timeout_seconds: u64,
    /// Largest request body in bytes.
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub max_body_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_says_only_ok() {
        let health: Health = serde_json::from_str(r#"{"status":"ok"}"#).unwrap();
        assert_eq!(health, Health { status: "ok".into(), ..Health::default() });
        assert_eq!(serde_json::to_string(&health).unwrap(), r#"{"status":"ok"}"#);
    }

    #[test]
    fn ours_matches_the_wire() {
        let json = r#"{"status":"ok","server":"pyexec","version":"0.1.0","extensions":["events","wait"],"python_versions":["3.12"],"isolation":{"level":"full","limits":"rlimits","network":"none","missing":["x"]},"limits":{"queue_seconds":60,"install_seconds":300,"max_timeout_seconds":3600,"max_body_bytes":1024}}"#;
        let health: Health = serde_json::from_str(json).unwrap();
        assert!(health.offers("wait") && !health.offers("packages"));
        assert_eq!(health.limits.unwrap().max_timeout_seconds, 3600);
        assert_eq!(serde_json::to_string(&health).unwrap(), json);
    }

    #[test]
    fn missing_null_and_zero_are_one() {
        let json = r#"{"status":"ok","server":null,"version":"","extensions":null,"python_versions":null,"isolation":{"level":null,"limits":null,"network":"","missing":null,"more":1},"limits":{"queue_seconds":null,"install_seconds":0,"future":1}}"#;
        let health: Health = serde_json::from_str(json).unwrap();
        assert_eq!(health.server, None);
        assert_eq!(health.isolation, Some(Isolation::default()));
        assert_eq!(health.limits, Some(HealthLimits::default()));
    }
}
