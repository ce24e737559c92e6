//! GET `/portal`: where people begin, with a field to find a payment or a refund, and the newest refunds.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::RefundId;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_engine::lists::{PaymentFilter, RefundSearch, Term, Turn};
use redress_engine::lookup::{RefundBy, RefundFilter};

use super::field::Field;
use super::form::Form;
use super::gate::{Caller, Scope, Seen, Signed};
use super::nav::Area;
use super::page::{Shell, query_value, see_other, show_titled};
use super::problem::Stop;
use super::refunds::Row;
use super::text::fill;
use crate::limits::REFERENCE_CHARS_MAX;

/// So many refunds are shown.
const NEWEST_REFUNDS: u32 = 5;

/// So many say whether one is found or several.
const TOLD_APART: u32 = 2;

#[derive(Template)]
#[template(path = "portal/start.html")]
struct Page {
    s: Shell,
    welcome: String,
    find: Field,
    rows: Vec<Row>,
}

/// Shows it; with something to find, goes there.
pub(crate) async fn show_it(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let s = Shell::of(&who, Area::Start);
    let mut find = Field::line("find", "search", s.t.common.find_label).ltr().focused();
    let (mut status, mut is_wrong) = (StatusCode::OK, true);
    match query.optional("find", REFERENCE_CHARS_MAX) {
        Ok(Some(named)) => {
            if let Some(page) = page_of(who.seen(), scope, &named).await? {
                return Ok(see_other(&page));
            }
            find = find.value(&named).wrong(Some(s.t.common.find_nothing.to_owned()));
        }
        Ok(None) => is_wrong = false,
        Err(wrong) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            find = find.value(query.typed("find")).wrong(Some(wrong.told(s.t)));
        }
    }
    let welcome = fill(s.t.common.welcome, &[("name", &who.who().user.name)]);
    let (engine, none) = (&who.seen().engine, RefundFilter::default());
    let newest = engine.list_refunds(scope.merchant, scope.environment, none, None, NEWEST_REFUNDS).await?;
    let row = |(refund, payment): &(Refund, Payment)| Row::of(refund, payment, s.t);
    let page = Page { welcome, find, rows: newest.refunds.iter().map(row).collect(), s };
    Ok(show_titled(status, is_wrong, &page.s, &page))
}

/// The page of the payment or the refund that is named; of several the list of them.
async fn page_of(seen: &Seen, scope: Scope, named: &str) -> Result<Option<String>, Stop> {
    let engine = &seen.engine;
    if let Ok(id) = RefundId::parse(named) {
        let found = engine.refund(scope.merchant, Some(scope.environment), RefundBy::Id(id)).await?;
        if let Some((refund, _)) = found {
            return Ok(Some(format!("/portal/refunds/{}", refund.id)));
        }
    }
    let found = engine.payment_named(scope.merchant, scope.environment, named).await?;
    if let Some(payment) = found {
        return Ok(Some(format!("/portal/payments/{}", payment.id)));
    }
    // Whoever is asked about money has the merchant's own reference, the PSP's or the customer's.
    let term = Some(Term { text: named.to_owned(), is_beginning: false });
    let filter = PaymentFilter { term, ..PaymentFilter::default() };
    let payments =
        engine.search_payments(scope.merchant, scope.environment, filter, Turn::First, TOLD_APART).await?;
    match payments.items.as_slice() {
        [] => {}
        [payment] => return Ok(Some(format!("/portal/payments/{}", payment.id))),
        _ => return Ok(Some(format!("/portal/payments?match=all&term={}", query_value(named)))),
    }
    let search = RefundSearch { named: Some(named.to_owned()), ..RefundSearch::default() };
    let refunds =
        engine.search_refunds(scope.merchant, scope.environment, search, Turn::First, TOLD_APART).await?;
    Ok(match refunds.page.items.as_slice() {
        [] => None,
        [(refund, _)] => Some(format!("/portal/refunds/{}", refund.id)),
        _ => Some(format!("/portal/refunds?term={}", query_value(named))),
    })
}

#[cfg(test)]
mod tests {
    use redress_core::role::Role;

    use crate::portal::html_check::faults;
    use crate::portal::testing::location;
    use crate::testing::{Harness, TestPayment};

    #[tokio::test]
    async fn payments_and_refunds_are_found_and_what_is_not_is_said_and_kept() {
        let harness = Harness::new().await;
        let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
        let (payment, id) = (refund.payment.to_string(), refund.id.to_string());
        let viewer = harness.person(Role::Viewer).await;
        let mut browser = harness.browser(&viewer).await;
        for (named, page) in [
            ("o1", format!("/portal/payments/{payment}")),
            (payment.as_str(), format!("/portal/payments/{payment}")),
            (id.as_str(), format!("/portal/refunds/{id}")),
        ] {
            assert_eq!(location(&browser.get(&format!("/portal?find={named}")).await), page);
        }
        // By what others call them.
        let ours = |order_ref, reference| TestPayment {
            merchant_order_ref: Some(reference),
            ..TestPayment::tap(order_ref, 10_000)
        };
        for payment in [ours("o3", "cart 3"), ours("o4", "cart 4"), ours("o5", "cart 4")] {
            harness.payment(payment).await;
        }
        let third = harness.engine.order(harness.merchant.id, None, "o3").await.unwrap().unwrap().payment.id;
        let at_psp = refund.psp_refund_id.clone().unwrap();
        // Copied from the refund's page, where it is the reference at the provider.
        let told_psp = refund.id.psp_key();
        for (named, page) in [
            ("cart+3", format!("/portal/payments/{third}")),
            ("cart+4", "/portal/payments?match=all&term=cart%204".to_owned()),
            (at_psp.as_str(), format!("/portal/refunds/{id}")),
            (told_psp.as_str(), format!("/portal/refunds/{id}")),
        ] {
            assert_eq!(location(&browser.get(&format!("/portal?find={named}")).await), page);
        }
        let long = "x".repeat(300);
        for (named, status) in [("o2", 200), (long.as_str(), 422)] {
            let page = browser.get(&format!("/portal?find={named}")).await;
            assert_eq!((page.status.as_u16(), faults(page.text())), (status, vec![]), "{named}");
            assert!(page.text().contains("id=\"f-find-wrong\""), "{}", page.text());
            assert!(page.text().contains(&format!("value=\"{named}\"")), "{}", page.text());
        }
        // The newest refunds are at hand, to nobody else and not in live.
        let refund_page = format!("href=\"/portal/refunds/{id}\"");
        let start = browser.get("/portal").await;
        assert_eq!(faults(start.text()), [] as [&str; 0], "{}", start.text());
        assert!(start.text().contains(&refund_page), "{}", start.text());
        let mut live = browser.tab();
        live.cookies.insert("redress-environment".into(), "live".into());
        assert!(!live.get("/portal").await.text().contains(&refund_page));
        let mut stranger = harness.browser(&harness.stranger().await).await;
        assert!(!stranger.get("/portal").await.text().contains(&refund_page));
        for named in ["o1", &payment, &id, "cart+3", "cart+4", &at_psp, &told_psp] {
            assert_eq!(stranger.get(&format!("/portal?find={named}")).await.status, 200, "{named}");
        }
    }
}
