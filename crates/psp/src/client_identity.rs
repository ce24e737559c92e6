//! A client's certificate and key: who we are to a server that asks for them.

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use secrecy::{ExposeSecret, SecretString};

/// A client's certificate chain and its private key, in PEM. Printing shows nothing of them.
#[derive(Clone, Debug)]
pub struct ClientIdentity(SecretString);

impl ClientIdentity {
    /// From the certificates and the key, in one text or two put together.
    pub fn from_pem(pem: impl Into<String>) -> Self {
        Self(pem.into().into())
    }

    /// Whether a connection could be made with it: to be asked where somebody gives one.
    ///
    /// # Errors
    /// [`IdentityError`] says which part cannot be used.
    pub fn check(&self) -> Result<(), IdentityError> {
        self.certified().map(|_| ())
    }

    /// The certificates and the key, if they belong together.
    pub(crate) fn certified(&self) -> Result<CertifiedKey, IdentityError> {
        let pem = self.pem().as_bytes();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| IdentityError::Certificate)?;
        if chain.is_empty() {
            return Err(IdentityError::Certificate);
        }
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| IdentityError::PrivateKey)?;
        let key = ring::default_provider()
            .key_provider
            .load_private_key(key)
            .map_err(|_| IdentityError::PrivateKey)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
            Err(Error::InconsistentKeys(_)) => Err(IdentityError::Mismatch),
            Err(_) => Err(IdentityError::Certificate),
        }
    }

    pub(crate) fn pem(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Why a client's identity cannot be used. It shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is no certificate, or one that cannot be read.
    #[error("the client certificate cannot be read: it must be X.509 in PEM")]
    Certificate,
    /// There is no private key, or it cannot be read, or it is of no kind that is used.
    #[error("the private key cannot be read: it must be RSA, ECDSA or Ed25519 in PEM, without a passphrase")]
    PrivateKey,
    /// The key belongs to another certificate than the first.
    #[error("the private key is not that of the client certificate")]
    Mismatch,
}
