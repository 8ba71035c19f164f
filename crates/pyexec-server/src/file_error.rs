//! A file of the operator's that can't be used.

use std::{io, path::PathBuf};

/// A file of the operator's that can't be used: tokens, a certificate, a key. What it says never
/// quotes the file, which holds secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It doesn't hold what it should.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        problem: String,
    },
}
