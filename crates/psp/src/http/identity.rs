//! Who we are to a server that asks for a client's certificate: mutual TLS.
//!
//! Each identity has connections and TLS sessions of its own, so that nothing is ever said under another's name.

use crate::transport::{ClientIdentity, IdentityError};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, Error, InconsistentKeys};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(test)]
mod tests;

/// So many identities keep their connections; of more, the one that was used least recently begins anew.
const IDENTITIES_MAX: usize = 32;

/// What an identity is known by: its PEM's SHA-256, so that the key itself is kept in one place less.
type Fingerprint = [u8; 32];

/// What is kept for each identity, the most recently used last.
pub(super) struct Identified<T> {
    kept: Mutex<Vec<(Fingerprint, T)>>,
}

impl<T> Default for Identified<T> {
    fn default() -> Self {
        Self { kept: Mutex::new(Vec::new()) }
    }
}

impl<T: Clone> Identified<T> {
    /// What is kept for this identity; built where nothing is.
    pub(super) fn get<E>(
        &self,
        identity: &ClientIdentity,
        build: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let fingerprint: Fingerprint = Sha256::digest(identity.pem().as_bytes()).into();
        if let Some(found) = touch(&mut self.lock(), fingerprint) {
            return Ok(found);
        }
        // Built without the lock: two that come at once may both build, and one of the two is kept.
        let built = build()?;
        let mut kept = self.lock();
        if let Some(found) = touch(&mut kept, fingerprint) {
            return Ok(found);
        }
        if kept.len() >= IDENTITIES_MAX {
            kept.remove(0);
        }
        kept.push((fingerprint, built.clone()));
        Ok(built)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Fingerprint, T)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds one and puts it last.
fn touch<T: Clone>(kept: &mut [(Fingerprint, T)], fingerprint: Fingerprint) -> Option<T> {
    let at = kept.iter().position(|(known, _)| *known == fingerprint)?;
    kept[at..].rotate_left(1);
    kept.last().map(|(_, found)| found.clone())
}

/// The same configuration, for a client that shows this identity to whoever asks.
pub(super) fn client_config(
    anonymous: &ClientConfig,
    identity: &ClientIdentity,
) -> Result<ClientConfig, IdentityError> {
    let mut config = anonymous.clone();
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(read(identity)?));
    // A session that another identity began would be resumed in its name.
    config.resumption = Resumption::default();
    Ok(config)
}

/// Reads certificates and key, and sees that they belong together.
pub(crate) fn read(identity: &ClientIdentity) -> Result<CertifiedKey, IdentityError> {
    let pem = identity.pem().as_bytes();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| IdentityError::Certificate)?;
    if chain.is_empty() {
        return Err(IdentityError::Certificate);
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| IdentityError::PrivateKey)?;
    let key =
        ring::default_provider().key_provider.load_private_key(key).map_err(|_| IdentityError::PrivateKey)?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(Error::InconsistentKeys(_)) => Err(IdentityError::Mismatch),
        Err(_) => Err(IdentityError::Certificate),
    }
}
