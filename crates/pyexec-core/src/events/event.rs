//! What happens to an execution.

use bytes::Bytes;
use pyexec_types::{ExecutionResult, StatusChange};

/// Something that happened to an execution.
///
/// ```
/// use pyexec_core::ExecutionEvent;
/// use std::io::{Write, stderr, stdout};
///
/// /// Shows what a script writes, byte for byte.
/// fn show(event: &ExecutionEvent) -> std::io::Result<()> {
///     match event {
///         ExecutionEvent::Status(change) => writeln!(stderr(), "{}", change.status),
///         ExecutionEvent::Stdout(output) => stdout().write_all(&output.bytes),
///         ExecutionEvent::Stderr(output) => stderr().write_all(&output.bytes),
///         ExecutionEvent::Result(result) => writeln!(stderr(), "exit code {}", result.exit_code),
///         _ => Ok(()),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutionEvent {
    /// It waits in another place or begins to run. Where it stands at its end is in the result.
    Status(StatusChange),
    /// It wrote to its standard output.
    Stdout(Output),
    /// It wrote to its standard error.
    Stderr(Output),
    /// It is over, and this is the last event.
    ///
    /// Output that came before isn't in it: `stdout` and `stderr` are empty. Only where a server
    /// without live events took back what it had shown of a running execution, the whole text is
    /// here.
    Result(Box<ExecutionResult>),
}

/// A piece of what an execution wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// How many bytes of the same stream came before. More than there were events for, where the
    /// server left out the middle.
    pub offset: u64,
    /// The bytes, cut anywhere, also within a character. From a server without live events it is
    /// text, in which what isn't UTF-8 was replaced by U+FFFD.
    pub bytes: Bytes,
}

impl Output {
    /// Bytes of a stream, after `offset` others.
    pub fn new(offset: u64, bytes: impl Into<Bytes>) -> Self {
        Self { offset, bytes: bytes.into() }
    }

    /// The offset of what comes next: a saturating sum of the offset and the length.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}
