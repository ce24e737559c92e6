//! How Redress's own API shows a refund: in one shape everywhere, with the names that the notifications have.

use std::collections::BTreeMap;

use redress_core::refund::Refund;
use redress_core::state::{Failure, RefundState};
use redress_engine::lookup::OrderRefs;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::time;

/// A refund as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund, example = json!({
        "id": "rf_01m83we5bxfvt8aqezdzht621f",
        "payment": "pay_01m83wh2jgebxaxzz815mkdcgb",
        "order_ref": "order-3",
        "merchant_order_ref": null,
        "amount_minor": 2500,
        "amount": "25.00",
        "currency": "SAR",
        "status": "succeeded",
        "kind": "partial",
        "reason": "requested_by_customer",
        "description": null,
        "merchant_refund_id": "return-7",
        "metadata": {"cart": "7"},
        "psp_refund_id": "re_SB179542678600000003",
        "arn": null,
        "failure": null,
        "note": null,
        "retry_at": null,
        "environment": "sandbox",
        "created_at": "2026-11-23T09:41:52.850886Z",
        "updated_at": "2026-11-23T09:41:53.159063Z",
        "finished_at": "2026-11-23T09:41:53.159063Z",
    }))]
pub(crate) struct RefundView {
    /// Its id.
    #[schema(example = "rf_01m83we5bxfvt8aqezdzht621f")]
    id: String,
    /// The id of the payment it gives back.
    payment: String,
    /// The payment's reference.
    order_ref: String,
    /// The merchant's own order reference.
    merchant_order_ref: Option<String>,
    /// How much, in minor units.
    #[schema(example = 2500)]
    amount_minor: i64,
    /// The same in major units, with all of the currency's decimals: a text, for people. No request takes it.
    #[schema(example = "25.00")]
    amount: String,
    /// ISO 4217.
    #[schema(example = "SAR")]
    currency: &'static str,
    /// `held`, `queued`, `submitting`, `unknown` and `pending` are open; `succeeded`, `failed` and `canceled` are final, but
    /// that a success may become `reversed`: the money came back.
    #[schema(example = "succeeded")]
    status: &'static str,
    /// What was asked for: `full`, without an amount: all that was left; or `partial`, with one, also one of all.
    kind: &'static str,
    /// Why, in the merchant's word.
    reason: Option<String>,
    /// Why, in a sentence.
    description: Option<String>,
    /// The merchant's own id of the refund.
    merchant_refund_id: Option<String>,
    /// The merchant's own data.
    metadata: BTreeMap<String, String>,
    /// The PSP's id of the refund.
    psp_refund_id: Option<String>,
    /// The reference by which the customer's bank finds it.
    arn: Option<String>,
    /// Why it ended without effect, or came back.
    failure: Option<FailureView>,
    /// What the PSP said about the wait, while it lasts; the timeline keeps it.
    note: Option<String>,
    /// From when on a new refund is worth trying, where the PSP refused only for now.
    #[schema(format = DateTime)]
    retry_at: Option<String>,
    /// `sandbox` or `live`.
    environment: &'static str,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it reached a final state.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// Why a refund ended without effect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct FailureView {
    /// The PSP's own code, or one of this program's.
    pub(super) code: String,
    /// What a person may read.
    pub(super) text: String,
}

impl RefundView {
    pub(super) fn of(refund: Refund, refs: OrderRefs) -> Self {
        let failure = failure(&refund.state);
        Self {
            id: refund.id.to_string(),
            payment: refund.payment.to_string(),
            order_ref: refs.order_ref,
            merchant_order_ref: refs.merchant_order_ref,
            amount_minor: refund.amount.minor(),
            amount: refund.amount.to_fixed(),
            currency: refund.amount.currency().code(),
            status: refund.state.name().as_str(),
            kind: refund.kind.as_str(),
            failure: failure
                .map(|failure| FailureView { code: failure.code.clone(), text: failure.text.clone() }),
            retry_at: failure.and_then(|failure| failure.again_at).map(time),
            note: refund.waits_because().map(str::to_owned),
            metadata: metadata(refund.metadata.as_deref()),
            reason: Some(refund.reason).filter(|reason| !reason.is_empty()),
            description: refund.description,
            merchant_refund_id: refund.merchant_refund_id,
            psp_refund_id: refund.psp_refund_id,
            arn: refund.arn,
            environment: refund.environment.as_str(),
            created_at: time(refund.created_at),
            updated_at: time(refund.updated_at),
            finished_at: refund.finished_at.map(time),
        }
    }
}

fn failure(state: &RefundState) -> Option<&Failure> {
    match state {
        RefundState::Failed(failure) | RefundState::Reversed(failure) => Some(failure),
        RefundState::Held
        | RefundState::Queued
        | RefundState::Submitting(_)
        | RefundState::Unknown
        | RefundState::Pending
        | RefundState::Succeeded
        | RefundState::Canceled => None,
    }
}

/// What was stored is an object of texts: nothing else is taken.
fn metadata(stored: Option<&str>) -> BTreeMap<String, String> {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
