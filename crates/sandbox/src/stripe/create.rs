//! `POST /v1/refunds`.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::form::{Form, Given};
use super::wire::{ERROR_500, Refusal, show};
use super::{Detail, FAIL_AFTER_MS, auth, keep, notify, text, units};
use crate::psp::Psp;
use crate::reply::{Played, Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{Answer, Effect, Step};
use crate::state::{DueKind, NewRefund, Payment, Refund, Stage, State, StateError};

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = auth::account(&sandbox.inner.config, &headers)
        .and_then(|account| Ok((account, Given::read(&headers, &body)?)));
    let (account, given) = match read {
        Ok(read) => read,
        Err(refusal) => return refusal.reply().response(),
    };
    let now_ms = sandbox.now_ms();
    match sandbox.transact(|state| submit(state, &account, &given, now_ms)) {
        Ok(played) => sandbox.answer(played, ERROR_500).await,
        Err(error) => state_error(&error),
    }
}

fn submit(state: &State<'_>, account: &str, given: &Given, now_ms: i64) -> Result<Played, StateError> {
    let fingerprint = given.fingerprint();
    if let Some(key) = &given.key
        && let Some(reply) = keep::repeat(state, account, key, &fingerprint, now_ms)?
    {
        return Ok(Played::plain(reply));
    }
    // Nothing is kept of a request that fails here: its work has not begun.
    let form = match given.form() {
        Ok(form) => form,
        Err(refusal) => return Ok(Played::plain(refusal.reply())),
    };
    let work = Work { state, account, given, fingerprint: &fingerprint, now_ms };
    match work.begin(&form)? {
        Ok(amount_minor) => work.play(&form, amount_minor),
        Err(refusal) => work.refuse(&refusal),
    }
}

/// One request whose work has begun.
struct Work<'a> {
    state: &'a State<'a>,
    account: &'a str,
    given: &'a Given,
    fingerprint: &'a str,
    now_ms: i64,
}

impl Work<'_> {
    /// The sum in ISO 4217 minor units, if it can be given back.
    fn begin(&self, form: &Form) -> Result<Result<i64, Refusal>, StateError> {
        let Form { param, payment: id, .. } = form;
        let Some(payment) = self.state.payment(Psp::Stripe, id)?.filter(|_| fits_param(param, id)) else {
            return Ok(Err(Refusal::missing(param, id, param)));
        };
        let left = left(self.state, id, &payment)?;
        if left <= 0 {
            let message = format!("Charge {id} has already been refunded.");
            return Ok(Err(Refusal::invalid(Some("charge_already_refunded"), "", message)));
        }
        let amount_minor = match form.count {
            None => Some(left),
            Some(count) => units::to_minor(count, &payment.currency),
        };
        Ok(match amount_minor {
            None => Err(Refusal::invalid(
                Some("invalid_charge_amount_no_decimal_compatible"),
                "amount",
                format!("Invalid amount. {} does not have so many decimals.", payment.currency),
            )),
            Some(amount_minor) if amount_minor > left => {
                Err(over_refund(amount_minor, left, &payment.currency))
            }
            Some(amount_minor) => Ok(amount_minor),
        })
    }

    fn play(&self, form: &Form, amount_minor: i64) -> Result<Played, StateError> {
        let step = self.state.next_step(Psp::Stripe, &form.payment)?;
        let stage = match step.effect() {
            // Nothing is kept, so that the same request may come again.
            Effect::Lost => {
                let reply = Reply::new(StatusCode::OK, String::new());
                return Ok(Played { reply, answer: step.answer(), notify_first: Vec::new() });
            }
            Effect::Refused if step == Step::RefuseForNow => {
                let message = "Insufficient funds in your Stripe balance to refund this amount.";
                return self.refuse(&Refusal::invalid(Some("balance_insufficient"), "", message));
            }
            Effect::Refused => {
                let message =
                    format!("Charge {} has been charged back; cannot issue a refund.", form.payment);
                return self.refuse(&Refusal::invalid(Some("charge_disputed"), "", message));
            }
            Effect::Now if matches!(step, Step::Pend | Step::PendForFunds) => Stage::Pending,
            Effect::Now => Stage::Succeeded,
            Effect::Later { .. } => Stage::Coming,
        };
        let refund = self.insert(form, amount_minor, stage, step == Step::PendForFunds)?;
        let body = show(&refund)?;
        if let (Effect::Later { ms }, key) = (step.effect(), &self.given.key) {
            let due_ms = self.now_ms.saturating_add_unsigned(ms);
            self.state.add_due(due_ms, refund.seq, DueKind::Effect, "")?;
            if let Some(key) = key {
                keep::running(self.state, self.account, key, self.fingerprint, self.now_ms)?;
            }
        } else if step.answer() == Answer::Error500 {
            // Stripe keeps its first answer, whatever it is.
            self.keep(StatusCode::INTERNAL_SERVER_ERROR, ERROR_500)?;
        } else {
            self.keep(StatusCode::OK, &body)?;
        }
        let notify_first = self.go_on(&refund, step)?;
        Ok(Played { reply: Reply::new(StatusCode::OK, body), answer: step.answer(), notify_first })
    }

    fn insert(
        &self,
        form: &Form,
        amount_minor: i64,
        stage: Stage,
        waits_for_funds: bool,
    ) -> Result<Refund, StateError> {
        let detail = Detail {
            idempotency_key: self.given.key.clone(),
            reason: form.reason.clone(),
            metadata: form.metadata.clone(),
            waits_for_funds,
        };
        let currency = self.state.payment(Psp::Stripe, &form.payment)?.map(|payment| payment.currency);
        let new = NewRefund {
            psp: Psp::Stripe,
            account: self.account,
            payment: &form.payment,
            key: self.given.key.as_deref().unwrap_or_default(),
            amount_minor,
            currency: &currency.unwrap_or_default(),
            stage,
            detail: text(&detail)?,
        };
        let origin_s = self.state.origin_ms / 1_000;
        self.state.insert_refund(&new, self.now_ms, |seq| format!("re_SB{origin_s}{seq:08}"))
    }

    /// What becomes of a new refund; gives the notifications that come before the answer.
    fn go_on(&self, refund: &Refund, step: Step) -> Result<Vec<i64>, StateError> {
        let Work { state, now_ms, .. } = *self;
        if refund.stage != Stage::Succeeded {
            return Ok(Vec::new());
        }
        if step == Step::NotifyBeforeAnswer {
            return Ok(notify::queue_for_request(state, refund, notify::CREATED, now_ms)?
                .into_iter()
                .collect());
        }
        let copies = if step == Step::DuplicateNotification { 2 } else { 1 };
        notify::queue(state, refund, notify::CREATED, copies, now_ms)?;
        if step == Step::SucceedThenFail {
            state.add_due(now_ms.saturating_add(FAIL_AFTER_MS), refund.seq, DueKind::FailLater, "")?;
        }
        Ok(Vec::new())
    }

    fn refuse(&self, refusal: &Refusal) -> Result<Played, StateError> {
        self.keep(refusal.status, &refusal.body())?;
        Ok(Played::plain(refusal.reply()))
    }

    fn keep(&self, status: StatusCode, body: &str) -> Result<(), StateError> {
        match &self.given.key {
            Some(key) => {
                keep::answered(self.state, self.account, key, self.fingerprint, (status, body), self.now_ms)
            }
            None => Ok(()),
        }
    }
}

/// A charge is no payment intent.
fn fits_param(param: &str, id: &str) -> bool {
    id.starts_with("pi_") == (param == "payment_intent")
}

/// What can still be given back of a payment, in ISO 4217 minor units.
fn left(state: &State<'_>, id: &str, payment: &Payment) -> Result<i64, StateError> {
    let holds = |refund: &Refund| {
        refund.psp == Psp::Stripe
            && refund.payment == id
            && matches!(refund.stage, Stage::Pending | Stage::Succeeded)
    };
    let used = state.effects()?.iter().filter(|refund| holds(refund)).map(|refund| refund.amount_minor).sum();
    Ok(payment.captured_minor.saturating_sub(used))
}

fn over_refund(amount_minor: i64, left_minor: i64, currency: &str) -> Refusal {
    let count = |minor| units::of_minor(minor, currency);
    let message = format!(
        "Refund amount ({} {currency}) is greater than unrefunded amount on charge ({} {currency})",
        count(amount_minor),
        count(left_minor)
    );
    Refusal::invalid(None, "amount", message)
}

/// A refund whose caller got no answer is made now, or refused; its key has its answer from now on.
pub(super) fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    let key = Detail::of(&refund)?.idempotency_key;
    let payment = state.payment(Psp::Stripe, &refund.payment)?;
    let left = payment.map(|payment| left(state, &refund.payment, &payment)).transpose()?.unwrap_or_default();
    let (status, body) = if refund.amount_minor <= left {
        refund.stage = Stage::Succeeded;
        refund.created_ms = now_ms;
        state.update_refund(&refund)?;
        notify::queue(state, &refund, notify::CREATED, 1, now_ms)?;
        (StatusCode::OK, show(&refund)?)
    } else {
        state.delete_refund(refund.seq)?;
        let refusal = over_refund(refund.amount_minor, left, &refund.currency);
        (refusal.status, refusal.body())
    };
    match key {
        Some(key) => keep::ended(state, &refund.account, &key, (status, &body)),
        None => Ok(()),
    }
}
