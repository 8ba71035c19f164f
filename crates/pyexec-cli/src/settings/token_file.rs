//! A token in a file that nobody else can read.

use crate::failure::Failure;
use std::{fs::File, io::Read, path::Path};

/// More than any token is long; what is longer is another file.
const LONGEST: u64 = 64 * 1024;

/// The one token in a file; empty lines and those that begin with `#` don't count.
///
/// # Errors
///
/// Where it can't be read, others can read it too, or it doesn't hold exactly one.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let cannot = |error| Failure::ours(format!("can't read {name}")).because(&error);
    let file = File::open(path).map_err(cannot)?;
    refuse_public(&file, path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(cannot)?;
    // Not its contents, and not how they aren't UTF-8: it may be any secret.
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{name} holds no token, as it isn't text")))?;
    let mut tokens =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token.to_owned()),
        (None, _) => Err(Failure::usage(format!("{name} holds no token"))
            .hint("write the server's token into it, on a line of its own")),
        (Some(_), Some(_)) => Err(Failure::usage(format!("{name} holds more than one line"))
            .hint("a client sends one token: keep it alone in a file")),
    }
}

/// The file that was opened is looked at, not whatever has its name by now.
#[cfg(unix)]
fn refuse_public(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let name = path.display();
    let metadata = file
        .metadata()
        .map_err(|error| Failure::ours(format!("can't read {name}")).because(&error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message =
        format!("others on this machine can get at the token in {name} (mode {mode:03o})");
    Err(Failure::usage(message).hint(format!("keep it to yourself: chmod 600 {name}")))
}

#[cfg(not(unix))]
fn refuse_public(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn token(contents: &[u8], mode: u32) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), contents).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        read(file.path()).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn one_line_is_the_token() {
        assert_eq!(token(b"# mine\n\n s3cret \n", 0o600).unwrap(), "s3cret");
        assert_eq!(token(b"s3cret", 0o400).unwrap(), "s3cret");
    }

    #[test]
    fn whoever_else_could_read_or_change_it() {
        for mode in [0o640, 0o604, 0o620, 0o602, 0o666] {
            let error = token(b"s3cret", mode).unwrap_err();
            assert!(error.contains("chmod 600") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn none_and_several_are_mistakes_that_tell_nothing() {
        for contents in [&b""[..], b"# s3cret\n", b"s3cret\ns3cret2\n", b"s3cret\xff"] {
            let error = token(contents, 0o600).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
