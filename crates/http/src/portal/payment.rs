//! GET `/portal/payments/{payment}`: what was captured of a payment, what was given back, and what can be.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::CaseId;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::refundability::Refundability;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::admin::cases::Case;
use redress_engine::lookup::{Order, Through};

use super::format;
use super::gate::{Caller, Scope, Seen, Signed};
use super::nav::Area;
use super::page::{Shell, show};
use super::problem::Stop;
use super::text::{Texts, fill};
use crate::body::PathText;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "portal/payment.html")]
struct Page {
    s: Shell,
    title: String,
    payment: Payment,
    captured: Amount,
    refunded: Amount,
    /// What of that no refund of the list gave back: the sum in words, and the case by which a person booked it.
    booked: Vec<(String, CaseId, &'static str)>,
    reserved: Amount,
    /// Where something is.
    blocked: Option<Amount>,
    /// The cases that block it: id and kind.
    blocked_by: Vec<(CaseId, &'static str)>,
    refundable: Amount,
    psp: &'static str,
    deadline: Option<Timestamp>,
    one_in_flight: bool,
    /// Why the button is off.
    off: Option<String>,
    /// Why only all of it can be refunded.
    only_in_full: Option<String>,
    disputed: Option<String>,
    /// What may be said about a dispute, for whoever may.
    to_dispute: Option<&'static str>,
    refunded_before: Option<String>,
    refunds: Vec<Row>,
}

/// A refund in a list.
struct Row {
    id: String,
    amount: Amount,
    state: &'static str,
    state_word: &'static str,
    made: Timestamp,
    reason: String,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let order = order(who.seen(), scope, path).await?;
    let through = who.seen().engine.refundable_through(&order.payment).await?;
    let s = Shell::of(&who, Area::Payments);
    let off = match &through {
        Some(through) => why_off(&who, &order.payment, &through.refundability),
        None => Some(s.t.payment.unavailable.to_owned()),
    };
    let holding = who.seen().engine.holding_cases(&order.payment).await?;
    let mut page = page(s, order, through, off);
    page.to_dispute = who.why_not(&Act::Dispute).is_none().then(|| {
        let t = &page.s.t.dispute;
        if page.disputed.is_some() { t.release } else { t.mark }
    });
    let (open, closed): (Vec<_>, Vec<_>) = holding.into_iter().partition(|case| case.closed.is_none());
    let t = page.s.t;
    let blocking = open.into_iter().filter(|case| case.blocked > 0);
    page.blocked_by = blocking.map(|case| (case.id, t.case(case.kind))).collect();
    let booked = |case: Case| {
        let sum = format::amount(Amount::new(case.blocked, page.payment.currency));
        (fill(t.payment.booked, &[("amount", &sum)]), case.id, t.case(case.kind))
    };
    page.booked = closed.into_iter().map(booked).collect();
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// The payment that a path names, with its refunds; one of another merchant or environment does not exist.
pub(super) async fn order(seen: &Seen, scope: Scope, PathText(named): PathText) -> Result<Order, Stop> {
    let named = named.ok_or(Problem::NoRoute)?;
    let order_ref = seen.engine.order_ref_named(scope.merchant, named).await?.ok_or(Problem::NoRoute)?;
    let order = seen.engine.order(scope.merchant, Some(scope.environment), &order_ref).await?;
    Ok(order.ok_or(Problem::NoRoute)?)
}

/// What of a payment is given back or on its way, in minor units: what a person's limit counts.
pub(super) fn given_minor(payment: &Payment) -> i64 {
    payment.balance.captured.saturating_sub(payment.remaining().minor())
}

/// Why this person can refund nothing of a payment now; `None` where something can be.
pub(super) fn why_off(who: &Signed, payment: &Payment, now: &Refundability) -> Option<String> {
    let t = who.seen().language.texts();
    let least = match (now.partial, now.full) {
        (Ok(parts), _) => parts.least,
        (_, Ok(full)) => full,
        (_, Err(refusal)) => return Some(t.refusal(&refusal)),
    };
    let act = Act::Refund { amount: least, given_minor: given_minor(payment) };
    who.why_not(&act).map(|why| t.why(&why))
}

impl Row {
    pub(super) fn of(refund: &Refund, t: &'static Texts) -> Self {
        let state = refund.state.name();
        Self {
            id: refund.id.to_string(),
            amount: refund.amount,
            state: state.as_str(),
            state_word: t.state(state),
            made: refund.created_at,
            reason: t.reason(&refund.reason).to_owned(),
        }
    }
}

fn page(s: Shell, order: Order, through: Option<Through>, off: Option<String>) -> Page {
    let Order { payment, refunds } = order;
    let of = |minor| Amount::new(minor, payment.currency);
    let balance = payment.balance;
    let now = through.as_ref().map(|through| &through.refundability);
    let only_in_full = now.filter(|now| now.full.is_ok() && off.is_none()).and_then(|now| now.partial.err());
    Page {
        title: fill(s.t.payment.title, &[("reference", &payment.order_ref)]),
        captured: payment.captured(),
        refunded: payment.refunded(),
        reserved: of(balance.reserved),
        blocked: (balance.blocked != 0).then(|| of(balance.blocked)),
        booked: Vec::new(),
        blocked_by: Vec::new(),
        refundable: payment.remaining(),
        psp: through.as_ref().map_or("", |through| through.profile.title),
        deadline: now.and_then(|now| now.deadline),
        one_in_flight: now.is_some_and(|now| now.one_in_flight),
        only_in_full: only_in_full
            .map(|refusal| fill(s.t.payment.partial_off, &[("why", &s.t.refusal(&refusal))])),
        disputed: payment.disputed_at.map(|at| fill(s.t.payment.disputed, &[("time", &s.time(&at))])),
        to_dispute: None,
        refunded_before: (payment.refunded_before > 0).then(|| {
            fill(s.t.payment.refunded_before, &[("amount", &s.amount(&of(payment.refunded_before)))])
        }),
        refunds: refunds.iter().rev().map(|refund| Row::of(refund, s.t)).collect(),
        off,
        payment,
        s,
    }
}
