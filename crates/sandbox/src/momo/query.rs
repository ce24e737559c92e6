//! `POST /v2/gateway/api/refund/query` (by the refund's `orderId`) and `POST /v2/gateway/api/query` (by the
//! purchase's). Like every POST they carry a `requestId` of their own: used again, it gets the old answer again,
//! however much has changed since.

use axum::body::Bytes;
use axum::extract;
use axum::response::Response;

use super::refund::account;
use super::wire::{Code, Fields, QueryAnswer, RefundTrans};
use super::{Refusal, code_of, refused, replay, sign, text};
use crate::config::{MomoAccount, SandboxConfig};
use crate::psp::Psp;
use crate::reply::Reply;
use crate::sandbox::Sandbox;
use crate::state::{ALWAYS, Refund, Request, RequestState, Stage, State, StateError};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Refund,
    Purchase,
}

pub(crate) async fn refund(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response {
    handle(&sandbox, &body, Subject::Refund)
}

pub(crate) async fn purchase(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response {
    handle(&sandbox, &body, Subject::Purchase)
}

fn handle(sandbox: &Sandbox, body: &[u8], subject: Subject) -> Response {
    let now_ms = sandbox.now_ms();
    let reply = match Form::read(&sandbox.inner.config, body, subject) {
        Ok(form) => sandbox.read(|state| query(state, &form, now_ms)),
        Err(code) => Err(Refusal::Code(code)),
    };
    match reply {
        Ok(reply) => reply.response(),
        Err(refusal) => refused(sandbox, refusal),
    }
}

struct Form<'a> {
    account: &'a MomoAccount,
    order_id: String,
    request_id: String,
    subject: Subject,
    fingerprint: String,
}

impl Form<'_> {
    fn read<'a>(config: &'a SandboxConfig, body: &[u8], subject: Subject) -> Result<Form<'a>, Code> {
        let fields = Fields::read(body)?;
        let partner_code = fields.text("partnerCode")?;
        let order_id = fields.id("orderId")?;
        let request_id = fields.id("requestId")?;
        fields.lang()?;
        let signature = fields.text("signature")?;
        let account = account(config, &partner_code)?;
        if !sign::is_signature(account, &sign::query_text(account, &order_id, &request_id), &signature) {
            return Err(Code::BAD_SIGNATURE);
        }
        let fingerprint = format!("query {subject:?} {signature}");
        Ok(Form { account, order_id, request_id, subject, fingerprint })
    }
}

fn query(state: &State<'_>, form: &Form<'_>, now_ms: i64) -> Result<Reply, Refusal> {
    let partner = &form.account.partner_code;
    if let Some(seen) = state.request(Psp::Momo, partner, &form.request_id)? {
        let is_replay = seen.fingerprint == form.fingerprint && seen.state == RequestState::Final;
        return if is_replay { Ok(replay(&seen.answer)) } else { Err(Code::DUPLICATE_REQUEST.into()) };
    }
    let found = match form.subject {
        Subject::Refund => refund_found(state, form)?,
        Subject::Purchase => purchase_found(state, form)?,
    };
    let code = if found.is_some() { Code::DONE } else { Code::NOT_FOUND };
    let (amount, trans_id, refund_trans) = found.unwrap_or((None, None, Vec::new()));
    let answer = QueryAnswer {
        partner_code: partner,
        order_id: &form.order_id,
        request_id: &form.request_id,
        result_code: code.number(),
        message: code.message(),
        response_time: now_ms,
        amount,
        trans_id,
        refund_trans,
    };
    let body = text(&answer)?;
    let request = Request {
        fingerprint: form.fingerprint.clone(),
        state: if code.is_final() { RequestState::Final } else { RequestState::Open },
        answer: body.clone(),
    };
    state.put_request(Psp::Momo, partner, &form.request_id, &request)?;
    Ok(Reply::new(code.http(), body))
}

/// Amount and `transId` of the purchase, and its rows.
type Found = Option<(Option<i64>, Option<i64>, Vec<RefundTrans>)>;

fn refund_found(state: &State<'_>, form: &Form<'_>) -> Result<Found, StateError> {
    let refunds = state.refunds_by_key(Psp::Momo, &form.account.partner_code, &form.order_id)?;
    // What has not taken effect is not there.
    match refunds.iter().find(|refund| refund.stage != Stage::Coming) {
        None => Ok(None),
        Some(refund) => Ok(Some((None, None, vec![row(refund)?]))),
    }
}

fn purchase_found(state: &State<'_>, form: &Form<'_>) -> Result<Found, StateError> {
    let Some(payment) = state.payment(Psp::Momo, &form.order_id)? else { return Ok(None) };
    let refunds = state.refunds_shown(Psp::Momo, &form.account.partner_code, Some(&form.order_id), ALWAYS)?;
    let rows = refunds.iter().map(row).collect::<Result<_, _>>()?;
    Ok(Some((Some(payment.captured_minor), form.order_id.parse().ok(), rows)))
}

fn row(refund: &Refund) -> Result<RefundTrans, StateError> {
    Ok(RefundTrans {
        order_id: refund.key.clone(),
        amount: refund.amount_minor,
        result_code: code_of(refund)?.number(),
        trans_id: refund.refund.parse().unwrap_or(0),
        created_time: refund.created_ms,
    })
}
