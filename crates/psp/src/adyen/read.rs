//! What Adyen's answers say.

use super::codes::{self, Meaning};
use super::contract::Contract;
use super::wire::{PaymentMethodsResponse, RefundResponse, ServiceError};
use super::{IDEMPOTENCY_KEY, TRANSIENT_ERROR};
use crate::connector::{AccountCheck, SubmitAsk};
use crate::exchange::{is_id, json, not_accepted, not_let_in, psp_text, unclear};
use crate::transport::HttpResponse;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};

/// The answer to a refund request.
pub(super) fn submit(response: &HttpResponse, contract: &Contract<'_>, ask: &SubmitAsk) -> Outcome {
    match response.status {
        200..=299 => received(response, contract, ask),
        408 | 429 | 500.. => Outcome::Unknown(Finding::NoAnswer),
        400..=499 => refusal(response),
        _ => Outcome::Unknown(Finding::NotUnderstood),
    }
}

/// Adyen has it; how it ends a notification tells. The status is never another one.
fn received(response: &HttpResponse, contract: &Contract<'_>, ask: &SubmitAsk) -> Outcome {
    let Some(answer) = json::<RefundResponse>(&response.body) else {
        return Outcome::Unknown(Finding::NotUnderstood);
    };
    let echoed_key = response.headers.get(&IDEMPOTENCY_KEY).map(http::HeaderValue::as_bytes);
    let ours = answer.merchant_account == contract.merchant_account
        && answer.payment_psp_reference == ask.psp_payment_id
        && answer.reference.as_ref().is_none_or(|reference| *reference == ask.key)
        && echoed_key.is_none_or(|key| key == ask.key.as_bytes())
        && answer.amount.amount() == Some(ask.amount);
    if !ours {
        return Outcome::Unknown(Finding::Mismatch);
    }
    let id_is_its_own = is_id(&answer.psp_reference) && answer.psp_reference != ask.psp_payment_id;
    if answer.status != "received" || !id_is_its_own {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    let note = Some("Adyen says received".to_owned());
    Outcome::Pending { psp_refund_id: Some(answer.psp_reference), note }
}

fn refusal(response: &HttpResponse) -> Outcome {
    let error: Option<ServiceError> = json(&response.body);
    let code = error.as_ref().and_then(|error| error.error_code.as_deref()).filter(|code| !code.is_empty());
    let meaning = match code {
        Some(code) => codes::of_error(response.status, code),
        None => Meaning::Open(Finding::NotUnderstood),
    };
    let text = psp_text(error.as_ref().and_then(|error| error.message.as_deref()));
    match (meaning, code) {
        (Meaning::Open(Finding::KeyInUse), _) => Outcome::Unknown(Finding::KeyInUse),
        // Nothing was done, and the same may come again.
        _ if is_transient(response) => Outcome::Unknown(Finding::NoAnswer),
        (Meaning::Refused, Some(code)) => Outcome::Refused(PspRefusal {
            code: psp_text(Some(code)),
            text,
            again: Again::No,
            psp_refund_id: None,
        }),
        (Meaning::NotLetIn, Some(code)) => not_let_in("Adyen", &format!("{} {text}", psp_text(Some(code)))),
        (Meaning::Open(finding), _) => Outcome::Unknown(finding),
        (Meaning::Refused | Meaning::NotLetIn, None) => Outcome::Unknown(Finding::NotUnderstood),
    }
}

fn is_transient(response: &HttpResponse) -> bool {
    response.headers.get(&TRANSIENT_ERROR).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// The answer to the question for the merchant account's ways of paying.
pub(super) fn check(response: &HttpResponse) -> AccountCheck {
    let error: ServiceError = json(&response.body).unwrap_or_default();
    let (code, text) = (psp_text(error.error_code.as_deref()), psp_text(error.message.as_deref()));
    match response.status {
        200 if json::<PaymentMethodsResponse<'_>>(&response.body)
            .is_some_and(|list| list.payment_methods.iter().all(|method| method.get().starts_with('{'))) =>
        {
            AccountCheck::Proved(
                "Adyen took the API key and listed the merchant account's payment methods; the HMAC key is proved \
                 by the first notification"
                    .to_owned(),
            )
        }
        status @ (401 | 403) => not_accepted("Adyen", status, &code, &text),
        status if code == "901" => not_accepted("Adyen", status, &code, &text),
        status => unclear("Adyen", status, &code, &text),
    }
}
