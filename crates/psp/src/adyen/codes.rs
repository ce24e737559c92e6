//! What Adyen's error codes mean for a refund.
//!
//! Stated: <https://docs.adyen.com/development-resources/api-idempotency> (703, 704, and that what is not marked as
//! transient is not to be repeated), <https://docs.adyen.com/development-resources/error-codes> (000, 010, 100), the
//! samples of <https://github.com/Adyen/adyen-openapi/blob/main/json/CheckoutService-v71.json> (702, 901) and, for 167,
//! those of Adyen's own library, <https://github.com/Adyen/adyen-node-api-library>. The texts of the other codes are
//! from public transcriptions of Adyen's table; that they refuse before anything is done is inferred from them.

use redress_core::outcome::Finding;

/// The codes by which Adyen says that it does not know the payment: no original for this operation, or none in this
/// environment.
pub(super) const PAYMENT_NOT_KNOWN: &[&str] = &["167", "906"];

/// What an error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Refused: nothing was done.
    Refused,
    /// The account was not let in: nothing was done, and nothing is said of the refund.
    NotLetIn,
    /// Nothing that decides.
    Open(Finding),
}

/// An error of the request (HTTP 4xx), by its status and its code.
pub(super) fn of_error(status: u16, code: &str) -> Meaning {
    match (status, code) {
        // In progress, or processed already: the same key gets the first answer in the end.
        (_, "704") => Meaning::Open(Finding::KeyInUse),
        // Their store of keys was not there (stated with HTTP 503).
        (_, "703") => Meaning::Open(Finding::NoAnswer),
        // "Unauthorized - authentication required", whatever the code: the key is not taken, and nothing said of the refund.
        (401, _) => Meaning::NotLetIn,
        // "Insufficient permissions", or not for this merchant account: before anything, whatever the code.
        (403, _) => Meaning::Refused,
        // Not allowed; amount missing; reference missing; amount; currency; a field missing; amount not allowed here.
        (400 | 422, "010" | "100" | "130" | "137" | "138" | "158" | "166") => Meaning::Refused,
        // No such payment; the request cannot be read; no such merchant account; a payment of the other environment.
        (400 | 422, "167" | "702" | "901" | "906") => Meaning::Refused,
        // 000 has many meanings, 701, 903 and 904 are "could not process"; others are not in the list.
        _ => Meaning::Open(Finding::NotUnderstood),
    }
}
