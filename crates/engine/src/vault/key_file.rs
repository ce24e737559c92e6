//! The file of master keys: a line `key_id:base64` for each, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::KEY_BYTES;
use crate::world::Random;

/// A key file with more keys is refused.
pub const MAX_MASTER_KEYS: usize = 64;
const MAX_KEY_ID_BYTES: usize = 32;
const NEW_KEY_ID_BYTES: usize = 6;

/// What is wrong with a key file. Lines count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Nothing in it would seal.
    #[error("the key file has no key")]
    Empty,
    /// More than [`MAX_MASTER_KEYS`].
    #[error("the key file has more than {MAX_MASTER_KEYS} keys")]
    TooMany,
    /// No colon.
    #[error("line {line} of the key file is not of the form key_id:base64")]
    NoColon {
        /// Which line.
        line: usize,
    },
    /// A key id is 1 to 32 of `a-z`, `0-9`, `-`, `_`.
    #[error(
        "line {line} of the key file has a key id that is not 1 to {MAX_KEY_ID_BYTES} of a-z, 0-9, - and _"
    )]
    BadKeyId {
        /// Which line.
        line: usize,
    },
    /// The key is not base64, or not of 32 bytes.
    #[error("line {line} of the key file has a key that is not the base64 of {KEY_BYTES} bytes")]
    BadKey {
        /// Which line.
        line: usize,
    },
    /// An id names two keys: nobody could say which one opens.
    #[error("line {line} of the key file has the id of a line before it")]
    Duplicate {
        /// Which line.
        line: usize,
    },
}

pub(super) type NamedKey = (String, Zeroizing<[u8; KEY_BYTES]>);

pub(super) fn parse(text: &str) -> Result<Vec<NamedKey>, KeyFileError> {
    let mut keys: Vec<NamedKey> = Vec::new();
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (id, key) = parse_line(line, content)?;
        if keys.iter().any(|(known, _)| *known == id) {
            return Err(KeyFileError::Duplicate { line });
        }
        if keys.len() == MAX_MASTER_KEYS {
            return Err(KeyFileError::TooMany);
        }
        keys.push((id, key));
    }
    if keys.is_empty() { Err(KeyFileError::Empty) } else { Ok(keys) }
}

fn parse_line(line: usize, content: &str) -> Result<NamedKey, KeyFileError> {
    let (id, encoded) = content.split_once(':').ok_or(KeyFileError::NoColon { line })?;
    if !is_key_id(id) {
        return Err(KeyFileError::BadKeyId { line });
    }
    let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyFileError::BadKey { line })?);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return Err(KeyFileError::BadKey { line });
    }
    key.copy_from_slice(&bytes);
    Ok((id.to_owned(), key))
}

pub(super) fn is_key_id(text: &str) -> bool {
    (1..=MAX_KEY_ID_BYTES).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A line for a new master key under a new id, without a line end. To rotate, put it before the others.
pub fn generate_line(random: &dyn Random) -> SecretString {
    let mut id = [0; NEW_KEY_ID_BYTES];
    random.fill(&mut id);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random.fill(&mut *key);
    let encoded = Zeroizing::new(STANDARD.encode(*key));
    format!("mk-{}:{}", hex::encode(id), *encoded).into()
}
