//! OPPWA's notifications: AES-256-GCM without padding, the key as 64 hex digits, the initialization vector and the tag
//! in headers, the body as hex (<https://primeiropay.atlassian.net/wiki/spaces/MS/pages/602931260/Integration+and+Decryption>).

use super::wire::Wrapped;
use crate::exchange::json;
use crate::notice::NoticeError;
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use http::HeaderMap;

const INITIALIZATION_VECTOR: &str = "x-initialization-vector";
const AUTHENTICATION_TAG: &str = "x-authentication-tag";

/// The 32 bytes of a key; `None` where it is not 64 hex digits.
pub(super) fn key_of(hex_digits: &str) -> Option<[u8; 32]> {
    bytes_of(hex_digits.as_bytes())
}

/// The text of a notification. That its tag is right proves that whoever made it has the key.
pub(super) fn decipher(key: &[u8; 32], headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, NoticeError> {
    let header = |name| headers.get(name).map(|value| value.as_bytes()).ok_or(NoticeError::BadSignature);
    let vector: [u8; 12] = bytes_of(header(INITIALIZATION_VECTOR)?).ok_or(NoticeError::BadSignature)?;
    let tag: [u8; 16] = bytes_of(header(AUTHENTICATION_TAG)?).ok_or(NoticeError::BadSignature)?;
    let wrapped: Option<Wrapped> = json(body);
    let digits = wrapped.as_ref().map_or(body.trim_ascii(), |wrapped| wrapped.encrypted_body.as_bytes());
    let mut text = hex::decode(digits).map_err(|_| NoticeError::NotUnderstood)?;
    Aes256Gcm::new(key.into())
        .decrypt_in_place_detached(Nonce::from_slice(&vector), b"", &mut text, Tag::from_slice(&tag))
        .map_err(|_| NoticeError::BadSignature)?;
    Ok(text)
}

fn bytes_of<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}
