//! Why a command ends without a result: what failed, why, and what to do.

use crate::{
    console, exit_code,
    report::{self, ErrorRecord, FailureRecord},
};
use pyexec_blocking::{ArchiveError, Error};
use std::{borrow::Cow, error::Error as StdError, iter};

/// Why a command ends without a result.
#[derive(Debug)]
pub(crate) struct Failure {
    exit_code: u8,
    /// One word for programs; see `docs/cli-json.md`.
    code: Cow<'static, str>,
    /// What failed; nothing where there is nobody to tell.
    message: Option<String>,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    /// `pyexec` or the server failed.
    pub(crate) fn ours(message: impl Into<String>) -> Self {
        Self {
            exit_code: exit_code::FAILURE,
            code: "failure".into(),
            message: Some(message.into()),
            causes: Vec::new(),
            hint: None,
        }
    }

    /// The command line can't be carried out.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit_code: exit_code::USAGE, ..Self::ours(message) }.code("usage")
    }

    /// A signal ended the command; whoever sent it knows.
    pub(crate) fn interrupted(signal: i32) -> Self {
        Self::quiet(exit_code::of_signal(signal)).code("interrupted")
    }

    /// An end without words.
    pub(crate) fn quiet(exit_code: u8) -> Self {
        Self { exit_code, message: None, ..Self::ours("") }
    }

    /// Gives it a word for programs.
    pub(crate) fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = code.into();
        self
    }

    /// Exits with another code.
    pub(crate) fn exit_code(mut self, exit_code: u8) -> Self {
        self.exit_code = exit_code;
        self
    }

    /// What to exit with.
    pub(crate) fn exits_with(&self) -> u8 {
        self.exit_code
    }

    /// Names a cause, and what caused that.
    pub(crate) fn because(mut self, cause: &(dyn StdError + 'static)) -> Self {
        let chain = iter::successors(Some(cause), |&cause| cause.source());
        self.causes.extend(chain.map(ToString::to_string));
        self.causes.dedup();
        self
    }

    /// Names a cause whose text is complete.
    pub(crate) fn cause(mut self, cause: impl ToString) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Says what it is about.
    pub(crate) fn about(mut self, subject: &str) -> Self {
        self.message = self.message.map(|message| format!("{subject}: {message}"));
        self
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it all on standard error, or as JSON on standard output. Returns what to exit with.
    pub(crate) fn report(&self, as_json: bool) -> u8 {
        let record = || FailureRecord { error: self.record(), exit_code: self.exit_code };
        if !as_json || self.message.is_none() || report::print(&record()).is_err() {
            console::tell(&self.text());
        }
        self.exit_code
    }

    /// What failed and why on a line, and what to do.
    pub(crate) fn told(self) -> (String, Option<String>) {
        let told: Vec<_> = self.message.into_iter().chain(self.causes).collect();
        (told.join(": "), self.hint)
    }

    /// The same as JSON.
    pub(crate) fn record(&self) -> ErrorRecord {
        let message = self.message.clone().unwrap_or_else(|| "interrupted by a signal".into());
        let (causes, hint) = (self.causes.clone(), self.hint.clone());
        ErrorRecord { code: self.code.clone().into_owned(), message, causes, hint }
    }

    /// All that it says.
    pub(crate) fn text(&self) -> String {
        let Some(message) = &self.message else {
            return String::new();
        };
        let mut text = format!("error: {message}\n");
        for cause in &self.causes {
            text += &format!("caused by: {cause}\n");
        }
        if let Some(hint) = &self.hint {
            text += &format!("hint: {hint}\n");
        }
        text
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let failure = Self::ours(error.to_string());
        let failure = match error.source() {
            Some(cause) => failure.because(cause),
            None => failure,
        };
        match error {
            ArchiveError::NoEntrypoint { .. } => {
                failure.hint("name the file to run with --entrypoint")
            }
            ArchiveError::LinkLeadsOut { .. } | ArchiveError::LinkCycle { .. } => {
                failure.hint("a line in .pyexecignore leaves the link out")
            }
            _ => failure,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // Only an archive's error leaves its causes unsaid.
        let failure = match error {
            Error::Archive(error) => return error.into(),
            Error::BaseUrl { .. } => {
                let failure = Self::usage(error.to_string());
                return failure.hint("for example --server http://127.0.0.1:8080");
            }
            ref error => Self::ours(error.to_string()).code(word(error)),
        };
        match error.status().map(|status| status.as_u16()) {
            Some(401) => {
                failure.hint("pass the server's token: set PYEXEC_TOKEN, or --token-file FILE")
            }
            Some(429 | 502..=504) => {
                failure.hint("the server has no room just now; try again later")
            }
            _ => failure,
        }
    }
}

/// One word for programs: the server's own where it has one.
fn word(error: &Error) -> Cow<'static, str> {
    match error {
        Error::Api { code: Some(code), .. } => code.clone().into(),
        Error::Api { .. } => "refused".into(),
        Error::NotFound { .. } => "not_found".into(),
        Error::TooLarge { .. } => "too_large".into(),
        Error::Transport(error) if error.is_connect() => "no_connection".into(),
        Error::Transport(_) => "connection_lost".into(),
        _ => "failure".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn says_what_failed_and_why_and_what_to_do() {
        let cause = io::Error::other("the disk is on fire");
        let failure = Failure::ours("cannot write").because(&cause).hint("call somebody");
        assert_eq!(
            failure.text(),
            "error: cannot write\ncaused by: the disk is on fire\nhint: call somebody\n"
        );
        assert_eq!(failure.exit_code, exit_code::FAILURE);
        assert_eq!(Failure::quiet(141).text(), "");
    }

    #[test]
    fn an_archives_cause_is_said_once() {
        let source = io::Error::from(io::ErrorKind::NotFound);
        let failure = Failure::from(Error::Archive(ArchiveError::Io { path: "a".into(), source }));
        assert_eq!(failure.text(), "error: can't read a\ncaused by: entity not found\n");
    }

    #[test]
    fn an_address_that_is_none_is_a_mistake_of_usage() {
        let error = pyexec_blocking::Client::new("localhost:8080").unwrap_err();
        assert_eq!(Failure::from(error).exit_code, exit_code::USAGE);
    }
}
