//! Where the configuration file is.

use super::Lookup;
use std::path::{Path, PathBuf};

/// Where the configuration file is, or would be: below `XDG_CONFIG_HOME`, else below `~/.config`.
/// `None` where neither is known.
pub(crate) fn config_file(lookup: Lookup<'_>) -> Option<PathBuf> {
    // The specification has a relative path ignored.
    let folder = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home(lookup)?.join(".config")))?;
    Some(config.join("pyexec").join("config.toml"))
}

/// A path as the configuration file has it: `~/` is the home folder, and what is relative is so to
/// the file's own folder.
pub(super) fn resolve(path: &str, file: &Path, lookup: Lookup<'_>) -> PathBuf {
    match (path.strip_prefix("~/"), home(lookup)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => file.parent().unwrap_or(Path::new("")).join(path),
    }
}

fn home(lookup: Lookup<'_>) -> Option<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    lookup(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_unless_it_is_relative() {
        let located = |xdg: &'static str, home: &'static str| {
            config_file(&|name| match name {
                "XDG_CONFIG_HOME" => Some(xdg.into()),
                "HOME" => Some(home.into()),
                _ => None,
            })
        };
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(located("/x", "/h"), path("/x/pyexec/config.toml"));
        assert_eq!(located("x", "/h"), path("/h/.config/pyexec/config.toml"));
        assert_eq!(located("", "/h"), path("/h/.config/pyexec/config.toml"));
        assert_eq!(located("", ""), None);
    }

    #[test]
    fn paths_of_the_file() {
        let file = Path::new("/c/pyexec/config.toml");
        let resolved = |path: &str| resolve(path, file, &|_| Some("/h".into()));
        assert_eq!(resolved("~/token"), Path::new("/h/token"));
        assert_eq!(resolved("token"), Path::new("/c/pyexec/token"));
        assert_eq!(resolved("/t"), Path::new("/t"));
    }
}
