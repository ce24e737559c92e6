//! `POST /v1/payments/{id}` with `paymentType=RF`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::wire::{Code, ERROR_500, Fields, Refusal, parse_amount, show};
use super::{Detail, auth, notify};
use crate::money;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Effect, Step};
use crate::state::{DueKind, NewRefund, Refund, Stage, State, StateError};

/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

/// What may be in the form. OPPWA takes more (a descriptor, say), which changes nothing here.
const FIELDS: [&str; 7] =
    ["entityId", "amount", "currency", "paymentType", "merchantTransactionId", "testMode", "descriptor"];

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(payment): extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = fields(&headers, &body);
    let account =
        match auth::account(&sandbox.inner.config, &headers, fields.as_ref().map_err(|refusal| *refusal)) {
            Ok(account) => account.entity_id.clone(),
            Err(refusal) => return refusal.reply().response(),
        };
    let form = match fields.and_then(|fields| Form::read(&fields, payment)) {
        Ok(form) => form,
        Err(refusal) => return refusal.reply().response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, &account, &form, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(Refusal::BAD_PARAMETER);
    }
    Fields::read(std::str::from_utf8(body).map_err(|_| Refusal::BAD_PARAMETER)?, &FIELDS)
}

/// A request that is right in itself.
#[derive(Debug)]
struct Form {
    payment: String,
    amount_minor: i64,
    currency: String,
    key: String,
    test_mode: Option<String>,
}

impl Form {
    fn read(fields: &Fields, payment: String) -> Result<Form, Refusal> {
        if fields.one("paymentType")? != Some("RF") {
            return Err(Refusal::BAD_TYPE);
        }
        let amount = fields.one("amount")?.ok_or(Refusal::NO_AMOUNT)?;
        let currency = fields.one("currency")?.ok_or(Refusal::NO_CURRENCY)?;
        let exponent = money::exponent(currency).ok_or(Refusal::BAD_CURRENCY)?;
        let amount_minor = parse_amount(amount, exponent).ok_or(Refusal::BAD_AMOUNT)?;
        if amount_minor == 0 {
            return Err(Refusal::NO_AMOUNT);
        }
        let test_mode = fields.one("testMode")?.map(str::to_owned);
        if !matches!(test_mode.as_deref(), None | Some("EXTERNAL" | "INTERNAL")) {
            return Err(Refusal::BAD_PARAMETER);
        }
        let key = fields.one("merchantTransactionId")?.unwrap_or_default().to_owned();
        Ok(Form { payment, amount_minor, currency: currency.to_owned(), key, test_mode })
    }
}

fn submit(state: &State<'_>, account: &str, form: &Form, now_ms: i64) -> Result<Played, StateError> {
    if let Some(refusal) = refusal(state, account, form)? {
        return Ok(Played::plain(refusal.reply()));
    }
    let step = state.next_step(Psp::Oppwa, &form.payment)?;
    let stage = match step.effect() {
        Effect::Lost => {
            let reply = Reply::new(StatusCode::OK, String::new());
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused => Stage::Refused,
        Effect::Now if step == Step::Pend => Stage::Pending,
        Effect::Now => Stage::Succeeded,
        Effect::Later { .. } => Stage::Coming,
    };
    let refused = (stage == Stage::Refused).then_some(if step == Step::RefuseForNow {
        Code::NOT_NOW
    } else {
        Code::DECLINED
    });
    let refund = insert(state, account, form, (stage, refused), now_ms)?;
    let status = if stage == Stage::Refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let reply = Reply::new(status, show(&refund)?);
    let notify_first = go_on(state, &refund, step, now_ms)?;
    Ok(Played { reply, answer: step.answer(), notify_first })
}

/// Why a request that is right in itself makes no refund.
fn refusal(state: &State<'_>, account: &str, form: &Form) -> Result<Option<Refusal>, StateError> {
    if !form.key.is_empty() && !state.refunds_by_key(Psp::Oppwa, account, &form.key)?.is_empty() {
        return Ok(Some(Refusal::DUPLICATE));
    }
    Ok(match state.payment(Psp::Oppwa, &form.payment)? {
        None => Some(Refusal::NO_PAYMENT),
        Some(payment) if payment.currency != form.currency => Some(Refusal::OTHER_CURRENCY),
        Some(_) if !state.fits(Psp::Oppwa, &form.payment, form.amount_minor)? => Some(Refusal::OVER_REFUND),
        Some(_) => None,
    })
}

fn insert(
    state: &State<'_>,
    account: &str,
    form: &Form,
    (stage, refused): (Stage, Option<Code>),
    now_ms: i64,
) -> Result<Refund, StateError> {
    let refused = refused.map(|code| code.code.to_owned());
    let new = NewRefund {
        psp: Psp::Oppwa,
        account,
        payment: &form.payment,
        key: &form.key,
        amount_minor: form.amount_minor,
        currency: &form.currency,
        stage,
        detail: Detail { test_mode: form.test_mode.clone(), refused }.text()?,
    };
    // 32 hex digits, as OPPWA's ids are.
    let origin_ms = state.origin_ms;
    state.insert_refund(&new, now_ms, |seq| format!("8ac7a4a0{origin_ms:012x}{seq:012x}"))
}

/// What becomes of a new refund; gives the notifications that come before the answer.
fn go_on(state: &State<'_>, refund: &Refund, step: Step, now_ms: i64) -> Result<Vec<i64>, StateError> {
    match (step.effect(), step) {
        (Effect::Later { ms }, _) => {
            state.add_due(now_ms.saturating_add_unsigned(ms), refund.seq, DueKind::Effect, "")?;
        }
        (Effect::Lost | Effect::Refused, _) | (_, Step::Pend) => {}
        (_, Step::NotifyBeforeAnswer) => {
            return Ok(notify::queue_for_request(state, refund, now_ms)?.into_iter().collect());
        }
        (Effect::Now, step) => {
            let copies = if step == Step::DuplicateNotification { 2 } else { 1 };
            notify::queue(state, refund, copies, now_ms)?;
            if step == Step::SucceedThenFail {
                state.add_due(now_ms.saturating_add(FAIL_AFTER_MS), refund.seq, DueKind::FailLater, "")?;
            }
        }
    }
    Ok(Vec::new())
}
