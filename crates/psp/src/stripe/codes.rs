//! What Stripe's statuses and error codes mean for a refund.
//!
//! Statuses and reasons of failures: <https://docs.stripe.com/api/refunds/object>. Error codes:
//! <https://docs.stripe.com/error-codes>; types of errors: <https://docs.stripe.com/api/errors>. Which codes are worth
//! another try is inferred.

use redress_core::outcome::Again;
use std::time::Duration;

/// When a new refund is worth trying where the merchant's balance at Stripe was too low; inferred.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The money was given back. It may fail later all the same (<https://docs.stripe.com/refunds>).
    Done,
    /// Accepted; the end is open.
    Open,
    /// It was not and will not be.
    Refused,
}

/// `None` for a status that no page names.
pub(super) fn of_status(status: &str) -> Option<Meaning> {
    Some(match status {
        "succeeded" => Meaning::Done,
        // With `requires_action` the customer still has to say where the money goes.
        "pending" | "requires_action" => Meaning::Open,
        "failed" | "canceled" => Meaning::Refused,
        _ => return None,
    })
}

/// Whether a new refund is worth trying after this error code or reason of a failure.
pub(super) fn again(code: &str) -> Again {
    match code {
        "balance_insufficient" | "insufficient_funds" => Again::After(AGAIN_AFTER),
        _ => Again::No,
    }
}

/// Whether an error says that the request was refused and nothing was done. Over-refunds come without a
/// code (observed by others): there the type, which says that the request cannot be accepted, has to do.
pub(super) fn refuses(kind: &str, code: Option<&str>) -> bool {
    match (kind, code) {
        ("invalid_request_error", None) => true,
        ("invalid_request_error" | "card_error", Some(code)) => REFUSALS.contains(&code),
        _ => false,
    }
}

/// Whether an error says that a request with this key is under way, or was another.
pub(super) fn says_key_in_use(kind: &str, code: Option<&str>) -> bool {
    kind == "idempotency_error" || code == Some("idempotency_key_in_use")
}

/// Whether an error says that there is no such thing.
pub(super) fn says_missing(code: Option<&str>) -> bool {
    code == Some(RESOURCE_MISSING)
}

/// There is no such charge, payment intent or refund.
pub(super) const RESOURCE_MISSING: &str = "resource_missing";

/// The codes that a refund can be refused with. Codes that speak of time (`lock_timeout`, `rate_limit`,
/// `processing_error`) are none.
pub(super) const REFUSALS: [&str; 42] = [
    "account_closed",
    "account_invalid",
    "amount_too_large",
    "amount_too_small",
    "api_key_expired",
    "balance_insufficient",
    "capability_not_active",
    "card_declined",
    "charge_already_refunded",
    "charge_disputed",
    "charge_invalid_parameter",
    "charge_not_refundable",
    "country_unsupported",
    "expired_card",
    "expired_payment_method",
    "insufficient_funds",
    "intent_invalid_state",
    "invalid_charge_amount",
    "invalid_charge_amount_no_decimal_compatible",
    "livemode_mismatch",
    "missing",
    "no_account",
    "not_allowed_on_standard_account",
    "parameter_invalid_empty",
    "parameter_invalid_integer",
    "parameter_invalid_string_blank",
    "parameter_invalid_string_empty",
    "parameter_missing",
    "parameter_unknown",
    "parameters_exclusive",
    "payment_intent_invalid_parameter",
    "payment_intent_unexpected_state",
    "payment_method_unactivated",
    "payment_method_unsupported_type",
    "platform_account_required",
    "platform_api_key_expired",
    "refund_disputed_payment",
    "request_blocked",
    RESOURCE_MISSING,
    "secret_key_required",
    "testmode_charges_only",
    "tls_version_unsupported",
];
