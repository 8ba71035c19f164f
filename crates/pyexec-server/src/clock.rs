//! What time it is, as the wire and the store have it.

/// RFC 3339 with exactly six digits of a second, which every client of the original can read.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Microseconds since 1970.
pub(crate) fn micros() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_six_digits_and_a_z() {
        let text = now();
        assert_eq!(text.len(), "2026-11-22T23:41:26.118558Z".len(), "{text}");
        assert!(text.ends_with('Z') && text.as_bytes()[19] == b'.');
    }
}
