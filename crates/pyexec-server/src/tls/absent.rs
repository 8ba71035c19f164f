//! A build without TLS.

use super::TlsFiles;
use crate::{FileError, linger::Connection};
use std::io;

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Tls {}

impl Tls {
    /// Says what is missing.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn open(files: &TlsFiles) -> Result<Self, FileError> {
        let problem = "this server was built without HTTPS (feature `tls`)".into();
        Err(FileError::Content { path: files.certificate.clone(), problem })
    }

    pub(crate) async fn accept(&self, _: Connection) -> io::Result<Connection> {
        match *self {}
    }
}
