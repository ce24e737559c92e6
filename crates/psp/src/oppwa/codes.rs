//! What OPPWA's result codes mean for a refund.
//!
//! Success, review and pending are the groups of <https://developers.primeiropay.com/result-codes>, by its own patterns.
//! That page calls all else rejected. Here a code is a refusal only where its words say that nothing was done: the sum,
//! the reference, the format, the key or a setting is wrong, a limit is reached, or the bank declined (the words are
//! those of public transcriptions of the same table; what they mean for a refund is inferred). All else decides
//! nothing: communication errors (900), system errors (600.1, 800.5, 800.6, 800.8, 999), time-outs (100.39), partial
//! failures (000.400.030), what speaks of new payments only, and whatever is not known.

use redress_core::environment::Environment;
use redress_core::outcome::Again;
use std::time::Duration;

/// When a new refund is worth trying after a refusal that may pass; inferred.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// "Cannot find transaction": the answer to a question about nothing that is there.
pub(super) const NOT_FOUND: &str = "700.400.580";

/// "Rejected by Throttling": the one word that counts although the HTTP status is 429.
pub(super) const THROTTLED: &str = "800.120.100";

/// "Invalid authentication information": the token is not taken. The rest of 800.900 is of other rights.
pub(super) const BAD_TOKEN: &str = "800.900.300";

/// What a result code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The money was given back.
    Done,
    /// Accepted; the end is open.
    Pending,
    /// It was not and will not be.
    Refused(Again),
    /// Our reference was used before: by whom, a query tells.
    Duplicate,
    /// Nothing that decides.
    Open,
}

/// What a code says about a refund of an account in this environment.
pub(super) fn of(code: &str, environment: Environment) -> Meaning {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| code.starts_with(prefix));
    if !is_code(code) {
        return Meaning::Open;
    }
    if is_success(code) || is_reviewed(code) {
        // "Processed in … Test Mode": where the money is real, none of it moved.
        let play_money = starts(&["000.100.11"]) && environment == Environment::Live;
        return if play_money { Meaning::Open } else { Meaning::Done };
    }
    if starts(&["000.200", "800.400.5", "100.400.500"]) {
        return Meaning::Pending;
    }
    match code {
        // Of the transaction, of its id, of the request's id, and of an entity that is not named.
        "800.110.100" | "800.130.100" | "200.200.106" | "200.300.405" => Meaning::Duplicate,
        // A serious workflow error, for which support shall be called; a decline that keeps a sum reserved.
        "700.400.000" | "800.100.192" => Meaning::Open,
        // "Refer to payer", and two that say that a refund was requested: among the declines, and no words of one. "A
        // transaction for the same session is currently being processed": which may be this one.
        "800.100.200" | "800.100.206" | "800.100.207" | "800.700.100" => Meaning::Open,
        // Throttling, temporarily unavailable, too often or too much for now, a payment that is itself still pending.
        THROTTLED | "800.100.163" | "800.100.164" | "800.100.176" | "700.400.570" | "500.100.401"
        | "500.100.403" => Meaning::Refused(Again::After(AGAIN_AFTER)),
        _ if starts(REFUSALS) => Meaning::Refused(Again::No),
        _ => Meaning::Open,
    }
}

/// Sum; reference; bank; velocity limits; blacklists; configuration; format; access.
const REFUSALS: &[&str] = &[
    "100.550.", "700.100.", "700.300.", "700.400.", "700.450.", "700.500.", "800.100.", "800.700.",
    "800.120.", "800.121.", "800.200.", "800.300.", "500.100.", "500.200.", "600.200.", "600.300.",
    "200.100.", "200.300.", "800.900.",
];

/// `/^(000\.000\.|000\.100\.1|000\.[36])/`, of <https://developers.primeiropay.com/result-codes>.
pub(super) fn is_success(code: &str) -> bool {
    ["000.000.", "000.100.1", "000.3", "000.6"].iter().any(|prefix| code.starts_with(prefix))
}

/// `/^(000\.400\.0[^3]|000\.400\.100)/`: it succeeded, and a person at the merchant should have a look.
fn is_reviewed(code: &str) -> bool {
    let low = code.strip_prefix("000.400.0").is_some_and(|rest| !rest.starts_with('3') && !rest.is_empty());
    low || code.starts_with("000.400.100")
}

/// Whether a code says that the caller was not let in: its key, its entity or its address.
pub(super) fn says_access(code: &str) -> bool {
    code.starts_with("800.900.") || code.starts_with("200.100.") || code.starts_with("600.300.")
}

/// Three groups of three digits.
fn is_code(code: &str) -> bool {
    code.len() == 11
        && code
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at % 4 == 3 { byte == b'.' } else { byte.is_ascii_digit() })
}
