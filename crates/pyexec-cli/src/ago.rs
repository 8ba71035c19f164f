//! Times as people say them.

use jiff::Timestamp;

/// How long ago something was, given as the wire has it: `5 minutes ago`. As it came where it is
/// no time.
pub(crate) fn ago(then: &str, now: Timestamp) -> String {
    let Ok(then) = then.parse::<Timestamp>() else { return then.to_owned() };
    let seconds = now.duration_since(then).as_secs();
    match seconds {
        // The server's clock may be ahead of ours.
        ..1 => "just now".to_owned(),
        _ => format!("{} ago", in_words(seconds)),
    }
}

fn in_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A duration in milliseconds, to about three digits: `12ms`, `3.4s`, `2m05s`, `1h02m`.
pub(crate) fn took(ms: u64) -> String {
    let seconds = ms / 1000;
    match ms {
        ..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{seconds}.{}s", ms % 1000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_its_distance() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (then, expected) in [
            ("2026-11-22T12:00:00.500000Z", "just now"),
            ("2026-11-22T11:59:59.000000Z", "1 second ago"),
            ("2026-11-22T11:58:00.000000Z", "2 minutes ago"),
            ("2026-11-22T11:00:00Z", "1 hour ago"),
            ("2026-11-19T11:00:00Z", "3 days ago"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(ago(then, now), expected);
        }
    }

    #[test]
    fn a_duration_has_about_three_digits() {
        let told = [0, 999, 1000, 12_345, 125_000, 3_725_000].map(took);
        assert_eq!(told, ["0ms", "999ms", "1.0s", "12.3s", "2m05s", "1h02m"]);
    }
}
