//! PortOne's `refund_status` webhook: a POST with 13 flat fields
//! (<https://docs.portone.cloud/docs/refund-webhook-response>), and `signature_hash`, which Redress adds.
//!
//! PortOne's documents ask the merchant to verify the webhook and give it nothing to verify: the hash is made as that
//! of the payment webhook, over the fields named in [`crate::signing::portone::RefundFields`].

use bytes::Bytes;
use http::Method;
use redress_core::event::EventKind;
use redress_core::money::Amount;
use redress_core::time::Timestamp;
use redress_psp::transport::HttpRequest;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;

use super::message::{Message, NotSendable, Taken, Told, calendar};
use crate::signing::portone::{RefundFields, refund_hash};

/// The webhook, with its fields in the documented order.
#[derive(Serialize)]
struct Webhook<'a> {
    refund_date: String,
    refund_id: &'a str,
    psp_refund_id: &'a str,
    amount: &'a RawValue,
    currency: &'a str,
    refund_status: &'a str,
    refund_type: &'a str,
    refund_reason: &'a str,
    merchant_id: &'a str,
    description: &'a str,
    payment_txn_ref: &'a str,
    payment_channel: &'a str,
    payment_method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_hash: Option<String>,
}

/// What the hash does not cover.
struct Unsigned<'a> {
    date: Timestamp,
    reason: &'a str,
    description: &'a str,
    payment_method: &'a str,
}

/// Builds the webhook for an address. Without a PortOne secret it has no `signature_hash`: the field is an addition,
/// and the headers of Standard Webhooks prove the webhook too.
pub(super) fn message(
    told: &Told<'_>,
    url: &str,
    merchant_code: &str,
    secret: Option<&SecretString>,
) -> Result<Message, NotSendable> {
    let signed = RefundFields {
        amount: told.amount(),
        merchant_id: merchant_code,
        payment_channel: told.payment.channel.as_deref().unwrap_or_default(),
        payment_txn_ref: &told.payment.order_ref,
        psp_refund_id: told.event.psp_refund_id.as_deref().unwrap_or_default(),
        refund_id: &told.refund.id.to_base62(),
        refund_status: status(told.event.kind),
        refund_type: told.refund.kind.as_str(),
    };
    let unsigned = Unsigned {
        date: told.refund.created_at,
        reason: &told.refund.reason,
        description: told.refund.description.as_deref().unwrap_or_default(),
        payment_method: &method_text(told),
    };
    let body = body(&signed, &unsigned, secret).map_err(|error| NotSendable(error.to_string()))?;
    let request = HttpRequest::new(Method::POST, url).body("application/json", body);
    Ok(Message { request, taken: Taken::AnySuccess })
}

fn body(
    signed: &RefundFields<'_>,
    unsigned: &Unsigned<'_>,
    secret: Option<&SecretString>,
) -> Result<Bytes, serde_json::Error> {
    let webhook = Webhook {
        refund_date: go_time(unsigned.date),
        refund_id: signed.refund_id,
        psp_refund_id: signed.psp_refund_id,
        amount: &number(signed.amount)?,
        currency: signed.amount.currency().code(),
        refund_status: signed.refund_status,
        refund_type: signed.refund_type,
        refund_reason: unsigned.reason,
        merchant_id: signed.merchant_id,
        description: unsigned.description,
        payment_txn_ref: signed.payment_txn_ref,
        payment_channel: signed.payment_channel,
        payment_method: unsigned.payment_method,
        signature_hash: secret.map(|secret| refund_hash(signed, secret)),
    };
    serde_json::to_vec(&webhook).map(Bytes::from)
}

/// As PortOne's face shows it: only a success is one, and what is open is no failure.
const fn status(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created | EventKind::Pending | EventKind::Unknown => "IN_QUEUE",
        EventKind::Succeeded => "SUCCESS",
        EventKind::Failed | EventKind::Canceled | EventKind::Reversed => "FAILED",
    }
}

/// For people, as in the documents' sample: `Alipay wallet via KOMOJU`.
fn method_text(told: &Told<'_>) -> String {
    match (told.payment.payment_method.as_deref(), told.payment.channel.as_deref()) {
        (Some(method), Some(channel)) => format!("{method} via {channel}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

/// A sum as a JSON number, exact and as short as can be.
fn number(amount: Amount) -> Result<Box<RawValue>, serde_json::Error> {
    RawValue::from_string(amount.to_decimal().to_string())
}

/// Go's default text form of a time in UTC: `2024-09-26 10:42:24.650023 +0000 UTC`. Zeros at the end of the fraction
/// are left out, and the whole fraction where it is zero (<https://pkg.go.dev/time#Time.String>).
fn go_time(time: Timestamp) -> String {
    let date = calendar(time).strftime("%Y-%m-%d %H:%M:%S");
    let micros = time.as_micros().rem_euclid(1_000_000);
    let fraction = format!(".{micros:06}");
    format!("{date}{} +0000 UTC", fraction.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::money::Currency;

    #[test]
    fn the_documented_sample_with_its_hash() {
        let signed = RefundFields {
            amount: Amount::new(500, Currency::from_code("JPY").unwrap()),
            merchant_id: "6539",
            payment_channel: "KOMOJU",
            payment_txn_ref: "2mbZeehV4ZhkLTwVcL2fHukBg4J",
            psp_refund_id: "281m16unk3u60obtagljvxhyn",
            refund_id: "oKYR4vZ7ddvEAbfm9U9w2c",
            refund_status: "SUCCESS",
            refund_type: "full",
        };
        let unsigned = Unsigned {
            date: Timestamp::from_micros(1_727_347_344_650_023),
            reason: "customer request",
            description: "",
            payment_method: "Alipay wallet via KOMOJU",
        };
        let body = body(&signed, &unsigned, Some(&"portone-test-secret".into())).unwrap();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            concat!(
                r#"{"refund_date":"2024-09-26 10:42:24.650023 +0000 UTC","refund_id":"oKYR4vZ7ddvEAbfm9U9w2c","#,
                r#""psp_refund_id":"281m16unk3u60obtagljvxhyn","amount":500,"currency":"JPY","#,
                r#""refund_status":"SUCCESS","refund_type":"full","refund_reason":"customer request","#,
                r#""merchant_id":"6539","description":"","payment_txn_ref":"2mbZeehV4ZhkLTwVcL2fHukBg4J","#,
                r#""payment_channel":"KOMOJU","payment_method":"Alipay wallet via KOMOJU","#,
                r#""signature_hash":"9gPqVS++slNkHLI340Gpy/XVuxeu4337w3E9tQhJtXA="}"#
            )
        );
    }

    #[test]
    fn dates_are_written_as_go_writes_them() {
        let text = |micros| go_time(Timestamp::from_micros(micros));
        assert_eq!(text(1_727_347_344_650_000), "2024-09-26 10:42:24.65 +0000 UTC");
        assert_eq!(text(1_727_347_344_000_000), "2024-09-26 10:42:24 +0000 UTC");
        assert_eq!(text(1_727_347_344_000_100), "2024-09-26 10:42:24.0001 +0000 UTC");
        assert_eq!(text(1_727_347_340_000_000), "2024-09-26 10:42:20 +0000 UTC");
        assert_eq!(text(-1), "1969-12-31 23:59:59.999999 +0000 UTC");
    }

    #[test]
    fn sums_are_exact() {
        let text =
            |minor, code| number(Amount::new(minor, Currency::from_code(code).unwrap())).unwrap().to_string();
        assert_eq!(text(10_025, "SAR"), "100.25");
        assert_eq!(text(1_500, "KWD"), "1.5");
        assert_eq!(text(50_000_000, "VND"), "50000000");
        assert_eq!(text(9_007_199_254_740_993, "USD"), "90071992547409.93", "more than a float holds");
    }
}
