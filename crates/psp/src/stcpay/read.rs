//! What stc pay's answers say.

use super::codes;
use super::wire::{Answer, Refunded};
use crate::connector::{AccountCheck, SubmitAsk};
use crate::exchange::{is_id, json, number_text, psp_text};
use crate::transport::HttpResponse;
use redress_core::decimal::Decimal;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use serde_json::value::RawValue;

/// Whether an answer of this status can be stc pay's word. That 429 means that nothing was done is likely, and known of
/// nobody.
fn is_of_stc_pay(status: u16) -> bool {
    matches!(status, 200..=299 | 400..=499) && status != 429
}

/// An empty answer: others saw one where certificate or client code are wrong
/// (<https://github.com/shazzad/woocommerce-gateway-stcpay>). One source, so it is never taken for a refusal.
pub(super) fn says_nothing(response: &HttpResponse) -> bool {
    response.body.is_empty() && is_of_stc_pay(response.status)
}

/// The answer to a refund. Errors were seen with HTTP 403 and with 200, a refund that was made with 200 only.
pub(super) fn refund(response: &HttpResponse, ask: &SubmitAsk) -> Outcome {
    let unknown = Outcome::Unknown(Finding::NotUnderstood);
    if !is_of_stc_pay(response.status) {
        let is_silence = response.status == 429 || response.status >= 500;
        return if is_silence { Outcome::Unknown(Finding::NoAnswer) } else { unknown };
    }
    let good = response.status < 300;
    let Some(answer) = json::<Answer<'_>>(&response.body) else { return unknown };
    match (&answer.refund, answer.code) {
        (Some(made), None) if good => refunded(made, ask),
        (None, Some(code)) => match number(code).filter(|code| codes::refuses(*code)) {
            Some(code) => Outcome::Refused(PspRefusal {
                code: code.to_string(),
                text: psp_text(answer.text.as_deref()),
                again: Again::No,
                psp_refund_id: None,
            }),
            None => unknown,
        },
        _ => unknown,
    }
}

fn refunded(made: &Refunded<'_>, ask: &SubmitAsk) -> Outcome {
    let other_payment = made.payment.is_some_and(|echo| id(echo).as_ref() != Some(&ask.psp_payment_id));
    let other_sum = made.amount.is_some_and(|echo| minor(echo, ask) != Some(ask.amount.minor()));
    if other_payment || other_sum {
        return Outcome::Unknown(Finding::Mismatch);
    }
    // "New" is the refund's own: the payment's given back, or none, is not what others saw.
    match id(made.refund).filter(|id| *id != ask.psp_payment_id) {
        Some(id) => Outcome::Succeeded { psp_refund_id: Some(id), arn: None },
        None => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// The answer to a question about a payment that cannot be.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let status = response.status;
    if says_nothing(response) {
        let text = format!(
            "HTTP {status} without a word: others saw that for a wrong certificate or client code, and a wrong path may look \
             like it"
        );
        return if matches!(status, 401 | 403) {
            AccountCheck::Refused(text)
        } else {
            AccountCheck::Unclear(text)
        };
    }
    let unclear = || AccountCheck::Unclear(format!("HTTP {status}, and no answer of stc pay's"));
    if !is_of_stc_pay(status) {
        return unclear();
    }
    let Some(answer) = json::<Answer<'_>>(&response.body) else { return unclear() };
    let text = psp_text(answer.text.as_deref());
    match (answer.code.and_then(number), answer.inquiry) {
        (Some(code), _) if codes::says_no_payment(code) => AccountCheck::Proved(
            "stc pay took certificate and client code and said that it has no such payment".to_owned(),
        ),
        (Some(code), _) if codes::says_merchant(code) => {
            AccountCheck::Refused(format!("stc pay says {code} {text}").trim_end().to_owned())
        }
        (Some(code), _) => AccountCheck::Unclear(format!("stc pay says {code} {text}").trim_end().to_owned()),
        (None, Some(_)) if status < 300 && answer.code.is_none() => AccountCheck::Proved(
            "stc pay took certificate and client code and answered the question".to_owned(),
        ),
        _ => unclear(),
    }
}

/// A code, in its shortest form.
fn number(raw: &RawValue) -> Option<u32> {
    let text = number_text(raw)?;
    text.parse().ok().filter(|code: &u32| code.to_string() == text)
}

/// An id, which may be a text or a whole number; nothing where it is empty or of zeros.
fn id(raw: &RawValue) -> Option<String> {
    let id = match raw.get().as_bytes().first() {
        Some(b'"') => json::<String>(raw.get().as_bytes())?,
        Some(b'0'..=b'9') if raw.get().bytes().all(|b| b.is_ascii_digit()) => raw.get().to_owned(),
        _ => return None,
    };
    (is_id(&id) && id.bytes().any(|b| b != b'0')).then_some(id)
}

fn minor(raw: &RawValue, ask: &SubmitAsk) -> Option<i64> {
    Decimal::from_json_number(number_text(raw)?).ok()?.to_minor(ask.amount.currency()).ok()
}
