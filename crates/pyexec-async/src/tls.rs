//! TLS by rustls.

use pyexec_core::{Error, Result};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// ring and Mozilla's root certificates. The provider is named here, so that no other crate's
/// choice of a process-wide one matters.
pub(crate) fn config() -> Result<ClientConfig> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid_because("cannot set up TLS", error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
