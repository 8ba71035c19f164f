//! What the script's own process says of itself: read as hostile, because the script can say
//! anything there.

use pyexec_types::TracebackFrame;

/// What is kept of the claims channel; more is thrown away.
pub(crate) const MOST_BYTES: usize = 80 << 20;
/// The longest name of an exception class that is believed.
const LONGEST_NAME: usize = 1024;
/// The longest frame: a path, a number and a function.
const LONGEST_FRAME: usize = 8192;
/// The most frames that are kept.
const MOST_FRAMES: usize = 128;

/// What the script's own process said of itself. Nothing else of an execution rests on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `repr()` of the last expression.
    pub result: Option<String>,
    /// Class name of the exception that ended it.
    pub error_type: Option<String>,
    /// Line in the entrypoint, from 1.
    pub error_line: Option<u64>,
    /// Frames of that exception, outermost first.
    pub traceback: Vec<TracebackFrame>,
}

impl Claims {
    /// Reads a sequence of netstrings, key and value in turn, up to the first fault. The first
    /// value of a key counts.
    pub(crate) fn parse(mut bytes: &[u8]) -> Self {
        let mut claims = Self::default();
        while let Some((key, value)) = netstring(&mut bytes).zip(netstring(&mut bytes)) {
            let value = String::from_utf8_lossy(value);
            match key {
                b"result" if claims.result.is_none() => claims.result = Some(value.into_owned()),
                b"error_type" if claims.error_type.is_none() && value.len() <= LONGEST_NAME => {
                    claims.error_type = Some(value.into_owned());
                }
                b"error_line" if claims.error_line.is_none() => {
                    claims.error_line = value.parse().ok();
                }
                b"frame"
                    if claims.traceback.len() < MOST_FRAMES && value.len() <= LONGEST_FRAME =>
                {
                    claims.traceback.extend(frame(&value));
                }
                _ => {}
            }
        }
        claims
    }
}

/// `line`, `function` and `file`, each on a line.
fn frame(text: &str) -> Option<TracebackFrame> {
    let mut parts = text.splitn(3, '\n');
    let line = parts.next()?.parse().ok()?;
    let function = parts.next()?.to_owned();
    Some(TracebackFrame { file: parts.next()?.to_owned(), line, function })
}

/// Takes `<length>:<bytes>` off the front.
fn netstring<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let colon = bytes.iter().take(12).position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let rest = &bytes[colon + 1..];
    let value = rest.get(..length)?;
    *bytes = &rest[length..];
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(&str, &str)]) -> Vec<u8> {
        let strings = fields.iter().flat_map(|(key, value)| [key, value]);
        strings.flat_map(|text| format!("{}:{text}", text.len()).into_bytes()).collect()
    }

    #[test]
    fn what_our_side_writes_is_read() {
        let bytes = message(&[
            ("result", "'a:b\n'"),
            ("error_type", "ValueError"),
            ("error_line", "2"),
            ("frame", "2\n<module>\n/work/main.py"),
        ]);
        let claims = Claims::parse(&bytes);
        assert_eq!(claims.result.as_deref(), Some("'a:b\n'"));
        assert_eq!(claims.error_type.as_deref(), Some("ValueError"));
        assert_eq!(claims.error_line, Some(2));
        assert_eq!(claims.traceback[0].file, "/work/main.py");
    }

    #[test]
    fn the_first_word_counts_and_nonsense_ends_it() {
        let mut bytes = message(&[("result", "1"), ("result", "2"), ("error_line", "x")]);
        bytes.extend(b"99999999999:oops6:result1:3");
        assert_eq!(Claims::parse(&bytes), Claims { result: Some("1".into()), ..Claims::default() });
        for hostile in [&b""[..], b":", b"-1:x", b"18446744073709551615:x", b"5:ab", b"\xff\xff:"] {
            assert_eq!(Claims::parse(hostile), Claims::default());
        }
    }

    #[test]
    fn long_names_and_many_frames_are_capped() {
        let long = "E".repeat(LONGEST_NAME + 1);
        let mut fields = vec![("error_type", long.as_str())];
        let huge = format!("1\nf\n{}", "x".repeat(LONGEST_FRAME));
        fields.push(("frame", &huge));
        fields.extend(std::iter::repeat_n(("frame", "1\nf\nx"), MOST_FRAMES + 1));
        let claims = Claims::parse(&message(&fields));
        assert_eq!(claims.error_type, None);
        assert_eq!(claims.traceback.len(), MOST_FRAMES);
        assert!(claims.traceback.iter().all(|frame| frame.file == "x"));
    }
}
