//! For people: the program's output as it is, and few words of ours.

use super::Report;
use crate::{
    args::Verbosity,
    backend::Place,
    console, exit_code,
    failure::Failure,
    progress::Progress,
    watch::{Missing, Stream},
};
use pyexec_blocking::{
    Output,
    types::{ExecutionId, ExecutionResult, StatusChange},
};
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;

/// Output that is held back stays in memory up to this many bytes.
const IN_MEMORY: usize = 1 << 20;

/// Shows a program's output as it comes: standard output on ours, the rest on standard error.
///
/// - `-q` shows standard output only, and only if all went well, so it is held back.
/// - `-v` begins with how it went, so standard error is held back.
pub(crate) struct People {
    verbosity: Verbosity,
    place: Place,
    held: SpooledTempFile,
    progress: Progress,
    /// What was written last to each stream that is shown doesn't end a line.
    is_open: [bool; 2],
}

impl People {
    pub(crate) fn new(verbosity: Verbosity, place: Place) -> Self {
        let held = SpooledTempFile::new(IN_MEMORY);
        let progress = Progress::new(verbosity);
        Self { verbosity, place, held, progress, is_open: [false; 2] }
    }

    /// The stream whose output is held back.
    fn held_back(&self) -> Option<Stream> {
        match self.verbosity {
            Verbosity::Quiet => Some(Stream::Stdout),
            Verbosity::Verbose => Some(Stream::Stderr),
            Verbosity::Usual | Verbosity::Json => None,
        }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.held.write_all(bytes).map_err(|error| {
            Failure::ours("cannot keep output in a temporary file").because(&error)
        })
    }

    /// Shows what was held back.
    fn release(&mut self, stream: Stream) -> Result<(), Failure> {
        let lost = |error: io::Error| {
            Failure::ours("cannot read output from a temporary file").because(&error)
        };
        self.held.rewind().map_err(lost)?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.held.read(&mut buffer).map_err(lost)? {
                0 => break,
                read => self.show(stream, &buffer[..read])?,
            }
        }
        self.held = SpooledTempFile::new(IN_MEMORY);
        Ok(())
    }

    fn show(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(last) = bytes.last() {
            self.is_open[stream as usize] = *last != b'\n';
        }
        match stream {
            Stream::Stdout => console::print(bytes),
            Stream::Stderr => {
                console::tell_bytes(bytes);
                Ok(())
            }
        }
    }

    /// What it takes for the next text to begin on a line of its own.
    fn break_after(&self, stream: Stream) -> &'static str {
        if self.is_open[stream as usize] { "\n" } else { "" }
    }
}

impl Report for People {
    fn accepted(&mut self, id: &ExecutionId) -> Result<(), Failure> {
        if self.verbosity == Verbosity::Verbose {
            console::tell_line(&format!("Execution ID: {id}"));
        }
        Ok(())
    }

    fn status(&mut self, change: &StatusChange) -> Result<(), Failure> {
        self.progress.status(change);
        Ok(())
    }

    fn output(&mut self, stream: Stream, piece: &Output) -> Result<(), Failure> {
        self.progress.clear();
        match (self.held_back(), self.verbosity) {
            (Some(held_back), _) if held_back == stream => self.hold(&piece.bytes),
            (_, Verbosity::Quiet) => Ok(()),
            _ => self.show(stream, &piece.bytes),
        }
    }

    fn ended(&mut self, result: &ExecutionResult, missing: &Missing) -> Result<u8, Failure> {
        self.progress.clear();
        let missing = missing.failure();
        let exit_code = super::exit_code(result, missing.as_ref());
        if self.verbosity == Verbosity::Quiet {
            match &result.result {
                _ if exit_code != exit_code::SUCCESS => {}
                Some(value) => console::print_line(value)?,
                None => self.release(Stream::Stdout)?,
            }
        } else {
            if self.verbosity == Verbosity::Verbose {
                console::tell(&heading(result, &self.place));
            }
            if let Some(value) = &result.result {
                console::print_line(&format!("{}{value}", self.break_after(Stream::Stdout)))?;
            }
            self.release(Stream::Stderr)?;
            if let Some(error) = &result.error {
                let line = format!("{}Error: {error}", self.break_after(Stream::Stderr));
                console::tell_line(&line);
                self.is_open[Stream::Stderr as usize] = false;
            }
        }
        match missing {
            Some(missing) => {
                console::tell(self.break_after(Stream::Stderr));
                Err(missing.exit_code(exit_code))
            }
            None => Ok(exit_code),
        }
    }

    fn failed(&mut self, failure: Failure) -> Result<u8, Failure> {
        self.progress.clear();
        if self.verbosity == Verbosity::Verbose {
            self.release(Stream::Stderr)?;
        }
        console::tell(self.break_after(Stream::Stderr));
        Err(failure)
    }
}

/// What follows the id.
fn heading(result: &ExecutionResult, place: &Place) -> String {
    let duration = result.duration_ms.unwrap_or(0);
    format!("Status: {}\nDuration: {duration}ms\nServer: {place}\n---\n", result.status)
}
