//! GET `/portal/refunds` and `/portal/refunds.csv`: refunds narrowed and added up, as a page and as a file.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_core::state::{RefundState, StateName};
use redress_core::time::Timestamp;
use redress_engine::error::EngineError;
use redress_engine::lists::{EXPORT_ROWS_MAX, ExportedRefund, RefundExport, RefundListFilter, RefundSearch};

use super::csv_text::row;
use super::export::{Export, export_list};
use super::field::Field;
use super::format;
use super::gate::{Caller, Signed};
use super::list_query::{Links, ListQuery, PAGE_ROWS, count_told};
use super::nav::Area;
use super::page::{Shell, show};
use super::problem::Stop;
use super::text::{Texts, fill};
use crate::v1::refund_create::REASONS;

#[derive(Template)]
#[template(path = "portal/refunds.html")]
struct Page {
    s: Shell,
    is_wrong: bool,
    first: Vec<Field>,
    others: Vec<Field>,
    others_used: bool,
    rows: Vec<Row>,
    count: String,
    totals: Vec<Total>,
    totals_since: Option<String>,
    links: Links,
    export: String,
    export_told: String,
}

/// A refund in a list: `portal/refund_rows.html` shows them.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) payment: String,
    pub(super) order_ref: String,
    pub(super) amount: Amount,
    pub(super) state: &'static str,
    pub(super) state_word: &'static str,
    pub(super) reason: String,
    pub(super) at: Timestamp,
}

/// What the refunds in one currency come to.
struct Total {
    count: String,
    asked: Amount,
    done: Amount,
}

/// Lists them.
pub(crate) async fn list(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let s = Shell::of(&who, Area::Refunds);
    let mut query = ListQuery::of(query, s.t);
    let filter = filter(&mut query);
    let others_used = uses_others(&filter.filter) || query.is_wrong();
    let found = if query.is_wrong() {
        None
    } else {
        let engine = &who.seen().engine;
        let turn = query.turn();
        Some(engine.search_refunds(scope.merchant, scope.environment, filter, turn, PAGE_ROWS).await?)
    };
    let (mut first, mut others) = fields(&query, s.t);
    Field::focus_wrong(first.iter_mut().chain(&mut others));
    let (page, sums) = found.map(|found| (found.page, found.sums)).unzip();
    let total = |total: &redress_engine::lists::RefundTotal| Total {
        count: format::count(u64::from(total.count)),
        asked: total.asked,
        done: total.succeeded,
    };
    let since = sums.as_ref().and_then(|sums| sums.back_to);
    let links = page.as_ref().map_or((None, None), |page| (page.newer, page.older));
    let rows = page.as_ref().map_or(&[][..], |page| &page.items);
    let answer = Page {
        is_wrong: query.is_wrong(),
        first,
        others,
        others_used,
        count: count_told(sums.as_ref().map(|sums| sums.count), |at| s.time(&at), s.t),
        totals: sums.as_ref().map_or_else(Vec::new, |sums| sums.totals.iter().map(total).collect()),
        totals_since: since.map(|at| fill(s.t.lists.totals_since, &[("time", &s.time(&at))])),
        links: query.links("/portal/refunds", links.0, links.1),
        rows: rows.iter().map(|(refund, payment)| Row::of(refund, payment, s.t)).collect(),
        export: format!("/portal/refunds.csv?{}", query.kept()),
        export_told: fill(s.t.lists.export_told, &[("count", &format::count(u64::from(EXPORT_ROWS_MAX)))]),
        s,
    };
    let status = if query.is_wrong() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show(status, &answer.s, &answer))
}

/// What is asked for; what cannot be is noted in the query.
fn filter(query: &mut ListQuery) -> RefundSearch {
    let currency = query.currency("currency");
    let (least, most) = query.sums(currency);
    let (created_from, created_to) = query.days();
    let reason = query.word("reason", |word| REASONS.into_iter().find(|reason| *reason == word));
    let filter = RefundListFilter {
        states: query.word("status", StateName::parse).into_iter().collect(),
        account: None,
        psp: query.text("psp"),
        reason: reason.map(str::to_owned),
        channel: query.text("channel"),
        payment_method: query.text("method"),
        currency,
        least,
        most,
        created_from,
        created_to,
    };
    RefundSearch { named: query.text("term"), filter }
}

fn uses_others(filter: &RefundListFilter) -> bool {
    let RefundListFilter { psp, channel, payment_method, currency, least, most, .. } = filter;
    let texts = [psp, channel, payment_method].into_iter().any(Option::is_some);
    texts || currency.is_some() || least.is_some() || most.is_some()
}

fn fields(query: &ListQuery, t: &'static Texts) -> (Vec<Field>, Vec<Field>) {
    let any = || [(String::new(), t.lists.any.to_owned())].into_iter();
    let states = StateName::ALL.map(|one| (one.as_str().to_owned(), t.state(one).to_owned()));
    let reasons = REASONS.map(|one| (one.to_owned(), t.reason(one).to_owned()));
    let line = |name, kind, label| query.field(Field::line(name, kind, label).ltr(), name);
    let first = vec![
        query.field(Field::line("term", "search", t.lists.term).hint(t.lists.refund_term_hint).ltr(), "term"),
        query.field(Field::choice("status", t.lists.status, any().chain(states).collect()), "status"),
        query.field(Field::choice("reason", t.refund.reason, any().chain(reasons).collect()), "reason"),
        line("from", "date", t.lists.from_made),
        line("to", "date", t.lists.to_made),
    ];
    let others = vec![
        line("currency", "text", t.lists.currency),
        line("least", "text", t.lists.least),
        line("most", "text", t.lists.most),
        line("psp", "text", t.lists.psp),
        line("channel", "text", t.lists.channel),
        line("method", "text", t.lists.method),
    ];
    (first, others)
}

impl Row {
    pub(super) fn of(refund: &Refund, payment: &Payment, t: &'static Texts) -> Self {
        let state = refund.state.name();
        Self {
            id: refund.id.to_string(),
            payment: payment.id.to_string(),
            order_ref: payment.order_ref.clone(),
            amount: refund.amount,
            state: state.as_str(),
            state_word: t.state(state),
            reason: t.reason(&refund.reason).to_owned(),
            at: refund.created_at,
        }
    }
}

const COLUMNS: [&str; 22] = [
    "refund",
    "environment",
    "payment",
    "order_ref",
    "merchant_order_ref",
    "merchant_refund_id",
    "currency",
    "amount",
    "status",
    "kind",
    "reason",
    "description",
    "channel",
    "payment_method",
    "psp_payment_id",
    "psp_refund_id",
    "arn",
    "failure_code",
    "failure_text",
    "created_at",
    "finished_at",
    "requested_by",
];

/// The same as a file, of all pages.
pub(crate) async fn export(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    export_list(&who, query, "refunds", &COLUMNS, filter, |engine, scope, filter| {
        engine.export_refunds(scope.merchant, scope.environment, filter)
    })
    .await
}

impl Export for RefundExport {
    async fn rows(&mut self) -> Result<Option<String>, EngineError> {
        let refunds = self.next().await?;
        Ok(refunds.map(|refunds| refunds.iter().map(csv_row).collect()))
    }

    fn was_cut(&self) -> bool {
        self.is_cut()
    }
}

fn csv_row(ExportedRefund { refund, payment, asked_by }: &ExportedRefund) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let failure = match &refund.state {
        RefundState::Failed(failure) | RefundState::Reversed(failure) => Some(failure),
        RefundState::Held
        | RefundState::Queued
        | RefundState::Submitting(_)
        | RefundState::Unknown
        | RefundState::Pending
        | RefundState::Succeeded
        | RefundState::Canceled => None,
    };
    let fields = [
        refund.id.to_string(),
        refund.environment.to_string(),
        payment.id.to_string(),
        payment.order_ref.clone(),
        text(&payment.merchant_order_ref),
        text(&refund.merchant_refund_id),
        refund.amount.currency().code().to_owned(),
        refund.amount.to_fixed(),
        refund.state.name().to_string(),
        refund.kind.as_str().to_owned(),
        refund.reason.clone(),
        text(&refund.description),
        text(&payment.channel),
        text(&payment.payment_method),
        payment.psp_payment_id.clone(),
        text(&refund.psp_refund_id),
        text(&refund.arn),
        failure.map(|failure| failure.code.clone()).unwrap_or_default(),
        failure.map(|failure| failure.text.clone()).unwrap_or_default(),
        format::machine_time(refund.created_at),
        refund.finished_at.map(format::machine_time).unwrap_or_default(),
        text(asked_by),
    ];
    row(fields.iter().map(String::as_str))
}
