//! How PortOne's face shows payments and refunds.

use axum::http::{HeaderMap, HeaderValue, header};
use redress_core::environment::Environment;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::refund::{Refund, RefundKind};
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::described;

/// What is left of a payment, and all of its refunds, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Refunds<'a> {
    /// What is left to refund: what is in flight or waits for a person is not left.
    #[serde(rename = "amountToRefund")]
    #[schema(schema_with = left)]
    amount_to_refund: Box<RawValue>,
    #[serde(rename = "refundDetails")]
    refund_details: Vec<RefundDetail<'a>>,
}

/// One refund.
#[derive(Serialize, ToSchema)]
struct RefundDetail<'a> {
    /// When it was asked for.
    #[schema(format = DateTime)]
    refund_date: String,
    refund_id: String,
    /// Empty while the PSP has given none.
    #[schema(value_type = String)]
    psp_refund_id: &'a str,
    #[schema(schema_with = refunded)]
    amount: Box<RawValue>,
    /// ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    #[schema(schema_with = status_words)]
    refund_status: &'static str,
    #[schema(schema_with = kind_words)]
    refund_type: &'static str,
    #[schema(value_type = String)]
    refund_reason: &'a str,
    /// The POST sample has it, the GET sample does not; here both do.
    #[schema(value_type = String)]
    merchant_id: &'a str,
}

fn left() -> Object {
    described::sum("What can still be asked for: what is in flight or waits for a person is not left.")
}

fn refunded() -> Object {
    described::sum("What is given back.")
}

fn kind_words() -> Object {
    described::words("Whether it was all of the payment that was left.", KINDS.map(RefundKind::as_str))
}

fn status_words() -> Object {
    described::words("Given back, over without effect, or not known yet.", StateName::ALL.map(status))
}

/// The environments, as they are written.
pub(super) fn environment_words() -> Object {
    let all = [Environment::Live, Environment::Sandbox];
    described::words("", all.map(Environment::as_str))
}

const KINDS: [RefundKind; 2] = [RefundKind::Full, RefundKind::Partial];

impl<'a> Refunds<'a> {
    pub(super) fn new(payment: &Payment, refunds: &'a [Refund], merchant_code: &'a str) -> Self {
        let detail = |refund: &'a Refund| RefundDetail {
            refund_date: rfc3339(refund.created_at),
            refund_id: refund.id.to_base62(),
            psp_refund_id: refund.psp_refund_id.as_deref().unwrap_or_default(),
            amount: number(refund.amount),
            currency: refund.amount.currency().code(),
            refund_status: status(refund.state.name()),
            refund_type: refund.kind.as_str(),
            refund_reason: &refund.reason,
            merchant_id: merchant_code,
        };
        Self {
            amount_to_refund: number(payment.remaining()),
            refund_details: refunds.iter().map(detail).collect(),
        }
    }
}

/// PortOne's word for a state. Only `SUCCESS` is in its samples; `IN_QUEUE` is told of at
/// <https://docs.portone.cloud/docs/smart-pay>.
pub(super) const fn status(state: StateName) -> &'static str {
    match state {
        StateName::Succeeded => "SUCCESS",
        StateName::Failed | StateName::Canceled | StateName::Reversed => "FAILED",
        StateName::Held
        | StateName::Queued
        | StateName::Submitting
        | StateName::Unknown
        | StateName::Pending => "IN_QUEUE",
    }
}

/// A sum in major units as a JSON number, printed from integers: `7`, not `7.0`.
pub(super) fn number(amount: Amount) -> Box<RawValue> {
    RawValue::from_string(amount.to_decimal().to_string())
        .expect("a decimal's shortest text is a JSON number")
}

/// RFC 3339 with microseconds in UTC, as in the samples of the reference: `2022-06-30T06:20:41.052983Z`.
pub(super) fn rfc3339(at: Timestamp) -> String {
    // Out of jiff's range, which ends in the year 9999, is nothing that was ever stored.
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    format!("{at:.6}")
}

/// PortOne's envelope of everything but refunds.
#[derive(Serialize, ToSchema)]
pub(super) struct Enveloped<'a, T> {
    pub(super) content: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) message: Option<&'static str>,
    #[schema(value_type = String, pattern = "^2000$")]
    pub(super) status_code: &'a str,
    #[schema(value_type = String, pattern = "^SUCCESS$")]
    pub(super) status_reason: &'a str,
}

impl<T> Enveloped<'_, T> {
    /// A success, with the message that the sample has, if any.
    pub(super) fn success(content: T, message: Option<&'static str>) -> Self {
        Self { content, message, status_code: "2000", status_reason: "SUCCESS" }
    }
}

/// What no cache may keep: an answer with a secret in it.
pub(super) fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::money::Currency;

    #[test]
    fn sums_are_exact_numbers() {
        for (code, minor, text) in [
            ("VND", 700_000, "700000"),
            ("SAR", 700, "7"),
            ("SAR", 135, "1.35"),
            ("KWD", 1_001, "1.001"),
            ("SAR", i64::MAX, "92233720368547758.07"),
            ("SAR", 0, "0"),
        ] {
            assert_eq!(number(Amount::new(minor, Currency::from_code(code).unwrap())).get(), text);
        }
    }

    #[test]
    fn times_have_microseconds() {
        assert_eq!(rfc3339(Timestamp::from_micros(1_656_570_041_052_983)), "2022-06-30T06:20:41.052983Z");
        assert_eq!(rfc3339(Timestamp::from_micros(1_656_570_041_000_000)), "2022-06-30T06:20:41.000000Z");
    }

    #[test]
    fn open_is_in_queue_and_over_without_effect_is_failed() {
        for state in StateName::ALL {
            let expected = match state {
                StateName::Succeeded => "SUCCESS",
                _ if state.is_final() => "FAILED",
                _ => "IN_QUEUE",
            };
            assert_eq!(status(state), expected, "{state}");
        }
    }
}
