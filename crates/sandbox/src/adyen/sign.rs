//! The signature of a notification's item: HMAC-SHA256 over eight of its fields with colons between them, nothing
//! escaped, keyed by the bytes that the hexadecimal key stands for, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::item::Item;

/// The text that is signed.
pub(super) fn text(item: &Item<'_>) -> String {
    format!(
        "{}:{}:{}:{}:{}:{}:{}:{}",
        item.psp_reference,
        item.original_reference,
        item.merchant_account_code,
        item.merchant_reference,
        item.amount.value,
        item.amount.currency,
        item.event_code,
        item.success
    )
}

/// The signature; `None` where the key is not hexadecimal.
pub(crate) fn signature(hmac_key: &str, text: &str) -> Option<String> {
    let key = hex::decode(hmac_key).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::signature;

    const KEY: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

    #[test]
    fn the_vectors_that_adyens_libraries_accept() {
        for (text, expected) in [
            (
                "7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true",
                "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=",
            ),
            (
                "QFQTPCQ8HXSKGK82:9913140798220028:TestMerchant:RF-42-1:2500:EUR:REFUND:true",
                "ph8WMiXJRowjDbTxXcpCMyJ9C1OBbQGlZQZuYyNt1hQ=",
            ),
            (
                "QFQTPCQ8HXSKGK82:9913140798220028:TestMerchant:RF-42-1:2500:EUR:REFUND_FAILED:true",
                "bfLxFdQ9YpBKIankqckoASREd0Uhb2LIvypRPwbQKkM=",
            ),
        ] {
            assert_eq!(signature(KEY, text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(signature("no key", ""), None);
    }
}
