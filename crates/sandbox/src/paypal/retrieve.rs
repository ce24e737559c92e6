//! `GET /v2/payments/refunds/{id}`.

use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth;
use super::wire::{Refusal, show};
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{Stage, StateError};

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    extract::Path(id): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    let now_ms = sandbox.now_ms();
    let account = match auth::account(&sandbox.inner.config, &headers, now_ms) {
        Ok(account) => &account.client_id,
        Err(refusal) => return refusal.reply(now_ms).response(),
    };
    let reply = sandbox.read(|state| -> Result<Reply, StateError> {
        let refund = state.refund_by_id(Psp::PayPal, account, &id)?;
        // What has not taken effect is not there.
        match refund.filter(|refund| refund.stage != Stage::Coming) {
            None => Ok(Refusal::NOT_FOUND.reply(now_ms)),
            Some(refund) => Ok(Reply::new(StatusCode::OK, show(&refund, true)?)),
        }
    });
    match reply {
        Ok(reply) => reply.response(),
        Err(error) => state_error(&error),
    }
}
