//! What Tap's answers say about the refund that was asked about.

use super::codes::{self, Meaning};
use super::wire::{Errors, Refund};
use crate::connector::AccountCheck;
use crate::exchange::{is_id, json, not_accepted, not_let_in, number_text, psp_text, unclear};
use crate::transport::HttpResponse;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};

/// The refund that an answer is checked against.
pub(super) struct Expected<'a> {
    pub(super) key: &'a str,
    pub(super) psp_payment_id: &'a str,
    pub(super) amount: Amount,
}

/// The kind of an answer by its HTTP status.
pub(super) enum Kind {
    Good,
    Error,
}

/// No word about a refund: the server or something before it failed, or it was not let in. That 429 means that nothing
/// was done is likely, and stated nowhere.
pub(super) fn kind(status: u16) -> Result<Kind, Finding> {
    match status {
        200..=299 => Ok(Kind::Good),
        429 | 500.. => Err(Finding::NoAnswer),
        400..=499 => Ok(Kind::Error),
        _ => Err(Finding::NotUnderstood),
    }
}

pub(super) fn create(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    match kind(response.status) {
        Ok(Kind::Good) => match json::<Refund<'_>>(&response.body) {
            Some(refund) => match state(&refund, expected) {
                // It may be one of this very request, doubled on its way: the list tells whether there is another.
                Outcome::Refused(refusal) if refusal.code == codes::DUPLICATE => {
                    Outcome::Unknown(Finding::KeyInUse)
                }
                outcome => outcome,
            },
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        Ok(Kind::Error) => refusal(&response.body),
        Err(finding) => Outcome::Unknown(finding),
    }
}

/// The answer to a question by Tap's own id.
pub(super) fn retrieve(response: &HttpResponse, id: &str, expected: &Expected<'_>) -> Outcome {
    match kind(response.status) {
        Ok(Kind::Good) => match json::<Refund<'_>>(&response.body) {
            Some(refund) if refund.id != id => Outcome::Unknown(Finding::Mismatch),
            Some(refund) => state(&refund, expected),
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        Ok(Kind::Error) => {
            let errors: Option<Errors<'_>> = json(&response.body);
            let not_found = errors.is_some_and(|list| {
                !list.errors.is_empty()
                    && list
                        .errors
                        .iter()
                        .all(|error| number_text(error.code).is_some_and(codes::says_not_found))
            });
            Outcome::Unknown(if not_found { Finding::NotFound } else { Finding::NotUnderstood })
        }
        Err(finding) => Outcome::Unknown(finding),
    }
}

/// The answer to a question about a refund that cannot be.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let errors: Option<Errors<'_>> = json(&response.body);
    let first = errors.as_ref().and_then(|list| list.errors.first());
    let text = psp_text(first.and_then(|error| error.description.as_deref()));
    let code = first.and_then(|error| number_text(error.code)).unwrap_or_default();
    match response.status {
        status @ (401 | 403) => not_accepted("Tap", status, code, &text),
        // What fails, or stands before Tap, may repeat anything.
        200..=299 | 400..=499 if codes::says_not_found(code) => {
            AccountCheck::Proved("Tap took the key and said that it has no such refund".to_owned())
        }
        status if codes::says_key(code) => not_accepted("Tap", status, code, &text),
        status => unclear("Tap", status, code, &text),
    }
}

/// What a refund's state says, once it is sure that it is ours.
pub(super) fn state(refund: &Refund<'_>, expected: &Expected<'_>) -> Outcome {
    if !is_id(&refund.id) || refund.object.as_deref().is_some_and(|object| object != "refund") {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    let other_key = key_of(refund).is_some_and(|key| key != expected.key);
    if other_key || !is_same_money(refund, expected) {
        return Outcome::Unknown(Finding::Mismatch);
    }
    outcome(refund)
}

/// What a refund's state says, of whatever refund it is. Status and code must not contradict each other.
pub(super) fn outcome(refund: &Refund<'_>) -> Outcome {
    let response = refund.response.as_ref();
    let code = response.and_then(|response| response.code).and_then(number_text);
    let text = psp_text(response.and_then(|response| response.message.as_deref()));
    let psp_refund_id = Some(refund.id.clone());
    let by_code = code.and_then(codes::of_response);
    match codes::of_status(&refund.status) {
        Some(Meaning::Done) if by_code.is_none_or(|says| says == Meaning::Done) => {
            Outcome::Succeeded { psp_refund_id, arn: None }
        }
        Some(Meaning::Open) => {
            let code = code.unwrap_or_default();
            let note = format!("Tap says {} {code} {text}", psp_text(Some(&refund.status)));
            Outcome::Pending { psp_refund_id, note: Some(note.trim_end().to_owned()) }
        }
        Some(Meaning::Refused) if by_code.is_none_or(|says| says == Meaning::Refused) => {
            let again = code.map_or(Again::No, codes::again);
            let code = psp_text(Some(code.unwrap_or(&refund.status)));
            Outcome::Refused(PspRefusal { code, text, again, psp_refund_id })
        }
        _ => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// The reference we gave, as Tap echoes it; nothing where it shows none.
pub(super) fn key_of<'a>(refund: &'a Refund<'_>) -> Option<&'a str> {
    refund.reference.as_ref()?.merchant.as_deref().filter(|key| !key.is_empty())
}

/// Whether it is a refund of this payment and of this sum.
pub(super) fn is_same_money(refund: &Refund<'_>, expected: &Expected<'_>) -> bool {
    refund.charge_id == expected.psp_payment_id && amount_of(refund) == Some(expected.amount)
}

pub(super) fn amount_of(refund: &Refund<'_>) -> Option<Amount> {
    let currency = Currency::from_code(&refund.currency).ok()?;
    let number = Decimal::from_json_number(number_text(refund.amount)?).ok()?;
    Some(Amount::new(number.to_minor(currency).ok()?, currency))
}

/// Errors are a refusal only where every one of them is known as one.
fn refusal(body: &[u8]) -> Outcome {
    let unknown = Outcome::Unknown(Finding::NotUnderstood);
    let Some(Errors { errors }) = json(body) else { return unknown };
    let codes: Vec<&str> = errors.iter().filter_map(|error| number_text(error.code)).collect();
    let (Some(first), Some(code)) = (errors.first(), codes.first()) else { return unknown };
    if codes.len() != errors.len() || !codes.iter().all(|code| codes::refuses(code)) {
        return unknown;
    }
    let text = psp_text(first.description.as_deref());
    if codes.iter().all(|code| codes::says_key(code)) {
        return not_let_in("Tap", &format!("{code} {text}"));
    }
    Outcome::Refused(PspRefusal { code: (*code).to_owned(), text, again: Again::No, psp_refund_id: None })
}
