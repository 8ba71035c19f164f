//! The tokens that open the server.

use crate::failure::Failure;
use std::{fs, path::Path};

/// All tokens: the one that was given, and those of the file.
///
/// # Errors
///
/// Where the file can't be read or holds none: an operator who names one wants a closed server.
pub(super) fn read(given: Option<String>, file: Option<&Path>) -> Result<Vec<String>, Failure> {
    let mut tokens = Vec::new();
    tokens.extend(given.as_deref().and_then(significant));
    if let Some(path) = file {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::ours(format!("can't read {name}")).because(&error))?;
        let before = tokens.len();
        tokens.extend(text.lines().filter_map(significant));
        if tokens.len() == before {
            return Err(Failure::ours(format!("{name} holds no token")));
        }
    }
    Ok(tokens)
}

fn significant(line: &str) -> Option<String> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with('#')).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_line_and_a_file_without_any_is_a_mistake() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# ours\n\nabc\n def \n").unwrap();
        let tokens = read(Some("given".into()), Some(file.path())).unwrap();
        assert_eq!(tokens, ["given", "abc", "def"]);
        assert_eq!(read(Some(String::new()), None).unwrap(), [""; 0]);
        fs::write(file.path(), "#\n").unwrap();
        assert!(read(None, Some(file.path())).is_err());
    }
}
