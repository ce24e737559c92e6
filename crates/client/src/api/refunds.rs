//! Refunds: making, reading, following them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::words::words;

pub(crate) static CREATE: Operation<Refund, NewRefund> =
    Operation::post("createRefund", "/v1/payments/{payment}/refunds").keyed().waits();
pub(crate) static GET: Operation<Refund> = Operation::get("getRefund", "/v1/refunds/{id}").waits();
pub(crate) static LIST: Operation<Page<Refund>> = Operation::get("listRefunds", "/v1/refunds").query(&[
    "limit",
    "cursor",
    "payment",
    "status",
    "merchant_refund_id",
    "created_from",
    "created_to",
]);
pub(crate) static TIMELINE: Operation<Timeline> =
    Operation::get("getRefundTimeline", "/v1/refunds/{id}/timeline");
pub(crate) static CANCEL: Operation<Refund, CancelRefund> =
    Operation::post("cancelRefund", "/v1/refunds/{id}/cancel").keyed();
pub(crate) static REFRESH: Operation<Refund> =
    Operation::post("refreshRefund", "/v1/refunds/{id}/refresh").keyed().waits();
pub(crate) static CLOSE: Operation<Refund, CloseRefund> =
    Operation::post("closeRefund", "/v1/refunds/{id}/close").keyed();

words! {
    /// How a refund stands.
    RefundStatus {
        /// It waits for approval, an undo window, or a stop switch.
        Held = "held",
        /// It is not sent yet.
        Queued = "queued",
        /// It is sent, or about to be.
        Submitting = "submitting",
        /// Nobody knows whether the PSP did it; its amount stays reserved.
        Unknown = "unknown",
        /// The PSP accepted it; the end is open.
        Pending = "pending",
        /// The money is given back.
        Succeeded = "succeeded",
        /// It ended without effect.
        Failed = "failed",
        /// It was withdrawn before it was sent.
        Canceled = "canceled",
        /// It had succeeded, and the money came back.
        Reversed = "reversed",
    }
}

impl RefundStatus {
    /// Whether it is over: nothing more is to come, but that a success may become `reversed`. A word that is not known
    /// counts as open.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled | Self::Reversed)
    }
}

impl NewRefund {
    /// So much, in minor units of the payment's currency.
    #[must_use]
    pub fn of(amount: i64, currency: impl Into<String>) -> Self {
        Self { amount: Some(amount), currency: Some(currency.into()), ..Self::default() }
    }

    /// All that is left.
    #[must_use]
    pub fn of_the_rest() -> Self {
        Self::default()
    }
}

impl Client {
    /// Gives money back. `payment` is its id, or its `order_ref`. With [`Call::wait`] the answer is the end, where that comes
    /// in time.
    pub fn create_refund(&self, payment: &str, new: &NewRefund) -> Call<Refund> {
        self.call(&CREATE, &[payment]).body(new)
    }

    /// How a refund stands. With [`Call::wait`] it waits for the end.
    pub fn get_refund(&self, id: &str) -> Call<Refund> {
        self.call(&GET, &[id])
    }

    /// A page of refunds, the newest first.
    pub fn list_refunds(&self, filter: &RefundFilter) -> Call<Page<Refund>> {
        self.call(&LIST, &[]).query(filter)
    }

    /// All refunds that a filter lets through, the newest first, page by page.
    #[must_use]
    pub fn refunds(&self, filter: RefundFilter) -> Pager<Refund> {
        let (client, first) = (self.clone(), filter.cursor.clone());
        let pager = Pager::new(move |cursor| {
            let cursor = cursor.map(str::to_owned);
            client.list_refunds(&RefundFilter { cursor, ..filter.clone() })
        });
        match first {
            Some(first) => pager.after(first),
            None => pager,
        }
    }

    /// What happened to a refund: its events, and the exchanges with the PSP.
    pub fn refund_timeline(&self, id: &str) -> Call<Timeline> {
        self.call(&TIMELINE, &[id])
    }

    /// Withdraws a refund that was not sent yet.
    pub fn cancel_refund(&self, id: &str, why: &CancelRefund) -> Call<Refund> {
        self.call(&CANCEL, &[id]).body(why)
    }

    /// Has the PSP asked now. With [`Call::wait`] it waits for the end.
    pub fn refresh_refund(&self, id: &str) -> Call<Refund> {
        self.call(&REFRESH, &[id])
    }

    /// Says how a refund ended of which nobody else knows; a right of its own.
    pub fn close_refund(&self, id: &str, how: &CloseRefund) -> Call<Refund> {
        self.call(&CLOSE, &[id]).body(how)
    }
}

/// Which refunds are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFilter {
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Only those of this payment: its id, or its `order_ref`.
    pub payment: Option<String>,
    /// Only those that stand in one of these ways now; all where it is empty.
    #[serde(default)]
    pub status: Vec<RefundStatus>,
    /// The one with this id of the merchant's own.
    pub merchant_refund_id: Option<String>,
    /// Only those made then or later; RFC 3339.
    pub created_from: Option<String>,
    /// Only those made before; RFC 3339.
    pub created_to: Option<String>,
}

/// What is to be given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRefund {
    /// How much, in minor units. Left out: all that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// ISO 4217; needed with `amount`, and must be the payment's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Why, in a sentence, for people: it is kept and shown, and told to no PSP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the caller saw to be left, in minor units: refused where that no longer holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_refundable: Option<i64>,
    /// The merchant's own id of the refund: the same again is the same refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: at most 50 keys of at most 40 characters, values of at most 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// `requested_by_customer`, `duplicate`, `fraudulent`, `product_not_received`, `product_unsatisfactory` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A refund as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: String,
    /// The id of the payment it gives back.
    pub payment: String,
    /// The payment's reference.
    pub order_ref: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// The same in major units, with all of the currency's decimals.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// `held`, `queued`, `submitting`, `unknown` and `pending` are open; `succeeded`, `failed` and `canceled` are
    /// final, but that a success may become `reversed`: the money came back.
    pub status: RefundStatus,
    /// What was asked for: `full`, without an amount: all that was left; or `partial`, with one, also one of all.
    pub kind: String,
    /// The merchant's own data.
    pub metadata: BTreeMap<String, String>,
    /// `sandbox` or `live`.
    pub environment: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// The reference by which the customer's bank finds it.
    pub arn: Option<String>,
    /// Why, in a sentence.
    pub description: Option<String>,
    /// Why it ended without effect, or came back.
    pub failure: Option<Failure>,
    /// When it reached a final state.
    pub finished_at: Option<String>,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// The merchant's own id of the refund.
    pub merchant_refund_id: Option<String>,
    /// What the PSP said about the wait.
    pub note: Option<String>,
    /// The PSP's id of the refund.
    pub psp_refund_id: Option<String>,
    /// Why, in the merchant's word.
    pub reason: Option<String>,
    /// From when on a new refund is worth trying, where the PSP refused only for now.
    pub retry_at: Option<String>,
}

/// Why a refund ended without effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The PSP's own code, or one of this program's.
    pub code: String,
    /// What a person may read.
    pub text: String,
}

/// Why it is withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRefund {
    /// For the timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRefund {
    /// `succeeded`: the sum counts as given back, for ever. `failed`: it is refundable again.
    pub outcome: String,
    /// How the person knows.
    pub reason: String,
    /// Who the person is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// What happened to a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Its events, the first first; at most 1000.
    pub events: Vec<TimelineEvent>,
    /// The exchanges with the PSP, the first first; at most 1000.
    pub attempts: Vec<Attempt>,
}

/// An event of a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// Its number among the refund's events, from 1.
    pub number: u32,
    /// What happened, as in notifications.
    #[serde(rename = "type")]
    pub kind: String,
    /// When; RFC 3339.
    pub at: String,
    /// The person, or the API key, who did it; nobody where the PSP's word did.
    pub author: Option<String>,
    /// Why it ended without effect.
    pub failure: Option<Failure>,
    /// What the PSP said about the wait.
    pub note: Option<String>,
    /// The reason given.
    pub reason: Option<String>,
    /// From when on a new refund is worth trying.
    pub retry_at: Option<String>,
}

/// An exchange with the PSP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `submit`, `query` or `notification`.
    pub via: String,
    /// What was understood.
    pub outcome: String,
    /// What was said; secrets are hidden, and what is long is cut.
    pub evidence: String,
    /// When it began; RFC 3339.
    pub started_at: String,
    /// When its outcome was recorded; RFC 3339.
    pub finished_at: String,
}
