//! `POST /v2/refunds/list`: the account's refunds, newest first, a page at a time.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::wire::{Refusal, read, show};
use super::{auth, unreadable};
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{ALWAYS, Refund, State, StateError};

/// Longest period, in milliseconds: 30 days.
const PERIOD_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Rows of a page unless asked otherwise, and at most.
const ROWS_DEFAULT: usize = 25;
const ROWS_MAX: usize = 50;

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
    match sandbox.read(|state| page(state, &account, &form)) {
        Ok(reply) => reply.response(),
        Err(error) => state_error(&error),
    }
}

#[derive(Debug, Deserialize)]
struct Body {
    period: Option<Period>,
    #[serde(default)]
    charges: Vec<String>,
    starting_after: Option<String>,
    limit: Option<Number>,
}

#[derive(Debug, Deserialize)]
struct Period {
    date: Option<Dates>,
}

#[derive(Debug, Deserialize)]
struct Dates {
    from: Number,
    to: Number,
}

/// A whole number, or the same as text: Tap's own samples have both.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

impl Number {
    fn value(&self) -> Result<i64, Refusal> {
        match self {
            Number::Number(value) => Ok(*value),
            Number::Text(text) => text.parse().map_err(|_| Refusal::BAD_INPUT),
        }
    }
}

#[derive(Debug)]
struct Form {
    /// First and last moment of creation, in milliseconds.
    created: (i64, i64),
    charges: Vec<String>,
    starting_after: Option<String>,
    rows: usize,
}

impl Form {
    fn read(body: &[u8]) -> Result<Form, Refusal> {
        let body: Body = read(body)?;
        let created = match body.period.and_then(|period| period.date) {
            None => ALWAYS,
            Some(dates) => {
                let (from, to) = (dates.from.value()?, dates.to.value()?);
                if from > to || to.saturating_sub(from) > PERIOD_MS_MAX {
                    return Err(Refusal::BAD_INPUT);
                }
                (from, to)
            }
        };
        let rows = match body.limit {
            None => ROWS_DEFAULT,
            Some(limit) => usize::try_from(limit.value()?).map_err(|_| Refusal::BAD_INPUT)?,
        };
        if rows > ROWS_MAX {
            return Err(Refusal::TOO_MANY_ROWS);
        }
        let starting_after = body.starting_after.filter(|id| !id.is_empty());
        Ok(Form { created, charges: body.charges, starting_after, rows: rows.max(1) })
    }
}

#[derive(Debug, Serialize)]
struct Page {
    object: &'static str,
    live_mode: bool,
    count: usize,
    has_more: bool,
    refunds: Vec<Box<RawValue>>,
}

fn page(state: &State<'_>, account: &str, form: &Form) -> Result<Reply, StateError> {
    let mut refunds = found(state, account, form)?;
    if let Some(last) = &form.starting_after {
        match refunds.iter().position(|refund| refund.refund == *last) {
            Some(position) => drop(refunds.drain(..=position)),
            None => return Ok(Refusal::REFUND_NOT_FOUND.reply()),
        }
    }
    let has_more = refunds.len() > form.rows;
    refunds.truncate(form.rows);
    let refunds = refunds
        .iter()
        .map(|refund| RawValue::from_string(show(refund)?.body).map_err(|error| unreadable(&error)))
        .collect::<Result<Vec<_>, _>>()?;
    let page = Page { object: "list", live_mode: false, count: refunds.len(), has_more, refunds };
    Ok(Reply::new(StatusCode::OK, serde_json::to_string(&page).map_err(|error| unreadable(&error))?))
}

fn found(state: &State<'_>, account: &str, form: &Form) -> Result<Vec<Refund>, StateError> {
    let mut refunds = Vec::new();
    if form.charges.is_empty() {
        refunds = state.refunds_shown(Psp::Tap, account, None, form.created)?;
    }
    for charge in &form.charges {
        refunds.extend(state.refunds_shown(Psp::Tap, account, Some(charge), form.created)?);
    }
    refunds.sort_by_key(|refund| std::cmp::Reverse((refund.created_ms, refund.seq)));
    refunds.dedup_by_key(|refund| refund.seq);
    Ok(refunds)
}
