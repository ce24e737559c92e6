//! What is signed of a notification, and the sandbox's own stand-in for PayPal's signature of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signed text: PayPal's own, as its first library for Python has it
/// (<https://github.com/paypal/PayPal-Python-SDK>, `notifications.py`).
pub(crate) fn signed_text(id: &str, time: &str, webhook_id: &str, body: &str) -> String {
    format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body.as_bytes()))
}

/// The signature: HMAC-SHA256 with the client's secret, where PayPal has RSA.
pub(crate) fn signature(client_secret: &str, signed_text: &str) -> String {
    STANDARD.encode(mac(client_secret, signed_text))
}

pub(crate) fn mac(secret: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::signed_text;

    #[test]
    fn the_text_that_paypal_signs() {
        let text = signed_text(
            "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
            "2016-02-18T20:01:35Z",
            "1JE4291016473214C",
            r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REFUNDED"}"#,
        );
        assert_eq!(
            text,
            "69cd13f0-d67a-11e5-baa3-778b53f4ae55|2016-02-18T20:01:35Z|1JE4291016473214C|4065701323"
        );
    }
}
