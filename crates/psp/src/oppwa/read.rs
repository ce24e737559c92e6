//! What OPPWA's answers say about the refund that was asked about.

use super::codes::{self, Meaning};
use super::wire::{Listed, REFUND, ResultPart, Transaction};
use crate::connector::AccountCheck;
use crate::exchange::{is_id, json, not_accepted, not_let_in, number_text, psp_text, unclear};
use crate::transport::HttpResponse;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Finding, Outcome, PspRefusal};

/// The refund that an answer is checked against.
pub(super) struct Expected<'a> {
    pub(super) key: &'a str,
    pub(super) psp_payment_id: &'a str,
    pub(super) amount: Amount,
    pub(super) environment: Environment,
}

/// How a refund is asked about.
pub(super) enum Asked<'a> {
    /// By OPPWA's own id of it.
    ById(&'a str),
    /// By our reference; these ids are bound to other refunds.
    ByKey(&'a [String]),
}

const fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

/// The answer to a submit.
pub(super) fn submit(response: &HttpResponse, expected: &Expected<'_>) -> Outcome {
    let transaction: Option<Transaction<'_>> = json(&response.body);
    match (response.status, transaction) {
        (200..=299 | 400..=428 | 430..=499, Some(transaction)) if is_turned_away(&transaction, expected) => {
            not_let_in("OPPWA", &psp_text(transaction.result.description.as_deref()))
        }
        (200..=299 | 400..=428 | 430..=499, Some(transaction)) => {
            judged(&transaction, response.status, expected)
        }
        // What only a proxy on the way says is no word of OPPWA's.
        (429, Some(transaction)) if transaction.result.code == codes::THROTTLED => {
            judged(&transaction, response.status, expected)
        }
        (429 | 500.., _) => unknown(Finding::NoAnswer),
        _ => unknown(Finding::NotUnderstood),
    }
}

/// Whether the token was not taken: no transaction was made, so none is named.
fn is_turned_away(answer: &Transaction<'_>, expected: &Expected<'_>) -> bool {
    answer.result.code == codes::BAD_TOKEN && answer.id.is_none() && !differs(answer, expected)
}

/// The answer to a question about a refund.
pub(super) fn query(response: &HttpResponse, asked: &Asked<'_>, expected: &Expected<'_>) -> Outcome {
    match response.status {
        200..=299 | 400..=428 | 430..=499 => {}
        429 | 500.. => return unknown(Finding::NoAnswer),
        _ => return unknown(Finding::NotUnderstood),
    }
    let Some(listed) = json::<Listed<'_>>(&response.body) else { return unknown(Finding::NotUnderstood) };
    let is_cut = listed.is_cut();
    let Some(rows) = listed.payments else { return single(response, asked, expected) };
    // Another page may show another refund under our reference.
    if response.status >= 400 || !codes::is_success(&listed.result.code) || is_cut {
        return unknown(Finding::NotUnderstood);
    }
    let found: Vec<_> = rows.iter().filter(|row| is_about(row, asked, expected)).collect();
    match (found.as_slice(), asked) {
        ([row], _) => known(row, response.status, asked, expected),
        ([], Asked::ById(_)) if !rows.is_empty() => unknown(Finding::Mismatch),
        ([], _) => unknown(Finding::NotFound),
        _ => unknown(Finding::Ambiguous),
    }
}

/// An answer that is a transaction itself, or the word that there is none.
fn single(response: &HttpResponse, asked: &Asked<'_>, expected: &Expected<'_>) -> Outcome {
    let Some(transaction) = json::<Transaction<'_>>(&response.body) else {
        return unknown(Finding::NotUnderstood);
    };
    if transaction.id.is_some() {
        return match is_about(&transaction, asked, expected) {
            true => known(&transaction, response.status, asked, expected),
            false => unknown(Finding::Mismatch),
        };
    }
    // Whatever else is said, is said of the question, not of the refund.
    let not_found = transaction.result.code == codes::NOT_FOUND;
    unknown(if not_found { Finding::NotFound } else { Finding::NotUnderstood })
}

/// Whether a row is one that was asked for: by our reference only refunds, since a row of another type is none.
fn is_about(row: &Transaction<'_>, asked: &Asked<'_>, expected: &Expected<'_>) -> bool {
    match asked {
        Asked::ById(id) => row.id.as_deref() == Some(*id),
        Asked::ByKey(_) => {
            let refund = row.payment_type.as_deref().is_none_or(|kind| kind == REFUND);
            refund && row.merchant_transaction_id.as_deref() == Some(expected.key)
        }
    }
}

fn known(row: &Transaction<'_>, status: u16, asked: &Asked<'_>, expected: &Expected<'_>) -> Outcome {
    // What was asked for by an id that only a notification told must show that it is ours.
    if row.merchant_transaction_id.is_none() || row.payment_type.is_none() {
        return unknown(Finding::NotUnderstood);
    }
    let id = row.id.as_deref().unwrap_or_default();
    match asked {
        Asked::ByKey(bound) if bound.iter().any(|bound| bound == id) => unknown(Finding::Mismatch),
        _ => judged(row, status, expected),
    }
}

/// What a transaction says, once it is sure that it is the refund that is meant.
fn judged(transaction: &Transaction<'_>, status: u16, expected: &Expected<'_>) -> Outcome {
    if differs(transaction, expected) {
        return unknown(Finding::Mismatch);
    }
    let meaning = codes::of(&transaction.result.code, expected.environment);
    let whole = transaction.payment_type.is_some() && amount_of(transaction).is_some();
    if matches!(meaning, Meaning::Done | Meaning::Pending) && (status >= 400 || !whole) {
        return unknown(Finding::NotUnderstood);
    }
    outcome(transaction, meaning, expected.psp_payment_id)
}

/// Whether anything that it names is not as it was asked. A refusal may name less: it has no sum (seen at HyperPay).
fn differs(transaction: &Transaction<'_>, expected: &Expected<'_>) -> bool {
    let other = |echo: &Option<String>, asked: &str| echo.as_deref().is_some_and(|echo| echo != asked);
    let currency = expected.amount.currency();
    other(&transaction.payment_type, REFUND)
        || other(&transaction.merchant_transaction_id, expected.key)
        || other(&transaction.referenced_id, expected.psp_payment_id)
        || other(&transaction.currency, currency.code())
        || transaction.amount.is_some_and(|raw| {
            let minor = number_text(raw).and_then(|text| Decimal::from_json_number(text).ok());
            minor.and_then(|number| number.to_minor(currency).ok()) != Some(expected.amount.minor())
        })
}

/// What a transaction says, of whatever refund it is.
pub(super) fn outcome(transaction: &Transaction<'_>, meaning: Meaning, payment: &str) -> Outcome {
    let ResultPart { code, description } = &transaction.result;
    let text = psp_text(description.as_deref());
    let id = transaction.id.as_deref().filter(|id| is_id(id) && *id != payment).map(str::to_owned);
    match meaning {
        Meaning::Done | Meaning::Pending if id.is_none() => unknown(Finding::NotUnderstood),
        Meaning::Done => Outcome::Succeeded { psp_refund_id: id, arn: None },
        Meaning::Pending => {
            let note = format!("OPPWA says {code} {text}").trim_end().to_owned();
            Outcome::Pending { psp_refund_id: id, note: Some(note) }
        }
        Meaning::Refused(again) => {
            Outcome::Refused(PspRefusal { code: code.clone(), text, again, psp_refund_id: id })
        }
        Meaning::Duplicate => unknown(Finding::KeyInUse),
        Meaning::Open => unknown(Finding::NotUnderstood),
    }
}

/// The sum that a transaction names.
pub(super) fn amount_of(transaction: &Transaction<'_>) -> Option<Amount> {
    let currency = Currency::from_code(transaction.currency.as_deref()?).ok()?;
    let number = Decimal::from_json_number(number_text(transaction.amount?)?).ok()?;
    Some(Amount::new(number.to_minor(currency).ok()?, currency))
}

/// The answer to a question about a refund that cannot be.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let listed: Option<Listed<'_>> = json(&response.body);
    let result = listed.as_ref().map(|listed| &listed.result);
    let code = psp_text(result.map(|result| result.code.as_str()));
    let text = psp_text(result.and_then(|result| result.description.as_deref()));
    let found = listed.as_ref().is_some_and(|listed| listed.payments.is_some() && codes::is_success(&code));
    match response.status {
        status @ (401 | 403) => not_accepted("OPPWA", status, &code, &text),
        status @ (200..=299 | 400..=499) if codes::says_access(&code) => {
            not_accepted("OPPWA", status, &code, &text)
        }
        200..=299 | 400..=499 if code == codes::NOT_FOUND || found => AccountCheck::Proved(
            "OPPWA took the token and the entity, and said that it has no such refund".to_owned(),
        ),
        status => unclear("OPPWA", status, &code, &text),
    }
}
