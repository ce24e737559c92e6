//! What `result`, `response.gatewayCode` and `error.cause` mean for a refund.
//!
//! `result` and `error.cause`: <https://developer.mastercard.com/mastercard-gateway/documentation/testing/trans-error/>.
//! The list of gateway codes is seen in public code only (their texts there: "order locked - another transaction is in
//! progress for this order"); which of them end a refund is inferred.

use redress_core::outcome::Again;
use std::time::Duration;

/// When a new refund is worth trying after one that found its order locked; inferred.
const AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// The code of a refund that did not begin, because something else ran on its order.
pub(super) const LOCK_FAILURE: &str = "LOCK_FAILURE";

/// What a transaction's result says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The money was given back.
    Done,
    /// Accepted; the end is open.
    Open,
    /// It was not and will not be.
    Refused(Again),
    /// Nothing that decides.
    Unclear,
}

/// What a transaction's `result` says together with its gateway code. Where they contradict each other, or one of them
/// is in no list, nothing is decided.
pub(super) fn of_transaction(result: &str, gateway_code: Option<&str>) -> Meaning {
    match (result, gateway_code) {
        ("SUCCESS", Some("APPROVED" | "APPROVED_AUTO" | "APPROVED_PENDING_SETTLEMENT")) => Meaning::Done,
        ("SUCCESS" | "PENDING", Some("SUBMITTED" | "PENDING" | "DEFERRED_TRANSACTION_RECEIVED"))
        | ("PENDING", None) => Meaning::Open,
        ("FAILURE", Some(code)) => of_failure(code),
        // `UNKNOWN`: the gateway itself does not know what the acquirer did.
        _ => Meaning::Unclear,
    }
}

fn of_failure(code: &str) -> Meaning {
    match code {
        "DECLINED"
        | "DECLINED_AVS"
        | "DECLINED_AVS_CSC"
        | "DECLINED_CSC"
        | "DECLINED_DO_NOT_CONTACT"
        | "DECLINED_INVALID_PIN"
        | "DECLINED_PAYMENT_PLAN"
        | "DECLINED_PIN_REQUIRED"
        | "EXPIRED_CARD"
        | "BLOCKED"
        | "NOT_SUPPORTED"
        | "INSUFFICIENT_FUNDS"
        | "CANCELLED"
        | "ABORTED"
        | "UNSPECIFIED_FAILURE" => Meaning::Refused(Again::No),
        LOCK_FAILURE => Meaning::Refused(Again::After(AGAIN_AFTER)),
        // TIMED_OUT, UNKNOWN, ACQUIRER_SYSTEM_ERROR and SYSTEM_ERROR do not say that the acquirer did nothing, and
        // what is in no list says nothing.
        _ => Meaning::Unclear,
    }
}

/// Whether a cause of an error says that the request was refused before anything was done. `SERVER_BUSY` and
/// `SERVER_FAILED` do not: the same request may be sent again, and is then done once.
pub(super) fn refuses(cause: &str) -> bool {
    cause == "INVALID_REQUEST" || turns_away(Some(cause))
}

/// Whether a cause says that the gateway did not let the caller in: a firewall's rule, a certificate or credentials. It is a
/// matter of who asks, and not of what is asked for: the same request would do from elsewhere.
pub(super) fn turns_away(cause: Option<&str>) -> bool {
    cause == Some("REQUEST_REJECTED")
}
