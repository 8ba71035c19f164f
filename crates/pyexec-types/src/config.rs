//! The limits of one execution.

use crate::lenient;
use serde::{Deserialize, Serialize};

/// The limits of one execution. Zero and missing mean the server's default.
///
/// The numbers are signed, as on the wire, so that a server can name a negative one in its error.
///
/// ```
/// use pyexec_types::ExecutionConfig;
///
/// let config = ExecutionConfig { timeout_seconds: 5, ..Default::default() };
/// assert_eq!(serde_json::to_string(&config)?, r#"{"timeout_seconds":5}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecutionConfig {
    /// Wall-clock limit in seconds (default: 300).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub timeout_seconds: i64,
    /// Whether the script has no network. A missing key means `true`, but to the original server
    /// *network on*; so whatever is said goes out, `false` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_disabled: Option<bool>,
    /// Memory limit in MiB (default: 1024).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub memory_mb: i64,
    /// Size of the writable file systems in MiB (default: 2048).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub disk_mb: i64,
    /// Share of the processors relative to other executions (default: 1024).
    #[serde(default, deserialize_with = "lenient::null", skip_serializing_if = "lenient::is_zero")]
    pub cpu_shares: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_config_matches_the_wire() {
        let json = r#"{"timeout_seconds":60,"network_disabled":true,"memory_mb":512,"disk_mb":256,"cpu_shares":512}"#;
        let config: ExecutionConfig = serde_json::from_str(json).unwrap();
        let expected = ExecutionConfig {
            timeout_seconds: 60,
            network_disabled: Some(true),
            memory_mb: 512,
            disk_mb: 256,
            cpu_shares: 512,
        };
        assert_eq!(config, expected);
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
    }

    #[test]
    fn missing_null_and_zero_are_one() {
        let nulls = r#"{"timeout_seconds":null,"network_disabled":null,"memory_mb":null,"disk_mb":null,"cpu_shares":null}"#;
        let zeros = r#"{"timeout_seconds":0,"memory_mb":0,"disk_mb":0,"cpu_shares":0,"future":{}}"#;
        for json in ["{}", nulls, zeros] {
            let config: ExecutionConfig = serde_json::from_str(json).unwrap();
            assert_eq!(config, ExecutionConfig::default(), "{json}");
            assert_eq!(serde_json::to_string(&config).unwrap(), "{}");
        }
    }

    #[test]
    fn network_disabled_keeps_its_three_states() {
        for (json, value) in [
            ("{}", None),
            (r#"{"network_disabled":true}"#, Some(true)),
            (r#"{"network_disabled":false}"#, Some(false)),
        ] {
            let config: ExecutionConfig = serde_json::from_str(json).unwrap();
            assert_eq!(config.network_disabled, value);
            assert_eq!(serde_json::to_string(&config).unwrap(), json);
        }
    }

    #[test]
    fn negative_numbers_reach_the_server() {
        let config: ExecutionConfig = serde_json::from_str(r#"{"memory_mb":-1}"#).unwrap();
        assert_eq!(config.memory_mb, -1);
    }
}
