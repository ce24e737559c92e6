use redress_core::environment::Environment::Sandbox;

use super::*;
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
    let filter = RefundListFilter::default();
    let listed =
        shop.engine.search_refunds(shop.merchant, Sandbox, filter.clone(), Turn::First, 2).await.unwrap();
    assert_eq!((listed.page.items.len(), listed.page.count), (2, Some(Count::Exact(5))));
    assert_eq!(listed.sums.totals[0].asked.minor(), 500);
    let mut export = shop.engine.export_refunds(shop.merchant, Sandbox, filter);
    let rows = export.next().await.unwrap().unwrap();
    assert!(rows.iter().is_sorted_by(|(a, _), (b, _)| a.id > b.id) && rows.len() == 5);
    assert!(export.next().await.unwrap().is_none() && !export.is_cut());
}
