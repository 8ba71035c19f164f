//! TLS by rustls.

use pyexec_core::{Error, Result};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// ring and the given root certificates, or else Mozilla's. The provider is named here, so that no
/// other crate's choice of a process-wide one matters.
pub(crate) fn config(roots: Option<&[u8]>) -> Result<ClientConfig> {
    let roots = match roots {
        Some(pem) => own_roots(pem)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid_because("cannot set up TLS", error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn own_roots(pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        added.map_err(|error| Error::invalid_because("cannot use the root certificates", error))?;
    }
    if roots.is_empty() {
        return Err(Error::invalid("the root certificates are no PEM: no CERTIFICATE in them"));
    }
    Ok(roots)
}
