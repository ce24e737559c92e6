//! GET and POST `/portal/payments/{payment}/dispute`: a person says that the customer wants a payment back from the bank, or
//! that this is over.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::payment::Payment;
use redress_core::role::Act;

use super::field::Field;
use super::form::stamp;
use super::gate::{Caller, Posted, Signed};
use super::nav::Area;
use super::page::{Shell, done, show};
use super::payment::order;
use super::problem::Stop;
use super::said::Said;
use super::text::fill;
use crate::body::PathText;
use crate::limits::REASON_CHARS_MAX;

/// What the form says where a dispute is over.
const OVER: &str = "no";

#[derive(Template)]
#[template(path = "portal/dispute.html")]
struct Page {
    s: Shell,
    payment: Payment,
    title: String,
    /// Something happened since the page was made on which the person decided.
    is_changed: bool,
    /// Since when it is disputed, where it is.
    since: Option<String>,
    seen: String,
    told: &'static str,
    go: &'static str,
    /// Whether it is disputed from then on, as the form says it.
    disputed: &'static str,
    reason: Field,
}

/// Asks why the mark is set, or taken away where there is one.
pub(crate) async fn form(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::Dispute)?;
    let payment = order(who.seen(), scope, path).await?.payment;
    let disputed = payment.disputed_at.is_none();
    Ok(page(&who, StatusCode::OK, payment, disputed, "", None))
}

/// What a person who takes the mark away decides on.
fn seen_of(payment: &Payment) -> String {
    stamp(&payment.disputed_at)
}

/// Sets the mark, or takes it away: what the form says, however the payment stands by now. But one that was set since the page
/// was made is of another dispute, of which the person has not read.
pub(crate) async fn mark(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::Dispute)?;
    let seen = who.seen();
    let payment = order(seen, scope, path).await?.payment;
    let disputed = form.typed("disputed") != OVER;
    if !disputed && payment.disputed_at.is_some() && form.typed("seen") != seen_of(&payment) {
        let typed = form.typed("reason");
        return Ok(page(&who, StatusCode::CONFLICT, payment, disputed, typed, None));
    }
    let reason = match form.needed("reason", REASON_CHARS_MAX) {
        Ok(reason) => reason,
        Err(wrong) => {
            let told = wrong.told(seen.language.texts());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page(&who, status, payment, disputed, form.typed("reason"), Some(told)));
        }
    };
    let (by, of) = ((who.who(), &seen.origin), (scope.environment, payment.id));
    let said = match (seen.engine.mark_disputed_by(by, of, disputed, reason).await?, disputed) {
        (true, true) => Said::PaymentDisputed,
        (true, false) => Said::DisputeReleased,
        (false, _) => Said::DisputeStoodSo,
    };
    Ok(done(&format!("/portal/payments/{}", payment.id), said, seen.https))
}

fn page(
    who: &Signed,
    status: StatusCode,
    payment: Payment,
    disputed: bool,
    typed: &str,
    wrong: Option<String>,
) -> Response {
    let s = Shell::of(who, Area::Payments);
    let t = &s.t.dispute;
    let (title, told, go, value) = if disputed {
        (t.mark_title, t.mark_told, t.mark, "yes")
    } else {
        (t.release_title, t.release_told, t.release, OVER)
    };
    let page = Page {
        title: fill(title, &[("reference", &payment.order_ref)]),
        told,
        go,
        disputed: value,
        // It is answered where a decision was made on an older page alone.
        is_changed: status == StatusCode::CONFLICT,
        since: payment.disputed_at.map(|at| fill(s.t.payment.disputed, &[("time", &s.time(&at))])),
        seen: seen_of(&payment),
        reason: Field::lines("reason", s.t.acts.why).value(typed).hint(t.why_hint).wrong(wrong).focused(),
        payment,
        s,
    };
    show(status, &page.s, &page)
}

#[cfg(test)]
#[path = "dispute_tests.rs"]
mod tests;
