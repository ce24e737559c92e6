//! MoMo (AIO v2), played: refund, refund status, purchase status.
//!
//! Sources: refund <https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>, result codes
//! <https://developers.momo.vn/v3/docs/payment/api/result-handling/resultcode>, idempotency
//! <https://developers.momo.vn/v3/docs/payment/api/result-handling/idempotency>, purchase status
//! <https://developers.momo.vn/v3/docs/payment/api/payment-api/query>, MoMo's own sample
//! <https://github.com/momo-wallet/java>.
//!
//! Stated by MoMo: paths of the refund and of the purchase query, fields, limits, signed texts, `requestId` as the
//! idempotency id of every POST, HTTP 422 with 7000 while the first of two equal requests runs, replay of answers
//! whose code is flagged final, 40 for the others.
//!
//! Inferred, because no page read says so:
//! * path and signed text of the refund query, on which independent integrations agree (a minority leaves `orderId` out of
//!   the signed text; it is in here);
//! * the HTTP status that goes with a code: 422 for 7000, 200 for a request that was decided (0, 7002, 10xx), 400 for
//!   one that was not (11 to 47);
//! * a known `requestId` with other content is 40, as a duplicate that cannot be replayed, and so is one used for
//!   another kind of request;
//! * a request answered 7002 stays 40 for ever, also after the refund has ended: only the query tells the end;
//! * the refund query answers 0 at the top and the refund's own code in its row of `refundTrans`; a refund that MoMo
//!   refused has a row, with that code;
//! * checks come in this order: format (20), partner (11), signature (13), repetition, `orderId` (41), amount (22),
//!   `transId` (42), what is left (1081).
//!
//! `POST /control/payment` names no order id for the purchase, so the purchase query takes the payment's own id
//! (`transId`) for it.

mod query;
mod refund;
pub(crate) mod sign;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::play::Play;
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::{Refund, RequestState, Stage, State, StateError};
use wire::{Code, RefundAnswer};

/// What MoMo's gateway says with an HTTP 500: not MoMo's own shape.
const ERROR_500: &str = r#"{"status":500,"error":"Internal Server Error"}"#;

/// What only MoMo keeps of a refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Detail {
    request_id: String,
    /// Why it was refused, if it was.
    refused: Option<i64>,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| StateError::Unreadable(error.to_string()))
    }
}

/// MoMo.
pub(crate) struct Momo;

impl Play for Momo {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v2/gateway/api/refund", post(refund::handle))
            .route("/v2/gateway/api/refund/query", post(query::refund))
            .route("/v2/gateway/api/query", post(query::purchase))
    }

    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        refuses_payment(payment, currency)
    }

    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError> {
        take_effect(state, refund, now_ms)
    }
}

/// Why a request ends before it is decided.
#[derive(Debug)]
enum Refusal {
    /// MoMo says so; nothing is remembered of the request.
    Code(Code),
    State(StateError),
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Refusal {
        Refusal::State(error)
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Refusal {
        Refusal::Code(code)
    }
}

/// MoMo's payments are in dong, and `transId` is a number on the wire.
fn refuses_payment(payment: &str, currency: &str) -> Option<&'static str> {
    let is_number = payment.parse::<i64>().is_ok_and(|id| id > 0 && id.to_string() == payment);
    if !is_number {
        Some("a MoMo payment's id is its transId, a positive whole number")
    } else if currency != "VND" {
        Some("MoMo payments are in VND")
    } else {
        None
    }
}

/// The code a refund has in a query.
fn code_of(refund: &Refund) -> Result<Code, StateError> {
    Ok(match refund.stage {
        Stage::Succeeded => Code::DONE,
        Stage::Coming | Stage::Pending => Code::AT_PROVIDER,
        Stage::Failed => Code::REFUND_FAILED,
        Stage::Refused => Detail::of(refund)?.refused.map_or(Code::NOT_ELIGIBLE, Code::of),
    })
}

/// MoMo's id of the refund: the second in which the file was made, then the refund's number, so that a new file does not
/// repeat the ids of an older one; below 2^53, so that it survives a reader who takes JSON numbers for floats.
fn trans_id(state: &State<'_>, seq: i64) -> String {
    (state.origin_ms / 1_000).saturating_mul(1_000_000).saturating_add(seq).to_string()
}

/// A refund whose caller got no answer is decided now, and its request with it.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    let detail = Detail::of(&refund)?;
    let fits = state.fits(Psp::Momo, &refund.payment, refund.amount_minor)?;
    let code = if fits { Code::DONE } else { Code::OVER_REFUND };
    refund.stage = if fits { Stage::Succeeded } else { Stage::Refused };
    refund.created_ms = now_ms;
    state.update_refund(&refund)?;
    if !fits {
        let detail = Detail { refused: Some(code.number()), ..detail.clone() };
        state.update_detail(refund.seq, &text(&detail)?)?;
    }
    if let Some(mut request) = state.request(Psp::Momo, &refund.account, &detail.request_id)? {
        request.state = RequestState::Final;
        request.answer = RefundAnswer::about(&refund, &detail.request_id, code, now_ms).reply()?.body;
        state.put_request(Psp::Momo, &refund.account, &detail.request_id, &request)?;
    }
    Ok(())
}

fn text(value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| StateError::Unreadable(error.to_string()))
}

/// The answer to a request that was not decided.
fn refused(sandbox: &Sandbox, refusal: Refusal) -> axum::response::Response {
    match refusal {
        Refusal::State(error) => state_error(&error),
        Refusal::Code(code) => {
            let body = format!(
                r#"{{"resultCode":{},"message":"{}","responseTime":{}}}"#,
                code.number(),
                code.message(),
                sandbox.now_ms()
            );
            Reply::new(code.http(), body).response()
        }
    }
}

/// A stored answer, given again.
fn replay(answer: &str) -> Reply {
    Reply::new(StatusCode::OK, answer.to_owned())
}
