//! `POST /v2/gateway/api/refund`.

use axum::body::Bytes;
use axum::extract;
use axum::response::Response;

use super::wire::{Code, Fields, RefundAnswer};
use super::{Detail, ERROR_500, Refusal, refused, replay, sign, text, trans_id};
use crate::config::{MomoAccount, SandboxConfig};
use crate::psp::Psp;
use crate::reply::Played;
use crate::sandbox::Sandbox;
use crate::script::{Answer, Effect, Step};
use crate::state::{DueKind, NewRefund, Request, RequestState, Stage, State, StateError};

/// Smallest and largest refund, in dong (the limits of wallet payments).
const AMOUNT_VND: std::ops::RangeInclusive<i64> = 1_000..=50_000_000;

pub(crate) async fn handle(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response {
    let now_ms = sandbox.now_ms();
    let played = match Form::read(&sandbox.inner.config, &body) {
        Ok(form) => sandbox.transact(|state| submit(state, &form, now_ms)),
        Err(code) => Err(Refusal::Code(code)),
    };
    match played {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(refusal) => refused(&sandbox, refusal),
    }
}

/// A well-formed request with a valid signature.
struct Form<'a> {
    account: &'a MomoAccount,
    order_id: String,
    request_id: String,
    amount: i64,
    trans_id: i64,
    fingerprint: String,
}

impl Form<'_> {
    fn read<'a>(config: &'a SandboxConfig, body: &[u8]) -> Result<Form<'a>, Code> {
        let fields = Fields::read(body)?;
        let partner_code = fields.text("partnerCode")?;
        let order_id = fields.id("orderId")?;
        let request_id = fields.id("requestId")?;
        let amount = fields.long("amount")?;
        let trans_id = fields.long("transId")?;
        let description = fields.text("description")?;
        fields.lang()?;
        let signature = fields.text("signature")?;
        let account = account(config, &partner_code)?;
        let text = sign::refund_text(account, amount, &description, &order_id, &request_id, trans_id);
        if !sign::is_signature(account, &text, &signature) {
            return Err(Code::BAD_SIGNATURE);
        }
        // The signature covers everything that makes two requests different.
        let fingerprint = format!("refund {signature}");
        Ok(Form { account, order_id, request_id, amount, trans_id, fingerprint })
    }

    fn payment(&self) -> String {
        self.trans_id.to_string()
    }
}

/// The account of that name.
pub(super) fn account<'a>(config: &'a SandboxConfig, partner_code: &str) -> Result<&'a MomoAccount, Code> {
    config.momo.iter().find(|account| account.partner_code == partner_code).ok_or(Code::UNKNOWN_PARTNER)
}

fn submit(state: &State<'_>, form: &Form<'_>, now_ms: i64) -> Result<Played, Refusal> {
    let partner = &form.account.partner_code;
    if let Some(seen) = state.request(Psp::Momo, partner, &form.request_id)? {
        return repeat(form, &seen, now_ms);
    }
    let payment = form.payment();
    let is_order_taken =
        form.order_id == payment || !state.refunds_by_key(Psp::Momo, partner, &form.order_id)?.is_empty();
    if is_order_taken {
        return undecided(state, form, Code::DUPLICATE_ORDER, now_ms);
    }
    if !AMOUNT_VND.contains(&form.amount) {
        return undecided(state, form, Code::BAD_AMOUNT, now_ms);
    }
    if state.payment(Psp::Momo, &payment)?.is_none() {
        return undecided(state, form, Code::NOT_FOUND, now_ms);
    }
    if !state.fits(Psp::Momo, &payment, form.amount)? {
        return Ok(Played::plain(decide(state, form, Stage::Refused, Code::OVER_REFUND, now_ms)?));
    }
    play(state, form, state.next_step(Psp::Momo, &payment)?, now_ms)
}

fn play(state: &State<'_>, form: &Form<'_>, step: Step, now_ms: i64) -> Result<Played, Refusal> {
    let (stage, code) = match step.effect() {
        // Nothing is remembered, so that the same request may come again.
        Effect::Lost => {
            let reply = answer(form, Code::RUNNING, 0, now_ms).reply()?;
            return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
        }
        Effect::Refused if step == Step::RefuseForNow => (Stage::Refused, Code::REFUND_FAILED),
        Effect::Refused => (Stage::Refused, Code::NOT_ELIGIBLE),
        Effect::Now if step == Step::Pend => (Stage::Pending, Code::AT_PROVIDER),
        Effect::Now => (Stage::Succeeded, Code::DONE),
        Effect::Later { .. } => (Stage::Coming, Code::RUNNING),
    };
    let reply = decide(state, form, stage, code, now_ms)?;
    if let Effect::Later { ms } = step.effect() {
        let refund = state.refunds_by_key(Psp::Momo, &form.account.partner_code, &form.order_id)?.pop();
        let due_ms = now_ms.saturating_add_unsigned(ms);
        if let Some(refund) = refund {
            state.add_due(due_ms, refund.seq, DueKind::Effect, "")?;
        }
    }
    Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() })
}

/// Makes the refund, in whatever stage, and remembers the answer.
fn decide(
    state: &State<'_>,
    form: &Form<'_>,
    stage: Stage,
    code: Code,
    now_ms: i64,
) -> Result<crate::reply::Reply, StateError> {
    let detail = Detail {
        request_id: form.request_id.clone(),
        refused: (stage == Stage::Refused).then(|| code.number()),
    };
    let new = NewRefund {
        psp: Psp::Momo,
        account: &form.account.partner_code,
        payment: &form.payment(),
        key: &form.order_id,
        amount_minor: form.amount,
        currency: "VND",
        stage,
        detail: text(&detail)?,
    };
    let refund = state.insert_refund(&new, now_ms, |seq| trans_id(state, seq))?;
    let reply = RefundAnswer::about(&refund, &form.request_id, code, now_ms).reply()?;
    let request_state = match (stage, code.is_final()) {
        (Stage::Coming, _) => RequestState::Running,
        (_, true) => RequestState::Final,
        (_, false) => RequestState::Open,
    };
    remember(state, form, request_state, &reply.body)?;
    Ok(reply)
}

/// Refuses without a refund; the `requestId` is used up.
fn undecided(state: &State<'_>, form: &Form<'_>, code: Code, now_ms: i64) -> Result<Played, Refusal> {
    let reply = answer(form, code, 0, now_ms).reply()?;
    remember(state, form, RequestState::Open, &reply.body)?;
    Ok(Played::plain(reply))
}

fn remember(
    state: &State<'_>,
    form: &Form<'_>,
    request_state: RequestState,
    answer: &str,
) -> Result<(), StateError> {
    let request =
        Request { fingerprint: form.fingerprint.clone(), state: request_state, answer: answer.to_owned() };
    state.put_request(Psp::Momo, &form.account.partner_code, &form.request_id, &request)
}

fn repeat(form: &Form<'_>, seen: &Request, now_ms: i64) -> Result<Played, Refusal> {
    let code = match seen.state {
        _ if seen.fingerprint != form.fingerprint => Code::DUPLICATE_REQUEST,
        RequestState::Running => Code::RUNNING,
        RequestState::Open => Code::DUPLICATE_REQUEST,
        RequestState::Final => {
            return Ok(Played {
                reply: replay(&seen.answer),
                answer: Answer::Plain,
                notify_first: Vec::new(),
            });
        }
    };
    Ok(Played::plain(answer(form, code, 0, now_ms).reply()?))
}

fn answer<'a>(form: &'a Form<'_>, code: Code, trans_id: i64, now_ms: i64) -> RefundAnswer<'a> {
    RefundAnswer {
        partner_code: &form.account.partner_code,
        order_id: &form.order_id,
        request_id: &form.request_id,
        amount: form.amount,
        trans_id,
        result_code: code.number(),
        message: code.message(),
        response_time: now_ms,
    }
}
