//! The signature of a notification's item: HMAC-SHA256 over eight of its fields, as base64
//! (<https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures>; that nothing is
//! escaped is as in Adyen's own libraries, whose vectors the tests reproduce).

use super::wire::Item;
use crate::account::{AccountConfig, AccountConfigError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The length of a key as Adyen makes them, and of a signature, in bytes.
const BYTES: usize = 32;

/// The keys that notifications may be signed with: after a rotation the old one for a while too.
pub(super) struct Keys {
    current: [u8; BYTES],
    old: Option<[u8; BYTES]>,
}

impl Keys {
    pub(super) fn of(account: &AccountConfig) -> Result<Self, AccountConfigError> {
        let current = read("hmac_key", account.credentials.need("hmac_key")?)?;
        let old = account.credentials.get("hmac_key_old").map(|key| read("hmac_key_old", key)).transpose()?;
        Ok(Self { current, old })
    }

    /// Whether an item bears a signature with one of the keys. Compares in constant time.
    pub(super) fn signed(&self, item: &Item) -> bool {
        if !reads_one_way(item) {
            return false;
        }
        let Some(given) = item.additional_data.as_ref().and_then(|data| data.hmac_signature.as_deref())
        else {
            return false;
        };
        let Ok(given) = STANDARD.decode(given) else { return false };
        let text = signed_text(item);
        [Some(&self.current), self.old.as_ref()].into_iter().flatten().any(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
            mac.update(text.as_bytes());
            mac.verify_slice(&given).is_ok()
        })
    }
}

fn read(field: &'static str, text: &str) -> Result<[u8; BYTES], AccountConfigError> {
    let mut key = [0; BYTES];
    let problem = "must be 64 hexadecimal digits, as Adyen's Customer Area shows it";
    hex::decode_to_slice(text, &mut key).map_err(|_| AccountConfigError::Malformed { field, problem })?;
    Ok(key)
}

/// Nothing is escaped in the signed text. Our reference and the merchant account stand between fields that never have a
/// colon; where one of those had, the same text could be read as another item.
fn reads_one_way(item: &Item) -> bool {
    let texts = [&item.psp_reference, &item.original_reference];
    let currency = item.amount.as_ref().map_or("", |sum| sum.currency.as_str());
    let texts = texts.into_iter().map(|text| text.as_deref().unwrap_or_default());
    !texts.chain([currency, &item.event_code, &item.success]).any(|text| text.contains(':'))
}

pub(super) fn signed_text(item: &Item) -> String {
    let plain = |text: &Option<String>| text.clone().unwrap_or_default();
    let (value, currency) = match &item.amount {
        Some(sum) => (sum.value.to_string(), sum.currency.clone()),
        None => Default::default(),
    };
    [
        plain(&item.psp_reference),
        plain(&item.original_reference),
        plain(&item.merchant_account_code),
        plain(&item.merchant_reference),
        value,
        currency,
        item.event_code.clone(),
        item.success.clone(),
    ]
    .join(":")
}
