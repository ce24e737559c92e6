//! What PayPal's answers say about the refund that was asked about.

use super::codes::{self, Meaning};
use super::wire::{Errors, Refund};
use crate::exchange::{is_id, json, psp_text};
use crate::transport::HttpResponse;
use redress_core::money::Amount;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};

/// What precedes a payment's id in the address by which PayPal links a refund to it; inferred from the routes.
const CAPTURES: &str = "/v2/payments/captures/";

/// The longest acquirer reference number, in characters (`openapi/payments_payment_v2.json`, `refund`).
const ARN_CHARS_MAX: usize = 36;

/// The refund that an answer is checked against.
pub(super) struct Expected<'a> {
    pub(super) key: &'a str,
    pub(super) psp_payment_id: &'a str,
    pub(super) amount: Amount,
}

/// The answer to a refund request; to the same one again it is the state that the refund has now.
pub(super) fn submit(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    match response.status {
        200..=299 => match json::<Refund>(&response.body) {
            Some(refund) => state(&refund, expected),
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        status => error(status, &response.body),
    }
}

/// The answer to a question by PayPal's own id.
pub(super) fn retrieve(response: &HttpResponse, id: &str, expected: &Expected<'_>) -> Outcome {
    match response.status {
        200..=299 => match json::<Refund>(&response.body) {
            Some(refund) if refund.id != id => Outcome::Unknown(Finding::Mismatch),
            Some(refund) => state(&refund, expected),
            None => Outcome::Unknown(Finding::NotUnderstood),
        },
        404 if has_only_issue(&response.body, codes::NOT_KNOWN) => Outcome::Unknown(Finding::NotFound),
        401 => not_let_in(),
        429 | 500.. => Outcome::Unknown(Finding::NoAnswer),
        // Whatever refuses the question says nothing of the refund.
        _ => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// An error is a refusal only where every issue of it is known as one.
fn error(status: u16, body: &[u8]) -> Outcome {
    if status == 429 || status >= 500 {
        // That 429 means that nothing was done is likely, and stated nowhere.
        return Outcome::Unknown(Finding::NoAnswer);
    }
    if status == 409 && has_only_issue(body, codes::IN_PROGRESS) {
        return Outcome::Unknown(Finding::KeyInUse);
    }
    match refusal(status, body) {
        Some(refusal) => Outcome::Refused(refusal),
        None if status == 401 => not_let_in(),
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// PayPal took neither the token that was there nor a new one: nothing was done, and it may be tried again.
fn not_let_in() -> Outcome {
    Outcome::NotSent {
        reason: "PayPal did not let the request in, with a new access token neither".to_owned(),
    }
}

fn refusal(status: u16, body: &[u8]) -> Option<PspRefusal> {
    let errors: Errors = json(body)?;
    let first = errors.details.first()?;
    let mut again = codes::refusal(status, &first.issue)?;
    for detail in &errors.details {
        // It may pass only when all of it may.
        again = match (again, codes::refusal(status, &detail.issue)?) {
            (Again::After(one), Again::After(other)) => Again::After(one.max(other)),
            _ => Again::No,
        };
    }
    let text = psp_text(first.description.as_deref().or(errors.message.as_deref()));
    Some(PspRefusal { code: first.issue.clone(), text, again, psp_refund_id: None })
}

fn has_only_issue(body: &[u8], issue: &str) -> bool {
    json::<Errors>(body).is_some_and(|errors| {
        !errors.details.is_empty() && errors.details.iter().all(|detail| detail.issue == issue)
    })
}

/// What a refund's state says, once it is sure that it is ours.
pub(super) fn state(refund: &Refund, expected: &Expected<'_>) -> Outcome {
    if !is_id(&refund.id) {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    let other_key = key_of(refund).is_some_and(|key| key != expected.key);
    let other_payment = payment_of(refund).is_some_and(|payment| payment != expected.psp_payment_id);
    match amount_of(refund) {
        _ if other_key || other_payment => Outcome::Unknown(Finding::Mismatch),
        Some(amount) if amount != expected.amount => Outcome::Unknown(Finding::Mismatch),
        Some(_) => outcome(refund),
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// What a refund's state says, of whatever refund it is.
pub(super) fn outcome(refund: &Refund) -> Outcome {
    let psp_refund_id = Some(refund.id.clone());
    let reason = refund.status_details.as_ref().and_then(|details| details.reason.as_deref());
    match codes::of_status(&refund.status) {
        Some(Meaning::Done) => Outcome::Succeeded { psp_refund_id, arn: arn_of(refund) },
        Some(Meaning::Open) => {
            let note = format!("PayPal says {} {}", refund.status, psp_text(reason));
            Outcome::Pending { psp_refund_id, note: Some(note.trim_end().to_owned()) }
        }
        Some(Meaning::Refused) => {
            let (code, text) = (refund.status.clone(), psp_text(reason));
            Outcome::Refused(PspRefusal { code, text, again: Again::No, psp_refund_id })
        }
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// The reference we gave, as PayPal echoes it; nothing where it shows none.
pub(super) fn key_of(refund: &Refund) -> Option<&str> {
    refund.custom_id.as_deref().filter(|key| !key.is_empty())
}

/// The payment that the refund is linked to; nothing where it is linked to none.
pub(super) fn payment_of(refund: &Refund) -> Option<&str> {
    let up = refund.links.iter().find(|link| link.rel == "up")?;
    let (_, id) = up.href.split_once(CAPTURES)?;
    Some(id)
}

pub(super) fn amount_of(refund: &Refund) -> Option<Amount> {
    refund.amount.as_ref()?.amount()
}

fn arn_of(refund: &Refund) -> Option<String> {
    let is_arn = |arn: &&String| {
        (1..=ARN_CHARS_MAX).contains(&arn.len()) && arn.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    refund.acquirer_reference_number.as_ref().filter(is_arn).cloned()
}
