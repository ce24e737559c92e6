//! TLS: rustls with ring, and the system's certificates. An operator with an authority of its own adds it to the system's
//! or names it in `SSL_CERT_FILE` or `SSL_CERT_DIR`.
//!
//! The configuration is built here and handed over, so that no process-wide default has to be installed by anybody.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// The configuration of a client that says nothing of itself, and trusts `more_roots` beside the system's.
pub(super) fn client_config(more_roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, unreadable) = roots.add_parsable_certificates(found.certs);
    roots.add_parsable_certificates(more_roots);
    if added == 0 {
        tracing::warn!(
            unreadable,
            errors = found.errors.len(),
            "the system has no certificates that can be read: https will fail"
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
