//! What PayPal's statuses and issues mean for a refund.
//!
//! All names are in PayPal's own description of the API
//! (<https://github.com/paypal/paypal-rest-api-specifications>, `openapi/payments_payment_v2.json`, version 2.5:
//! `refund_status`, `captures.refund-400`, `captures.refund-422`, `403`, `404`, `409`). Which of them may pass, and when, is
//! inferred from PayPal's words about each.

use redress_core::outcome::Again;
use std::time::Duration;

/// When money may have come into the merchant's account; inferred.
const AGAIN_AFTER_FUNDS: Duration = Duration::from_secs(60 * 60);

/// When a payment by bank may have come in, or a dispute may have ended; inferred.
const AGAIN_AFTER_DAYS: Duration = Duration::from_secs(24 * 60 * 60);

/// The issue by which PayPal says that it does not know what the address names: the payment, at a refund.
pub(super) const NOT_KNOWN: &str = "INVALID_RESOURCE_ID";

/// The issue of a request that came while an equal one was under way.
pub(super) const IN_PROGRESS: &str = "PREVIOUS_REQUEST_IN_PROGRESS";

/// What the status of a refund says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The money was given back.
    Done,
    /// Accepted; the end is open.
    Open,
    /// It was not and will not be.
    Refused,
}

/// `None` for a status that the description does not name.
pub(super) fn of_status(status: &str) -> Option<Meaning> {
    Some(match status {
        "COMPLETED" => Meaning::Done,
        "PENDING" => Meaning::Open,
        "FAILED" | "CANCELLED" => Meaning::Refused,
        _ => return None,
    })
}

/// Whether this issue with this HTTP status refuses the refund, and whether a new one is worth trying. `None` where it does
/// not say that nothing was done.
pub(super) fn refusal(http_status: u16, issue: &str) -> Option<Again> {
    match (http_status, issue) {
        (400, "MISSING_REQUIRED_PARAMETER" | "INVALID_PARAMETER_SYNTAX" | "INVALID_STRING_LENGTH")
        | (401, "INVALID_ACCOUNT_STATUS")
        | (403, "PERMISSION_DENIED")
        | (404, NOT_KNOWN) => Some(Again::No),
        (422, issue) => of_issue(issue),
        _ => None,
    }
}

fn of_issue(issue: &str) -> Option<Again> {
    Some(match issue {
        "CANNOT_BE_ZERO_OR_NEGATIVE"
        | "CANNOT_BE_NEGATIVE"
        | "DECIMAL_PRECISION"
        | "DECIMALS_NOT_SUPPORTED"
        | "INVALID_CURRENCY_CODE"
        | "CURRENCY_MISMATCH"
        | "CAPTURE_FULLY_REFUNDED"
        | "REFUND_CAPTURE_CURRENCY_MISMATCH"
        | "REFUND_NOT_ALLOWED"
        | "REFUND_TIME_LIMIT_EXCEEDED"
        | "REFUND_AMOUNT_EXCEEDED"
        | "REFUND_AMOUNT_TOO_LOW"
        | "PARTIAL_REFUND_NOT_ALLOWED"
        | "MAX_NUMBER_OF_REFUNDS_EXCEEDED"
        | "DUPLICATE_INVOICE_ID"
        | "PAYEE_ACCOUNT_LOCKED_OR_CLOSED"
        | "PAYER_ACCOUNT_LOCKED_OR_CLOSED"
        | "PAYEE_ACCOUNT_RESTRICTED"
        | "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK"
        | "REFUND_IS_RESTRICTED"
        | "PLATFORM_FEE_EXCEEDED"
        | "PLATFORM_FEE_NOT_ENABLED" => Again::No,
        "REFUND_FAILED_INSUFFICIENT_FUNDS" => Again::After(AGAIN_AFTER_FUNDS),
        // Of a disputed payment no part can be given back while the case is open.
        "PENDING_CAPTURE" | "TRANSACTION_DISPUTED" => Again::After(AGAIN_AFTER_DAYS),
        _ => return None,
    })
}
