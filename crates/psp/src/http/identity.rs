//! Who we are to a server that asks for a client's certificate: mutual TLS.
//!
//! Each identity has connections and TLS sessions of its own, so that nothing is ever said under another's name.

use crate::client_identity::{ClientIdentity, IdentityError};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
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
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(identity.certified()?));
    // A session that another identity began would be resumed in its name.
    config.resumption = Resumption::default();
    Ok(config)
}
