//! The signature of Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>), which every
//! notification carries: HMAC-SHA256 over `{id}.{timestamp}.{body}`, so that a receiver can tell that it comes from
//! here, is whole, and is no replay.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redress_core::time::Timestamp;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::hmac_sha256_base64;
use crate::world::Random;

/// Header: which notification it is; the same for every try.
pub const HEADER_ID: &str = "webhook-id";
/// Header: when this try was made, in whole seconds since 1970.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// Header: the signatures, separated by spaces.
pub const HEADER_SIGNATURE: &str = "webhook-signature";

/// What a secret begins with.
pub const SECRET_PREFIX: &str = "whsec_";
const NEW_SECRET_BYTES: usize = 32;
/// The specification's bounds for a key.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The text is no secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a webhook secret: expected whsec_ and base64 of 24 to 64 bytes")]
pub struct NotASecret;

/// A key that signs.
pub struct SigningKey(Zeroizing<Vec<u8>>);

impl SigningKey {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`NotASecret`] when the prefix, the base64 or the length is wrong.
    pub fn parse(secret: &SecretString) -> Result<Self, NotASecret> {
        let encoded = secret.expose_secret().strip_prefix(SECRET_PREFIX).ok_or(NotASecret)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
        if KEY_BYTES.contains(&key.len()) { Ok(Self(key)) } else { Err(NotASecret) }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut message = format!("{id}.{timestamp}.").into_bytes();
        message.extend_from_slice(body);
        format!("v1,{}", hmac_sha256_base64(&self.0, &message))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey(_)")
    }
}

/// A new secret, as the merchant gets to see it.
pub fn generate_secret(random: &dyn Random) -> SecretString {
    let mut key = Zeroizing::new([0; NEW_SECRET_BYTES]);
    random.fill(&mut *key);
    let encoded = Zeroizing::new(STANDARD.encode(*key));
    format!("{SECRET_PREFIX}{}", *encoded).into()
}

/// The headers of one try at `now`. While a rotation runs, `previous` signs too, so that a receiver may change over
/// at any moment of it. `id` must not contain a `.`, which separates it from the timestamp.
pub fn headers(
    id: &str,
    now: Timestamp,
    body: &[u8],
    current: &SigningKey,
    previous: Option<&SigningKey>,
) -> [(&'static str, String); 3] {
    let timestamp = now.as_seconds();
    let mut signatures = current.sign(id, timestamp, body);
    if let Some(previous) = previous {
        signatures.push(' ');
        signatures.push_str(&previous.sign(id, timestamp, body));
    }
    [(HEADER_ID, id.to_owned()), (HEADER_TIMESTAMP, timestamp.to_string()), (HEADER_SIGNATURE, signatures)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_world::SystemClock;
    use crate::testing::SeededRandom;
    use crate::world::Clock;
    use http::{HeaderMap, HeaderName};
    use standardwebhooks::Webhook;
    use std::time::Duration;

    const BODY: &[u8] = r#"{"type":"refund.succeeded","data":{"reason":"größe"}}"#.as_bytes();

    fn secret(seed: u64) -> SecretString {
        generate_secret(&SeededRandom::new(seed))
    }

    fn key(secret: &SecretString) -> SigningKey {
        SigningKey::parse(secret).unwrap()
    }

    fn oracle(secret: &SecretString) -> Webhook {
        Webhook::new(secret.expose_secret()).unwrap()
    }

    fn map(headers: [(&'static str, String); 3]) -> HeaderMap {
        headers
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_published_vector() {
        // The specification's libraries share this one (standardwebhooks 1.0.1, `test_sign`).
        let key = key(&"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into());
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let now = Timestamp::from_micros(1_649_367_553_000_000);
        let [id, timestamp, signature] = headers("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", now, body, &key, None);
        assert_eq!(id, ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".into()));
        assert_eq!(timestamp, ("webhook-timestamp", "1649367553".into()));
        assert_eq!(
            signature,
            ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=".into())
        );
    }

    #[test]
    fn receivers_with_the_old_or_the_new_secret_accept_it_during_a_rotation() {
        // The oracle reads the machine's clock, so this test must too.
        let now = SystemClock.now();
        let (old, new, foreign) = (secret(1), secret(2), secret(3));
        let both = map(headers("msg_1", now, BODY, &key(&new), Some(&key(&old))));
        oracle(&old).verify(BODY, &both).unwrap();
        oracle(&new).verify(BODY, &both).unwrap();
        oracle(&foreign).verify(BODY, &both).unwrap_err();
        let one = map(headers("msg_1", now, BODY, &key(&new), None));
        oracle(&new).verify(BODY, &one).unwrap();
        oracle(&old).verify(BODY, &one).unwrap_err();
    }

    #[test]
    fn id_time_and_body_are_all_covered() {
        let now = SystemClock.now();
        let secret = secret(1);
        let good = headers("msg_1", now, BODY, &key(&secret), None);
        let oracle = oracle(&secret);
        oracle.verify(BODY, &map(good.clone())).unwrap();
        oracle.verify(b"{}", &map(good.clone())).unwrap_err();
        let mut other_id = good.clone();
        other_id[0].1 = "msg_2".into();
        oracle.verify(BODY, &map(other_id)).unwrap_err();
        let mut other_time = good;
        other_time[1].1 = (now.as_seconds() + 1).to_string();
        oracle.verify(BODY, &map(other_time)).unwrap_err();
        let stale = Timestamp::from_micros(now.as_micros() - 600_000_000);
        oracle.verify(BODY, &map(headers("msg_1", stale, BODY, &key(&secret), None))).unwrap_err();
        let fresh = stale.plus(Duration::from_secs(590));
        oracle.verify(BODY, &map(headers("msg_1", fresh, BODY, &key(&secret), None))).unwrap();
    }

    #[test]
    fn new_secrets_are_long_and_differ() {
        let random = SeededRandom::new(1);
        let (first, second) = (generate_secret(&random), generate_secret(&random));
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_eq!(key(&first).0.len(), 32);
        assert_ne!(*key(&first).0, [0; 32]);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let encoded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 64] {
            assert!(SigningKey::parse(&encoded(bytes).into()).is_ok(), "{bytes} bytes");
        }
        let bare = STANDARD.encode([7; 32]);
        for text in [String::new(), "whsec_".into(), "whsec_!".into(), encoded(23), encoded(65), bare] {
            assert_eq!(SigningKey::parse(&text.clone().into()).unwrap_err(), NotASecret, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let secret: SecretString = encoded_letters().into();
        assert_eq!(format!("{:?}", key(&secret)), "SigningKey(_)");
    }

    fn encoded_letters() -> String {
        format!("whsec_{}", STANDARD.encode([b'x'; 32]))
    }
}
