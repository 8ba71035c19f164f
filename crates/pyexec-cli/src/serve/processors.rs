//! Numbers of processors as operators write them.

/// Reads `2` and `1.5`, in percent of one processor.
pub(crate) fn parse_processors(text: &str) -> Result<u64, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let percent = (digits(whole) && digits(part) && part.len() <= 2)
        .then(|| format!("{whole}{part:0<2}").parse().ok())
        .flatten();
    percent
        .filter(|percent| (1..=1 << 20).contains(percent))
        .ok_or_else(|| format!("{text:?} is no number of processors; write 2, 1.5 or 0.25"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_in_percent_of_one() {
        for (text, percent) in [("1", 100), ("1.5", 150), ("0.25", 25), ("64.00", 6400)] {
            assert_eq!(parse_processors(text), Ok(percent), "{text}");
        }
        for text in ["", "0", "0.00", "-1", ".5", "1.", "1.234", "1e3", "NaN", "99999999999"] {
            assert!(parse_processors(text).is_err(), "{text}");
        }
    }
}
