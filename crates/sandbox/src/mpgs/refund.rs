//! `PUT …/order/{orderid}/transaction/{transactionid}` with `apiOperation` `REFUND`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::wire::{self, ERROR_500, Refusal};
use super::{Detail, FAIL_AFTER_MS, ID_CHARS_MAX, auth, notify, transaction_name, unreadable};
use crate::money;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Effect, Step};
use crate::state::{DueKind, NewRefund, Refund, Stage, State, StateError};

/// Longest amount, in characters.
const AMOUNT_CHARS_MAX: usize = 14;
/// The newest version of the API that is played; an older one is taken for the same.
const VERSION_MAX: u32 = 100;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path((version, merchant, order, transaction)): extract::Path<(String, String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let config = &sandbox.inner.config;
    let read = check_version(&version)
        .and_then(|()| auth::account(config, &headers, &merchant))
        .and_then(|_| Form::read(version, merchant, order, transaction, &body));
    let form = match read {
        Ok(form) => form,
        Err(refusal) => return refusal.reply().response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, &form, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

pub(super) fn check_version(version: &str) -> Result<(), Refusal> {
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    let known = version.parse().is_ok_and(|number: u32| (1..=VERSION_MAX).contains(&number));
    if is_number && known { Ok(()) } else { Err(Refusal::BAD_VERSION) }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    api_operation: Option<String>,
    #[serde(default)]
    transaction: Transaction,
    #[serde(default)]
    order: Order,
    source_of_funds: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Transaction {
    amount: Option<Value>,
    currency: Option<String>,
    reference: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    notification_url: Option<String>,
}

/// A request that is right in itself.
#[derive(Debug)]
struct Form {
    merchant: String,
    order: String,
    transaction: String,
    amount_minor: i64,
    currency: String,
    detail: Detail,
}

impl Form {
    fn read(
        version: String,
        merchant: String,
        order: String,
        transaction: String,
        body: &[u8],
    ) -> Result<Form, Refusal> {
        let whole: Value = serde_json::from_slice(body).map_err(|_| Refusal::NOT_JSON)?;
        // Without spaces and in the order of the names: the same request, however it is written.
        let request = whole.to_string();
        let body: Body = serde_json::from_value(whole).map_err(|_| Refusal::NOT_JSON)?;
        let fits = |id: &str| (1..=ID_CHARS_MAX).contains(&id.chars().count());
        if !fits(&order) {
            return Err(Refusal::BAD_ORDER_ID);
        }
        if !fits(&transaction) {
            return Err(Refusal::BAD_TRANSACTION_ID);
        }
        match body.api_operation.as_deref() {
            None => return Err(Refusal::NO_OPERATION),
            Some("REFUND") => {}
            Some(_) => return Err(Refusal::OTHER_OPERATION),
        }
        if body.source_of_funds.is_some() {
            return Err(Refusal::STANDALONE);
        }
        let currency = body.transaction.currency.ok_or(Refusal::NO_CURRENCY)?;
        let exponent = money::exponent(&currency).ok_or(Refusal::BAD_CURRENCY)?;
        let amount = body.transaction.amount.ok_or(Refusal::NO_AMOUNT)?;
        let amount_minor =
            amount.as_str().and_then(|text| amount_of(text, exponent)).ok_or(Refusal::BAD_AMOUNT)?;
        let reference = body.transaction.reference;
        if reference.as_deref().is_some_and(|reference| !fits(reference)) {
            return Err(Refusal::BAD_REFERENCE);
        }
        let notification_url = body.order.notification_url;
        let is_address = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if notification_url.as_deref().is_some_and(|url| !is_address(url)) {
            return Err(Refusal::BAD_URL);
        }
        let detail = Detail { version, reference, notification_url, request };
        Ok(Form { merchant, order, transaction, amount_minor, currency, detail })
    }

    fn name(&self) -> String {
        transaction_name(&self.merchant, &self.order, &self.transaction)
    }
}

/// Digits and a point, and more than nothing.
fn amount_of(text: &str, exponent: u32) -> Option<i64> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_decimal || text.len() > AMOUNT_CHARS_MAX {
        return None;
    }
    money::parse_major(text, exponent).filter(|amount| *amount > 0)
}

fn submit(state: &State<'_>, form: &Form, now_ms: i64) -> Result<Played, StateError> {
    if let Some(known) = state.refund_by_id(Psp::Mpgs, &form.merchant, &form.name())? {
        return repeat(state, form, &known);
    }
    let refusal = match state.payment(Psp::Mpgs, &form.order)? {
        None => Some(Refusal::UNKNOWN_ORDER),
        Some(order) if order.currency != form.currency => Some(Refusal::OTHER_CURRENCY),
        Some(_) if !state.fits(Psp::Mpgs, &form.order, form.amount_minor)? => Some(Refusal::OVER_REFUND),
        Some(_) => None,
    };
    if let Some(refusal) = refusal {
        return Ok(Played::plain(refusal.reply()));
    }
    let step = state.next_step(Psp::Mpgs, &form.order)?;
    let stage = match step.effect() {
        // Nothing is remembered, so that the same request may come again.
        Effect::Lost => {
            let reply = Reply::new(StatusCode::CREATED, String::new());
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused => Stage::Refused,
        Effect::Now if step == Step::Pend => Stage::Pending,
        Effect::Now => Stage::Succeeded,
        Effect::Later { .. } => Stage::Coming,
    };
    let refund = insert(state, form, stage, now_ms)?;
    if step == Step::RefuseForNow {
        // Something else runs on the order: this did not begin, and leaves no transaction.
        let body = wire::show_locked(state, &refund)?;
        state.delete_refund(refund.seq)?;
        return Ok(Played::plain(Reply::new(StatusCode::CREATED, body)));
    }
    let notify_first = go_on(state, &refund, step, now_ms)?;
    let reply = Reply::new(StatusCode::CREATED, wire::show(state, &refund)?);
    Ok(Played { reply, answer: step.answer(), notify_first })
}

fn repeat(state: &State<'_>, form: &Form, known: &Refund) -> Result<Played, StateError> {
    if Detail::of(known)?.request != form.detail.request {
        return Ok(Played::plain(Refusal::ID_IS_TAKEN.reply()));
    }
    let body = match known.stage {
        Stage::Coming => wire::show_locked(state, known)?,
        Stage::Pending | Stage::Succeeded | Stage::Failed | Stage::Refused => wire::show(state, known)?,
    };
    Ok(Played::plain(Reply::new(StatusCode::CREATED, body)))
}

fn insert(state: &State<'_>, form: &Form, stage: Stage, now_ms: i64) -> Result<Refund, StateError> {
    let new = NewRefund {
        psp: Psp::Mpgs,
        account: &form.merchant,
        payment: &form.order,
        key: &form.transaction,
        amount_minor: form.amount_minor,
        currency: &form.currency,
        stage,
        detail: serde_json::to_string(&form.detail).map_err(|error| unreadable(&error))?,
    };
    state.insert_refund(&new, now_ms, |_| form.name())
}

/// What becomes of a new refund; gives the notifications that come before the answer.
fn go_on(state: &State<'_>, refund: &Refund, step: Step, now_ms: i64) -> Result<Vec<i64>, StateError> {
    match (step.effect(), step) {
        (Effect::Later { ms }, _) => {
            state.add_due(now_ms.saturating_add_unsigned(ms), refund.seq, DueKind::Effect, "")?;
        }
        (Effect::Lost, _) | (_, Step::Pend) => {}
        (_, Step::NotifyBeforeAnswer) => {
            return Ok(notify::queue_for_request(state, refund, now_ms)?.into_iter().collect());
        }
        (Effect::Now | Effect::Refused, step) => {
            let copies = if step == Step::DuplicateNotification { 2 } else { 1 };
            notify::queue(state, refund, copies, now_ms)?;
            if step == Step::SucceedThenFail {
                state.add_due(now_ms.saturating_add(FAIL_AFTER_MS), refund.seq, DueKind::FailLater, "")?;
            }
        }
    }
    Ok(Vec::new())
}
