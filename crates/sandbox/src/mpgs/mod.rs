//! Mastercard Gateway (MPGS), played: refund, retrieve transaction, retrieve order, and the notification.
//!
//! Sources: refund
//! <https://na.gateway.mastercard.com/api/documentation/apiDocumentation/rest-json/version/70/operation/Transaction%3A%20%20Refund.html>,
//! results and causes <https://developer.mastercard.com/mastercard-gateway/documentation/testing/trans-error/>, HTTP
//! statuses <https://developer.mastercard.com/mastercard-gateway/documentation/testing/api-error-handling/>,
//! notification <https://developer.mastercard.com/mastercard-gateway/documentation/gateway-features/webhook-noti/>.
//!
//! Stated by Mastercard: the address and its ids of 1 to 40 characters, `PUT` to refund and `GET` to retrieve, Basic
//! authentication with `merchant.<id>`, `transaction.amount` as a text of 1 to 14 digits with a point, in units of the
//! currency, that a refund must not name `sourceOfFunds`, HTTP 201 for all that was handled, also where it was
//! declined, the values of `result` and `error.cause`, that an identical request is not repeated at the bank, and that a
//! notification is the answer to a retrieval with the headers `X-Notification-Secret`, `-ID` and `-Attempt`, sent when
//! a transaction is made or changed.
//!
//! Seen elsewhere: `{"error":{"cause","explanation","field","validationType"},"result":"ERROR"}`, HTTP 401 with
//! `INVALID_REQUEST` and "Invalid credentials.", the text for another merchant's address.
//!
//! Inferred, because no page says so:
//! * an identical `PUT` shows the transaction as it stands, with HTTP 201; another one under the same id is
//!   `INVALID_REQUEST`; while the first still runs it is a `FAILURE` with `LOCK_FAILURE`, and no other transaction;
//! * a `PUT` that ended as `ERROR` leaves no transaction, so its id is free;
//! * what is not there is HTTP 400 with `INVALID_REQUEST`; so are an order that is not known (it lacks `sourceOfFunds`
//!   then), another currency than the order's, and more than is left;
//! * no credentials at all are `REQUEST_REJECTED`, HTTP 401; another merchant's address is HTTP 400;
//! * amounts in answers are JSON numbers; `order.totalRefundedAmount` counts what has succeeded.
//!
//! The steps of a script: `succeed` is `SUCCESS` with `APPROVED` at once and one notification. `refuse` is `FAILURE` with
//! `DECLINED`, kept and told of. `refuse_for_now` is `FAILURE` with `LOCK_FAILURE`, and leaves no transaction.
//! `pend` is `PENDING` with `SUBMITTED` until `/control/finish`, which ends in `SUCCESS` or in `FAILURE` with `DECLINED` and tells of it; the making of it is not told. `effect_after` is not there until then,
//! and never was if it does not fit any more. `error500_*` say `SERVER_FAILED`. `succeed_then_fail` becomes `FAILURE`
//! with `DECLINED` 1 s later. A notification goes to the request's `order.notificationUrl`, is tried three times instead
//! of the twenty that are told of, and keeps its `X-Notification-ID`.
//!
//! Only refunds can be made and retrieved; a payment is known by `/control/payment`, under its order's id.

mod auth;
mod notify;
mod refund;
mod retrieve;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};

use crate::notify::Kept;
use crate::play::Play;
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Stage, State, StateError};
use crate::world::Notification;

/// Longest id of an order or a transaction, in characters.
const ID_CHARS_MAX: usize = 40;
/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

/// Mastercard Gateway.
pub(crate) struct Mpgs;

impl Play for Mpgs {
    fn routes(&self) -> Router<Sandbox> {
        const ORDER: &str = "/api/rest/version/{version}/merchant/{merchant}/order/{order}";
        Router::new().route(ORDER, get(retrieve::order)).route(
            &format!("{ORDER}/transaction/{{transaction}}"),
            put(refund::handle).get(retrieve::transaction),
        )
    }

    fn notifies(&self) -> bool {
        true
    }

    fn refuses_payment(&self, payment: &str, _: &str) -> Option<&'static str> {
        (payment.chars().count() > ID_CHARS_MAX)
            .then_some("a payment's id at Mastercard Gateway is its order's, of at most 40 characters")
    }

    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError> {
        take_effect(state, refund, now_ms)
    }

    fn tell(&self, state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
        notify::queue(state, refund, copies, now_ms)
    }

    fn sign_try(&self, sandbox: &Sandbox, kept: Kept, number: u32) -> Option<Notification> {
        notify::notification(sandbox, kept, number)
    }
}

/// What only Mastercard Gateway keeps of a refund.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    /// The version of the API it was asked for in.
    version: String,
    reference: Option<String>,
    notification_url: Option<String>,
    /// The whole request, in one form: an identical one has the same.
    request: String,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> StateError {
    StateError::Unreadable(error.to_string())
}

/// What the state calls a transaction: its own id is unique within its order only.
fn transaction_name(merchant: &str, order: &str, transaction: &str) -> String {
    format!("{merchant}/{order}/{transaction}")
}

/// A refund whose caller got no answer is made now; when it does not fit any more, it never was.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    if !state.fits(Psp::Mpgs, &refund.payment, refund.amount_minor)? {
        return state.delete_refund(refund.seq);
    }
    refund.stage = Stage::Succeeded;
    refund.created_ms = now_ms;
    state.update_refund(&refund)?;
    notify::queue(state, &refund, 1, now_ms)
}
