//! What the program reads from its standard input: nothing, unless somebody gives it something.

use crate::failure::Failure;
use base64::{Engine, prelude::BASE64_STANDARD};
use pyexec_blocking::types::Metadata;
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

/// Puts a program's input where the server finds it: in a string where it is text, which every
/// server takes. The client refuses the rest where the server would overlook it.
pub(crate) fn attach(input: Vec<u8>, metadata: &mut Metadata) {
    match String::from_utf8(input) {
        Ok(text) => metadata.stdin = text,
        Err(error) => metadata.stdin_base64 = BASE64_STANDARD.encode(error.as_bytes()),
    }
}

/// The input of code without a project, which is text.
///
/// # Errors
///
/// Where it isn't UTF-8.
pub(crate) fn text(input: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(input).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message =
            format!("the program's input is not UTF-8 (byte {at}); only text can be sent");
        Failure::usage(message).hint(
            "with `pyexec run`, send it as a file of the project and have the program open it",
        )
    })
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
        let mut metadata = Metadata::new("main.py");
        attach("é\0\r\n".into(), &mut metadata);
        assert_eq!((&*metadata.stdin, &*metadata.stdin_base64), ("é\0\r\n", ""));
        let mut metadata = Metadata::new("main.py");
        attach(b"ab\xff".to_vec(), &mut metadata);
        assert_eq!((&*metadata.stdin, &*metadata.stdin_base64), ("", "YWL/"));
        let error = format!("{:?}", text(b"ab\xff".to_vec()).unwrap_err());
        assert!(error.contains("(byte 2)"), "{error}");
    }
}
