//! The `hashstring` of Tap's notifications: HMAC-SHA256 over a text of some fields, keyed by the secret API key, as
//! lower-case hex (<https://developers.tap.company/docs/webhook>).

use super::CAPABILITIES;
use super::wire::Signed;
use crate::exchange::number_text;
use hmac::{Hmac, KeyInit, Mac};
use redress_core::decimal::Decimal;
use redress_core::money::Currency;
use serde_json::value::RawValue;
use sha2::Sha256;

/// The text that is signed; `None` where the object lacks a field or its sum is none. A missing reference is empty
/// there (inferred: no page says what a refund without one is signed as).
pub(super) fn signed_text(object: &Signed<'_>) -> Option<String> {
    let currency = Currency::from_code(&object.currency).ok()?;
    let amount = Decimal::from_json_number(number_text(object.amount)?)
        .ok()?
        .to_fixed(CAPABILITIES.decimals(currency));
    // A charge carries its time inside; a refund at the top.
    let created = object.created.or(object.transaction.as_ref().and_then(|inner| inner.created));
    let reference = object.reference.as_ref();
    let gateway = reference.and_then(|reference| reference.gateway).and_then(plain_text).unwrap_or_default();
    let payment = reference.and_then(|reference| reference.payment).and_then(plain_text).unwrap_or_default();
    let (id, code, status) = (&object.id, currency.code(), &object.status);
    let created = created.and_then(plain_text)?;
    Some(format!(
        "x_id{id}x_amount{amount}x_currency{code}x_gateway_reference{gateway}\
         x_payment_reference{payment}x_status{status}x_created{created}"
    ))
}

/// Compares in constant time.
pub(super) fn is_signed(secret_key: &str, text: &str, hashstring: &[u8]) -> bool {
    let mut given = [0_u8; 32];
    if hex::decode_to_slice(hashstring, &mut given).is_err() {
        return false;
    }
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.verify_slice(&given).is_ok()
}

/// A JSON text or number as plain text.
fn plain_text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok().or_else(|| number_text(raw).map(str::to_owned))
}
