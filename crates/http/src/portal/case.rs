//! GET `/portal/cases`, `/portal/cases/{id}` and POST `/portal/cases/{id}/close`: what waits for a person.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::role::{Act, Why};
use redress_core::time::Timestamp;
use redress_engine::admin::AdminError;
use redress_engine::admin::cases::{
    Blocked, Case, CaseClosed, CaseDecision, CaseFilter, Evidence, OpenCases,
};
use redress_engine::lookup::RefundBy;

use super::field::Field;
use super::form::{Form, stamp};
use super::format::amount;
use super::gate::{Caller, Posted, Scope, Seen, Signed};
use super::nav::Area;
use super::page::{Shell, done, show};
use super::problem::Stop;
use super::said::Said;
use super::text::{Texts, fill};
use crate::body::PathText;
use crate::limits::REASON_CHARS_MAX;
use crate::problem::Problem;

/// Cases on a page.
const PAGE_CASES: u32 = 50;

/// As the list is asked for those that wait; it is also what is meant where nothing is said.
const OPEN: &str = "open";

/// As it is asked for those that were closed.
const CLOSED: &str = "closed";

#[derive(Template)]
#[template(path = "portal/cases.html")]
struct ListPage {
    s: Shell,
    filters: Vec<Field>,
    is_open: bool,
    rows: Vec<Row>,
    /// Where older ones are.
    older: Option<String>,
    /// Where the newest are, from a page of older ones.
    newest: Option<String>,
}

struct Row {
    id: String,
    kind: Kind,
    /// What happened, as it was recorded.
    recorded: String,
    /// The refund or the payment that it is about, with its page.
    about: Option<Link>,
    opened: Timestamp,
    /// By whom it was closed, and when.
    closed: Option<String>,
}

/// Something that a case is about, in words, and its page for whoever may see that.
struct Link {
    words: String,
    page: Option<String>,
}

/// What kind of case it is, for people and by its name in the API.
struct Kind {
    word: &'static str,
    told: &'static str,
    to_do: &'static str,
    code: &'static str,
}

impl Kind {
    fn of(kind: CaseKind, t: &'static Texts) -> Self {
        Self { word: t.case(kind), told: t.case_told(kind), to_do: t.case_to_do(kind), code: kind.as_str() }
    }
}

/// Lists the open ones, or those that were closed.
pub(crate) async fn list(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let kind = CaseKind::parse(query.typed("kind"));
    let after = CaseId::parse(query.typed("after")).ok();
    let is_open = query.typed("status") != CLOSED;
    let filter = CaseFilter { open: Some(is_open), kind };
    let engine = &who.seen().engine;
    let found = engine.list_cases(scope.merchant, scope.environment, filter, after, PAGE_CASES).await?;
    let counts = engine.count_open_cases(scope.merchant, scope.environment).await?;
    let s = Shell::of(&who, Area::Cases);
    let (chosen, status) = (kind.map_or("", CaseKind::as_str), if is_open { OPEN } else { CLOSED });
    let filters = vec![
        Field::choice("kind", s.t.cases.kind, kinds(&counts, s.t)).value(chosen).optional(),
        Field::choice("status", s.t.lists.status, statuses(s.t)).value(status).optional(),
    ];
    let place = format!("/portal/cases?kind={chosen}&status={status}");
    let row = |case: Case| Row {
        id: case.id.to_string(),
        kind: Kind::of(case.kind, s.t),
        about: about_link(&case),
        recorded: case.text,
        opened: case.opened_at,
        closed: case.closed.map(|closed| closed_told(&closed, &s)),
    };
    let page = ListPage {
        filters,
        is_open,
        rows: found.cases.into_iter().map(row).collect(),
        older: found.next.map(|next| format!("{place}&after={next}")),
        newest: after.map(|_| place),
        s,
    };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// The kinds to choose from, each with how many are open.
fn kinds(counts: &[OpenCases], t: &'static Texts) -> Vec<(String, String)> {
    let of = |kind: CaseKind| {
        let found = counts.iter().find(|one| one.kind == kind);
        let count = found.map(|one| format!(" ({}{})", one.count, if one.are_more { "+" } else { "" }));
        (kind.as_str().to_owned(), format!("{}{}", t.case(kind), count.unwrap_or_default()))
    };
    [(String::new(), t.cases.all.to_owned())].into_iter().chain(CaseKind::ALL.map(of)).collect()
}

fn statuses(t: &'static Texts) -> Vec<(String, String)> {
    [(OPEN, t.cases.status_open), (CLOSED, t.cases.status_closed)]
        .map(|(value, words)| (value.to_owned(), words.to_owned()))
        .to_vec()
}

fn closed_told(closed: &CaseClosed, s: &Shell) -> String {
    fill(s.t.cases.closed_by, &[("name", &closed.by), ("time", &s.time(&closed.at))])
}

/// The refund that a case is about, or else the payment.
fn about_link(case: &Case) -> Option<Link> {
    let refund = case.refund.map(|id| (id.to_string(), "refunds"));
    let (words, place) = refund.or_else(|| case.payment.map(|id| (id.to_string(), "payments")))?;
    let page = Some(format!("/portal/{place}/{words}"));
    Some(Link { words, page })
}

#[derive(Template)]
#[template(path = "portal/case.html")]
struct CasePage {
    s: Shell,
    id: String,
    /// Something happened since the page was made on which the person decided.
    is_changed: bool,
    seen: String,
    kind: Kind,
    /// What happened, as it was recorded.
    recorded: String,
    opened: Timestamp,
    about: About,
    /// What the PSP told that it is about.
    evidence: Vec<Evidence>,
    closed: Option<Closed>,
    /// Why this person cannot close it, or that its refund is to be closed in its place.
    off: Option<String>,
    /// Where something is blocked.
    blocked: Option<Field>,
    reason: Field,
}

/// What a case is about.
#[derive(Default)]
struct About {
    refund: Option<Refund>,
    payment: Option<Payment>,
    blocks: Option<Amount>,
    /// The account and the endpoint.
    others: Vec<Link>,
}

struct Closed {
    told: String,
    reason: String,
    /// What became of what it had blocked.
    decided: Option<String>,
}

/// What a person decides about: a decision on a page that was made before the case blocked another sum, or before the PSP
/// said something else of it, is not taken. What it said when it was asked stands in the case's text alone.
fn seen_of(case: &Case, evidence: &[Evidence]) -> String {
    let told = evidence.first().map(|newest| newest.received_at);
    stamp(&(case.blocked, &case.text, told))
}

/// Shows one.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let case = found(who.seen(), scope, path).await?;
    page(&who, scope, StatusCode::OK, case, &Form::default(), [None, None]).await
}

/// Closes one.
pub(crate) async fn close(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::CloseCase)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let case = found(seen, scope, path).await?;
    let evidence = seen.engine.evidence_of_case(&case).await?;
    if case.closed.is_none() && form.typed("seen") != seen_of(&case, &evidence) {
        return page(&who, scope, StatusCode::CONFLICT, case, &form, [None, None]).await;
    }
    let blocked = match form.typed("blocked") {
        "released" => Some(Blocked::Released),
        "refunded" => Some(Blocked::Refunded),
        _ => (case.blocked == 0).then_some(Blocked::Nothing),
    };
    let reason = form.needed("reason", REASON_CHARS_MAX);
    let (Some(blocked), Ok(reason)) = (blocked, &reason) else {
        let missing = blocked.is_none().then(|| t.common.required.to_owned());
        let wrongs = [missing, reason.err().map(|wrong| wrong.told(t))];
        return page(&who, scope, StatusCode::UNPROCESSABLE_ENTITY, case, &form, wrongs).await;
    };
    let (by, reason) = ((who.who(), &seen.origin), reason.clone());
    let said = match seen.engine.close_case_by(by, case.id, blocked, reason).await {
        Err(AdminError::Conflict(_)) => Said::CaseWasClosed,
        // A sum came to be blocked since the page was made: what becomes of it is asked now.
        Err(AdminError::Invalid { field: "blocked", .. }) => {
            let case = seen.engine.case(scope.merchant, scope.environment, case.id).await?;
            let wrongs = [Some(t.common.required.to_owned()), None];
            return page(&who, scope, StatusCode::UNPROCESSABLE_ENTITY, case, &form, wrongs).await;
        }
        closed => closed.map(|()| Said::CaseClosed)?,
    };
    Ok(done(&format!("/portal/cases/{}", case.id), said, seen.https))
}

async fn found(seen: &Seen, scope: Scope, PathText(id): PathText) -> Result<Case, Stop> {
    let id = id.and_then(|id| CaseId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    Ok(seen.engine.case(scope.merchant, scope.environment, id).await?)
}

async fn about(who: &Signed, scope: Scope, case: &Case, s: &Shell) -> Result<About, Stop> {
    let engine = &who.seen().engine;
    let refund = match case.refund {
        Some(id) => engine.refund(scope.merchant, Some(scope.environment), RefundBy::Id(id)).await?,
        None => None,
    };
    let (refund, of_refund) = refund.unzip();
    let payment = match (of_refund, case.payment) {
        (None, Some(id)) => engine.payment(scope.merchant, id).await?,
        (payment, _) => payment,
    };
    let blocks = payment.as_ref().filter(|_| case.blocked != 0);
    let blocks = blocks.map(|payment| Amount::new(case.blocked, payment.currency));
    let sees_settings = who.why_not(&Act::SeeSettings).is_none();
    let named = |text: &str, place: &str, id: Option<String>| {
        let id = id?;
        let page = sees_settings.then(|| format!("/portal/settings/{place}/{id}"));
        Some(Link { words: fill(text, &[("id", &id)]), page })
    };
    let account = named(s.t.cases.account, "accounts", case.account.map(|id| id.to_string()));
    let endpoint = named(s.t.cases.endpoint, "endpoints", case.endpoint.map(|id| id.to_string()));
    Ok(About { refund, payment, blocks, others: account.into_iter().chain(endpoint).collect() })
}

async fn page(
    who: &Signed,
    scope: Scope,
    status: StatusCode,
    case: Case,
    typed: &Form,
    [wrong_blocked, wrong_reason]: [Option<String>; 2],
) -> Result<Response, Stop> {
    let s = Shell::of(who, Area::Cases);
    let mut about = about(who, scope, &case, &s).await?;
    let evidence = who.seen().engine.evidence_of_case(&case).await?;
    let t = &s.t.cases;
    let why = who.why_not(&Act::CloseCase).filter(|why| matches!(why, Why::Role { .. }));
    let open = about.refund.as_ref().is_some_and(|refund| !refund.state.name().is_final());
    let refund_first = (open && case.kind.ends_with_the_refund()).then(|| t.refund_first.to_owned());
    // It is answered where a decision was made on an older page alone.
    let is_changed = status == StatusCode::CONFLICT;
    let seen = seen_of(&case, &evidence);
    let mut blocked = about.blocks.map(|sum| {
        let sum = amount(sum);
        let words = [("released", t.released), ("refunded", t.refunded)];
        let words = words.map(|(value, text)| (value.to_owned(), fill(text, &[("amount", &sum)])));
        Field::radio("blocked", &fill(t.blocked, &[("amount", &sum)]), words.to_vec())
            .value(if is_changed { "" } else { typed.typed("blocked") })
            .wrong(wrong_blocked)
    });
    let mut reason = Field::lines("reason", s.t.acts.how_known)
        .value(typed.typed("reason"))
        .hint(t.reason_hint)
        .wrong(wrong_reason);
    Field::focus_wrong(blocked.iter_mut().chain([&mut reason]));
    let closed = case.closed.map(|closed| {
        // It blocks nothing any more.
        let decided = about.blocks.take().and_then(|sum| decided(closed.decision, sum, s.t));
        Closed { told: closed_told(&closed, &s), reason: closed.reason, decided }
    });
    let page = CasePage {
        id: case.id.to_string(),
        is_changed,
        seen,
        kind: Kind::of(case.kind, s.t),
        recorded: case.text,
        opened: case.opened_at,
        off: why.map(|why| s.t.why(&why)).or(refund_first),
        reason,
        about,
        evidence,
        closed,
        blocked,
        s,
    };
    Ok(show(status, &page.s, &page))
}

/// What became of a sum that a case had blocked.
fn decided(decision: CaseDecision, sum: Amount, t: &Texts) -> Option<String> {
    let text = match decision {
        CaseDecision::Nothing => return None,
        CaseDecision::Released => t.cases.was_released,
        CaseDecision::Refunded => t.cases.was_refunded,
    };
    Some(fill(text, &[("amount", &amount(sum))]))
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
