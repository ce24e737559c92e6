//! GET `/portal/refunds/{id}`: how a refund stands and what happened to it; and its moves, for the page to follow.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::RefundId;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::policy::AccountState;
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_core::state::{RefundState, StateName};
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;
use redress_engine::notify::history::{Delivery, DeliveryState};

use super::coded::FailureTold;
use super::format;
use super::gate::{Caller, Signed};
use super::nav::Area;
use super::page::{Shell, show};
use super::problem::Stop;
use super::refund_acts::Possible;
use super::refund_found::found;
use super::refund_history::{Attempt, Event, Notification};
use super::said::Said;
use super::text::{Texts, fill};
use crate::body::PathText;

/// Within this time of when it is due, a notification is being sent.
const SOON: Duration = Duration::from_secs(60);

#[derive(Template)]
#[template(path = "portal/refund.html")]
struct Page {
    s: Shell,
    title: String,
    refund: Refund,
    payment: Payment,
    amount: Amount,
    state: &'static str,
    state_word: &'static str,
    is_unknown: bool,
    /// Where the page hears of moves from; `None` where nothing is to be expected.
    live: Option<String>,
    psp_key: String,
    made_by: Option<String>,
    reason: String,
    /// Its name in the API; a merchant's own words have none.
    reason_code: Option<String>,
    failure: Option<Failure>,
    /// The cases by which it gave its sum back all the same, or may have.
    held: Vec<Held>,
    waits: Option<Waits>,
    /// What the PSP said about the wait, while it lasts: afterwards it stands in the timeline alone.
    psp_note: Option<String>,
    events: Vec<Event>,
    attempts: Vec<Attempt>,
    notifications: Vec<Notification>,
    /// What comes of a notification is known in a moment, so the page looks again.
    is_telling: bool,
    /// Without scripts the page is loaded again.
    is_loaded_again: bool,
    possible: Possible,
    may_resend: bool,
}

/// Why it ended without effect, or the money came back.
struct Failure {
    title: &'static str,
    told: FailureTold,
    again: Option<String>,
}

/// A case that holds the sum of a refund that gave nothing back by its state.
struct Held {
    told: String,
    case: String,
    kind: &'static str,
}

impl Held {
    /// None where the state alone says what became of the money.
    async fn of(
        engine: &Engine,
        refund: &Refund,
        payment: &Payment,
        t: &'static Texts,
    ) -> Result<Vec<Self>, Stop> {
        if !gives_nothing(refund) {
            return Ok(Vec::new());
        }
        let holding = engine.holding_cases(payment).await?;
        let about = holding.into_iter().filter(|case| case.refund == Some(refund.id));
        let held = about.map(|case| {
            let told = if case.closed.is_some() {
                let sum = Amount::new(case.blocked, payment.currency);
                fill(t.refund.booked, &[("amount", &format::amount(sum))])
            } else {
                t.refund.may_have_left.to_owned()
            };
            Self { told, case: case.id.to_string(), kind: t.case(case.kind) }
        });
        Ok(held.collect())
    }
}

/// By its state it is over, and its money can be refunded again; a case may hold it all the same.
fn gives_nothing(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Failed(_) | RefundState::Canceled | RefundState::Reversed(_))
}

/// Why one that was not sent yet waits.
struct Waits {
    told: &'static str,
    /// The refund that comes first.
    first: Option<RefundId>,
}

impl Waits {
    /// `None` where it was sent, or where nothing is known that holds it up.
    async fn of(
        engine: &Engine,
        refund: &Refund,
        payment: &Payment,
        t: &'static Texts,
    ) -> Result<Option<Self>, Stop> {
        if refund.state.name() != StateName::Queued {
            return Ok(None);
        }
        let through = engine.refundable_through(payment).await?;
        if through.is_some_and(|through| through.state == AccountState::Paused) {
            return Ok(Some(Self { told: t.refunding.will_wait, first: None }));
        }
        if !refund.takes_turns {
            return Ok(None);
        }
        let order = engine.order(payment.merchant, Some(payment.environment), &payment.order_ref).await?;
        let is_first = |other: &&Refund| {
            let is_under_way =
                matches!(other.state.name(), StateName::Submitting | StateName::Unknown | StateName::Pending);
            other.id != refund.id && is_under_way
        };
        let first = order.and_then(|order| order.refunds.iter().find(is_first).map(|first| first.id));
        Ok(first.map(|first| Self { told: t.payment.one_in_flight, first: Some(first) }))
    }
}

impl Page {
    /// It is over, and nothing of its money left: another one is what people look for next.
    fn can_be_made_anew(&self) -> bool {
        gives_nothing(&self.refund) && self.held.is_empty()
    }
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let (refund, payment) = found(who.seen(), scope, path).await?;
    let engine = &who.seen().engine;
    let (events, attempts) = engine.timeline(&refund).await?;
    let deliveries = engine.deliveries(&refund).await?;
    let endpoints = if deliveries.iter().any(|delivery| delivery.endpoint.is_some()) {
        engine.list_endpoints(scope.merchant, Some(scope.environment)).await?
    } else {
        Vec::new()
    };
    let possible = Possible::of(&who, &refund).await?;
    let t = who.seen().language.texts();
    let waits = Waits::of(engine, &refund, &payment, t).await?;
    let held = Held::of(engine, &refund, &payment, t).await?;
    let s = Shell::of(&who, Area::Refunds);
    let state = refund.state.name();
    let made_by = events.first().and_then(|event| event.author.as_ref()).map(|author| author.name.clone());
    let reason = s.t.reason(&refund.reason).to_owned();
    let words: BTreeMap<_, _> = events.iter().map(|event| (event.number, s.t.event(event.kind))).collect();
    let now = engine.now();
    let is_telling = deliveries.iter().any(|delivery| is_near(delivery, now));
    // Whoever reads what waits for a person is not thrown back to the top; whoever has just had something sent again looks
    // for what comes of it.
    let is_resent = who.seen().said == Some(Said::Resent);
    let is_moving = !state.is_final() || is_telling;
    let is_loaded_again = if possible.cases.is_empty() { is_moving } else { is_telling && is_resent };
    let notification = |one: Delivery| {
        let event = words.get(&one.number).copied();
        Notification::of(refund.id, one, event, &endpoints, &s)
    };
    let notifications = deliveries.into_iter().map(notification).collect();
    let page = Page {
        title: fill(s.t.refund.title, &[("amount", &s.amount(&refund.amount))]),
        amount: refund.amount,
        state: state.as_str(),
        state_word: s.t.state(state),
        is_unknown: state == StateName::Unknown,
        live: (!state.is_final()).then(|| live_address(&refund)),
        psp_key: refund.id.psp_key(),
        made_by,
        reason_code: (reason != refund.reason).then(|| refund.reason.clone()),
        reason,
        failure: failure(&refund, &s),
        held,
        waits,
        psp_note: refund.waits_because().map(str::to_owned),
        events: events.into_iter().map(|event| Event::of(event, &s)).collect(),
        attempts: attempts.into_iter().map(|attempt| Attempt::of(attempt, &s)).collect(),
        notifications,
        is_telling,
        is_loaded_again,
        possible,
        may_resend: who.why_not(&Act::Resend).is_none(),
        refund,
        payment,
        s,
    };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// Whether it is sent about now. What waits longer, for its next try or until its endpoint is enabled, is not looked at
/// again and again.
fn is_near(delivery: &Delivery, now: Timestamp) -> bool {
    let near = |at: Timestamp| at <= now.plus(SOON) && now <= at.plus(SOON);
    delivery.state == DeliveryState::Due && delivery.due_at.is_some_and(near)
}

/// What the page has shown stands in the address, so that no move between is missed.
fn live_address(refund: &Refund) -> String {
    format!("/portal/refunds/{}/live?{}", refund.id, refund.updated_at.as_micros())
}

fn failure(refund: &Refund, s: &Shell) -> Option<Failure> {
    let t = &s.t.refund;
    let (title, failure) = match &refund.state {
        RefundState::Failed(failure) => (t.failure, failure),
        RefundState::Reversed(failure) => (t.came_back, failure),
        RefundState::Held
        | RefundState::Queued
        | RefundState::Submitting(_)
        | RefundState::Unknown
        | RefundState::Pending
        | RefundState::Succeeded
        | RefundState::Canceled => return None,
    };
    let again = failure.again_at.map(|at| fill(t.again_at, &[("time", &s.time(&at))]));
    Some(Failure { title, told: FailureTold::of(&failure.code, &failure.text, s.t), again })
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;
