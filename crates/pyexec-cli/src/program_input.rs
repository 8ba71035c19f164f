//! What the program reads from its standard input: nothing, unless somebody gives it something.

use crate::failure::Failure;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

/// Where a program's standard input comes from.
#[derive(Debug)]
pub(crate) enum InputSource {
    /// It has none.
    Nothing,
    /// Our own, to its end.
    Ours,
    File(PathBuf),
}

impl InputSource {
    /// What `-i` and `--stdin` say.
    ///
    /// # Errors
    ///
    /// Where our standard input would have to be the program's and the program itself.
    pub(crate) fn of(
        interactive: bool,
        stdin: Option<PathBuf>,
        is_code: bool,
    ) -> Result<Self, Failure> {
        match stdin {
            Some(path) if path.as_os_str() != "-" => Ok(Self::File(path)),
            None if !interactive => Ok(Self::Nothing),
            _ if is_code => {
                Err(Failure::usage("standard input can't be both the code and its input")
                    .hint("name the file to run, or give its input as a file: --stdin FILE"))
            }
            _ => Ok(Self::Ours),
        }
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub(crate) fn read(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::Ours => {
                let mut bytes = Vec::new();
                io::stdin()
                    .read_to_end(&mut bytes)
                    .map_err(|error| Failure::ours("cannot read standard input").because(&error))?;
                Ok(bytes)
            }
            Self::File(path) => fs::read(&path).map_err(|error| {
                Failure::ours(format!("can't read {}", path.display())).because(&error)
            }),
        }
    }
}

/// A program's input as `stdin`, where it is text, which every server takes, or else as
/// `stdin_base64`, which the client refuses where the server would overlook it.
pub(crate) fn encode(input: Vec<u8>) -> (String, String) {
    match String::from_utf8(input) {
        Ok(text) => (text, String::new()),
        Err(error) => (String::new(), BASE64_STANDARD.encode(error.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_or_none() {
        let of = |interactive, stdin: Option<&str>, is_code| {
            InputSource::of(interactive, stdin.map(Into::into), is_code)
        };
        assert!(matches!(of(false, None, true), Ok(InputSource::Nothing)));
        assert!(matches!(of(true, None, false), Ok(InputSource::Ours)));
        assert!(matches!(of(false, Some("-"), false), Ok(InputSource::Ours)));
        assert!(matches!(of(false, Some("x"), true), Ok(InputSource::File(_))));
        assert!(of(true, None, true).is_err() && of(false, Some("-"), true).is_err());
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(encode("é\0\r\n".into()), ("é\0\r\n".into(), String::new()));
        assert_eq!(encode(b"ab\xff".to_vec()), (String::new(), "YWL/".into()));
    }
}
