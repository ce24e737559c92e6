//! What Stripe's answers say about the refund that was asked about.

use super::codes::{self, Meaning};
use super::wire::{ErrorEntry, Errors, Payment, Refund};
use crate::connector::AccountCheck;
use crate::exchange::{is_id, json, not_let_in, psp_text, unclear};
use crate::transport::HttpResponse;
use redress_core::money::Amount;
use redress_core::outcome::{Finding, Outcome, PspRefusal};

/// The refund that an answer is checked against.
pub(super) struct Expected<'a> {
    pub(super) key: &'a str,
    pub(super) payment: Payment<'a>,
    pub(super) amount: Amount,
}

/// The answer to a submit (<https://docs.stripe.com/api/errors>, <https://docs.stripe.com/api/idempotent_requests>). An
/// answer of the 500s is given again to the same key even when the refund was made.
pub(super) fn create(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    match response.status {
        200..=299 => match json::<Refund<'_>>(&response.body) {
            Some(refund) => state(&refund, expected),
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        409 => Outcome::Unknown(Finding::KeyInUse),
        401 => wrong_key(&response.body),
        400..=404 => refusal(&response.body),
        other => Outcome::Unknown(no_word(other)),
    }
}

/// The answer to a question by Stripe's own id.
pub(super) fn retrieve(response: &HttpResponse, id: &str, expected: &Expected<'_>) -> Outcome {
    match response.status {
        200..=299 => match json::<Refund<'_>>(&response.body) {
            Some(refund) if refund.id != id => Outcome::Unknown(Finding::Mismatch),
            Some(refund) => state(&refund, expected),
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        404 if error(&response.body).is_some_and(|error| codes::says_missing(error.code.as_deref())) => {
            Outcome::Unknown(Finding::NotFound)
        }
        other => Outcome::Unknown(no_word(other)),
    }
}

/// What an answer is that says nothing about a refund: the servers or something before them failed, or refused to work
/// just now; anything else is not understood.
pub(super) fn no_word(status: u16) -> Finding {
    match status {
        429 | 500.. => Finding::NoAnswer,
        _ => Finding::NotUnderstood,
    }
}

/// The answer to a question about a refund that cannot be.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let error = error(&response.body);
    let code = error.as_ref().and_then(|error| error.code.as_deref());
    let text = psp_text(error.as_ref().and_then(|error| error.message.as_deref()));
    match response.status {
        status @ (401 | 403) => {
            let said = format!("Stripe answered HTTP {status}: {text}");
            AccountCheck::Refused(said.trim_end_matches(": ").to_owned())
        }
        404 if codes::says_missing(code) => {
            AccountCheck::Proved("Stripe took the key and said that it has no such refund".to_owned())
        }
        status => unclear("Stripe", status, code.unwrap_or_default(), &text),
    }
}

/// What a refund's state says, once it is sure that it is ours. Stripe always shows the metadata that it was given, so
/// that a refund without our key is another.
pub(super) fn state(refund: &Refund<'_>, expected: &Expected<'_>) -> Outcome {
    if !is_id(&refund.id) || refund.object.as_deref().is_some_and(|object| object != "refund") {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    let ours = refund.key() == Some(expected.key) && refund.sum() == Some(expected.amount);
    match expected.payment.is_of(refund) {
        Some(true) if ours => outcome(refund),
        None if ours => Outcome::Unknown(Finding::NotUnderstood),
        _ => Outcome::Unknown(Finding::Mismatch),
    }
}

/// What a refund's state says, of whatever refund it is.
pub(super) fn outcome(refund: &Refund<'_>) -> Outcome {
    let status = refund.status.as_deref().unwrap_or_default();
    let psp_refund_id = Some(refund.id.clone());
    let said = |reason: Option<&str>| match reason {
        Some(reason) => psp_text(Some(&format!("Stripe says {status}: {reason}"))),
        None => format!("Stripe says {status}"),
    };
    match codes::of_status(status) {
        Some(Meaning::Done) => Outcome::Succeeded { psp_refund_id, arn: refund.arn() },
        Some(Meaning::Open) => {
            Outcome::Pending { psp_refund_id, note: Some(said(refund.pending_reason.as_deref())) }
        }
        Some(Meaning::Refused) => {
            let reason = refund.failure_reason.as_deref().filter(|reason| !reason.is_empty());
            let code = psp_text(Some(reason.unwrap_or(status)));
            let again = codes::again(&code);
            Outcome::Refused(PspRefusal { code, text: said(reason), again, psp_refund_id })
        }
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

fn error(body: &[u8]) -> Option<ErrorEntry> {
    json::<Errors>(body).map(|errors| errors.error)
}

/// "No valid API key provided" (<https://docs.stripe.com/api/errors>): asked before anything else, so nothing was done.
fn wrong_key(body: &[u8]) -> Outcome {
    match error(body) {
        Some(error) => not_let_in("Stripe", &psp_text(error.message.as_deref())),
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

fn refusal(body: &[u8]) -> Outcome {
    let Some(error) = error(body) else { return Outcome::Unknown(Finding::NotUnderstood) };
    let code = error.code.as_deref().filter(|code| !code.is_empty());
    if codes::says_key_in_use(&error.kind, code) {
        return Outcome::Unknown(Finding::KeyInUse);
    }
    if !codes::refuses(&error.kind, code) {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    let code = code.unwrap_or(&error.kind).to_owned();
    let again = codes::again(&code);
    Outcome::Refused(PspRefusal {
        code,
        text: psp_text(error.message.as_deref()),
        again,
        psp_refund_id: None,
    })
}
