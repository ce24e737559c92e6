//! What Tap's statuses and codes mean for a refund.
//!
//! Statuses: <https://developers.tap.company/reference/refunds>. Codes:
//! <https://developers.tap.company/reference/charge-response-codes>. Which codes are worth another try is inferred.

use redress_core::outcome::Again;
use std::time::Duration;

/// When a new refund is worth trying after a refusal that may pass (a failure, an empty merchant wallet); inferred.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// "Failed, Duplicate": of which request, it does not say.
pub(super) const DUPLICATE: &str = "403";

/// What a status or a response code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The money was given back.
    Done,
    /// Accepted; the end is open.
    Open,
    /// It was not and will not be.
    Refused,
}

/// `None` for a status that no page names.
pub(super) fn of_status(status: &str) -> Option<Meaning> {
    Some(match status {
        "REFUNDED" => Meaning::Done,
        // The last three are open by inference: Tap keeps the refund under an id and can be asked.
        "PENDING" | "IN_PROGRESS" | "ACCEPTED" | "UNKNOWN" | "TIMEDOUT" | "TIMED_OUT" => Meaning::Open,
        // An older page has the second spelling of "restricted".
        "FAILED" | "DECLINED" | "RESTRICTED" | "RESTRICRTED" | "CANCELLED" => Meaning::Refused,
        _ => return None,
    })
}

/// `None` for a code that no page names.
pub(super) fn of_response(code: &str) -> Option<Meaning> {
    Some(match code {
        "000" => Meaning::Done,
        "100" | "200" | "701" | "801" => Meaning::Open,
        "301" | "401" | "402" | DUPLICATE | "501" | "502" | "503" | "504" | "601" | "602" => Meaning::Refused,
        _ => return None,
    })
}

/// Whether a new refund is worth trying after this response code.
pub(super) fn again(code: &str) -> Again {
    match code {
        "401" | "502" => Again::After(AGAIN_AFTER),
        _ => Again::No,
    }
}

/// Whether an error code says that the request was refused before anything was done: sum, currency, charge, reason or
/// key are wrong. 1151 (the gateway timed out) and 2101 (overloaded) do not say so, nor does a code that is not here.
pub(super) fn refuses(code: &str) -> bool {
    let Ok(code) = code.parse::<u32>() else { return false };
    matches!(code, 1117..=1119 | 1142..=1144 | 1149 | 1156..=1161 | 2104..=2107)
}

/// Whether an error code says that there is no such refund.
pub(super) fn says_not_found(code: &str) -> bool {
    matches!(code, "1158" | "1159" | "1160")
}

/// Whether an error code says that the key is missing or wrong.
pub(super) fn says_key(code: &str) -> bool {
    matches!(code, "2104" | "2105" | "2106" | "2107")
}
