//! From a request's numbers to limits that are enforced.

use crate::{ServerConfig, TokenLimits, error::ApiError};
use pyexec_sandbox::Limits;
use pyexec_types::ExecutionConfig;
use std::time::Duration;

/// The limits of a request: its own numbers, the defaults where it has none.
///
/// # Errors
/// 400 for a negative number and for one above the server's or the token's maximum, naming it.
pub(crate) fn resolve(
    asked: Option<&ExecutionConfig>,
    token: &TokenLimits,
    config: &ServerConfig,
) -> Result<Limits, ApiError> {
    let asked = asked.copied().unwrap_or_default();
    let pick = |name: &str, asked: i64, default: u64, most: u64, of_token: Option<u64>| {
        let Ok(asked) = u64::try_from(asked) else {
            return Err(ApiError::bad_request(
                "invalid_limit",
                format!("{name} must not be negative, but is {asked}"),
            ));
        };
        let (most, whose) = match of_token.filter(|of_token| *of_token < most) {
            Some(of_token) => (of_token, "token"),
            None => (most, "server"),
        };
        if asked > most {
            return Err(ApiError::bad_request(
                "limit_too_high",
                format!("{name} is {asked}, above this {whose}'s maximum of {most}"),
            ));
        }
        Ok(if asked == 0 { default.min(most) } else { asked })
    };
    let timeout = pick(
        "timeout_seconds",
        asked.timeout_seconds,
        config.default_timeout_seconds,
        config.max_timeout_seconds,
        token.max_timeout_seconds,
    )?;
    let defaults = Limits::default();
    Ok(Limits {
        timeout: Duration::from_secs(timeout),
        memory_mb: pick(
            "memory_mb",
            asked.memory_mb,
            config.default_memory_mb,
            config.memory_budget_mb,
            token.max_memory_mb,
        )?,
        disk_mb: pick("disk_mb", asked.disk_mb, config.default_disk_mb, config.max_disk_mb, None)?,
        cpu_shares: pick(
            "cpu_shares",
            asked.cpu_shares,
            config.default_cpu_shares,
            config.max_cpu_shares,
            None,
        )?,
        cpu_percent: config.cpu_percent,
        output_bytes: config.output_limit_bytes,
        inodes: 2 * defaults.inodes,
        ..defaults
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(change: impl FnOnce(&mut ExecutionConfig)) -> Result<Limits, String> {
        let mut asked = ExecutionConfig::default();
        change(&mut asked);
        let config = ServerConfig { memory_budget_mb: 8192, ..ServerConfig::default() };
        resolve(Some(&asked), &TokenLimits::default(), &config)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn zero_and_missing_are_the_defaults() {
        let none = resolve(None, &TokenLimits::default(), &ServerConfig::default()).unwrap();
        assert_eq!(none.timeout, Duration::from_secs(300));
        assert_eq!((none.memory_mb, none.disk_mb, none.cpu_shares), (1024, 2048, 1024));
        assert_eq!(asked(|_| {}).unwrap().timeout, none.timeout);
        assert_eq!(asked(|a| a.memory_mb = 7).unwrap().memory_mb, 7);
    }

    #[test]
    fn negative_and_excessive_numbers_are_named() {
        assert_eq!(
            asked(|a| a.disk_mb = -1).unwrap_err(),
            "disk_mb must not be negative, but is -1"
        );
        assert_eq!(
            asked(|a| a.timeout_seconds = 3601).unwrap_err(),
            "timeout_seconds is 3601, above this server's maximum of 3600"
        );
        // More than that would starve others.
        assert!(asked(|a| a.cpu_shares = 262_144).unwrap_err().contains("maximum of 4096"));
        assert!(asked(|a| a.memory_mb = i64::MAX).unwrap_err().contains("maximum of 8192"));
    }

    #[test]
    fn a_tokens_own_maximum_is_told_apart() {
        let token = TokenLimits {
            max_timeout_seconds: Some(60),
            max_memory_mb: Some(1 << 40),
            ..TokenLimits::default()
        };
        let asked = |timeout_seconds, memory_mb| {
            let asked = ExecutionConfig { timeout_seconds, memory_mb, ..Default::default() };
            let config = ServerConfig { memory_budget_mb: 8192, ..ServerConfig::default() };
            resolve(Some(&asked), &token, &config).map_err(|error| error.message().to_owned())
        };
        assert_eq!(asked(0, 0).unwrap().timeout, Duration::from_secs(60));
        let message = "timeout_seconds is 61, above this token's maximum of 60";
        assert_eq!(asked(61, 0).unwrap_err(), message);
        let message = "memory_mb is 8193, above this server's maximum of 8192";
        assert_eq!(asked(0, 8193).unwrap_err(), message);
    }
}
