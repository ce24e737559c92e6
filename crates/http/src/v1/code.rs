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
    /// How it comes about, for the caller's developer.
    pub(crate) cause: &'static str,
    /// What to do then.
    pub(crate) advice: &'static str,
    /// Whether the same request is worth sending again.
    pub(crate) again: Again,
}

/// Whether the same request is worth sending again: what a client's loop of retries must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It is refused whenever it comes.
    No,
    /// It is refused until somebody changes something: not a matter of time.
    Changed,
    /// As it is, after a pause.
    Later,
}

impl Again {
    /// In a word, for a table.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Changed => "once things have changed",
            Self::Later => "yes, later",
        }
    }

    /// In a sentence.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::No => "No: it is refused whenever it comes. Nothing was changed by it.",
            Self::Changed => {
                "Not in a loop: it is refused until what is said above has changed. Nothing was changed by it, and its \
                 `Idempotency-Key` is still free."
            }
            Self::Later => {
                "Yes, as it is, with the same `Idempotency-Key` or `merchant_refund_id`: then nothing is done twice. \
                 After `Retry-After` seconds where the answer has that header, else after a pause that grows with each try."
            }
        }
    }
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $status:literal, $again:ident, $title:literal, $cause:literal, $advice:literal;)*) => {
        /// What is wrong, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code {
            $(#[doc = $title] $variant,)*
        }

        /// The table, in the order in which it is documented.
        pub(crate) const TABLE: &[Entry] = &[$(Entry {
            code: Code::$variant,
            name: $name,
            status: $status,
            title: $title,
            cause: $cause,
            advice: $advice,
            again: Again::$again,
        },)*];
    };
}

codes! {
    Unauthorized, "unauthorized", 401, Changed, "No good API key",
        "The header `Authorization` is missing, or the key in it is mistyped, revoked, or of another server.",
        "Send the key as `Authorization: Bearer rk_…`. The operator sees the keys with `redress key list` and makes one with \
         `redress key add --kind api`.";
    Forbidden, "forbidden", 403, Changed, "The API key lacks a right",
        "The key is good but was not given the right that this takes; `detail` names it.",
        "The operator gives the right to a new key with `redress key add --right`.";
    NotFound, "not_found", 404, Changed, "There is no such thing",
        "The address or the id names nothing that this key can see: it may be mistyped, another merchant's, or of the other \
         environment. These cases are not told apart.",
        "Compare the id with the answer that it came from, and the environment of the key (`sandbox` or `live`) with that of \
         the payment. An `order_ref` in an address is percent-encoded: `a/b` is `a%2Fb`. Which addresses there are is in the \
         reference, at `/docs/api`.";
    MethodNotAllowed, "method_not_allowed", 405, No, "The address takes other methods",
        "The address is there, for another method.",
        "The header `Allow` names the methods that it takes. A refund is made by `POST /v1/payments/{payment}/refunds`.";
    Malformed, "malformed", 400, No, "The request cannot be read",
        "The body is missing, is not JSON, is not an object, has a field twice, or broke off; or a parameter of the address \
         is there twice.",
        "Send one JSON object; a form (`amount=2500`) is none. `detail` says where the body stops being JSON, `field` names \
         what is there twice.";
    Invalid, "invalid", 422, No, "A field is not as it must be",
        "`field` names the field, the parameter or the header, `detail` says what it must be. One that is not known is \
         refused too, since a misspelt one would be passed over.",
        "Mend that field. Sums are whole numbers of minor units, without quotes and without a point: `2500` is 25.00 SAR.";
    BodyTooLarge, "body_too_large", 413, No, "The body is too long",
        "A body has at most 65536 bytes, an upload of payments 16777216 bytes and 100000 rows.",
        "Send less at once. A file of payments may be cut: each row is judged by itself.";
    UnsupportedMediaType, "unsupported_media_type", 415, No, "The body is of a kind that is not taken here",
        "`Content-Type` is missing, or names none of the kinds that are taken here.",
        "Send one of the kinds that `detail` names. Only an upload of payments needs the header.";
    Conflict, "conflict", 409, No, "It contradicts what is there",
        "Something with this identity is there with other content, or is no longer in a state that allows this: `detail` \
         says which, and `field` names the first difference where there is one.",
        "Read it and decide anew. Another refund needs another `merchant_refund_id`, another payment another `order_ref`. A \
         refund that was sent is not withdrawn any more: wait for its end.";
    IdempotencyKeyReused, "idempotency_key_reused", 422, No, "The idempotency key was used for another request",
        "A key belongs to one request: its method, its address and its body, and for an upload what kind of body it is.",
        "Use a new key for a new request. To repeat one, send what was sent: keep the body beside its key, and do not make \
         it anew.";
    IdempotencyKeyInUse, "idempotency_key_in_use", 409, Later, "The first request with this key still runs",
        "The first request with this key has not ended yet; or it has, and the store was away and could not be told.",
        "Repeat it after `Retry-After` seconds: it is answered as soon as the first one has ended, and where the store could not \
         be told, three minutes after that one was sent.";
    RefundableChanged, "refundable_changed", 409, No, "What is left is not what was expected",
        "`expected_refundable` no longer holds: somebody refunded in between, or a refund failed and its sum is free again. \
         `detail` says what is left now.",
        "Read the payment's refundability, and have whoever decided decide anew. Do not only put the new sum in: the refund \
         in between may be the one that was meant.";
    NotRefundable, "not_refundable", 422, Changed, "The payment cannot be refunded",
        "The provider does not refund this payment, or the account it was taken through is revoked.",
        "What each provider refunds is at `GET /v1/connectors`. The payment's account is in its `psp_account`; how it stands is \
         at `GET /v1/psp-accounts/{id}`.";
    PaymentDisputed, "payment_disputed", 422, Changed, "The payment is disputed",
        "The customer wants the money back from its bank: a refund besides would pay twice.",
        "Wait for the end of the dispute. When it is won or withdrawn, release the mark with \
         `POST /v1/payments/{payment}/release-dispute`.";
    WindowClosed, "window_closed", 422, No, "The time for refunds is over",
        "The provider refunds only so long after the capture: until the `deadline` of the payment's refundability.",
        "The money can only be given back in another way, outside of Redress. Ask for the refundability before you promise a \
         refund.";
    NothingLeft, "nothing_left", 422, Changed, "Nothing is left to refund",
        "All of the payment is refunded, reserved by open refunds, or blocked by an open case.",
        "`reserved_by` and `blocked_by` of the payment's refundability name them. What fails or is canceled is free again; \
         what succeeded is not.";
    MoreThanLeft, "more_than_left", 422, Changed, "The amount is more than is left",
        "Refunds that succeeded or are open, or an open case, use the rest; `detail` says what is left.",
        "Ask for less, or leave `amount` and `currency` out for all that is left. `reserved_by` and `blocked_by` of the \
         payment's refundability name what may become free again.";
    SeveralNotAllowed, "several_not_allowed", 422, Changed, "The payment can be refunded only once",
        "The provider takes one refund of a payment, and there is one.",
        "One that failed or was canceled does not count: where the other is still open, wait for its end.";
    PartialNotAllowed, "partial_not_allowed", 422, No, "The payment can only be refunded in full",
        "The provider gives back all of this payment or nothing.",
        "Leave the amount out, or ask for all of it.";
    AmountNotPositive, "amount_not_positive", 422, No, "The amount must be more than zero",
        "`amount` is 0 or less.",
        "`amount` is a whole number of minor units, 1 at least. Without `amount` and `currency` all that is left is given back.";
    AmountTooPrecise, "amount_too_precise", 422, No, "The amount has too many decimals",
        "The currency has fewer decimals, by ISO 4217.",
        "Round it to the currency's decimals.";
    AmountStep, "amount_step", 422, No, "The provider cannot express the amount",
        "The provider counts this currency in coarser steps; `detail` names the step.",
        "Ask for a multiple of `step` of the payment's refundability.";
    AmountTooSmall, "amount_too_small", 422, No, "The amount is less than the provider refunds",
        "The provider refunds no sum as small as this one.",
        "`least` of the payment's refundability is the smallest part; all that was captured may be less.";
    AmountTooLarge, "amount_too_large", 422, No, "The amount is more than the provider refunds at once",
        "The provider refunds no sum as large as this one in one refund.",
        "Ask for it in parts: `most` of the payment's refundability is the largest.";
    WrongCurrency, "wrong_currency", 422, No, "The payment is in another currency",
        "A refund is in its payment's currency; `detail` names it.",
        "Send that currency, and the sum in it: nothing is converted.";
    WrongChannel, "wrong_channel", 422, No, "The payment was made through another channel",
        "The channel that was named is not the payment's.",
        "The payment has it in `channel`.";
    RateLimited, "rate_limited", 429, Later, "Too many requests",
        "The key has used up what it may ask for. Nothing was done.",
        "Come back after `Retry-After` seconds. `RateLimit` says with every answer what is left. `Prefer: wait=N`, the feed of \
         events and notifications take fewer requests than asking in a loop.";
    Busy, "busy", 503, Later, "The server is busy",
        "The server has more to do than it takes on, or its store does not answer.",
        "Come back after `Retry-After` seconds.";
    Internal, "internal", 500, Later, "Something is wrong here",
        "The fault is the server's, not the request's.",
        "If it stays, tell the operator the `request_id`: by it the log says what was wrong.";
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

    /// What comes with `Retry-After` may be sent again, and what may be sent again later is what a client's retries are for.
    #[test]
    fn what_is_worth_sending_again_is_what_says_when() {
        use axum::response::IntoResponse;

        use crate::v1::error::OwnError;

        for entry in TABLE {
            let says_when =
                OwnError::new(entry.code, "").into_response().headers().contains_key("retry-after")
                    || entry.code == Code::RateLimited;
            let later = entry.again == Again::Later;
            assert_eq!(later, says_when || entry.code == Code::Internal, "{}", entry.name);
        }
    }

    /// The page about a code says the limits that are enforced.
    #[test]
    fn what_is_too_long_is_told_in_numbers() {
        use crate::limits::{BODY_BYTES_MAX, IMPORT_BYTES_MAX, IMPORT_ROWS_MAX};

        let told = Code::BodyTooLarge.entry().cause;
        for max in [BODY_BYTES_MAX, IMPORT_BYTES_MAX, IMPORT_ROWS_MAX] {
            assert!(told.contains(&format!(" {max} ")), "{told}");
        }
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
