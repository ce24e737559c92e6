//! Telling the merchant: events with the refund as it was at the moment it changed (<https://docs.stripe.com/webhooks>).
//! Each try is signed anew, with the time of that try.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Detail, auth, sign, text, unreadable, wire};
use crate::notify::{self, Kept};
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Stage, State, StateError};
use crate::world::Notification;

/// A refund was made.
pub(crate) const CREATED: &str = "refund.created";

/// The version of the API in which the events speak.
const API_VERSION: &str = "2026-10-28.endive";

/// How a later change of a refund is called.
pub(crate) fn changed(refund: &Refund) -> &'static str {
    if refund.stage == Stage::Failed { "refund.failed" } else { "refund.updated" }
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    id: String,
    object: &'static str,
    api_version: &'static str,
    created: i64,
    data: Data,
    livemode: bool,
    pending_webhooks: u32,
    request: Request<'a>,
    r#type: &'static str,
}

#[derive(Debug, Serialize)]
struct Data {
    object: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    id: Option<&'a str>,
    idempotency_key: Option<&'a str>,
}

/// Queues one event about the refund as it is, `copies` times; none while no address is set up.
pub(crate) fn queue(
    state: &State<'_>,
    refund: &Refund,
    kind: &'static str,
    copies: u32,
    now_ms: i64,
) -> Result<(), StateError> {
    if let Some(kept) = kept(state, refund, kind, now_ms)? {
        for _ in 0..copies {
            notify::queue(state, refund, &kept, now_ms)?;
        }
    }
    Ok(())
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn queue_for_request(
    state: &State<'_>,
    refund: &Refund,
    kind: &'static str,
    now_ms: i64,
) -> Result<Option<i64>, StateError> {
    let kept = kept(state, refund, kind, now_ms)?;
    kept.map(|kept| notify::queue_for_request(state, refund, &kept, now_ms)).transpose()
}

fn kept(
    state: &State<'_>,
    refund: &Refund,
    kind: &'static str,
    now_ms: i64,
) -> Result<Option<Kept>, StateError> {
    let Some(url) = state.webhook(Psp::Stripe, &refund.account)? else { return Ok(None) };
    let detail = Detail::of(refund)?;
    let object = RawValue::from_string(wire::show(refund)?).map_err(|error| unreadable(&error))?;
    let event = Event {
        id: format!("evt_{}{}", refund.refund.trim_start_matches("re_"), kind.trim_start_matches("refund.")),
        object: "event",
        api_version: API_VERSION,
        created: now_ms.div_euclid(1_000),
        data: Data { object },
        livemode: false,
        pending_webhooks: 1,
        request: Request {
            id: None,
            idempotency_key: detail.idempotency_key.as_deref().filter(|_| kind == CREATED),
        },
        r#type: kind,
    };
    Ok(Some(Kept { account: refund.account.clone(), url, signed_text: String::new(), body: text(&event)? }))
}

/// A kept event, signed; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
    let account = auth::named(&sandbox.inner.config, &kept.account)?;
    let now_s = sandbox.now_ms().div_euclid(1_000);
    let signature = sign::header(&account.webhook_secret, now_s, &kept.body);
    Some(Notification::json(kept.url, vec![("stripe-signature", signature)], kept.body))
}
