//! Names of distributions, by PEP 503 and PEP 508.

/// Whether text is the name of a distribution, or of an extra.
///
/// ASCII letters and digits, with `.`, `-` and `_` between them
/// ([PEP 508](https://peps.python.org/pep-0508/#names)).
pub(crate) fn is_name(text: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|byte| is_name_byte(*byte))
}

/// Whether a name may hold this between its first and its last character.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || is_separator(byte)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

/// A name in the form in which equal names are equal text: small letters, and one `-` for each run
/// of `-`, `_` and `.` ([PEP 503](https://peps.python.org/pep-0503/#normalized-names)).
///
/// ```
/// use pyexec_packages::normalize;
///
/// assert_eq!(normalize("Ruamel.YAML__clib"), "ruamel-yaml-clib");
/// ```
pub fn normalize(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            normalized.push(character.to_ascii_lowercase());
        } else if !normalized.ends_with('-') {
            normalized.push('-');
        }
    }
    normalized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["a", "7", "A-b", "zope.interface", "a__b", "a.-_b"] {
            assert!(is_name(name), "{name}");
        }
        for no_name in ["", "-a", "a-", "_a", "a.", ".", "a b", "a/b", "é", "a\n", "a[b]"] {
            assert!(!is_name(no_name), "{no_name}");
        }
    }

    #[test]
    fn equal_names_are_equal_text() {
        assert_eq!(normalize("PyYAML"), "pyyaml");
        assert_eq!(normalize("ruamel_yaml"), normalize("Ruamel.-.YAML"));
        assert_eq!(normalize("a-_-b"), "a-b");
    }
}
