//! `GET …/order/{orderid}/transaction/{transactionid}` and `GET …/order/{orderid}`.

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::wire::{self, Refusal};
use super::{auth, refund, transaction_name};
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{Stage, StateError};

pub(crate) async fn transaction(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path((version, merchant, order, transaction)): extract::Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = let_in(&sandbox, &headers, &version, &merchant) {
        return refusal.reply().response();
    }
    let name = transaction_name(&merchant, &order, &transaction);
    answer(sandbox.read(|state| {
        // What has not taken effect is not there.
        let refund = state.refund_by_id(Psp::Mpgs, &merchant, &name)?;
        refund
            .filter(|refund| refund.stage != Stage::Coming)
            .map(|refund| wire::show(state, &refund))
            .transpose()
    }))
}

pub(crate) async fn order(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path((version, merchant, order)): extract::Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = let_in(&sandbox, &headers, &version, &merchant) {
        return refusal.reply().response();
    }
    answer(sandbox.read(|state| wire::show_order(state, &merchant, &order)))
}

fn let_in(sandbox: &Sandbox, headers: &HeaderMap, version: &str, merchant: &str) -> Result<(), Refusal> {
    refund::check_version(version)?;
    auth::account(&sandbox.inner.config, headers, merchant).map(|_| ())
}

fn answer(found: Result<Option<String>, StateError>) -> Response {
    match found {
        Ok(Some(body)) => Reply::new(StatusCode::OK, body).response(),
        Ok(None) => Refusal::NOT_FOUND.reply().response(),
        Err(error) => state_error(&error),
    }
}
