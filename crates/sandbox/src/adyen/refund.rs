//! `POST /v71/payments/{pspReference}/refunds`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::wire::{
    Amount, ERROR_500, IDEMPOTENCY_KEY, RefundRequest, RefundResponse, Refusal, idempotency_key,
};
use super::{Detail, FAIL_AFTER_MS, NOT_CAPTURED, OVER_REFUND, SETTLE_MS, auth, notify, settle_later, units};
use crate::due::Settling;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Effect, Step};
use crate::state::{DueKind, NewRefund, Refund, Request, RequestState, Stage, State, StateError};

/// Longest reference, in characters.
const REFERENCE_CHARS_MAX: usize = 80;
/// How long a `pspReference` is, and how much of it tells when the state was made.
const REFERENCE_CHARS: usize = 16;
const ORIGIN_CHARS: usize = 8;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(payment): extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match Form::read(&sandbox, &headers, payment, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal.reply_to(&headers).response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, &form, now_ms)) {
        Ok(played) => sandbox.answer(form.with_key(played), ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

/// A request that is right in itself.
struct Form<'a> {
    merchant_account: &'a str,
    payment: String,
    key: Option<String>,
    /// What makes two requests different.
    fingerprint: String,
    body: RefundRequest,
    amount: Amount,
    amount_minor: i64,
}

impl<'a> Form<'a> {
    fn read(
        sandbox: &'a Sandbox,
        headers: &HeaderMap,
        payment: String,
        bytes: &[u8],
    ) -> Result<Form<'a>, Refusal> {
        let account = auth::account(&sandbox.inner.config, headers)?;
        let key = idempotency_key(headers)?;
        let body: RefundRequest = serde_json::from_slice(bytes).map_err(|_| Refusal::BAD_JSON)?;
        auth::is_for(account, body.merchant_account.as_deref())?;
        let amount = body.amount.clone().ok_or(Refusal::NO_AMOUNT)?;
        if units::decimals(&amount.currency).is_none() {
            return Err(Refusal::BAD_CURRENCY);
        }
        let amount_minor = units::to_iso(amount.value, &amount.currency)
            .filter(|minor| *minor > 0)
            .ok_or(Refusal::BAD_AMOUNT)?;
        if body.reference.as_ref().is_some_and(|text| text.chars().count() > REFERENCE_CHARS_MAX) {
            return Err(Refusal::LONG_REFERENCE);
        }
        let digest = Sha256::new().chain_update(payment.as_bytes()).chain_update([0]).chain_update(bytes);
        let fingerprint = hex::encode(digest.finalize());
        let merchant_account = &account.merchant_account;
        Ok(Form { merchant_account, payment, key, fingerprint, body, amount, amount_minor })
    }

    /// The key comes back with the answer.
    fn with_key(&self, mut played: Played) -> Played {
        if let Some(key) = &self.key {
            played.reply = played.reply.header(IDEMPOTENCY_KEY, key.as_str());
        }
        played
    }
}

fn submit(state: &State<'_>, form: &Form<'_>, now_ms: i64) -> Result<Played, StateError> {
    if let Some(key) = &form.key
        && let Some(seen) = state.request(Psp::Adyen, form.merchant_account, key)?
    {
        return Ok(Played::plain(repeat(form, seen)));
    }
    match state.payment(Psp::Adyen, &form.payment)? {
        None => return Ok(Played::plain(Refusal::NO_PAYMENT.reply())),
        Some(payment) if payment.currency != form.amount.currency => {
            return Ok(Played::plain(Refusal::BAD_CURRENCY.reply()));
        }
        Some(_) => {}
    }
    if !state.fits(Psp::Adyen, &form.payment, form.amount_minor)? {
        let (refund, reply) = insert(state, form, Stage::Refused, Some(OVER_REFUND), now_ms)?;
        notify::tell(state, &refund, 1, now_ms.saturating_add(SETTLE_MS))?;
        return Ok(Played::plain(reply));
    }
    let step = state.next_step(Psp::Adyen, &form.payment)?;
    let (stage, reason) = match step.effect() {
        Effect::Lost => {
            let reply = Reply::new(StatusCode::CREATED, String::new());
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused => (Stage::Refused, Some(NOT_CAPTURED)),
        Effect::Now => (Stage::Pending, None),
        Effect::Later { .. } => (Stage::Coming, None),
    };
    let (refund, reply) = insert(state, form, stage, reason, now_ms)?;
    let notify_first = go_on(state, refund, step, now_ms)?;
    Ok(Played { reply, answer: step.answer(), notify_first })
}

/// The answer to a key that is known.
fn repeat(form: &Form<'_>, seen: Request) -> Reply {
    if seen.fingerprint != form.fingerprint {
        return Refusal::KEY_OF_ANOTHER.reply();
    }
    match seen.state {
        RequestState::Final => Reply::new(StatusCode::CREATED, seen.answer),
        RequestState::Running | RequestState::Open => Refusal::RUNNING.reply(),
    }
}

/// Makes the refund, in whatever stage, and remembers the answer under its key.
fn insert(
    state: &State<'_>,
    form: &Form<'_>,
    stage: Stage,
    reason: Option<&str>,
    now_ms: i64,
) -> Result<(Refund, Reply), StateError> {
    let detail = Detail {
        idempotency_key: form.key.clone(),
        reason: reason.map(str::to_owned),
        told_success: false,
        comes_back: false,
    };
    let new = NewRefund {
        psp: Psp::Adyen,
        account: form.merchant_account,
        payment: &form.payment,
        key: form.body.reference.as_deref().unwrap_or_default(),
        amount_minor: form.amount_minor,
        currency: &form.amount.currency,
        stage,
        detail: detail.text()?,
    };
    let refund = state.insert_refund(&new, now_ms, |seq| psp_reference(state.origin_ms, seq))?;
    let answer = RefundResponse {
        merchant_account: form.merchant_account,
        payment_psp_reference: &form.payment,
        reference: form.body.reference.as_deref(),
        psp_reference: &refund.refund,
        status: "received",
        amount: &form.amount,
        merchant_refund_reason: form.body.merchant_refund_reason,
        store: form.body.store.as_deref(),
    }
    .body()?;
    if let Some(key) = &form.key {
        let is_running = stage == Stage::Coming;
        let request = Request {
            fingerprint: form.fingerprint.clone(),
            state: if is_running { RequestState::Running } else { RequestState::Final },
            answer: answer.clone(),
        };
        state.put_request(Psp::Adyen, form.merchant_account, key, &request)?;
    }
    Ok((refund, Reply::new(StatusCode::CREATED, answer)))
}

/// What becomes of a new refund; gives the notifications that come before the answer.
fn go_on(state: &State<'_>, mut refund: Refund, step: Step, now_ms: i64) -> Result<Vec<i64>, StateError> {
    match (step.effect(), step) {
        (Effect::Later { ms }, _) => {
            state.add_due(now_ms.saturating_add_unsigned(ms), refund.seq, DueKind::Effect, "")?;
        }
        (Effect::Refused, _) => notify::tell(state, &refund, 1, now_ms.saturating_add(SETTLE_MS))?,
        (Effect::Lost, _) | (_, Step::Pend) => {}
        (_, Step::NotifyBeforeAnswer) => {
            refund.stage = Stage::Succeeded;
            state.update_refund(&refund)?;
            return Ok(notify::tell_by_request(state, &refund, now_ms)?.into_iter().collect());
        }
        (Effect::Now, step) => {
            let plan = Settling {
                notifications: if step == Step::DuplicateNotification { 2 } else { 1 },
                then_fail_after_ms: step.fails_after(FAIL_AFTER_MS),
            };
            if step == Step::SucceedThenReverse {
                let mut detail = Detail::of(&refund)?;
                detail.comes_back = true;
                refund.detail = detail.text()?;
                state.update_detail(refund.seq, &refund.detail)?;
            }
            settle_later(state, &refund, plan, now_ms)?;
        }
    }
    Ok(Vec::new())
}

/// Adyen's id of a refund: 16 capital letters and digits, of the moment at which the state was made and of the refund's
/// number, so that a new state does not repeat the ids of an older one.
fn psp_reference(origin_ms: i64, seq: i64) -> String {
    let (origin, number) = (base36(origin_ms, ORIGIN_CHARS), base36(seq, REFERENCE_CHARS - ORIGIN_CHARS));
    format!("{origin}{number}")
}

/// The last so many digits of a number, to the base of 36.
fn base36(number: i64, chars: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = number.unsigned_abs();
    let mut digits = vec!['0'; chars];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(DIGITS[(rest % 36) as usize]);
        rest /= 36;
    }
    digits.into_iter().collect()
}
