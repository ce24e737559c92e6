//! The table of everything that can be wrong with a request: the one source of answers, of their documentation, and of
//! the pages that `type` points to.
//!
//! A code never changes its meaning and never goes away; a new kind of problem gets a new code.

use redress_core::policy::Refusal;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The code.
    pub(crate) code: Code,
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// The HTTP status it comes with.
    pub(crate) status: u16,
    /// What is wrong, in a few words: the same for each occurrence (RFC 9457, `title`).
    pub(crate) title: &'static str,
    /// What it means and what to do, for the caller's developer.
    pub(crate) help: &'static str,
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $status:literal, $title:literal, $help:literal;)*) => {
        /// What is wrong, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code {
            $(#[doc = $title] $variant,)*
        }

        /// The table, in the order in which it is documented.
        pub(crate) const TABLE: &[Entry] =
            &[$(Entry { code: Code::$variant, name: $name, status: $status, title: $title, help: $help },)*];
    };
}

codes! {
    Unauthorized, "unauthorized", 401, "No good API key",
        "Send the key as `Authorization: Bearer rk_…`. It may be mistyped, revoked, or of another server.";
    Forbidden, "forbidden", 403, "The API key lacks a right",
        "The key is good but was not given the right that this takes; the detail names it. The operator gives it to a new \
         key with `redress key add --right`.";
    NotFound, "not_found", 404, "There is no such thing",
        "The address or the id names nothing that this key can see: it may be mistyped, another merchant's, or of the \
         other environment. These cases are not told apart.";
    MethodNotAllowed, "method_not_allowed", 405, "The address takes other methods",
        "The header `Allow` names them.";
    Malformed, "malformed", 400, "The request cannot be read",
        "The body is missing, is not JSON, is not an object, has a field twice, or broke off; or a parameter of the address \
         is repeated.";
    Invalid, "invalid", 422, "A field is not as it must be",
        "`field` names the field, the parameter or the header, the detail says what it must be. One that is not known is \
         refused too, since a misspelt one would be passed over. The same request never succeeds.";
    BodyTooLarge, "body_too_large", 413, "The body is too long",
        "The limits are in the reference, under limits.";
    UnsupportedMediaType, "unsupported_media_type", 415, "The body is of a kind that is not taken here",
        "`Content-Type` must name one of the kinds that the detail names.";
    Conflict, "conflict", 409, "It contradicts what is there",
        "Something with this identity is there with other content, or is no longer in a state that allows this. \
         Read it and decide anew.";
    IdempotencyKeyReused, "idempotency_key_reused", 422, "The idempotency key was used for another request",
        "A key belongs to one request for ever. Use a new key for a new request; send the same body to repeat one.";
    IdempotencyKeyInUse, "idempotency_key_in_use", 409, "The first request with this key still runs",
        "Repeat it after `Retry-After` seconds: it is answered as soon as the first one has ended. Nothing is done twice.";
    RefundableChanged, "refundable_changed", 409, "What is left is not what was expected",
        "`expected_refundable` no longer holds: somebody refunded in between, or a refund failed. Read the payment's \
         refundability and decide anew.";
    NotRefundable, "not_refundable", 422, "The payment cannot be refunded",
        "The provider does not refund this payment, or the account it was taken through is revoked.";
    PaymentDisputed, "payment_disputed", 422, "The payment is disputed",
        "The customer wants the money back from its bank: a refund besides would pay twice. Release the dispute's mark \
         when it is won or withdrawn.";
    WindowClosed, "window_closed", 422, "The time for refunds is over",
        "The provider refunds only so long after the capture; the payment's refundability has the deadline.";
    NothingLeft, "nothing_left", 422, "Nothing is left to refund",
        "All of the payment is refunded, reserved by open refunds, or blocked by an open case.";
    MoreThanLeft, "more_than_left", 422, "The amount is more than is left",
        "The payment's refundability says what is left and what the rest is reserved by.";
    SeveralNotAllowed, "several_not_allowed", 422, "The payment can be refunded only once",
        "The provider takes one refund of a payment, and there is one.";
    PartialNotAllowed, "partial_not_allowed", 422, "The payment can only be refunded in full",
        "Leave the amount out, or ask for all of it.";
    AmountNotPositive, "amount_not_positive", 422, "The amount must be more than zero",
        "`amount` is a whole number of minor units.";
    AmountTooPrecise, "amount_too_precise", 422, "The amount has too many decimals",
        "The currency has fewer decimals, by ISO 4217.";
    AmountStep, "amount_step", 422, "The provider cannot express the amount",
        "It refunds only multiples of the step that the detail names.";
    AmountTooSmall, "amount_too_small", 422, "The amount is less than the provider refunds",
        "The payment's refundability has the least and the most.";
    AmountTooLarge, "amount_too_large", 422, "The amount is more than the provider refunds at once",
        "Ask for it in parts: the payment's refundability has the most.";
    WrongCurrency, "wrong_currency", 422, "The payment is in another currency",
        "A refund is in its payment's currency; the detail names it.";
    WrongChannel, "wrong_channel", 422, "The payment was made through another channel",
        "The channel that was named is not the payment's.";
    RateLimited, "rate_limited", 429, "Too many requests",
        "The key has used up what it may ask for; `Retry-After` says when to come back. Nothing was done.";
    Busy, "busy", 503, "The server is busy",
        "Come back after `Retry-After` seconds. Repeating the request with its idempotency key is safe.";
    Internal, "internal", 500, "Something is wrong here",
        "The operator finds it in the log by the request id. Repeating the request with its idempotency key is safe.";
}

impl Code {
    /// Its row.
    pub(crate) fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// The code of a refusal. What belongs to the other environment is not there for the caller.
    pub(crate) const fn of_refusal(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::WrongEnvironment => Self::NotFound,
            Refusal::WrongChannel => Self::WrongChannel,
            Refusal::WrongCurrency { .. } => Self::WrongCurrency,
            Refusal::Disputed => Self::PaymentDisputed,
            Refusal::RefundableChanged { .. } => Self::RefundableChanged,
            Refusal::NotRefundable => Self::NotRefundable,
            Refusal::WindowClosed => Self::WindowClosed,
            Refusal::NothingLeft => Self::NothingLeft,
            Refusal::SeveralNotAllowed => Self::SeveralNotAllowed,
            Refusal::PartialNotAllowed => Self::PartialNotAllowed,
            Refusal::NotPositive => Self::AmountNotPositive,
            Refusal::TooPrecise { .. } => Self::AmountTooPrecise,
            Refusal::NotAMultiple { .. } => Self::AmountStep,
            Refusal::MoreThanLeft { .. } => Self::MoreThanLeft,
            Refusal::LessThanMin { .. } => Self::AmountTooSmall,
            Refusal::MoreThanMax { .. } => Self::AmountTooLarge,
        }
    }

    /// The field that a refusal is about, where it is one of the request's.
    pub(crate) const fn field_of_refusal(refusal: &Refusal) -> Option<&'static str> {
        match refusal {
            Refusal::NotPositive
            | Refusal::TooPrecise { .. }
            | Refusal::NotAMultiple { .. }
            | Refusal::MoreThanLeft { .. }
            | Refusal::LessThanMin { .. }
            | Refusal::MoreThanMax { .. }
            | Refusal::PartialNotAllowed => Some("amount"),
            Refusal::WrongCurrency { .. } => Some("currency"),
            Refusal::RefundableChanged { .. } => Some("expected_refundable"),
            Refusal::WrongChannel => Some("channel"),
            Refusal::WrongEnvironment
            | Refusal::Disputed
            | Refusal::NotRefundable
            | Refusal::WindowClosed
            | Refusal::NothingLeft
            | Refusal::SeveralNotAllowed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_one_row_and_a_name_of_its_own() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!((entry.code as usize, entry.code.entry()), (index, entry));
            assert!(
                entry.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{}",
                entry.name
            );
            assert!((400..600).contains(&entry.status), "{}", entry.name);
        }
        let names: BTreeSet<_> = TABLE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    /// Callers' programs depend on these: a line that changes or goes away breaks them.
    #[test]
    fn what_was_published_stays() {
        let published: Vec<String> =
            TABLE.iter().map(|entry| format!("{} {}", entry.status, entry.name)).collect();
        assert_eq!(
            published.join("\n"),
            "401 unauthorized\n403 forbidden\n404 not_found\n405 method_not_allowed\n400 malformed\n422 invalid\n\
             413 body_too_large\n415 unsupported_media_type\n409 conflict\n422 idempotency_key_reused\n409 idempotency_key_in_use\n\
             409 refundable_changed\n422 not_refundable\n422 payment_disputed\n422 window_closed\n422 nothing_left\n\
             422 more_than_left\n422 several_not_allowed\n422 partial_not_allowed\n422 amount_not_positive\n\
             422 amount_too_precise\n422 amount_step\n422 amount_too_small\n422 amount_too_large\n422 wrong_currency\n\
             422 wrong_channel\n429 rate_limited\n503 busy\n500 internal"
        );
    }
}
