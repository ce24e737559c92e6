//! What MoMo's result codes mean for a refund.
//!
//! Codes 0 to 13: <https://developers.momo.vn/v3/docs/payment/api/result-handling/resultcode>; the rest from public
//! transcriptions of that table. Where a code speaks of payments only, its meaning here is inferred.

use redress_core::outcome::{Again, Finding};
use std::time::Duration;

/// MoMo advises to try a refund that failed on the way (1080) again after an hour, as a new refund.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Done.
    Done,
    /// In progress.
    InProgress,
    /// Refused.
    Refused(Again),
    /// The account was not let in: nothing was done, and nothing is said of the refund.
    NotLetIn,
    /// Nothing that decides.
    Open(Finding),
}

/// The answer to a submit.
pub(super) fn of_submit(code: i64) -> Meaning {
    match code {
        0 => Meaning::Done,
        // At MoMo, at the instrument's provider; authorised, waiting for the user: the last three should not occur.
        7000 | 7002 | 9000 | 1000 | 8000 => Meaning::InProgress,
        // The request or order id was used: by whom, a query tells.
        40 | 41 => Meaning::Open(Finding::KeyInUse),
        // Access denied; the merchant's authentication failed.
        11 | 13 => Meaning::NotLetIn,
        // API version, format, amount, range, unknown order, item, data, group: before money.
        12 | 20 | 21 | 22 | 42 | 45 | 47 | 2019 => Meaning::Refused(Again::No),
        1080 => Meaning::Refused(Again::After(AGAIN_AFTER)),
        // Already refunded or too much; not eligible; the payer's or the issuer's side.
        1081 | 1088 | 1001..=1007 | 1017 | 1026 | 4001 | 4002 | 4100 => Meaning::Refused(Again::No),
        // Maintenance (10), a similar transaction runs (43): not now, and not said that nothing was done. 98 and 99 are
        // MoMo's own "unknown"; anything else is not in the table.
        _ => Meaning::Open(Finding::NotUnderstood),
    }
}

/// The code in the row of a refund that a query found.
pub(super) fn of_row(code: i64) -> Meaning {
    match code {
        // A row that exists and says "not found", that its id is taken, or that nobody was let in: contradictory.
        11 | 13 | 40..=42 => Meaning::Open(Finding::NotUnderstood),
        _ => of_submit(code),
    }
}
