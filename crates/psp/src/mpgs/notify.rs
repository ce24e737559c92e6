//! Mastercard Gateway's notifications: the answer to a retrieval, with a secret in a header
//! (<https://developer.mastercard.com/mastercard-gateway/documentation/gateway-features/webhook-noti/>).

use super::access::Access;
use super::is_name;
use super::read::{self, REFUND};
use super::wire::{Answer, Transaction};
use crate::account::AccountConfig;
use crate::exchange::{json, psp_text};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::record::Record;
use redress_core::id::RefundId;
use subtle::ConstantTimeEq;

/// The header that carries the shared secret.
const SECRET: &str = "x-notification-secret";

pub(super) fn read(account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError> {
    let access = Access::of(account).map_err(|_| NoticeError::BadSignature)?;
    let secret = access.notification_secret.ok_or(NoticeError::BadSignature)?;
    let given = inbound.headers.get(SECRET).ok_or(NoticeError::BadSignature)?;
    if !bool::from(given.as_bytes().ct_eq(secret.as_bytes())) {
        return Err(NoticeError::BadSignature);
    }
    let answer: Answer<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    let transaction = answer.transaction.as_ref().ok_or(NoticeError::NotARefund)?;
    if transaction.kind.as_deref().ok_or(NoticeError::NotUnderstood)? != REFUND {
        return Err(NoticeError::NotARefund);
    }
    let key = transaction.id.as_deref().ok_or(NoticeError::NotUnderstood)?;
    let merchant = answer.merchant.as_deref().ok_or(NoticeError::NotUnderstood)?;
    let order = answer.order.as_ref().and_then(|order| order.id.as_deref());
    let mut record = Record::new(account);
    record.body(&inbound.body);
    Ok(Notice {
        key: Some(psp_text(Some(key))),
        psp_refund_id: id_of_foreign(order, key),
        psp_payment_ids: order.map(|order| psp_text(Some(order))).into_iter().collect(),
        amount: Transaction::sum(transaction),
        outcome: read::outcome_of_any_send(&answer),
        // Nothing in it is signed, and Mastercard advises to retrieve the transaction where it matters.
        must_confirm: true,
        foreign: (merchant != access.merchant_id)
            .then(|| format!("the merchant {:?}", psp_text(Some(merchant)))),
        superseded_by: &[],
        record: record.finish(),
    })
}

/// A name for a refund that was not made here, for people: its transaction's id is unique within its order only. Ours
/// are known by their keys and have no other id.
fn id_of_foreign(order: Option<&str>, key: &str) -> Option<String> {
    let order = order.filter(|order| is_name(order))?;
    (is_name(key) && RefundId::from_psp_key(key).is_none()).then(|| format!("{order}/{key}"))
}
