//! The `Stripe-Signature` of an event: HMAC-SHA256 over the time, a full stop and the body, keyed by the endpoint's
//! secret as it is written, in lower-case hex (`WebhookSignature` in <https://github.com/stripe/stripe-python>).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's value; `time_s` is the time of sending, in seconds.
pub(crate) fn header(secret: &str, time_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{time_s}.{body}").as_bytes());
    format!("t={time_s},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn a_vector_that_stripes_own_libraries_take() {
        let body = r#"{"id":"evt_1","object":"event","api_version":"2026-10-28.endive","created":1795394032,"type":"refund.updated","data":{"object":{"id":"re_1","object":"refund","amount":500,"currency":"usd","status":"succeeded"}}}"#;
        assert_eq!(
            header("whsec_test_secret", 1_795_394_032, body),
            "t=1795394032,v1=a47bdf8711c2a6f7fd7992dd8a9828d75089ffc2af5a4ec7d86d809172a301b9"
        );
    }
}
