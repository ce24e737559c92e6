//! What people do about one refund: have the PSP asked, withdraw it, say how it ended, tell an endpoint again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::refund::Refund;
use redress_core::role::{Act, Why};
use redress_core::state::StateName;
use redress_engine::admin::AdminError;
use redress_engine::admin::refunds::Verdict;
use redress_engine::notify::history::DeliveryId;

use super::field::Field;
use super::form::{Form, stamp};
use super::format::amount;
use super::gate::{Caller, Posted, Signed};
use super::nav::Area;
use super::page::{Shell, done, show};
use super::problem::Stop;
use super::refund_found::found;
use super::said::Said;
use super::text::fill;
use crate::body::PathText;
use crate::limits::REASON_CHARS_MAX;
use crate::problem::Problem;

/// So many open cases of a refund are linked to.
const CASES_MAX: u32 = 5;

/// What can be done about a refund, for its page.
pub(super) struct Possible {
    pub(super) refresh: bool,
    /// Of one that was not sent yet the PSP is not asked: it is tried.
    pub(super) refresh_word: &'static str,
    pub(super) cancel: bool,
    pub(super) close: bool,
    /// The cases that wait for a person: the id and why.
    pub(super) cases: Vec<(String, &'static str)>,
    /// What this person's role is too small for, in words.
    pub(super) off: Vec<String>,
}

impl Possible {
    /// What its state allows, and this person's role. A second factor is asked for behind the link.
    pub(super) async fn of(who: &Signed, refund: &Refund) -> Result<Self, Stop> {
        let t = who.seen().language.texts();
        let state = refund.state.name();
        let cases = who.seen().engine.open_cases_of(refund, CASES_MAX).await?;
        let can_be_refreshed = who.seen().engine.can_be_refreshed(refund, !cases.is_empty()).await?;
        let mut off = Vec::new();
        let mut may = |is_possible: bool, act: &Act, text: &str| {
            if let Some(Why::Role { least }) = who.why_not(act).filter(|_| is_possible) {
                off.push(fill(text, &[("role", t.role(least))]));
                return false;
            }
            is_possible
        };
        let refresh = may(can_be_refreshed, &Act::RefreshRefund, t.acts.refresh_off);
        let cancel = may(can_be_withdrawn(refund), &Act::CancelRefund, t.acts.cancel_off);
        let close = may(can_be_closed(refund), &Act::CloseCase, t.acts.close_off);
        let cases = cases.into_iter().map(|case| (case.id.to_string(), t.case(case.kind))).collect();
        let refresh_word = if state == StateName::Queued { t.acts.send } else { t.acts.refresh };
        Ok(Self { refresh, refresh_word, cancel, close, cases, off })
    }

    /// Whether there is a button.
    pub(super) fn has_acts(&self) -> bool {
        self.refresh || self.cancel || self.close
    }

    /// Nobody has to do anything: not this person, nor one with a larger role.
    pub(super) fn is_nothing(&self) -> bool {
        !self.has_acts() && self.cases.is_empty() && self.off.is_empty()
    }
}

/// Whether it was not sent yet, by what is known of it; where it is withdrawn that is judged again.
fn can_be_withdrawn(refund: &Refund) -> bool {
    matches!(refund.state.name(), StateName::Queued | StateName::Held)
}

/// Whether a person may say how it ended, by what is known of it; where it is closed that is judged again.
fn can_be_closed(refund: &Refund) -> bool {
    matches!(refund.state.name(), StateName::Unknown | StateName::Pending)
}

fn page_of(refund: &Refund) -> String {
    format!("/portal/refunds/{}", refund.id)
}

/// POST `/portal/refunds/{id}/refresh`: has the PSP asked now.
pub(crate) async fn refresh(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::RefreshRefund)?;
    let seen = who.seen();
    let (refund, _) = found(seen, scope, path).await?;
    let asked = seen.engine.refresh_refund_by((who.who(), &seen.origin), refund.id).await?;
    let said = match (asked, refund.state.name()) {
        (false, _) => Said::RefundNotAsked,
        (true, StateName::Queued) => Said::RefundTried,
        (true, _) => Said::RefundAsked,
    };
    Ok(done(&page_of(&refund), said, seen.https))
}

/// POST `/portal/refunds/{id}/resend`: makes one of its notifications due.
pub(crate) async fn resend(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::Resend)?;
    let seen = who.seen();
    let (refund, _) = found(seen, scope, path).await?;
    let delivery = DeliveryId::parse(form.typed("delivery")).map_err(|_| Problem::NoRoute)?;
    if delivery.refund != refund.id {
        return Err(Problem::NoRoute.into());
    }
    let by = (who.who(), &seen.origin);
    let said = match seen.engine.resend_delivery_by(by, scope.environment, delivery).await {
        Err(AdminError::Conflict(_)) => Said::EndpointRevoked,
        resent => resent.map(|()| Said::Resent)?,
    };
    Ok(done(&page_of(&refund), said, seen.https))
}

#[derive(Template)]
#[template(path = "portal/refund_cancel.html")]
struct CancelPage {
    s: Shell,
    title: String,
    refund: Refund,
    /// `None` where it cannot be withdrawn any more.
    reason: Option<Field>,
}

/// GET `/portal/refunds/{id}/cancel`: asks why.
pub(crate) async fn cancel_form(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::CancelRefund)?;
    let (refund, _) = found(who.seen(), scope, path).await?;
    Ok(cancel_page(&who, StatusCode::OK, refund, "", None))
}

/// POST `/portal/refunds/{id}/cancel`: withdraws it.
pub(crate) async fn cancel(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::CancelRefund)?;
    let seen = who.seen();
    let (refund, _) = found(seen, scope, path).await?;
    let reason = match form.needed("reason", REASON_CHARS_MAX) {
        Ok(reason) => reason,
        Err(wrong) => {
            let told = wrong.told(seen.language.texts());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(cancel_page(&who, status, refund, form.typed("reason"), Some(told)));
        }
    };
    let said = match seen.engine.cancel_refund_by((who.who(), &seen.origin), refund.id, reason).await {
        Err(AdminError::Conflict(_)) => Said::TooLateToCancel,
        canceled => canceled.map(|()| Said::RefundCanceled)?,
    };
    Ok(done(&page_of(&refund), said, seen.https))
}

fn cancel_page(
    who: &Signed,
    status: StatusCode,
    refund: Refund,
    typed: &str,
    wrong: Option<String>,
) -> Response {
    let s = Shell::of(who, Area::Refunds);
    let reason = Field::lines("reason", s.t.acts.why).value(typed).hint(s.t.acts.how_known_hint);
    let page = CancelPage {
        title: fill(s.t.acts.cancel_title, &[("amount", &amount(refund.amount))]),
        reason: can_be_withdrawn(&refund).then(|| reason.wrong(wrong).focused()),
        refund,
        s,
    };
    show(status, &page.s, &page)
}

#[derive(Template)]
#[template(path = "portal/refund_close.html")]
struct ClosePage {
    s: Shell,
    title: String,
    /// Something happened since the page was made on which the person decided.
    is_changed: bool,
    refund: Refund,
    state: &'static str,
    state_word: &'static str,
    /// What the PSP last said about the wait.
    psp_note: Option<String>,
    psp_key: String,
    /// `None` where a person need not say how it ended.
    decision: Option<Decision>,
}

struct Decision {
    seen: String,
    verdict: Field,
    reason: Field,
}

/// What a person decides on. Of what the PSP says about a wait, and of what is sent again, not all is told as an event: who has
/// looked at the PSP before a send has not seen what came of it.
fn seen_of(refund: &Refund) -> String {
    stamp(&(refund.event_count, refund.evidence.sends, &refund.psp_refund_id, &refund.psp_note))
}

/// GET `/portal/refunds/{id}/close`: what is known, and what either answer means.
pub(crate) async fn close_form(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::CloseCase)?;
    let (refund, _) = found(who.seen(), scope, path).await?;
    Ok(close_page(&who, StatusCode::OK, refund, &Form::default(), [None, None]))
}

/// POST `/portal/refunds/{id}/close`: a person says how it ended.
pub(crate) async fn close(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::CloseCase)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let (refund, _) = found(seen, scope, path).await?;
    // The PSP may have said something since: then the person decides once more, knowing it.
    if can_be_closed(&refund) && form.typed("seen") != seen_of(&refund) {
        return Ok(close_page(&who, StatusCode::CONFLICT, refund, &form, [None, None]));
    }
    let verdict = match form.typed("verdict") {
        "succeeded" => Some(Verdict::Succeeded),
        "failed" => Some(Verdict::Failed),
        _ => None,
    };
    let reason = form.needed("reason", REASON_CHARS_MAX);
    let (Some(verdict), Ok(reason)) = (verdict, &reason) else {
        let missing = verdict.is_none().then(|| t.common.required.to_owned());
        let wrongs = [missing, reason.err().map(|wrong| wrong.told(t))];
        return Ok(close_page(&who, StatusCode::UNPROCESSABLE_ENTITY, refund, &form, wrongs));
    };
    let (by, reason) = ((who.who(), &seen.origin), reason.clone());
    let said = match seen.engine.close_refund_by(by, refund.id, verdict, reason).await {
        Err(AdminError::Conflict(_)) => Said::EndIsKnown,
        closed => closed.map(|()| Said::RefundClosed)?,
    };
    Ok(done(&page_of(&refund), said, seen.https))
}

fn close_page(
    who: &Signed,
    status: StatusCode,
    refund: Refund,
    typed: &Form,
    [verdict, reason]: [Option<String>; 2],
) -> Response {
    let s = Shell::of(who, Area::Refunds);
    let t = &s.t.acts;
    let sum = amount(refund.amount);
    let words = [("succeeded", t.verdict_succeeded), ("failed", t.verdict_failed)];
    let words = words.map(|(value, text)| (value.to_owned(), fill(text, &[("amount", &sum)])));
    // It is answered where a decision was made on an older page alone.
    let is_changed = status == StatusCode::CONFLICT;
    let chosen = if is_changed { "" } else { typed.typed("verdict") };
    let mut verdict = Field::radio("verdict", t.verdict, words.to_vec()).value(chosen).wrong(verdict);
    let reason = Field::lines("reason", t.how_known).value(typed.typed("reason")).wrong(reason);
    let mut reason = reason.hint(t.how_known_hint);
    Field::focus_wrong([&mut verdict, &mut reason].into_iter());
    let page = ClosePage {
        title: fill(t.close_title, &[("amount", &sum)]),
        is_changed,
        decision: can_be_closed(&refund).then(|| Decision { seen: seen_of(&refund), verdict, reason }),
        psp_note: refund.waits_because().map(str::to_owned),
        state: refund.state.name().as_str(),
        state_word: s.t.state(refund.state.name()),
        psp_key: refund.id.psp_key(),
        refund,
        s,
    };
    show(status, &page.s, &page)
}

#[cfg(test)]
#[path = "refund_acts_tests.rs"]
mod tests;
