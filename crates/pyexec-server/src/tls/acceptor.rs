//! Connections that rustls makes secure.

use super::TlsFiles;
use crate::{
    FileError,
    error::ApiError,
    file_watch::{FileWatch, is_open_to_all},
    linger::Connection,
};
use axum::{http::StatusCode, response::IntoResponse};
use rustls::{
    ServerConfig, crypto,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{io, path::Path, sync::Arc};
use tokio::io::AsyncWriteExt;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The first byte of whoever speaks TLS.
const HANDSHAKE: u8 = 0x16;

/// How connections become secure.
#[derive(Debug, Clone)]
pub(crate) struct Tls(Arc<FileWatch<ServerConfig>>);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Where they can't be read or understood, or don't belong together.
    pub(crate) fn open(files: &TlsFiles) -> Result<Self, FileError> {
        if is_open_to_all(&files.key) {
            tracing::warn!("everyone on this machine can read the key in {}", files.key.display());
        }
        let paths = vec![files.certificate.clone(), files.key.clone()];
        let files = files.clone();
        let parse = move |contents: &[Vec<u8>]| match contents {
            [certificate, key] => parse(&files, certificate, key),
            _ => Err(content(&files.key, "it wasn't read".into())),
        };
        FileWatch::open("certificate and key", paths, parse).map(|watch| Self(Arc::new(watch)))
    }

    /// Makes a connection secure. Whoever speaks plain HTTP is told so.
    pub(crate) async fn accept(
        &self,
        mut connection: Connection,
    ) -> io::Result<TlsStream<Connection>> {
        let mut first = [0];
        if connection.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
            connection.write_all(&plain_http().await).await?;
            connection.shutdown().await?;
            return Err(io::Error::other("this is no TLS"));
        }
        TlsAcceptor::from(self.0.current()).accept(connection).await
    }
}

/// The answer to plain HTTP, as bytes.
async fn plain_http() -> Vec<u8> {
    let message = "this server speaks HTTPS only: write https:// in its address";
    let answer = ApiError::bad_request("https_required", message).into_response();
    let body = axum::body::to_bytes(answer.into_body(), 1024).await.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        StatusCode::BAD_REQUEST,
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

fn content(path: &Path, problem: String) -> FileError {
    FileError::Content { path: path.to_owned(), problem }
}

fn parse(files: &TlsFiles, certificate: &[u8], key: &[u8]) -> Result<ServerConfig, FileError> {
    // The errors of the parser may quote what it read.
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| content(&files.certificate, "it is no PEM".into()))?;
    if chain.is_empty() {
        return Err(content(&files.certificate, "it holds no certificate".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| content(&files.key, "it holds no private key without a password".into()))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| content(&files.certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                content(&files.key, "it isn't the key of the certificate".into())
            }
            error => content(&files.certificate, error.to_string()),
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
