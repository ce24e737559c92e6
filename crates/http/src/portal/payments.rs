//! GET `/portal/payments` and `/portal/payments.csv`: payments looked for and narrowed, as a page and as a file.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::payment_status::PaymentStatus;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::error::EngineError;
use redress_engine::lists::{EXPORT_ROWS_MAX, Page as Found, PaymentExport, PaymentFilter, Term};

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

#[derive(Template)]
#[template(path = "portal/payments.html")]
struct Page {
    s: Shell,
    is_wrong: bool,
    /// What is always in sight.
    first: Vec<Field>,
    /// What is folded away until it is used.
    others: Vec<Field>,
    others_used: bool,
    rows: Vec<Row>,
    /// The page is sorted by the time of capture, and not by when the payments were taken in.
    by_capture: bool,
    /// The same in words.
    sorted: &'static str,
    count: String,
    links: Links,
    export: String,
    export_told: String,
    may_import: bool,
}

struct Row {
    id: String,
    order_ref: String,
    merchant_order_ref: Option<String>,
    captured: Amount,
    refunded: Amount,
    status: &'static str,
    status_word: &'static str,
    through: String,
    at: Timestamp,
}

/// Lists them.
pub(crate) async fn list(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let s = Shell::of(&who, Area::Payments);
    let mut query = ListQuery::of(query, s.t);
    let filter = filter(&mut query);
    let others_used = uses_others(&filter) || query.is_wrong();
    let by_capture = filter.is_by_capture();
    let found = if query.is_wrong() {
        Found { items: Vec::new(), newer: None, older: None, count: None }
    } else {
        let engine = &who.seen().engine;
        engine.search_payments(scope.merchant, scope.environment, filter, query.turn(), PAGE_ROWS).await?
    };
    let (mut first, mut others) = fields(&query, s.t);
    Field::focus_wrong(first.iter_mut().chain(&mut others));
    let kept = query.kept();
    let page = Page {
        is_wrong: query.is_wrong(),
        first,
        others,
        others_used,
        count: count_told(found.count, |at| s.time(&at), s.t),
        links: query.links("/portal/payments", found.newer, found.older),
        rows: found.items.iter().map(|payment| Row::of(payment, s.t)).collect(),
        by_capture,
        sorted: if by_capture { s.t.lists.last_captured } else { s.t.lists.last_taken_in },
        export: format!("/portal/payments.csv?{kept}"),
        export_told: fill(s.t.lists.export_told, &[("count", &format::count(u64::from(EXPORT_ROWS_MAX)))]),
        may_import: who.why_not(&Act::ImportPayments).is_none(),
        s,
    };
    let status = if query.is_wrong() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show(status, &page.s, &page))
}

/// What is asked for; what cannot be is noted in the query.
fn filter(query: &mut ListQuery) -> PaymentFilter {
    let is_beginning = query.word("match", |word| (word == "all").then_some(())).is_none();
    let currency = query.currency("currency");
    let (least, most) = query.sums(currency);
    let (captured_from, captured_to) = query.days();
    PaymentFilter {
        term: query.text("term").map(|text| Term { text, is_beginning }),
        channel: query.text("channel"),
        payment_method: query.text("method"),
        statuses: query.word("status", PaymentStatus::parse).into_iter().collect(),
        currency,
        least,
        most,
        captured_from,
        captured_to,
        ..PaymentFilter::default()
    }
}

fn uses_others(filter: &PaymentFilter) -> bool {
    let PaymentFilter { channel, payment_method, currency, captured_from, captured_to, .. } = filter;
    let texts = channel.is_some() || payment_method.is_some() || currency.is_some();
    texts || captured_from.is_some() || captured_to.is_some()
}

fn fields(query: &ListQuery, t: &'static Texts) -> (Vec<Field>, Vec<Field>) {
    let any = || (String::new(), t.lists.any.to_owned());
    let matches = vec![
        ("beginning".to_owned(), t.lists.matches_beginning.to_owned()),
        ("all".to_owned(), t.lists.matches_all.to_owned()),
    ];
    let statuses = PaymentStatus::ALL.map(|one| (one.as_str().to_owned(), t.payment_status(one).to_owned()));
    let statuses = [any()].into_iter().chain(statuses).collect();
    let line = |name, kind, label| query.field(Field::line(name, kind, label).ltr(), name);
    let first = vec![
        query.field(Field::line("term", "search", t.lists.term).hint(t.lists.term_hint).ltr(), "term"),
        query.field(Field::choice("match", t.lists.matches, matches), "match"),
        query.field(Field::choice("status", t.lists.status, statuses), "status"),
    ];
    let others = vec![
        line("from", "date", t.lists.from_captured),
        line("to", "date", t.lists.to_captured),
        line("currency", "text", t.lists.currency),
        line("least", "text", t.lists.least),
        line("most", "text", t.lists.most),
        line("channel", "text", t.lists.channel),
        line("method", "text", t.lists.method),
    ];
    (first, others)
}

impl Row {
    fn of(payment: &Payment, t: &'static Texts) -> Self {
        let status = PaymentStatus::of(payment);
        let through = [&payment.channel, &payment.payment_method].into_iter().flatten().cloned();
        Self {
            id: payment.id.to_string(),
            order_ref: payment.order_ref.clone(),
            merchant_order_ref: payment.merchant_order_ref.clone(),
            captured: payment.captured(),
            refunded: payment.refunded(),
            status: status.as_str(),
            status_word: t.payment_status(status),
            through: through.collect::<Vec<_>>().join(" / "),
            at: payment.captured_at,
        }
    }
}

/// `captured` less `refunded`, `reserved` and `blocked` is `refundable`. New ones come at the end, for whoever reads by position.
const COLUMNS: [&str; 17] = [
    "payment",
    "environment",
    "order_ref",
    "merchant_order_ref",
    "psp_payment_id",
    "customer_ref",
    "channel",
    "payment_method",
    "currency",
    "captured",
    "refunded",
    "reserved",
    "refundable",
    "status",
    "captured_at",
    "created_at",
    "blocked",
];

/// The same as a file, of all pages.
pub(crate) async fn export(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    export_list(&who, query, "payments", &COLUMNS, filter, |engine, scope, filter| {
        engine.export_payments(scope.merchant, scope.environment, filter)
    })
    .await
}

impl Export for PaymentExport {
    async fn rows(&mut self) -> Result<Option<String>, EngineError> {
        let payments = self.next().await?;
        Ok(payments.map(|payments| payments.iter().map(csv_row).collect()))
    }

    fn was_cut(&self) -> bool {
        self.is_cut()
    }
}

fn csv_row(payment: &Payment) -> String {
    let sum = |minor| Amount::new(minor, payment.currency).to_fixed();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let balance = &payment.balance;
    let fields = [
        payment.id.to_string(),
        payment.environment.to_string(),
        payment.order_ref.clone(),
        text(&payment.merchant_order_ref),
        payment.psp_payment_id.clone(),
        text(&payment.customer_ref),
        text(&payment.channel),
        text(&payment.payment_method),
        payment.currency.code().to_owned(),
        sum(balance.captured),
        sum(balance.refunded),
        sum(balance.reserved),
        payment.remaining().to_fixed(),
        PaymentStatus::of(payment).as_str().to_owned(),
        format::machine_time(payment.captured_at),
        format::machine_time(payment.created_at),
        sum(balance.blocked),
    ];
    row(fields.iter().map(String::as_str))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
