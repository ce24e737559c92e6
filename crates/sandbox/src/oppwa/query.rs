//! `GET /v1/query/{id}`, `GET /v1/payments/{id}`, and `GET /v1/query?merchantTransactionId=…`.

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth;
use super::wire::{Fields, Refusal, list, show};
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{Stage, State, StateError};

/// The transaction of this id.
pub(crate) async fn by_id(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(id): extract::Path<String>,
    extract::RawQuery(query): extract::RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&sandbox, &headers, query, &["entityId"], |state, account, _| {
        let refund = state.refund_by_id(Psp::Oppwa, account, &id)?;
        // What has not taken effect is not there.
        match refund.filter(|refund| refund.stage != Stage::Coming) {
            None => Ok(Refusal::NOT_FOUND.reply()),
            Some(refund) => Ok(Reply::new(StatusCode::OK, show(&refund)?)),
        }
    })
}

/// All transactions under this reference of the merchant.
pub(crate) async fn by_key(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::RawQuery(query): extract::RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(&sandbox, &headers, query, &["entityId", "merchantTransactionId"], |state, account, fields| {
        let Ok(Some(key)) = fields.one("merchantTransactionId") else {
            return Ok(Refusal::BAD_PARAMETER.reply());
        };
        let mut refunds = state.refunds_by_key(Psp::Oppwa, account, key)?;
        refunds.retain(|refund| refund.stage != Stage::Coming);
        if refunds.is_empty() {
            return Ok(Refusal::NOT_FOUND.reply());
        }
        Ok(Reply::new(StatusCode::OK, list(&refunds)?))
    })
}

fn answer(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    query: Option<String>,
    names: &[&str],
    work: impl FnOnce(&State<'_>, &str, &Fields) -> Result<Reply, StateError>,
) -> Response {
    let fields = Fields::read(&query.unwrap_or_default(), names);
    let by_whom = auth::account(&sandbox.inner.config, headers, fields.as_ref().map_err(|refusal| *refusal));
    let (account, fields) = match (by_whom, fields) {
        (Ok(account), Ok(fields)) => (account, fields),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal.reply().response(),
    };
    match sandbox.read(|state| work(state, &account.entity_id, &fields)) {
        Ok(reply) => reply.response(),
        Err(error) => state_error(&error),
    }
}
