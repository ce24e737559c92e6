//! Secrets at rest: sealed with a master key that the database does not hold.
//!
//! A sealed secret is bound to its merchant, row and column: copied to another place in the database it no longer
//! opens, so who can write the database cannot make one merchant sign with another's secret. It names the master key
//! that sealed it, so that a new master key can take over while the old one still opens what it sealed. A vault that was
//! told where its key file lies reads it again before it seals, and when it meets a key that it does not know: so a running
//! server follows a rotation without a restart.
//!
//! Layout: version (1 byte, always 1), length of the key id (1 byte), key id, nonce (24 bytes), ciphertext and tag.
//! The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): its nonce is long enough to be drawn at random for
//! ever. The associated data is the version, the key id, merchant, row and column, each with its length.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use redress_core::id::MerchantId;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::world::Random;

mod key_file;

pub use key_file::{KeyFileError, MAX_MASTER_KEYS, generate_line};

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The place in the database that a sealed secret belongs to.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// Whose secret it is.
    pub merchant: MerchantId,
    /// The row's own key, its id's bytes.
    pub row: &'a [u8],
    /// Table and column: `api_credentials.secret_sealed`.
    pub column: &'static str,
}

/// Why a sealed secret does not open. Holds nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than what every sealed secret has, or with a header that makes no sense.
    #[error("the sealed secret is cut off or damaged")]
    Malformed,
    /// Sealed by a later version of this program.
    #[error("the sealed secret has version {0}, which this program does not know")]
    UnknownVersion(u8),
    /// The master key that sealed it is not in the key file.
    #[error("the sealed secret needs master key {0}, which is not in the key file")]
    UnknownKey(String),
    /// Changed, moved from another row, or sealed with another key of the same id.
    #[error("the sealed secret does not belong here: it was changed or moved, or its master key was")]
    Rejected,
    /// The content is no UTF-8, where text was asked for.
    #[error("the sealed secret is not text")]
    NotText,
}

/// Reads the key file as it is now; `None` where it cannot be read.
pub type KeySource = Box<dyn Fn() -> Option<SecretString> + Send + Sync>;

/// Seals with the newest master key, opens with any.
pub struct Vault {
    keys: RwLock<Arc<Keys>>,
    source: Option<KeySource>,
}

/// Newest first; never empty.
struct Keys(Vec<Arc<MasterKey>>);

struct MasterKey {
    id: String,
    /// Wipes its key when dropped.
    cipher: XChaCha20Poly1305,
}

struct Sealed<'a> {
    key_id: &'a str,
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl Vault {
    /// Reads a key file: a line `key_id:base64 of 32 bytes` for each master key, newest first. The first seals.
    /// Empty lines and lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`KeyFileError`] names the line, never what stands in it.
    pub fn parse(key_file: &str) -> Result<Self, KeyFileError> {
        Ok(Self { keys: RwLock::new(Arc::new(Keys::parse(key_file)?)), source: None })
    }

    /// The same vault, which reads its key file again before it seals and when it meets a key that it does not know.
    #[must_use]
    pub fn reading_again(self, source: KeySource) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Seals `plaintext` for one place in the database, under a nonce drawn from `random`.
    pub fn seal(&self, random: &dyn Random, context: &SealContext<'_>, plaintext: &[u8]) -> Vec<u8> {
        // Else the key that a rotation is getting rid of would be used again.
        self.read_again();
        let keys = self.keys();
        let key = keys.newest();
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let aad = associated_data(&key.id, context);
        let ciphertext = key
            .cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plaintext, aad: &aad })
            .expect("the cipher refuses only what is longer than 256 GiB");
        let mut sealed = Vec::with_capacity(2 + key.id.len() + NONCE_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.push(u8::try_from(key.id.len()).expect("the key file has no longer ids"));
        sealed.extend_from_slice(key.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`OpenError`] says why not.
    pub fn open(&self, context: &SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let sealed = split(sealed)?;
        let keys = self.keys_with(sealed.key_id);
        let key = keys.get(sealed.key_id)?;
        let aad = associated_data(&key.id, context);
        key.cipher
            .decrypt(XNonce::from_slice(sealed.nonce), Payload { msg: sealed.ciphertext, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Rejected)
    }

    /// As [`Vault::open`], for a secret that is text.
    ///
    /// # Errors
    /// [`OpenError`], also [`OpenError::NotText`].
    pub fn open_text(&self, context: &SealContext<'_>, sealed: &[u8]) -> Result<SecretString, OpenError> {
        let plaintext = self.open(context, sealed)?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| OpenError::NotText)?;
        Ok(text.into())
    }

    /// Whether it was sealed with another master key than the newest, so that a rotation must open and seal it again.
    ///
    /// # Errors
    /// [`OpenError`] when it could not be opened anyway: a rotation must report it and not skip it.
    pub fn needs_reseal(&self, sealed: &[u8]) -> Result<bool, OpenError> {
        let sealed = split(sealed)?;
        let keys = self.keys_with(sealed.key_id);
        Ok(keys.get(sealed.key_id)?.id != keys.newest().id)
    }

    /// The ids of the master keys, newest first.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys().0.iter().map(|key| key.id.clone()).collect()
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys, read again where this one is not among them.
    fn keys_with(&self, id: &str) -> Arc<Keys> {
        if self.keys().get(id).is_err() {
            self.read_again();
        }
        self.keys()
    }

    /// Whatever is wrong with the file now, what was read before still opens.
    fn read_again(&self) {
        let Some(text) = self.source.as_ref().and_then(|source| source()) else { return };
        match Keys::parse(text.expose_secret()) {
            Ok(keys) => {
                let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *known = Arc::new(keys.before(&known));
            }
            Err(error) => tracing::warn!(%error, "the master key file cannot be read again"),
        }
    }
}

impl Keys {
    fn parse(key_file: &str) -> Result<Self, KeyFileError> {
        let keys = key_file::parse(key_file)?
            .into_iter()
            .map(|(id, key)| Arc::new(MasterKey { id, cipher: XChaCha20Poly1305::new((&*key).into()) }))
            .collect();
        Ok(Self(keys))
    }

    /// These, and behind them what was known before and is not among them.
    fn before(mut self, known: &Self) -> Self {
        let gone: Vec<_> = known.0.iter().filter(|key| self.get(&key.id).is_err()).cloned().collect();
        self.0.extend(gone);
        self
    }

    fn newest(&self) -> &MasterKey {
        self.0.first().expect("a key file without keys is refused")
    }

    fn get(&self, id: &str) -> Result<&MasterKey, OpenError> {
        let found = self.0.iter().find(|key| key.id == id);
        found.map(|key| &**key).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))
    }
}

/// The id of the master key that sealed it.
///
/// # Errors
/// [`OpenError`] where it does not say.
pub fn sealed_with(sealed: &[u8]) -> Result<&str, OpenError> {
    split(sealed).map(|sealed| sealed.key_id)
}

/// The ids of the master keys, newest first, and nothing else.
impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").field("keys", &self.key_ids()).finish_non_exhaustive()
    }
}

fn split(sealed: &[u8]) -> Result<Sealed<'_>, OpenError> {
    let (&version, rest) = sealed.split_first().ok_or(OpenError::Malformed)?;
    if version != VERSION {
        return Err(OpenError::UnknownVersion(version));
    }
    let (&id_bytes, rest) = rest.split_first().ok_or(OpenError::Malformed)?;
    let (key_id, rest) = rest.split_at_checked(usize::from(id_bytes)).ok_or(OpenError::Malformed)?;
    // Also because it is printed when it is unknown.
    let key_id = std::str::from_utf8(key_id).ok().filter(|id| key_file::is_key_id(id));
    let key_id = key_id.ok_or(OpenError::Malformed)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or(OpenError::Malformed)?;
    if ciphertext.len() < TAG_BYTES {
        return Err(OpenError::Malformed);
    }
    Ok(Sealed { key_id, nonce, ciphertext })
}

fn associated_data(key_id: &str, context: &SealContext<'_>) -> Vec<u8> {
    let parts = [key_id.as_bytes(), context.merchant.as_bytes(), context.row, context.column.as_bytes()];
    let mut data = vec![VERSION];
    for part in parts {
        // With its length, so that the end of one part cannot pose as the beginning of the next.
        data.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

#[cfg(test)]
mod tests;
