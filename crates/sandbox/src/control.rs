//! Steering the sandbox: payments, scripts, ends of pending refunds, and the ledger. Not part of any PSP.

use axum::body::{Body, Bytes};
use axum::extract;
use axum::http::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::money;
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::script::{STEPS_MAX, Step};
use crate::state::{Payment, Refund, Stage, State, StateError};

/// Longest id of a payment, in bytes.
const ID_BYTES_MAX: usize = 200;

/// Why a control request is not done.
#[derive(Debug)]
enum Refusal {
    Said(StatusCode, String),
    State(StateError),
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Refusal {
        Refusal::State(error)
    }
}

fn bad(text: impl Into<String>) -> Refusal {
    Refusal::Said(StatusCode::BAD_REQUEST, text.into())
}

fn respond<T: Serialize>(outcome: Result<T, Refusal>) -> Response<Body> {
    let (status, value) = match outcome {
        Ok(value) => (StatusCode::OK, serde_json::to_value(value).unwrap_or_default()),
        Err(Refusal::Said(status, text)) => (status, json!({ "error": text })),
        Err(Refusal::State(error)) => return state_error(&error),
    };
    Reply::new(status, value.to_string()).response()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad(format!("the body is not what was expected: {error}")))
}

fn psp_named(name: &str) -> Result<Psp, Refusal> {
    Psp::named(name).ok_or_else(|| {
        let names: Vec<&str> = Psp::ALL.into_iter().map(Psp::name).collect();
        bad(format!("there is no PSP {name:?} here; there are {}", names.join(", ")))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentBody {
    psp: String,
    payment: String,
    currency: String,
    amount_minor: i64,
}

/// `POST /control/payment`: makes a captured payment known to a PSP. The same again changes nothing, other content is
/// a 409.
pub(crate) async fn payment(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response<Body> {
    respond(read(&body).and_then(|body: PaymentBody| {
        let psp = psp_named(&body.psp)?;
        if body.payment.is_empty() || body.payment.len() > ID_BYTES_MAX {
            return Err(bad(format!("payment must have 1 to {ID_BYTES_MAX} bytes")));
        }
        if money::exponent(&body.currency).is_none() {
            return Err(bad("currency must be three capital letters"));
        }
        if body.amount_minor <= 0 {
            return Err(bad("amount_minor must be more than 0"));
        }
        if let Some(why) = psp.play().refuses_payment(&body.payment, &body.currency) {
            return Err(bad(why));
        }
        let row = Payment { currency: body.currency, captured_minor: body.amount_minor };
        sandbox.transact(|state| match state.payment(psp, &body.payment)? {
            None => Ok(state.insert_payment(psp, &body.payment, &row)?),
            Some(known) if known == row => Ok(()),
            Some(_) => {
                Err(Refusal::Said(StatusCode::CONFLICT, "the payment is known with other content".to_owned()))
            }
        })?;
        Ok(json!({ "psp": psp.name(), "payment": body.payment, "currency": row.currency,
                   "amount_minor": row.captured_minor }))
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    psp: String,
    url: String,
    /// What the PSP itself tells the account apart by; for all accounts that have none of their own where left out.
    account: Option<String>,
}

/// `POST /control/webhook`: where a PSP whose notifications are set up once, and not with each request, sends them; those
/// of all its accounts, or of one.
pub(crate) async fn webhook(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response<Body> {
    respond(read(&body).and_then(|body: WebhookBody| {
        let psp = psp_named(&body.psp)?;
        if !psp.play().notifies() {
            return Err(bad(format!("{} does not notify", psp.name())));
        }
        if !body.url.starts_with("http://") {
            return Err(bad("url must begin with http://: the sandbox posts over plain http only"));
        }
        let Some(account) = body.account else {
            sandbox.transact(|state| state.put_webhook(psp, &body.url)).map_err(Refusal::State)?;
            return Ok(json!({ "psp": psp.name(), "url": body.url }));
        };
        let name = psp.play().account_named(&sandbox.inner.config, &account).ok_or_else(|| {
            let text =
                format!("{} has no such account that is told once where its notifications go", psp.name());
            Refusal::Said(StatusCode::NOT_FOUND, text)
        })?;
        sandbox.transact(|state| state.put_account_webhook(psp, &name, &body.url)).map_err(Refusal::State)?;
        Ok(json!({ "psp": psp.name(), "url": body.url, "account": account }))
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptBody {
    psp: String,
    payment: String,
    steps: Vec<Value>,
}

/// `POST /control/script`: these steps, and none that were left of an earlier script, for the payment's next submits.
pub(crate) async fn script(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response<Body> {
    respond(read(&body).and_then(|body: ScriptBody| {
        let psp = psp_named(&body.psp)?;
        if body.steps.len() > STEPS_MAX {
            return Err(bad(format!("at most {STEPS_MAX} steps")));
        }
        let steps: Vec<Step> = body.steps.iter().map(Step::parse).collect::<Result<_, _>>().map_err(bad)?;
        if let Some(step) = steps.iter().find(|step| step.needs_notifications() && !psp.play().notifies()) {
            return Err(bad(format!(
                "{} does not notify, so there is no step {:?}",
                psp.name(),
                step.text()
            )));
        }
        if !psp.play().refuses_for_now() && steps.contains(&Step::RefuseForNow) {
            return Err(bad(format!("{} has no word for a refusal that may pass", psp.name())));
        }
        if !psp.play().waits_for_funds() && steps.contains(&Step::PendForFunds) {
            return Err(bad(format!("{} does not say that a refund waits for funds", psp.name())));
        }
        if psp != Psp::Adyen && steps.contains(&Step::SucceedThenReverse) {
            return Err(bad(format!("only Adyen tells that a refund came back, not {}", psp.name())));
        }
        sandbox.transact(|state| {
            if state.payment(psp, &body.payment)?.is_none() {
                let text = "the payment is not known; POST /control/payment comes first".to_owned();
                return Err(Refusal::Said(StatusCode::NOT_FOUND, text));
            }
            Ok(state.put_script(psp, &body.payment, &steps)?)
        })?;
        let steps: Vec<String> = steps.into_iter().map(Step::text).collect();
        Ok(json!({ "psp": psp.name(), "payment": body.payment, "steps": steps }))
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishBody {
    psp: String,
    refund: String,
    state: String,
}

/// `POST /control/finish`: ends a pending refund, named by the PSP's id or by the merchant's key. The same end again
/// changes nothing.
pub(crate) async fn finish(extract::State(sandbox): extract::State<Sandbox>, body: Bytes) -> Response<Body> {
    respond(read(&body).and_then(|body: FinishBody| {
        let psp = psp_named(&body.psp)?;
        let end = match body.state.as_str() {
            "succeeded" => Stage::Succeeded,
            "failed" => Stage::Failed,
            _ => return Err(bad("state must be \"succeeded\" or \"failed\"")),
        };
        let now_ms = sandbox.now_ms();
        sandbox.transact(|state| end_refund(state, psp, &body.refund, end, now_ms))
    }))
}

fn end_refund(state: &State<'_>, psp: Psp, name: &str, end: Stage, now_ms: i64) -> Result<Effect, Refusal> {
    let mut named = state.refunds_named(psp, name)?;
    named.retain(|refund| !matches!(refund.stage, Stage::Coming | Stage::Refused));
    let (mut pending, mut ended): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|refund| refund.stage == Stage::Pending);
    let conflict = |text: &str| Refusal::Said(StatusCode::CONFLICT, text.to_owned());
    if pending.len() > 1 {
        return Err(conflict("several pending refunds have this key; name one by the PSP's id"));
    }
    match (pending.pop(), ended.pop()) {
        (Some(mut refund), _) => {
            refund.stage = end;
            state.update_refund(&refund)?;
            psp.play().tell(state, &refund, 1, now_ms)?;
            Ok(Effect::from(refund))
        }
        (None, Some(refund)) if refund.stage == end => Ok(Effect::from(refund)),
        (None, Some(_)) => Err(conflict("the refund has ended otherwise")),
        (None, None) => Err(Refusal::Said(StatusCode::NOT_FOUND, "there is no such refund".to_owned())),
    }
}

/// One line of the ledger.
#[derive(Debug, Serialize)]
struct Effect {
    psp: &'static str,
    payment: String,
    refund: String,
    key: String,
    amount_minor: i64,
    currency: String,
    state: &'static str,
}

impl From<Refund> for Effect {
    fn from(refund: Refund) -> Effect {
        Effect {
            psp: refund.psp.name(),
            payment: refund.payment,
            refund: refund.refund,
            key: refund.key,
            amount_minor: refund.amount_minor,
            currency: refund.currency,
            state: refund.stage.text(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Ledger {
    effects: Vec<Effect>,
}

/// `GET /control/ledger`: every refund that moved or reserved money at a PSP, oldest first.
pub(crate) async fn ledger(extract::State(sandbox): extract::State<Sandbox>) -> Response<Body> {
    let effects = sandbox.read(|state| state.effects()).map_err(Refusal::State);
    respond(effects.map(|refunds| Ledger { effects: refunds.into_iter().map(Effect::from).collect() }))
}

#[cfg(test)]
mod tests;
