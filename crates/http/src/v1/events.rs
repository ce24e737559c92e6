//! GET `/v1/events`: what happened, to be fetched; complete, and in the order in which it was committed. Whoever reads on
//! from `next_cursor` misses nothing and gets nothing twice.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use redress_core::event::{EventKind, OtherEventKind};
use redress_engine::engine::Engine;
use redress_engine::feed::{FeedKind, FeedKinds, ReadFeed};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Asking;
use super::error::OwnError;
use super::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};
use super::prefer;
use crate::json_object::FieldProblem;

/// The name of the filter.
const TYPE: &str = "type";

/// What the filter may be.
fn types() -> impl Iterator<Item = &'static str> {
    let others = OtherEventKind::ALL.map(OtherEventKind::as_str);
    EventKind::ALL.map(EventKind::as_str).into_iter().chain(others)
}

/// The name of what may stand for a cursor.
const FROM: &str = "from";

/// The longest wait for an event; a longer one that is asked for is cut to it.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What happened: the body of a `standard` notification, with the event's id.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventShown {
    /// The event's id: the `webhook-id` of its notifications.
    #[schema(example = "evt_rf_01k00000000000000000000000_2")]
    id: String,
    /// What happened.
    #[schema(example = "refund.succeeded")]
    r#type: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    data: DataShown,
}

/// What it is about, as it was then.
#[derive(Serialize, ToSchema)]
#[schema(as = EventData)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what the engine writes")]
enum DataShown {
    /// Of `refund.…`.
    Refund(Box<RefundShown>),
    /// Of `payment.…`.
    Payment(PaymentShown),
    /// Of `endpoint.…`.
    Endpoint(EndpointShown),
}

/// A refund as it was at an event.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundAtEvent)]
struct RefundShown {
    id: String,
    /// The payment's id.
    payment: String,
    /// The payment's reference.
    order_ref: String,
    /// The merchant's own order reference.
    merchant_order_ref: Option<String>,
    /// In minor units.
    amount_minor: i64,
    /// In major units, with all of the currency's decimals: a text, for people. No request takes it.
    #[schema(example = "40.00")]
    amount: String,
    /// ISO 4217.
    currency: String,
    /// The refund's state then.
    status: String,
    /// `full` or `partial`.
    kind: String,
    /// Why, in the merchant's word.
    reason: Option<String>,
    /// Why, in a sentence.
    description: Option<String>,
    /// The merchant's own id of the refund.
    merchant_refund_id: Option<String>,
    /// The merchant's own data.
    metadata: std::collections::BTreeMap<String, String>,
    /// The PSP's id of the refund, as far as it was known then.
    psp_refund_id: Option<String>,
    failure: Option<FailureShown>,
    /// What the PSP said about the wait; only where it said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// From when on a new refund is worth trying; only where the PSP refused for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    retry_at: Option<String>,
    environment: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// The number of the event among the refund's, from 1.
    event_number: u32,
}

/// Why a refund failed.
#[derive(Serialize, ToSchema)]
#[schema(as = FailureAtEvent)]
struct FailureShown {
    code: String,
    text: String,
}

/// The payment that an event is about.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentAtEvent)]
struct PaymentShown {
    /// Its id.
    payment: String,
    /// Its reference.
    order_ref: String,
    merchant_order_ref: Option<String>,
    environment: String,
}

/// The endpoint that an event is about.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointAtEvent)]
struct EndpointShown {
    /// Its id.
    endpoint: String,
    environment: String,
}

/// Read the events
///
/// What happened to the refunds, payments and endpoints of the key's environment, in the order in which it was committed.
/// Read on from `next_cursor`, which is there also at the end: nothing ever appears before it, so nothing is missed. With
/// `Prefer: wait=N` an answer without events waits for one, N seconds at most.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listEvents",
    tag = "Events",
    params(
        ("from" = Option<String>, Query, description = "`now`, instead of `cursor`: begin behind the newest event. The answer \
            has the cursor to read on from, and usually no event.", example = "now"),
        PageParams,
        ("type" = Option<Vec<String>>, Query, style = Form, explode = false, min_items = 1, description = "Only events of this \
            type, as `refund.succeeded`; of several with commas between. A page may then be empty although `has_more` is true: \
            read on."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait so many seconds for an event, 30 at most."),
    ),
    responses(
        (status = 200, description = "The next events.", body = Page<EventShown>),
    )
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    asking: Asking,
    headers: HeaderMap,
) -> Result<Response, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR, FROM, TYPE])?;
    let page = PageAsked::read(&query, place)?;
    let from_now = query.parsed(FROM, "now", |text| (text == "now").then_some(()))?;
    let after = match (page.after, from_now) {
        (Some(_), Some(())) => {
            return Err(
                FieldProblem::of(FROM, "must not come with cursor: one of them says where to begin").into()
            );
        }
        (None, Some(())) => engine.feed_end(holder.merchant, holder.environment).await?,
        (after, None) => after.unwrap_or(0),
    };
    let asked = ReadFeed {
        merchant: holder.merchant,
        environment: holder.environment,
        after,
        kinds: FeedKinds::of(&query.some_words(TYPE, types(), FeedKind::parse)?),
        limit: page.limit,
    };
    let wait = prefer::wait(&headers).map(|wait| wait.min(WAIT_MAX));
    let read = engine.events(asked, wait.unwrap_or_default()).await?;
    let next_cursor = Some(cursor(read.next));
    let page = Json(Page { data: read.events, has_more: read.more, next_cursor });
    Ok(match wait {
        Some(wait) => ([(prefer::PREFERENCE_APPLIED, prefer::applied(wait))], page).into_response(),
        None => page.into_response(),
    })
}

/// A place in the feed, as callers see it.
fn cursor(place: i64) -> String {
    format!("{place:016x}")
}

/// Reads what [`cursor`] wrote.
fn place(cursor: &str) -> Option<i64> {
    let written = cursor.len() == 16 && cursor.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    i64::from_str_radix(cursor, 16).ok().filter(|place| written && *place >= 0)
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
