//! `GET /v1/refunds/{id}` and `GET /v1/refunds`: the account's refunds, newest first, a page at a time.

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::wire::{Refusal, show};
use super::{auth, text, unreadable};
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{ALWAYS, Stage, State, StateError};

/// Rows of a page unless asked otherwise, and at most.
const ROWS_DEFAULT: usize = 10;
const ROWS_MAX: usize = 100;

pub(crate) async fn retrieve(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(id): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    let account = match auth::account(&sandbox.inner.config, &headers) {
        Ok(account) => account,
        Err(refusal) => return refusal.reply().response(),
    };
    let reply = sandbox.read(|state| -> Result<Reply, StateError> {
        let refund = state.refund_by_id(Psp::Stripe, &account, &id)?;
        // What has not taken effect is not there.
        match refund.filter(|refund| refund.stage != Stage::Coming) {
            None => Ok(Refusal::missing("refund", &id, "id").reply()),
            Some(refund) => Ok(Reply::new(StatusCode::OK, show(&refund)?)),
        }
    });
    reply.map_or_else(|error| state_error(&error), Reply::response)
}

pub(crate) async fn list(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::RawQuery(query): extract::RawQuery,
    headers: HeaderMap,
) -> Response {
    let read = auth::account(&sandbox.inner.config, &headers)
        .and_then(|account| Ok((account, Asked::read(query.as_deref().unwrap_or_default())?)));
    let (account, asked) = match read {
        Ok(read) => read,
        Err(refusal) => return refusal.reply().response(),
    };
    let reply = sandbox.read(|state| page(state, &account, &asked));
    reply.map_or_else(|error| state_error(&error), Reply::response)
}

#[derive(Debug, Default)]
struct Asked {
    /// The parameter and the payment's id.
    payment: Option<(&'static str, String)>,
    starting_after: Option<String>,
    rows: usize,
}

impl Asked {
    fn read(query: &str) -> Result<Asked, Refusal> {
        let mut asked = Asked { rows: ROWS_DEFAULT, ..Asked::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "charge" => asked.payment = Some(("charge", value)),
                "payment_intent" => asked.payment = Some(("payment_intent", value)),
                "starting_after" => asked.starting_after = Some(value),
                "limit" => {
                    let rows = value.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
                    let message = format!("Invalid integer between 1 and {ROWS_MAX}: {value}");
                    asked.rows = rows.ok_or_else(|| {
                        Refusal::invalid(Some("parameter_invalid_integer"), "limit", message)
                    })?;
                }
                _ => {
                    let message = format!("Received unknown parameter: {name}");
                    return Err(Refusal::invalid(Some("parameter_unknown"), &name, message));
                }
            }
        }
        Ok(asked)
    }
}

#[derive(Debug, Serialize)]
struct Page {
    object: &'static str,
    url: &'static str,
    has_more: bool,
    data: Vec<Box<RawValue>>,
}

fn page(state: &State<'_>, account: &str, asked: &Asked) -> Result<Reply, StateError> {
    let payment = match &asked.payment {
        Some((param, id)) if state.payment(Psp::Stripe, id)?.is_none() => {
            return Ok(Refusal::missing(param, id, param).reply());
        }
        payment => payment.as_ref().map(|(_, id)| id.as_str()),
    };
    let mut refunds = state.refunds_shown(Psp::Stripe, account, payment, ALWAYS)?;
    if let Some(last) = &asked.starting_after {
        match refunds.iter().position(|refund| refund.refund == *last) {
            Some(position) => drop(refunds.drain(..=position)),
            None => {
                let refusal = Refusal::missing("refund", last, "starting_after");
                return Ok(refusal.at(StatusCode::BAD_REQUEST).reply());
            }
        }
    }
    let has_more = refunds.len() > asked.rows;
    refunds.truncate(asked.rows);
    let data = refunds
        .iter()
        .map(|refund| RawValue::from_string(show(refund)?).map_err(|error| unreadable(&error)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::new(StatusCode::OK, text(&Page { object: "list", url: "/v1/refunds", has_more, data })?))
}
