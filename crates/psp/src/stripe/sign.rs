//! The `Stripe-Signature` of notifications: `t=<seconds>,v1=<hex>[,v1=<hex>…]`, HMAC-SHA256 over `<t>.<body>`, keyed by
//! the endpoint's secret as it is written (`_webhook.py` in <https://github.com/stripe/stripe-python>).

use hmac::{Hmac, KeyInit, Mac};
use redress_core::time::Timestamp;
use sha2::Sha256;

/// So far may the signed time and the time of arrival be apart, in seconds: what Stripe's libraries take.
const TOLERANCE_SECS: u64 = 300;

/// Whether one of the signatures is ours and not too old. Schemes other than `v1` prove nothing. Compares in constant
/// time.
pub(super) fn is_signed(secret: &str, header: &str, body: &[u8], received_at: Timestamp) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let Some((_, time)) = parts().find(|(name, _)| *name == "t") else { return false };
    let is_recent = time
        .parse::<i64>()
        .is_ok_and(|secs| received_at.as_seconds().saturating_sub(secs).unsigned_abs() <= TOLERANCE_SECS);
    let is_ours = |hex_text: &str| {
        let mut given = [0_u8; 32];
        if hex::decode_to_slice(hex_text, &mut given).is_err() {
            return false;
        }
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&given).is_ok()
    };
    is_recent && parts().any(|(name, value)| name == "v1" && is_ours(value))
}
