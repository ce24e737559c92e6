//! POST `/psp/{psp}/{account_id}`: where PSPs tell what became of a refund.
//!
//! Who calls proves it in the message, by the PSP's own signature. The answer is a bare status: 200 taken or not about a
//! refund (with the text that the PSP wants to read, where it wants one), 400 not understood, 401 not proved, 404 no such
//! account, 503 to be sent again. It says nothing else, since anybody may send anything here.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use redress_core::id::AccountId;
use redress_engine::engine::Engine;
use redress_engine::psp_notification::{Inbound, Taken};

use crate::body::RawBody;
use crate::problem::Problem;

pub(crate) async fn handle(
    State(engine): State<Engine>,
    named: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Response {
    let Some((psp, account)) =
        named.ok().and_then(|Path((psp, account))| Some((psp, AccountId::parse(&account).ok()?)))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let inbound = Inbound { headers, body, received_at: engine.now() };
    match engine.take_psp_notification(&psp, account, inbound).await {
        Ok(Taken::Taken | Taken::Ignored) => return engine.acknowledgement(&psp).into_response(),
        Ok(Taken::NoAccount) => StatusCode::NOT_FOUND,
        Ok(Taken::BadSignature) => StatusCode::UNAUTHORIZED,
        Ok(Taken::NotUnderstood) => StatusCode::BAD_REQUEST,
        Err(error) => return Problem::from(error).into_response(),
    }
    .into_response()
}

#[cfg(test)]
#[path = "psp_notifications_tests.rs"]
mod tests;
