//! AES-256-GCM without padding, all of it as upper-case hex digits
//! (<https://primeiropay.atlassian.net/wiki/spaces/MS/pages/602931260/Integration+and+Decryption>).

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use sha2::{Digest, Sha256};

/// A text, enciphered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enciphered {
    /// For `X-Initialization-Vector`.
    pub(crate) vector: String,
    /// For `X-Authentication-Tag`.
    pub(crate) tag: String,
    pub(crate) body: String,
}

/// Enciphers with a key of 64 hex digits; `None` where it is none. The vector is made of key and text, since there is no
/// randomness here: the same text is the same message, and no vector serves two texts.
pub(crate) fn encipher(key: &str, text: &str) -> Option<Enciphered> {
    let mut key_bytes = [0_u8; 32];
    hex::decode_to_slice(key, &mut key_bytes).ok()?;
    let hash = Sha256::new().chain_update(key_bytes).chain_update(text.as_bytes()).finalize();
    let mut vector = [0_u8; 12];
    vector.copy_from_slice(hash.get(..12)?);
    with_vector(&key_bytes, &vector, text)
}

fn with_vector(key: &[u8; 32], vector: &[u8; 12], text: &str) -> Option<Enciphered> {
    let mut bytes = text.as_bytes().to_vec();
    let cipher = Aes256Gcm::new(key.into());
    let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(vector), b"", &mut bytes).ok()?;
    Some(Enciphered {
        vector: hex::encode_upper(vector),
        tag: hex::encode_upper(tag),
        body: hex::encode_upper(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::{encipher, with_vector};

    const KEY: &str = "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F";

    #[test]
    fn the_published_samples() {
        let mut key = [0; 32];
        hex::decode_to_slice(KEY, &mut key).unwrap();
        for (vector, text, body, tag) in [
            (
                "3D575574536D450F71AC76D8",
                r#"{"type": "PAYMENT"}"#,
                "F8E2F759E528CB69375E51DB2AF9B53734E393",
                "19FDD068C6F383C173D3A906F7BD1D83",
            ),
            (
                "000000000000000000000000",
                r#"{"type":"PAYMENT"}"#,
                "0A3471C72D9BE49A8520F79C66BBD9A12FF9",
                "CE573FB7A41AB78E743180DC83FF09BD",
            ),
        ] {
            let mut bytes = [0; 12];
            hex::decode_to_slice(vector, &mut bytes).unwrap();
            let enciphered = with_vector(&key, &bytes, text).unwrap();
            assert_eq!((enciphered.body.as_str(), enciphered.tag.as_str()), (body, tag));
            assert_eq!(enciphered.vector, vector);
        }
    }

    #[test]
    fn no_vector_serves_two_texts() {
        let (one, other) = (encipher(KEY, "one").unwrap(), encipher(KEY, "other").unwrap());
        assert_ne!(one.vector, other.vector);
        assert_eq!(encipher(KEY, "one"), Some(one));
        assert_eq!(encipher("no key", "one"), None);
    }
}
