//! Why a requirement is refused.

use thiserror::Error;

/// Why a requirement is refused: the rule, and what to do instead.
///
/// It doesn't repeat the requirement, which [`RequirementsError`](crate::RequirementsError) does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequirementError {
    /// There is nothing.
    #[error("no requirement; expected a name, such as requests")]
    Empty,
    /// Longer than any that is meant well.
    #[error("longer than the {limit} bytes that a requirement may have")]
    TooLong {
        /// How many bytes there may be.
        limit: usize,
    },
    /// A NUL, a line feed, or another character that doesn't print.
    #[error("the control character U+{:04X} can't be in a requirement; remove it", *code)]
    ControlCharacter {
        /// Its code point.
        code: u32,
    },
    /// A requirement is ASCII by PEP 508.
    #[error("{character:?} can't be in a requirement, which is ASCII text; see PEP 508")]
    NotAscii {
        /// The first such character.
        character: char,
    },
    /// `-r` or `-c`.
    #[error("{option} names a file, and none is read; put what it lists here")]
    Include {
        /// The option as written.
        option: String,
    },
    /// `-e`.
    #[error(
        "{option} installs from a folder or a repository, which isn't done; \
             name a distribution of an index, or send the code along with the script"
    )]
    Editable {
        /// The option as written.
        option: String,
    },
    /// `--index-url` and its like.
    #[error("{option} can't be chosen here; the index is a setting of who runs the installer")]
    IndexOption {
        /// The option as written.
        option: String,
    },
    /// `--hash`.
    #[error("{option} isn't taken; pin the version by == instead")]
    Hash {
        /// The option as written.
        option: String,
    },
    /// Any other option.
    #[error("{option} is an option, and none are taken; give names and versions alone")]
    Option {
        /// The option as written.
        option: String,
    },
    /// ` #`, outside of a file.
    #[error("a comment is no part of a requirement; remove it")]
    Comment,
    /// A folder, or an archive on disk.
    #[error(
        "a path is no requirement; name a distribution of an index, \
             or send the code along with the script"
    )]
    Path,
    /// An address to download from, with or without a name before it.
    #[error("a URL is no requirement; give the distribution's name and version, such as name==1.0")]
    Url,
    /// A repository such as `git+https://…`.
    #[error(
        "a repository is no requirement; \
             give the distribution's name and version, such as name==1.0"
    )]
    Repository,
    /// `${NAME}`, which installers replace by their environment.
    #[error("variables such as ${{NAME}} aren't replaced; write out what it stands for")]
    Variable,
    /// Something that PEP 508 doesn't have there.
    #[error("expected {expected} at column {column}; see PEP 508")]
    Syntax {
        /// What there has to be.
        expected: &'static str,
        /// Where, from 1.
        column: usize,
    },
    /// No version specifier of PEP 440.
    #[error("{specifier:?} is no version specifier: {reason}")]
    Version {
        /// What was read as one.
        specifier: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A condition (what follows the `;`) that would mean different things to different installers,
    /// or nothing to any.
    #[error("the condition at column {column} {problem}")]
    Condition {
        /// What is wrong with it.
        problem: &'static str,
        /// Where, from 1.
        column: usize,
    },
}

/// Text of others for a message: a line, shortened, without what it takes to log in somewhere.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let mut shown = String::new();
    let mut rest = text;
    // Between `://` and the last `@` before the path.
    while let Some((before, after)) = rest.split_once("://") {
        let authority = after.find(['/', ' ', '\t']).unwrap_or(after.len());
        let secret = after[..authority].rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str(if secret > 0 { "://…" } else { "://" });
        rest = &after[secret..];
    }
    shown.push_str(rest);
    if let Some((end, _)) = shown.char_indices().nth(MOST) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shortened_between_characters() {
        assert_eq!(shortened("a>=1"), "a>=1");
        assert_eq!(shortened(&"é".repeat(500)), "é".repeat(120) + "…");
    }

    #[test]
    fn passwords_are_left_out() {
        for (text, shown) in [
            ("a @ https://me:se/cret@host/x", "a @ https://me:se/cret@host/x"),
            ("a @ https://me:secret@host/x", "a @ https://…@host/x"),
            ("https://t@oken@host", "https://…@host"),
            ("x://a@b y://c@d/e@f", "x://…@b y://…@d/e@f"),
            ("a @ https://host/@x", "a @ https://host/@x"),
        ] {
            assert_eq!(shortened(text), shown);
        }
    }
}
