//! Reading Stripe's notifications (<https://docs.stripe.com/api/events>).

use super::wire::{Event, Refund};
use super::{read, sign};
use crate::account::AccountConfig;
use crate::exchange::{is_id, json, psp_text};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::record::Record;
use redress_core::environment::Environment;

/// The header that carries a notification's signature.
const SIGNATURE: &str = "stripe-signature";

/// The events whose object is a refund. `charge.refunded` carries the charge; these tell the same.
pub(super) const REFUND_EVENTS: [&str; 4] =
    ["charge.refund.updated", "refund.created", "refund.failed", "refund.updated"];

pub(super) fn read(account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError> {
    let secret = account.credentials.get("webhook_secret").ok_or(NoticeError::BadSignature)?;
    let header = inbound.headers.get(SIGNATURE).and_then(|header| header.to_str().ok());
    let header = header.ok_or(NoticeError::BadSignature)?;
    if !sign::is_signed(secret, header, &inbound.body, inbound.received_at) {
        return Err(NoticeError::BadSignature);
    }
    let event: Event<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    if !REFUND_EVENTS.contains(&event.kind.as_str()) {
        return Err(NoticeError::NotARefund);
    }
    let object = event.data.as_ref().map(|data| data.object.get().as_bytes());
    let refund: Refund<'_> = object.and_then(json).ok_or(NoticeError::NotUnderstood)?;
    if !is_id(&refund.id) || refund.object.as_deref() != Some("refund") {
        return Err(NoticeError::NotUnderstood);
    }
    let mut record = Record::new(account);
    record.body(&inbound.body);
    Ok(Notice {
        key: refund.key().map(str::to_owned),
        psp_refund_id: Some(refund.id.clone()),
        // A payment may be known here by either.
        psp_payment_ids: [&refund.payment_intent, &refund.charge].into_iter().flatten().cloned().collect(),
        amount: refund.sum(),
        outcome: read::outcome(&refund),
        // Events come in any order (<https://docs.stripe.com/webhooks>); a question shows the newest state.
        must_confirm: true,
        foreign: foreign(account.environment, &event),
        superseded_by: &[],
        record: record.finish(),
    })
}

/// Whose event it is, where it is not the account's own: that of a connected account, or of the other world.
fn foreign(environment: Environment, event: &Event<'_>) -> Option<String> {
    let connected = event.account.as_ref().map(|id| format!("the connected account {}", psp_text(Some(id))));
    let mode = match event.livemode {
        Some(true) if environment == Environment::Sandbox => Some("live mode, and not test mode".to_owned()),
        Some(false) if environment == Environment::Live => Some("test mode, and not live mode".to_owned()),
        _ => None,
    };
    let all: Vec<_> = [connected, mode].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests;
