//! `POST /v2/refunds`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{ERROR_500, Refusal, read, show};
use super::{Detail, FAIL_AFTER_MS, auth, notify, settle_later, unreadable};
use crate::due::Settling;
use crate::money;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Effect, Step};
use crate::state::{DueKind, NewRefund, Refund, Stage, State, StateError};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 250;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let account = match auth::account(&sandbox.inner.config, &headers) {
        Ok(account) => auth::name(account),
        Err(refusal) => return refusal.reply().response(),
    };
    let form = match Form::read(&body) {
        Ok(form) => form,
        Err(refusal) => return refusal.reply().response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, &account, &form, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Body {
    charge_id: Option<String>,
    amount: Option<Box<RawValue>>,
    currency: Option<String>,
    reason: Option<String>,
    description: Option<String>,
    #[serde(default)]
    reference: Reference,
    metadata: Option<Box<RawValue>>,
    #[serde(default)]
    post: Post,
}

#[derive(Debug, Default, Deserialize)]
struct Reference {
    merchant: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Post {
    url: Option<String>,
}

/// A request that is right in itself.
#[derive(Debug)]
struct Form {
    charge_id: String,
    amount_minor: i64,
    currency: String,
    key: String,
    detail: Detail,
}

impl Form {
    fn read(body: &[u8]) -> Result<Form, Refusal> {
        let body: Body = read(body)?;
        let charge_id = body.charge_id.filter(|id| !id.is_empty()).ok_or(Refusal::NO_CHARGE_ID)?;
        let currency = body.currency.ok_or(Refusal::BAD_CURRENCY)?;
        let exponent = money::exponent(&currency).ok_or(Refusal::BAD_CURRENCY)?;
        // The number's own text: a JSON string is not a number, and a float would not be exact.
        let amount_minor = body
            .amount
            .and_then(|amount| money::parse_major(amount.get(), exponent))
            .filter(|amount| *amount > 0)
            .ok_or(Refusal::BAD_AMOUNT)?;
        let reason = body.reason.filter(|reason| !reason.trim().is_empty()).ok_or(Refusal::NO_REASON)?;
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(Refusal::LONG_REASON);
        }
        let post_url = body.post.url.filter(|url| !url.is_empty());
        let (description, metadata) = (body.description, body.metadata);
        let detail = Detail { reason, description, metadata, post_url, for_now: false };
        let key = body.reference.merchant.unwrap_or_default();
        Ok(Form { charge_id, amount_minor, currency, key, detail })
    }
}

fn submit(state: &State<'_>, account: &str, form: &Form, now_ms: i64) -> Result<Played, StateError> {
    let refusal = match state.payment(Psp::Tap, &form.charge_id)? {
        None if form.charge_id.starts_with("chg_") => Some(Refusal::CHARGE_NOT_FOUND),
        None => Some(Refusal::BAD_CHARGE_ID),
        Some(charge) if charge.currency != form.currency => Some(Refusal::OTHER_CURRENCY),
        Some(_) if !state.fits(Psp::Tap, &form.charge_id, form.amount_minor)? => Some(Refusal::OVER_REFUND),
        Some(_) => None,
    };
    if let Some(refusal) = refusal {
        return Ok(Played::plain(refusal.reply()));
    }
    let step = state.next_step(Psp::Tap, &form.charge_id)?;
    let stage = match step.effect() {
        Effect::Lost => {
            let reply = Reply::new(StatusCode::OK, String::new());
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused => Stage::Refused,
        Effect::Now => Stage::Pending,
        Effect::Later { .. } => Stage::Coming,
    };
    let detail = Detail { for_now: step == Step::RefuseForNow, ..form.detail.clone() };
    let refund = insert(state, account, form, (stage, &detail), now_ms)?;
    // The answer tells of the refund as it was made, whatever becomes of it before the answer leaves.
    let body = show(&refund)?.body;
    let notify_first = go_on(state, refund, step, now_ms)?;
    Ok(Played { reply: Reply::new(StatusCode::OK, body), answer: step.answer(), notify_first })
}

fn insert(
    state: &State<'_>,
    account: &str,
    form: &Form,
    (stage, detail): (Stage, &Detail),
    now_ms: i64,
) -> Result<Refund, StateError> {
    let new = NewRefund {
        psp: Psp::Tap,
        account,
        payment: &form.charge_id,
        key: &form.key,
        amount_minor: form.amount_minor,
        currency: &form.currency,
        stage,
        detail: serde_json::to_string(detail).map_err(|error| unreadable(&error))?,
    };
    let origin_s = state.origin_ms / 1_000;
    state.insert_refund(&new, now_ms, |seq| format!("re_SB{origin_s}{seq:08}"))
}

/// What becomes of a new refund; gives the notifications that come before the answer.
fn go_on(state: &State<'_>, mut refund: Refund, step: Step, now_ms: i64) -> Result<Vec<i64>, StateError> {
    match (step.effect(), step) {
        (Effect::Later { ms }, _) => {
            state.add_due(now_ms.saturating_add_unsigned(ms), refund.seq, DueKind::Effect, "")?;
        }
        (Effect::Lost | Effect::Refused, _) | (_, Step::Pend) => {}
        (_, Step::NotifyBeforeAnswer) => {
            refund.stage = Stage::Succeeded;
            state.update_refund(&refund)?;
            return Ok(notify::queue_for_request(state, &refund, now_ms)?.into_iter().collect());
        }
        (Effect::Now, step) => {
            let plan = Settling {
                notifications: if step == Step::DuplicateNotification { 2 } else { 1 },
                then_fail_after_ms: (step == Step::SucceedThenFail).then_some(FAIL_AFTER_MS),
            };
            settle_later(state, &refund, plan, now_ms)?;
        }
    }
    Ok(Vec::new())
}
