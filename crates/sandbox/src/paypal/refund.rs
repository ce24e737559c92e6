//! `POST /v2/payments/captures/{id}/refund`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

use super::wire::{self, ERROR_500, Issue, Refusal, show};
use super::{Decided, Detail, Remembered, auth, notify, text};
use crate::money;
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Effect, Step};
use crate::state::{DueKind, NewRefund, Refund, Stage, State, StateError};

/// Longest sum, in characters.
const VALUE_CHARS_MAX: usize = 32;
/// How long a `PayPal-Request-Id` is kept, in milliseconds: 45 days.
const REQUEST_ID_MS: i64 = 45 * 24 * 60 * 60 * 1_000;
/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(capture): extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now_ms = sandbox.now_ms();
    let form = auth::account(&sandbox.inner.config, &headers, now_ms)
        .and_then(|account| Form::read(&account.client_id, capture, &headers, &body));
    let form = match form {
        Ok(form) => form,
        Err(refusal) => return refusal.reply(now_ms).response(),
    };
    match sandbox.transact(|state| submit(state, &form, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

/// A request that is right in itself.
#[derive(Debug)]
struct Form {
    account: String,
    capture: String,
    /// Whether the whole refund is wanted in the answer.
    whole: bool,
    /// Currency and value; nothing for whatever is left.
    amount: Option<(String, String)>,
    detail: Detail,
}

impl Form {
    fn read(account: &str, capture: String, headers: &HeaderMap, body: &[u8]) -> Result<Form, Refusal> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_json =
            |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
        if !header(header::CONTENT_TYPE).is_some_and(is_json) {
            return Err(Refusal::MEDIA_TYPE);
        }
        let body: Value = match body {
            [] => Value::Object(serde_json::Map::new()),
            body => serde_json::from_slice(body).map_err(|_| Refusal::syntax("/"))?,
        };
        let body = body.as_object().ok_or(Refusal::syntax("/"))?;
        let amount = match body.get("amount") {
            None => None,
            Some(Value::Object(amount)) => {
                let currency = string(amount.get("currency_code"), "/amount/currency_code", 3..=3)?;
                let value = string(amount.get("value"), "/amount/value", 1..=VALUE_CHARS_MAX)?;
                let currency = currency.ok_or(Refusal::missing("/amount/currency_code"))?;
                let value = value.ok_or(Refusal::missing("/amount/value"))?;
                if !is_decimal(&value) {
                    return Err(Refusal::syntax("/amount/value"));
                }
                Some((currency, value))
            }
            Some(_) => return Err(Refusal::syntax("/amount")),
        };
        let detail = Detail {
            request_id: header("paypal-request-id".parse().map_err(|_| Refusal::syntax("/"))?)
                .map(str::to_owned),
            custom_id: string(body.get("custom_id"), "/custom_id", 1..=127)?,
            invoice_id: string(body.get("invoice_id"), "/invoice_id", 1..=127)?,
            note_to_payer: string(body.get("note_to_payer"), "/note_to_payer", 1..=255)?,
        };
        let whole = header(header::HeaderName::from_static("prefer"))
            .is_some_and(|prefer| prefer.split(',').any(|one| one.trim() == "return=representation"));
        Ok(Form { account: account.to_owned(), capture, whole, amount, detail })
    }

    /// The merchant's reference of the refund, for the ledger.
    fn key(&self) -> &str {
        self.detail.custom_id.as_deref().or(self.detail.request_id.as_deref()).unwrap_or_default()
    }
}

/// A text of so many characters on one line, if it is there.
fn string(
    value: Option<&Value>,
    field: &'static str,
    chars: std::ops::RangeInclusive<usize>,
) -> Result<Option<String>, Refusal> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) if !chars.contains(&text.chars().count()) => Err(Refusal::length(field)),
        Some(Value::String(text)) if text.contains('\n') => Err(Refusal::syntax(field)),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::syntax(field)),
    }
}

/// `^((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))$`.
fn is_decimal(value: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let value = value.strip_prefix('-').unwrap_or(value);
    match value.split_once('.') {
        None => !value.is_empty() && digits(value),
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
    }
}

/// Minor units of ISO 4217.
fn minor(currency: &str, value: &str) -> Result<i64, Issue> {
    let decimals = wire::decimals(currency).ok_or(Issue::BAD_CURRENCY)?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    match decimals {
        0 if value.contains('.') => return Err(Issue::NO_DECIMALS),
        decimals if fraction.len() > decimals as usize => return Err(Issue::PRECISION),
        _ => {}
    }
    if value.starts_with('-') || value.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        return Err(Issue::NOT_POSITIVE);
    }
    let text = if fraction.is_empty() { whole.to_owned() } else { format!("0{whole}.{fraction}") };
    let exponent = money::exponent(currency).ok_or(Issue::BAD_CURRENCY)?;
    // It has no more decimals than the currency, so that it is too large where it cannot be read.
    money::parse_major(&text, exponent).ok_or(Issue::AMOUNT_EXCEEDED)
}

fn submit(state: &State<'_>, form: &Form, now_ms: i64) -> Result<Played, StateError> {
    if let Some(reply) = repeat(state, form, now_ms)? {
        return Ok(Played::plain(reply));
    }
    let Some(capture) = state.payment(Psp::PayPal, &form.capture)? else {
        return Ok(Played::plain(Refusal::NOT_FOUND.reply(now_ms)));
    };
    let left = state.left(Psp::PayPal, &form.capture)?.unwrap_or(0);
    let fitting = match &form.amount {
        None if left == 0 => Err(Issue::FULLY_REFUNDED),
        None => Ok(left),
        Some((currency, value)) => minor(currency, value).and_then(|minor| match minor {
            _ if *currency != capture.currency => Err(Issue::OTHER_CURRENCY),
            _ if left == 0 => Err(Issue::FULLY_REFUNDED),
            minor if minor > left => Err(Issue::AMOUNT_EXCEEDED),
            minor => Ok(minor),
        }),
    };
    match fitting {
        Ok(minor) => {
            let step = state.next_step(Psp::PayPal, &form.capture)?;
            play(state, form, (minor, &capture.currency), step, now_ms)
        }
        Err(issue) => Ok(Played::plain(refuse(state, form, issue, now_ms)?)),
    }
}

/// The latest state of the first request with this id; `None` where this one is the first.
fn repeat(state: &State<'_>, form: &Form, now_ms: i64) -> Result<Option<Reply>, StateError> {
    let Some(id) = &form.detail.request_id else { return Ok(None) };
    let Some(request) = state.request(Psp::PayPal, &form.account, id)? else { return Ok(None) };
    let remembered = Remembered::read(&request)?;
    if now_ms.saturating_sub(remembered.at_ms) >= REQUEST_ID_MS {
        return Ok(None);
    }
    match remembered.outcome {
        Decided::Refused(name) => Ok(Issue::named(&name).map(|issue| issue.refusal().reply(now_ms))),
        Decided::Refund(id) => match state.refund_by_id(Psp::PayPal, &form.account, &id)? {
            None => Ok(None),
            Some(refund) if refund.stage == Stage::Coming => Ok(Some(Refusal::IN_PROGRESS.reply(now_ms))),
            Some(refund) => Ok(Some(Reply::new(StatusCode::CREATED, show(&refund, form.whole)?))),
        },
    }
}

/// Refuses with 422, and again when it is repeated.
fn refuse(state: &State<'_>, form: &Form, issue: Issue, now_ms: i64) -> Result<Reply, StateError> {
    let outcome = Decided::Refused(issue.name.to_owned());
    Remembered { at_ms: now_ms, outcome }.keep(state, &form.account, form.detail.request_id.as_deref())?;
    Ok(issue.refusal().reply(now_ms))
}

fn play(
    state: &State<'_>,
    form: &Form,
    (amount_minor, currency): (i64, &str),
    step: Step,
    now_ms: i64,
) -> Result<Played, StateError> {
    let stage = match step.effect() {
        // Nothing is remembered, so that the same request may come again.
        Effect::Lost => {
            let reply = Reply::new(StatusCode::CREATED, String::new());
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused => {
            let issue = if step == Step::RefuseForNow { Issue::NO_FUNDS } else { Issue::NOT_ALLOWED };
            return Ok(Played::plain(refuse(state, form, issue, now_ms)?));
        }
        Effect::Now if step == Step::Pend => Stage::Pending,
        Effect::Now => Stage::Succeeded,
        Effect::Later { .. } => Stage::Coming,
    };
    let new = NewRefund {
        psp: Psp::PayPal,
        account: &form.account,
        payment: &form.capture,
        key: form.key(),
        amount_minor,
        currency,
        stage,
        detail: text(&form.detail)?,
    };
    let origin_s = state.origin_ms / 1_000;
    let refund = state.insert_refund(&new, now_ms, |seq| format!("{origin_s:010}{seq:06}R"))?;
    let outcome = Decided::Refund(refund.refund.clone());
    Remembered { at_ms: now_ms, outcome }.keep(state, &form.account, form.detail.request_id.as_deref())?;
    let reply = Reply::new(StatusCode::CREATED, show(&refund, form.whole)?);
    let notify_first = go_on(state, &refund, step, now_ms)?;
    Ok(Played { reply, answer: step.answer(), notify_first })
}

/// What becomes of a new refund; gives the notifications that come before the answer.
fn go_on(state: &State<'_>, refund: &Refund, step: Step, now_ms: i64) -> Result<Vec<i64>, StateError> {
    match (step.effect(), step) {
        (Effect::Later { ms }, _) => {
            state.add_due(now_ms.saturating_add_unsigned(ms), refund.seq, DueKind::Effect, "")?;
        }
        (Effect::Lost | Effect::Refused, _) | (_, Step::Pend) => {}
        (Effect::Now, Step::NotifyBeforeAnswer) => {
            return Ok(notify::queue_for_request(state, refund, now_ms)?.into_iter().collect());
        }
        (Effect::Now, step) => {
            let copies = if step == Step::DuplicateNotification { 2 } else { 1 };
            notify::queue(state, refund, copies, now_ms)?;
            if step == Step::SucceedThenFail {
                let due_ms = now_ms.saturating_add(FAIL_AFTER_MS);
                state.add_due(due_ms, refund.seq, DueKind::FailLater, "")?;
            }
        }
    }
    Ok(Vec::new())
}
