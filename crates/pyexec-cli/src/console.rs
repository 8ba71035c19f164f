//! Where words go: the program's to standard output, ours to standard error.

use crate::{args::Verbosity, exit_code, failure::Failure};
use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// Writes to standard output, all or nothing more.
///
/// # Errors
///
/// A quiet end where nobody reads it any more, and what the system says otherwise.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| cannot_print(&error))
}

/// A quiet end where nobody reads standard output any more, and what the system says otherwise.
pub(crate) fn cannot_print(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        Failure::quiet(exit_code::BROKEN_PIPE).code("broken_pipe")
    } else {
        Failure::ours("cannot write to standard output").because(error)
    }
}

/// Writes a line to standard output.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    print(format!("{line}\n").as_bytes())
}

/// Writes a value to standard output as JSON.
///
/// # Errors
///
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::ours("cannot write the answer as JSON").because(&error))?;
    print_line(&text)
}

/// Writes words of ours to standard error. Where that fails, there is nobody left to tell.
pub(crate) fn tell(text: &str) {
    let has_colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    match has_colour {
        true => tell_bytes(text.split_inclusive('\n').map(painted).collect::<String>().as_bytes()),
        false => tell_bytes(text.as_bytes()),
    }
}

/// A line whose first word stands out, if it is one of ours that should.
fn painted(line: &str) -> String {
    let style = |colour: AnsiColor| colour.on_default().bold();
    let words = [
        ("error:", style(AnsiColor::Red)),
        ("Error:", style(AnsiColor::Red)),
        ("caused by:", style(AnsiColor::Red)),
        ("warning:", style(AnsiColor::Yellow)),
        ("note:", style(AnsiColor::Yellow)),
        ("hint:", style(AnsiColor::Cyan)),
    ];
    let found =
        words.iter().find_map(|(word, style)| Some((word, style, line.strip_prefix(word)?)));
    found.map_or_else(
        || line.to_owned(),
        |(word, style, rest)| format!("{style}{word}{style:#}{rest}"),
    )
}

/// Writes what a program wrote to standard error to ours.
pub(crate) fn tell_bytes(bytes: &[u8]) {
    io::stderr().lock().write_all(bytes).unwrap_or_default();
}

/// Writes a line to standard error.
pub(crate) fn tell_line(line: &str) {
    tell(&format!("{line}\n"));
}

/// Writes a remark of ours to standard error, unless only the program's output is wanted.
pub(crate) fn note(verbosity: Verbosity, line: &str) {
    if verbosity != Verbosity::Quiet {
        tell_line(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_first_words_stand_out() {
        assert_eq!(painted("error: no\n"), "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no\n");
        assert_eq!(painted("an error: no\n"), "an error: no\n");
    }
}
