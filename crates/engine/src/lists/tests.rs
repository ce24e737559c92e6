use redress_core::environment::Environment::{Live, Sandbox};
use redress_core::state::StateName;

use super::*;
use crate::admin::payments::NewPayment;
use crate::shop::Shop;

#[tokio::test]
async fn an_export_is_the_whole_list_in_its_order_and_no_more_than_its_limit() {
    let shop = Shop::new().await;
    for from in [0, 500, 1_000] {
        shop.take_in((from..from + 500).map(|n| shop.payment(n, 100)).collect()).await;
        shop.later(1);
    }
    let all = async |rows_max: u32, filter: PaymentFilter| {
        let mut export = shop.engine.export_payments(shop.merchant, Sandbox, filter);
        export.reading.rows_max = rows_max;
        let mut ids = Vec::new();
        while let Some(page) = export.next().await.unwrap() {
            assert!(!page.is_empty() && page.len() <= EXPORT_PAGE_ROWS as usize);
            ids.extend(page.into_iter().map(|payment| payment.id));
        }
        (ids, export.is_cut())
    };
    let (ids, is_cut) = all(EXPORT_ROWS_MAX, PaymentFilter::default()).await;
    assert_eq!((ids.len(), is_cut), (1_500, false));
    assert!(ids.is_sorted_by(|a, b| a > b), "the newest come first, each once");
    let (some, is_cut) = all(700, PaymentFilter::default()).await;
    assert_eq!((&some[..], is_cut), (&ids[..700], true));
    assert_eq!(all(1_500, PaymentFilter::default()).await, (ids, false));
    let none = PaymentFilter { channel: Some("none".to_owned()), ..PaymentFilter::default() };
    assert_eq!(all(EXPORT_ROWS_MAX, none).await, (Vec::new(), false));
}

#[tokio::test]
async fn refunds_are_listed_with_what_all_pages_come_to_and_exported_as_a_whole() {
    let shop = Shop::new().await;
    shop.take_in(vec![shop.payment(1, 10_000)]).await;
    for _ in 0..5 {
        shop.refund(1, "1.00").await;
        shop.later(1);
    }
    let search = RefundSearch::default();
    let listed =
        shop.engine.search_refunds(shop.merchant, Sandbox, search.clone(), Turn::First, 2).await.unwrap();
    assert_eq!((listed.page.items.len(), listed.page.count), (2, Some(Count::Exact(5))));
    assert_eq!(listed.sums.totals[0].asked.minor(), 500);
    let mut export = shop.engine.export_refunds(shop.merchant, Sandbox, search);
    let rows = export.next().await.unwrap().unwrap();
    assert!(rows.iter().is_sorted_by(|a, b| a.refund.id > b.refund.id) && rows.len() == 5);
    assert!(export.next().await.unwrap().is_none() && !export.is_cut());
}

fn minors(page: &[(Refund, Payment)]) -> Vec<i64> {
    page.iter().map(|(refund, _)| refund.amount.minor()).collect()
}

/// Payments 1 and 2 of one customer, and 3 of nobody known, with refunds of 1.00, 2.00, 3.00 and 4.00.
async fn named_shop() -> (Shop, Vec<Refund>) {
    let shop = Shop::new().await;
    let of_customer = |n| NewPayment { customer_ref: Some("c-1".to_owned()), ..shop.payment(n, 10_000) };
    shop.take_in(vec![of_customer(1), of_customer(2), shop.payment(3, 10_000)]).await;
    let mut made = Vec::new();
    for (n, amount) in [(1, "1.00"), (2, "2.00"), (1, "3.00"), (3, "4.00")] {
        made.push(shop.refund(n, amount).await);
        shop.later(1);
    }
    (shop, made)
}

#[tokio::test]
async fn refunds_are_found_by_a_reference_of_theirs_or_of_their_payment() {
    let (shop, made) = named_shop().await;
    let (payment, refund) = (made[0].payment.to_string(), made[3].id.to_string());
    let none = RefundListFilter::default;
    for (named, filter, expected) in [
        ("o-1", none(), &[300, 100][..]),
        (payment.as_str(), none(), &[300, 100]),
        ("p-2", none(), &[200]),
        ("c-1", none(), &[300, 200, 100]),
        (refund.as_str(), none(), &[400]),
        ("o-", none(), &[]),
        ("O-1", none(), &[]),
        ("c-1", RefundListFilter { least: Some(150), ..none() }, &[300, 200]),
        ("c-1", RefundListFilter { most: Some(200), ..none() }, &[200, 100]),
        ("c-1", RefundListFilter { states: vec![StateName::Queued], ..none() }, &[300, 200, 100]),
        ("c-1", RefundListFilter { states: vec![StateName::Succeeded], ..none() }, &[]),
        ("c-1", RefundListFilter { created_from: Some(made[1].created_at), ..none() }, &[300, 200]),
        ("c-1", RefundListFilter { created_to: Some(made[1].created_at), ..none() }, &[100]),
        ("c-1", RefundListFilter { reason: Some("duplicate".to_owned()), ..none() }, &[]),
        ("c-1", RefundListFilter { channel: Some("none".to_owned()), ..none() }, &[]),
        ("c-1", RefundListFilter { psp: Some("none".to_owned()), ..none() }, &[]),
    ] {
        let search = RefundSearch { named: Some(named.to_owned()), filter };
        let listed = shop.engine.search_refunds(shop.merchant, Sandbox, search.clone(), Turn::First, 10);
        let RefundListing { page, sums } = listed.await.unwrap();
        assert_eq!(minors(&page.items), expected, "{search:?}");
        let count = Count::Exact(u32::try_from(expected.len()).unwrap());
        assert_eq!((page.count, sums.count, sums.back_to), (Some(count), count, None), "{search:?}");
        let asked: i64 = sums.totals.iter().map(|total| total.asked.minor()).sum();
        assert_eq!(asked, expected.iter().sum::<i64>(), "{search:?}");
        let mut export = shop.engine.export_refunds(shop.merchant, Sandbox, search.clone());
        let rows = export.next().await.unwrap().unwrap_or_default();
        let exported: Vec<_> = rows.into_iter().map(|row| (row.refund, row.payment)).collect();
        assert_eq!(exported, page.items, "{search:?}");
        let elsewhere = shop.engine.search_refunds(shop.merchant, Live, search.clone(), Turn::First, 10);
        assert_eq!(minors(&elsewhere.await.unwrap().page.items), [] as [i64; 0], "{search:?}");
    }
}

#[tokio::test]
async fn what_a_reference_names_has_pages_too() {
    let (shop, _) = named_shop().await;
    let page = async |turn: Turn| {
        let search = RefundSearch { named: Some("c-1".to_owned()), ..RefundSearch::default() };
        shop.engine.search_refunds(shop.merchant, Sandbox, search, turn, 2).await.unwrap().page
    };
    let first = page(Turn::First).await;
    assert_eq!((minors(&first.items), first.newer), (vec![300, 200], None));
    let second = page(Turn::Older(first.older.unwrap())).await;
    assert_eq!((minors(&second.items), second.older), (vec![100], None));
    let again = page(Turn::Newer(second.newer.unwrap())).await;
    assert_eq!((&again.items, again.newer, again.older), (&first.items, None, first.older));
}
