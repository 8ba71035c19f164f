//! What installers take for a requirement beside PEP 508, to be refused by its name.

use super::{MAX_REQUIREMENT_BYTES, RequirementError};

/// Suffixes by which pip and uv take a name for a file.
const ARCHIVES: [&str; 13] = [
    ".whl",
    ".zip",
    ".tar",
    ".tgz",
    ".tbz",
    ".txz",
    ".tlz",
    ".tar.gz",
    ".tar.bz2",
    ".tar.xz",
    ".tar.lz",
    ".tar.lzma",
    ".tar.zst",
];

const REPOSITORIES: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];

/// Refuses everything of which it can be said better than "not by the grammar". What is left is
/// ASCII, and short.
pub(super) fn refuse_other_forms(text: &str) -> Result<(), RequirementError> {
    if text.is_empty() {
        return Err(RequirementError::Empty);
    }
    if text.len() > MAX_REQUIREMENT_BYTES {
        return Err(RequirementError::TooLong { limit: MAX_REQUIREMENT_BYTES });
    }
    if let Some(character) = text.chars().find(|c| c.is_control() && *c != '\t') {
        return Err(RequirementError::ControlCharacter { code: character.into() });
    }
    if let Some(character) = text.chars().find(|c| !c.is_ascii()) {
        return Err(RequirementError::NotAscii { character });
    }
    if text.contains("${") {
        return Err(RequirementError::Variable);
    }
    // In a string of a condition as well, where pip looks for options too.
    for word in text.split([' ', '\t']) {
        if word.starts_with('-') {
            return Err(refused_option(word));
        }
        if word.starts_with('#') {
            return Err(RequirementError::Comment);
        }
    }
    let small = text.to_ascii_lowercase();
    // Strings stand behind the `;` alone, and nothing in them is an address.
    let target = small.split(';').next().unwrap_or_default().trim_end();
    let (target, behind) = target
        .split_once('@')
        .map_or((target, None), |(before, behind)| (before.trim_end(), Some(behind.trim_start())));
    let addressed = behind.unwrap_or(target);
    if REPOSITORIES.iter().any(|kind| addressed.starts_with(kind)) {
        Err(RequirementError::Repository)
    } else if addressed.starts_with("file:") {
        Err(RequirementError::Path)
    } else if addressed.contains("://") {
        Err(RequirementError::Url)
    } else if is_path(addressed) {
        Err(RequirementError::Path)
    } else if behind.is_some() {
        Err(RequirementError::Url)
    } else {
        Ok(())
    }
}

fn refused_option(word: &str) -> RequirementError {
    let option = word.split('=').next().unwrap_or_default();
    let option = |length: usize| option.chars().take(length).collect::<String>();
    // A short option may have its value at its end.
    match word.as_bytes() {
        [b'-', b'r' | b'c', ..] => RequirementError::Include { option: option(2) },
        [b'-', b'e', ..] => RequirementError::Editable { option: option(2) },
        [b'-', b'i' | b'f', ..] => RequirementError::IndexOption { option: option(2) },
        _ => {
            let option = option(40);
            match option.as_str() {
                "--requirement" | "--constraint" => RequirementError::Include { option },
                "--editable" => RequirementError::Editable { option },
                "--hash" => RequirementError::Hash { option },
                "--index-url" | "--extra-index-url" | "--index" | "--default-index"
                | "--pypi-url" | "--no-index" | "--find-links" | "--trusted-host" => {
                    RequirementError::IndexOption { option }
                }
                _ => RequirementError::Option { option },
            }
        }
    }
}

/// Whether pip or uv would look for it on disk.
fn is_path(target: &str) -> bool {
    let name = target.split(['[', ' ', '\t']).next().unwrap_or_default();
    let drive = matches!(target.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    target.starts_with(['.', '~'])
        || drive
        || target.contains(['/', '\\'])
        || ARCHIVES.iter().any(|suffix| name.ends_with(suffix))
}
