//! What Adyen tells of refunds: the only way to learn how one ended
//! (<https://docs.adyen.com/online-payments/refund#refund-webhook> and `Webhooks-v1.json` in
//! <https://github.com/Adyen/adyen-openapi>).

use super::sign::Keys;
use super::wire::{Item, Webhook};
use crate::account::AccountConfig;
use crate::exchange::{is_id, json, psp_text};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::record::Record;
use redress_core::environment::Environment;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use serde_json::value::RawValue;

/// How the request to refund ended: sent on to the scheme, or refused.
const REFUND: &str = "REFUND";
/// The scheme or the bank refused what had been sent on.
const REFUND_FAILED: &str = "REFUND_FAILED";
/// What had been given back came back.
const REFUNDED_REVERSED: &str = "REFUNDED_REVERSED";
/// It waits: "the refund was postponed until after payment capture" (`Webhooks-v1.json`); sent where Adyen's support has
/// switched it on.
const POSTPONED_REFUND: &str = "POSTPONED_REFUND";

/// These may follow a refund that succeeded, also days later.
const AFTER_SUCCESS: &[&str] = &[REFUND_FAILED, REFUNDED_REVERSED];

/// Every end but the success may follow a wait.
const AFTER_WAIT: &[&str] = &[REFUND, REFUND_FAILED, REFUNDED_REVERSED];

pub(super) fn read(account: &AccountConfig, inbound: &Inbound) -> Result<Vec<Notice>, NoticeError> {
    let keys = Keys::of(account).map_err(|_| NoticeError::BadSignature)?;
    let webhook: Webhook<'_> = json(&inbound.body).ok_or(NoticeError::NotUnderstood)?;
    let mut items = Vec::with_capacity(webhook.notification_items.len());
    for wrapper in &webhook.notification_items {
        let item: Item = json(wrapper.item.get().as_bytes()).ok_or(NoticeError::NotUnderstood)?;
        items.push((item, wrapper.item));
    }
    // One signature covers one item: the rest of a message in which one is forged is not believed either.
    if !items.iter().all(|(item, _)| keys.signed(item)) {
        return Err(NoticeError::BadSignature);
    }
    let mut notices = Vec::new();
    for (item, text) in &items {
        if let Some(outcome) = outcome(item) {
            notices.push(notice(account, webhook.live.as_deref(), item, text, outcome));
        }
    }
    if notices.is_empty() { Err(NoticeError::NotARefund) } else { Ok(notices) }
}

/// `None` for what is not about a refund by `/refunds`. `CANCEL_OR_REFUND` answers `/reversals`, `REFUND_WITH_DATA` and
/// `VOID_PENDING_REFUND` other requests. That a refund was not postponed says nothing.
fn outcome(item: &Item) -> Option<Outcome> {
    let psp_refund_id = item.psp_reference.clone().filter(|id| is_id(id));
    Some(match (item.event_code.as_str(), item.success.as_str()) {
        (REFUND, "true") => Outcome::Succeeded { psp_refund_id, arn: arn(item) },
        (REFUND, "false") => refused(REFUND, item),
        // Signed, and about a refund: a person looks, and the others of its message are taken.
        (REFUND, _) => Outcome::Unknown(Finding::NotUnderstood),
        // Their `success` says that the event took place: it is "true" in Adyen's own samples.
        (REFUND_FAILED, _) => refused(REFUND_FAILED, item),
        (REFUNDED_REVERSED, _) => refused(REFUNDED_REVERSED, item),
        (POSTPONED_REFUND, "true") => Outcome::Pending { psp_refund_id, note: Some(postponed(item)) },
        _ => return None,
    })
}

fn refused(code: &str, item: &Item) -> Outcome {
    let text = psp_text(item.reason.as_deref());
    let psp_refund_id = item.psp_reference.clone().filter(|id| is_id(id));
    Outcome::Refused(PspRefusal { code: code.to_owned(), text, again: Again::No, psp_refund_id })
}

fn postponed(item: &Item) -> String {
    let reason = psp_text(item.reason.as_deref());
    let reason = if reason.is_empty() { "until after the payment's capture" } else { reason.as_str() };
    format!("Adyen says {POSTPONED_REFUND}: {reason}")
}

/// Not covered by the signature, and used for nothing but telling people. That these are the refund's is inferred: the
/// description says "of the dispute" of the first, and no more than its name of the second.
fn arn(item: &Item) -> Option<String> {
    let data = item.additional_data.as_ref()?;
    [&data.arn, &data.acquirer_reference].into_iter().flatten().find(|text| is_id(text)).cloned()
}

fn notice(
    account: &AccountConfig,
    live: Option<&str>,
    item: &Item,
    text: &RawValue,
    outcome: Outcome,
) -> Notice {
    let mut record = Record::new(account);
    record.body(text.get().as_bytes());
    let amount = item.amount.as_ref().and_then(super::wire::Sum::amount);
    let understood = !matches!(outcome, Outcome::Unknown(_));
    Notice {
        key: item.merchant_reference.clone().filter(|key| !key.is_empty()),
        psp_refund_id: item.psp_reference.clone().filter(|id| is_id(id)),
        psp_payment_ids: item.original_reference.iter().filter(|id| !id.is_empty()).cloned().collect(),
        amount,
        // A wait and a success may be overtaken by a later failure; a failure is the last word.
        superseded_by: match outcome {
            Outcome::Succeeded { .. } => AFTER_SUCCESS,
            Outcome::Pending { .. } => AFTER_WAIT,
            Outcome::NotSent { .. } | Outcome::Refused(_) | Outcome::Unknown(_) => &[],
        },
        outcome,
        // The signature proves it, and there is nobody to ask.
        must_confirm: false,
        foreign: foreign(account, live, item, (amount.is_some(), understood)),
        record: record.finish(),
    }
}

/// Why it is not about a refund of this account, or says nothing that could be of one, if so.
fn foreign(
    account: &AccountConfig,
    live: Option<&str>,
    item: &Item,
    (sum_is_one, understood): (bool, bool),
) -> Option<String> {
    let ours = account.credentials.get("merchant_account");
    let told = item.merchant_account_code.as_deref();
    let own_live = if account.environment == Environment::Live { "true" } else { "false" };
    let mut all = Vec::new();
    if told.is_none() || told != ours {
        all.push(format!("merchant account {}", psp_text(told)));
    }
    if live != Some(own_live) {
        // The signature does not cover it; but the keys of both environments differ.
        all.push(format!("live is {:?} and not {own_live}", psp_text(live)));
    }
    if !sum_is_one {
        let sum = item.amount.as_ref().map(|sum| format!("{} {}", sum.value, sum.currency));
        all.push(format!("a sum that no refund here can have: {}", psp_text(sum.as_deref())));
    }
    if !understood {
        all.push(format!("success is {:?}, and neither true nor false", psp_text(Some(&item.success))));
    }
    (!all.is_empty()).then(|| all.join("; "))
}
