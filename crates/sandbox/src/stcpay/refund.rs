//! `POST …/MerchantTransactions/v3/RefundPayment`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{ERROR_500, Refusal, read};
use super::{SAR, account};
use crate::money;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::Effect;
use crate::state::{DueKind, NewRefund, Stage, State, StateError};

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = account(&sandbox.inner.config, &headers)
        .and_then(|account| Form::read(&body).map(|form| (account.client_code.as_str(), form)));
    let (client_code, form) = match read {
        Ok(read) => read,
        Err(refusal) => return refusal.reply().response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, client_code, &form, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "RefundPaymentRequestMessage")]
    message: Message,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "STCPayRefNum")]
    payment: String,
    #[serde(rename = "Amount")]
    amount: Box<RawValue>,
}

/// A request that is right in itself.
#[derive(Debug)]
struct Form {
    payment: String,
    amount_minor: i64,
}

impl Form {
    fn read(body: &[u8]) -> Result<Form, Refusal> {
        let Body { message } = read(body)?;
        let text = message.amount.get();
        if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            return Err(Refusal::BAD_FORMAT);
        }
        let decimals = money::exponent(SAR).unwrap_or(2);
        let amount_minor =
            money::parse_major(text, decimals).filter(|amount| *amount > 0).ok_or(Refusal::BAD_AMOUNT)?;
        Ok(Form { payment: message.payment, amount_minor })
    }
}

fn submit(state: &State<'_>, client_code: &str, form: &Form, now_ms: i64) -> Result<Played, StateError> {
    if state.payment(Psp::StcPay, &form.payment)?.is_none() {
        return Ok(Played::plain(Refusal::NO_PAYMENT.reply()));
    }
    if !state.fits(Psp::StcPay, &form.payment, form.amount_minor)? {
        return Ok(Played::plain(Refusal::FORBIDDEN.reply()));
    }
    let step = state.next_step(Psp::StcPay, &form.payment)?;
    let reply = match step.effect() {
        Effect::Lost => Reply::new(StatusCode::OK, String::new()),
        Effect::Refused => Refusal::FORBIDDEN.reply(),
        Effect::Now => make(state, client_code, form, Stage::Succeeded, now_ms)?.1,
        Effect::Later { ms } => {
            let (seq, reply) = make(state, client_code, form, Stage::Coming, now_ms)?;
            state.add_due(now_ms.saturating_add_unsigned(ms), seq, DueKind::Effect, "")?;
            reply
        }
    };
    Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() })
}

/// Makes the refund; gives its number and the answer that tells of it.
fn make(
    state: &State<'_>,
    client_code: &str,
    form: &Form,
    stage: Stage,
    now_ms: i64,
) -> Result<(i64, Reply), StateError> {
    let new = NewRefund {
        psp: Psp::StcPay,
        account: client_code,
        payment: &form.payment,
        key: "",
        amount_minor: form.amount_minor,
        currency: SAR,
        stage,
        detail: String::new(),
    };
    // The second in which the file was made, then the refund's number: a new file does not repeat the ids of an older one.
    let origin_s = state.origin_ms / 1_000;
    let refund = state.insert_refund(&new, now_ms, |seq| format!("{origin_s}{seq:06}"))?;
    let body = format!(r#"{{"RefundPaymentResponseMessage":{{"NewSTCPayRefNum":"{}"}}}}"#, refund.refund);
    Ok((refund.seq, Reply::new(StatusCode::OK, body)))
}
