//! PortOne's webhook hash, `signature_hash`.
//!
//! The pairs, sorted by name, form-urlencoded as Go's `url.Values.Encode` does (PortOne's server writes its dates as
//! Go does), HMAC-SHA256 with the PortOne secret as text, standard base64
//! (<https://docs.portone.cloud/docs/payment-webhook-response>). In PortOne's documents the refund webhook has no such
//! hash, though they ask the merchant to verify it; Redress adds one, made alike over fixed fields.

use redress_core::money::Amount;
use secrecy::{ExposeSecret, SecretString};

use super::hmac_sha256_base64;
use super::url_encoding::python_and_go_form;

/// What the hash of a refund webhook covers: nine fields of the thirteen, as the webhook shows them. Not covered are
/// the date and the two free texts, which say nothing about the money, and the method's display text.
#[derive(Clone, Copy, Debug)]
pub struct RefundFields<'a> {
    /// `amount` and `currency`; the amount in its shortest exact decimal form, `500` or `100.25`.
    pub amount: Amount,
    /// `merchant_id`.
    pub merchant_id: &'a str,
    /// `payment_channel`: `KOMOJU`.
    pub payment_channel: &'a str,
    /// `payment_txn_ref`: the payment's `order_ref`.
    pub payment_txn_ref: &'a str,
    /// `psp_refund_id`; empty while the PSP has given none.
    pub psp_refund_id: &'a str,
    /// `refund_id`.
    pub refund_id: &'a str,
    /// `refund_status`: `SUCCESS`.
    pub refund_status: &'a str,
    /// `refund_type`: `full` or `partial`.
    pub refund_type: &'a str,
}

/// The `signature_hash` of a refund webhook.
pub fn refund_hash(fields: &RefundFields<'_>, secret: &SecretString) -> String {
    let pairs = [
        ("amount", &*fields.amount.to_decimal().to_string()),
        ("currency", fields.amount.currency().code()),
        ("merchant_id", fields.merchant_id),
        ("payment_channel", fields.payment_channel),
        ("payment_txn_ref", fields.payment_txn_ref),
        ("psp_refund_id", fields.psp_refund_id),
        ("refund_id", fields.refund_id),
        ("refund_status", fields.refund_status),
        ("refund_type", fields.refund_type),
    ];
    hash(&pairs, secret)
}

/// The hash over any pairs, in whatever order they come.
pub fn hash(pairs: &[(&str, &str)], secret: &SecretString) -> String {
    hmac_sha256_base64(secret.expose_secret().as_bytes(), string_to_sign(pairs).as_bytes())
}

/// The text that is hashed. Of pairs with one name the order is kept.
fn string_to_sign(pairs: &[(&str, &str)]) -> String {
    let mut sorted = pairs.to_vec();
    sorted.sort_by_key(|(name, _)| *name);
    let encoded: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{}={}", python_and_go_form(name), python_and_go_form(value)))
        .collect();
    encoded.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::money::Currency;

    fn secret() -> SecretString {
        "portone-test-secret".into()
    }

    fn payment(amount: &str) -> [(&str, &str); 9] {
        // In the order of the documents, which is not sorted.
        [
            ("order_ref", "2mbbExY77pp8iC0AQ1ucWymnd3c"),
            ("merchant_order_ref", "2mbbDi9wX3wAgLUDCnRMbQwkwZm_1"),
            ("channel_order_ref", "20240926HULUNYGP6MA2"),
            ("currency", "USD"),
            ("amount", amount),
            ("country_code", "US"),
            ("channel_key", "PAYLETTER"),
            ("method_name", "Payletter Credit Card"),
            ("status", "Success"),
        ]
    }

    fn refund() -> RefundFields<'static> {
        RefundFields {
            amount: Amount::new(500, Currency::from_code("JPY").unwrap()),
            merchant_id: "6539",
            payment_channel: "KOMOJU",
            payment_txn_ref: "2mbZeehV4ZhkLTwVcL2fHukBg4J",
            psp_refund_id: "281m16unk3u60obtagljvxhyn",
            refund_id: "oKYR4vZ7ddvEAbfm9U9w2c",
            refund_status: "SUCCESS",
            refund_type: "full",
        }
    }

    #[test]
    fn payment_webhooks_hash_as_documented() {
        assert_eq!(
            string_to_sign(&payment("500")),
            "amount=500&channel_key=PAYLETTER&channel_order_ref=20240926HULUNYGP6MA2&country_code=US&currency=USD\
             &merchant_order_ref=2mbbDi9wX3wAgLUDCnRMbQwkwZm_1&method_name=Payletter+Credit+Card\
             &order_ref=2mbbExY77pp8iC0AQ1ucWymnd3c&status=Success"
        );
        assert_eq!(hash(&payment("500"), &secret()), "9q4IbpMDpqMS7EqswdfzAOOTV9Vuf9M2TfyjpMnrV+k=");
        assert_eq!(hash(&payment("100.25"), &secret()), "PR55J4IyP7lbhmtkSGaStAvkY7Gyk6bIttZCj7tclVw=");
    }

    #[test]
    fn refund_webhooks_hash_over_their_fixed_fields() {
        assert_eq!(refund_hash(&refund(), &secret()), "9gPqVS++slNkHLI340Gpy/XVuxeu4337w3E9tQhJtXA=");
    }

    #[test]
    fn the_amount_is_written_in_its_shortest_form() {
        let usd = Currency::from_code("USD").unwrap();
        let hash_of =
            |minor| refund_hash(&RefundFields { amount: Amount::new(minor, usd), ..refund() }, &secret());
        let by_hand = |amount| {
            let text = format!(
                "amount={amount}&currency=USD&merchant_id=6539&payment_channel=KOMOJU\
                 &payment_txn_ref=2mbZeehV4ZhkLTwVcL2fHukBg4J&psp_refund_id=281m16unk3u60obtagljvxhyn\
                 &refund_id=oKYR4vZ7ddvEAbfm9U9w2c&refund_status=SUCCESS&refund_type=full"
            );
            hmac_sha256_base64(b"portone-test-secret", text.as_bytes())
        };
        assert_eq!(hash_of(10_050), by_hand("100.5"));
        assert_eq!(hash_of(10_000), by_hand("100"));
        assert_eq!(hash_of(9_007_199_254_740_993), by_hand("90071992547409.93"), "more than a float holds");
    }

    #[test]
    fn every_field_is_covered() {
        let good = refund_hash(&refund(), &secret());
        let changed = [
            RefundFields { amount: Amount::new(501, refund().amount.currency()), ..refund() },
            RefundFields { amount: Amount::new(500, Currency::from_code("KRW").unwrap()), ..refund() },
            RefundFields { merchant_id: "", ..refund() },
            RefundFields { payment_channel: "", ..refund() },
            RefundFields { payment_txn_ref: "", ..refund() },
            RefundFields { psp_refund_id: "", ..refund() },
            RefundFields { refund_id: "", ..refund() },
            RefundFields { refund_status: "FAILED", ..refund() },
            RefundFields { refund_type: "partial", ..refund() },
        ];
        for fields in changed {
            assert_ne!(refund_hash(&fields, &secret()), good, "{fields:?}");
        }
        assert_ne!(refund_hash(&refund(), &"another secret".into()), good);
    }

    #[test]
    fn a_value_cannot_pose_as_another_pair() {
        assert_ne!(string_to_sign(&[("a", "1&b=2")]), string_to_sign(&[("a", "1"), ("b", "2")]));
    }
}
