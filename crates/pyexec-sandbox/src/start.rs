//! How an interpreter comes to be.

/// How an interpreter comes to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// As a copy of a template that was initialised before, in a few milliseconds; strictly where
    /// that would be different from a new interpreter, or no copy can be had.
    #[default]
    Zygote,
    /// As a new process of its own, with its own address layout and hash seed.
    Strict,
}

/// Whether copies of an interpreter can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZygoteState {
    /// Every job starts strictly, as asked.
    Off,
    /// None was needed so far, or the first is starting.
    Absent,
    /// They can.
    Ready,
    /// They can't, and why.
    Failed(String),
}

/// Variables that an interpreter, its C library or `site` reads when it starts.
const NAMES: [&str; 7] =
    ["HOME", "LANG", "LANGUAGE", "LOCPATH", "GCONV_PATH", "GLIBC_TUNABLES", "TZ"];
const PREFIXES: [&str; 4] = ["LC_", "LD_", "MALLOC_", "PYTHON"];

/// Whether a variable means something to an interpreter before its script begins.
pub(crate) fn is_read_at_start(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_matter_early() {
        for early in ["PYTHONHASHSEED=1", "LD_PRELOAD=x", "LC_ALL=C", "HOME=/", "TZ=UTC", "LANG="] {
            assert!(is_read_at_start(early), "{early}");
        }
        for late in ["A=1", "HOMEPAGE=x", "TZDATA=1", "LANGCHAIN_KEY=x", "MY_PYTHON=1", "=x"] {
            assert!(!is_read_at_start(late), "{late}");
        }
    }
}
