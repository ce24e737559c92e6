//! What Mastercard Gateway's answers say about the refund that was asked about.

use super::codes::{self, Meaning};
use super::wire::{Answer, Error};
use crate::connector::AccountCheck;
use crate::exchange::{json, not_let_in, psp_text};
use crate::transport::HttpResponse;
use redress_core::money::Amount;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};

/// The only kind of transaction that gives money back of a payment.
pub(super) const REFUND: &str = "REFUND";

/// What an invalid request says, in small letters, where it is who asks or the address that is wrong, and not what was
/// asked about. Seen elsewhere: "Invalid credentials." with HTTP 401, "Authenticated entity not authorised to perform
/// operation for target entity" (<https://github.com/scriptpapi/MPGS-Integration-Guides-and-Samples/issues/2>), and
/// "After url path …, expected …" with HTTP 404.
const TEXTS_OF_THE_CALLER: [&str; 3] = ["credential", "authoris", "url path"];

/// The refund that an answer is checked against.
pub(super) struct Expected<'a> {
    pub(super) merchant_id: &'a str,
    pub(super) psp_payment_id: &'a str,
    pub(super) key: &'a str,
    pub(super) amount: Amount,
}

/// How an answer's ids and sum compare with what was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    Same,
    Partial,
    Other,
}

/// 201 whenever the gateway handled the request, also where the refund was declined; 4xx is a mistake of ours, with a
/// cause. That 429 means that nothing was done is likely, and stated nowhere.
enum Kind<'a> {
    Transaction(Box<Answer<'a>>),
    Refusal(Error),
}

fn kind(response: &HttpResponse) -> Result<Kind<'_>, Finding> {
    match response.status {
        200..=299 => json(&response.body)
            .map(|answer| Kind::Transaction(Box::new(answer)))
            .ok_or(Finding::NotUnderstood),
        408 | 429 | 500.. => Err(Finding::NoAnswer),
        400..=499 => {
            let answer: Answer<'_> = json(&response.body).ok_or(Finding::NotUnderstood)?;
            let error = answer.error.filter(|_| answer.result == "ERROR").ok_or(Finding::NotUnderstood)?;
            match error.cause.as_deref() {
                Some("SERVER_BUSY" | "SERVER_FAILED") => Err(Finding::NoAnswer),
                Some(cause) if codes::refuses(cause) => Ok(Kind::Refusal(error)),
                _ => Err(Finding::NotUnderstood),
            }
        }
        _ => Err(Finding::NotUnderstood),
    }
}

pub(super) fn submit(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    match kind(response) {
        Ok(Kind::Transaction(answer)) => match echo(&answer, expected) {
            Echo::Other => Outcome::Unknown(Finding::Mismatch),
            Echo::Same => outcome(&answer),
            // A refusal may leave out what was refused (inferred); anything else must say of what it speaks.
            Echo::Partial => match outcome(&answer) {
                refused @ Outcome::Refused(_) => refused,
                _ => Outcome::Unknown(Finding::NotUnderstood),
            },
        },
        // The gateway's own word that it did not let us in: by the status, whatever the cause, or by the cause, whatever the
        // status. Both are asked before anything else (inferred).
        Ok(Kind::Refusal(error)) if response.status == 401 || codes::turns_away(error.cause.as_deref()) => {
            not_let_in("Mastercard Gateway", &error_text(&error))
        }
        Ok(Kind::Refusal(error)) => {
            let text = error_text(&error);
            let code = psp_text(error.cause.as_deref());
            Outcome::Refused(PspRefusal { code, text, again: Again::No, psp_refund_id: None })
        }
        Err(finding) => Outcome::Unknown(finding),
    }
}

/// That a transaction which is not there is an invalid request, with HTTP 400 or 404, is inferred. It proves nothing, and
/// all that follows from it is that the same request may be sent again.
pub(super) fn query(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    match kind(response) {
        Ok(Kind::Transaction(answer)) => match echo(&answer, expected) {
            Echo::Other => Outcome::Unknown(Finding::Mismatch),
            Echo::Same => outcome_of_any_send(&answer),
            Echo::Partial => Outcome::Unknown(Finding::NotUnderstood),
        },
        Ok(Kind::Refusal(error)) if says_not_there(response.status, &error) => {
            Outcome::Unknown(Finding::NotFound)
        }
        // It says something of the question, not of the refund.
        Ok(Kind::Refusal(_)) => Outcome::Unknown(Finding::NotUnderstood),
        Err(finding) => Outcome::Unknown(finding),
    }
}

/// The answer to a question about a transaction that cannot be.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let status = response.status;
    match kind(response) {
        Ok(Kind::Refusal(error)) if says_not_there(status, &error) => AccountCheck::Proved(
            "Mastercard Gateway took the password and said that it has no such transaction".to_owned(),
        ),
        Ok(Kind::Refusal(error)) => AccountCheck::Refused(format!(
            "Mastercard Gateway says {} {}",
            psp_text(error.cause.as_deref()),
            error_text(&error)
        )),
        _ if matches!(status, 401 | 403) => {
            AccountCheck::Refused(format!("Mastercard Gateway answered HTTP {status}"))
        }
        _ => AccountCheck::Unclear(format!("HTTP {status}, and no answer of Mastercard Gateway's")),
    }
}

/// What a transaction's result says, of whatever transaction it is.
fn outcome(answer: &Answer<'_>) -> Outcome {
    let response = answer.response.as_ref();
    let gateway_code = response.and_then(|response| response.gateway_code.as_deref());
    let said = |text: Option<&str>| psp_text(text);
    match codes::of_transaction(&answer.result, gateway_code) {
        Meaning::Done => Outcome::Succeeded { psp_refund_id: None, arn: None },
        Meaning::Open => {
            let code = said(gateway_code);
            let note = format!("Mastercard Gateway says {} {code}", said(Some(&answer.result)));
            Outcome::Pending { psp_refund_id: None, note: Some(note.trim_end().to_owned()) }
        }
        Meaning::Refused(again) => {
            let acquirer = response.map(|response| {
                format!(
                    "{} {}",
                    said(response.acquirer_code.as_deref()),
                    said(response.acquirer_message.as_deref())
                )
            });
            let text = acquirer.unwrap_or_default().trim().to_owned();
            Outcome::Refused(PspRefusal { code: said(gateway_code), text, again, psp_refund_id: None })
        }
        Meaning::Unclear => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// The same where it need not be the last send's: what held the order may have been an earlier send of the same refund.
pub(super) fn outcome_of_any_send(answer: &Answer<'_>) -> Outcome {
    match outcome(answer) {
        Outcome::Refused(refusal) if refusal.code == codes::LOCK_FAILURE => {
            Outcome::Unknown(Finding::NotUnderstood)
        }
        outcome => outcome,
    }
}

fn echo(answer: &Answer<'_>, expected: &Expected<'_>) -> Echo {
    let transaction = answer.transaction.as_ref();
    let texts = [
        (answer.merchant.as_deref(), expected.merchant_id),
        (answer.order.as_ref().and_then(|order| order.id.as_deref()), expected.psp_payment_id),
        (transaction.and_then(|transaction| transaction.id.as_deref()), expected.key),
        (transaction.and_then(|transaction| transaction.kind.as_deref()), REFUND),
        (
            transaction.and_then(|transaction| transaction.currency.as_deref()),
            expected.amount.currency().code(),
        ),
    ];
    let has_sum = transaction.is_some_and(|transaction| transaction.amount.is_some());
    let sum = transaction.and_then(super::wire::Transaction::sum);
    let other_text = texts.iter().any(|(given, wanted)| given.is_some_and(|given| given != *wanted));
    // Without a currency a sum says nothing; a sum that cannot be read is another one.
    let other_sum = has_sum && texts[4].0.is_some() && sum != Some(expected.amount);
    if other_text || other_sum {
        Echo::Other
    } else if sum.is_some() && texts.iter().all(|(given, _)| given.is_some()) {
        Echo::Same
    } else {
        Echo::Partial
    }
}

fn says_not_there(status: u16, error: &Error) -> bool {
    let text = error.explanation.as_deref().unwrap_or_default().to_ascii_lowercase();
    let of_the_caller = TEXTS_OF_THE_CALLER.iter().any(|part| text.contains(part));
    matches!(status, 400 | 404) && error.cause.as_deref() == Some("INVALID_REQUEST") && !of_the_caller
}

fn error_text(error: &Error) -> String {
    let text = psp_text(error.explanation.as_deref());
    match error.field.as_deref() {
        Some(field) => format!("{text} ({})", psp_text(Some(field))),
        None => text,
    }
}
