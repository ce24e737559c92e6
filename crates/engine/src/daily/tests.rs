use std::collections::BTreeMap;

use redress_core::environment::Environment::{Live, Sandbox};
use redress_core::state::StateName;
use redress_store::testing::TestStores;

use super::*;
use crate::admin::payments::NewPayment;
use crate::counts::Counts;
use crate::shop::Shop;

/// Counts until there is no more; answers how often.
async fn count_all(shop: &Shop) -> u32 {
    let mut turns = 1;
    while shop.engine.count_days_once().await.unwrap() {
        turns += 1;
    }
    turns
}

async fn riyals(shop: &Shop) -> CurrencyOverview {
    let Overviewed { overview, is_whole } = shop.engine.overview(shop.merchant, Sandbox, 7).await.unwrap();
    assert!(is_whole);
    overview.currencies.into_iter().find(|it| it.currency.code() == "SAR").unwrap()
}

#[tokio::test]
async fn what_happened_is_counted_once_however_often_it_is_counted() {
    TestStores::each(async |store| {
        let shop = Shop::in_store(store).await;
        shop.take_in(vec![shop.payment(1, 1_000), shop.payment(2, 500)]).await;
        let mobile = NewPayment { channel: Some("MOMOPAY".to_owned()), ..shop.payment(3, 300) };
        shop.take_in(vec![mobile]).await;
        let refund = shop.refund(1, "1.00").await;
        shop.refund(3, "2.00").await;
        shop.later(3 * 86_400);
        shop.engine.cancel_refund(shop.merchant, refund.id, "Mai", "not meant").await.unwrap();
        shop.engine.number_events_once().await.unwrap();
        for _ in 0..2 {
            count_all(&shop).await;
            let seen = riyals(&shop).await;
            let sum = |count, minor| Sum { count, minor };
            assert_eq!(seen.total.captured, sum(3, 1_800));
            assert_eq!(seen.total.asked, sum(2, 300));
            assert_eq!(seen.total.canceled, sum(1, 100));
            let days: Vec<i64> = seen.days.iter().map(|day| day.totals.asked.count).collect();
            assert_eq!(days, [0, 0, 0, 2, 0, 0, 0]);
            assert_eq!(seen.days[6].totals.canceled.count, 1);
            let names: Vec<&str> = seen.channels.iter().map(|it| it.channel.as_str()).collect();
            assert_eq!(names, ["MOMOPAY", "tap"], "the PSP, where there is neither channel nor method");
        }
        let live = shop.engine.overview(shop.merchant, Live, 7).await.unwrap();
        assert!(live.overview.currencies.is_empty());
    })
    .await;
}

#[test]
fn what_is_counted_is_told_to_metrics_by_state_and_channel() {
    let counts = Counts::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&counts, || {
        runtime.block_on(async {
            let shop = Shop::new().await;
            let mobile = NewPayment { channel: Some("MOMOPAY".to_owned()), ..shop.payment(2, 300) };
            shop.take_in(vec![shop.payment(1, 1_000), mobile]).await;
            let refund = shop.refund(1, "1.00").await;
            shop.refund(1, "2.00").await;
            shop.refund(2, "3.00").await;
            shop.engine.cancel_refund(shop.merchant, refund.id, "Mai", "not meant").await.unwrap();
            shop.engine.number_events_once().await.unwrap();
            for _ in 0..2 {
                count_all(&shop).await;
            }
        });
    });
    let expected = [("canceled tap", 1), ("created MOMOPAY", 1), ("created tap", 2)];
    let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
    assert_eq!(counts.of("redress_refunds_total"), BTreeMap::from(expected));
}

#[tokio::test]
async fn a_captured_sum_that_changes_counts_as_it_is_now_on_the_day_of_its_capture() {
    TestStores::each(async |store| {
        let shop = Shop::in_store(store).await;
        let payment = shop.payment(1, 1_000);
        shop.take_in(vec![payment.clone()]).await;
        for (minor, is_counted_between) in [(1_500, true), (1_200, false), (2_000, false), (2_000, true)] {
            shop.later(100_000);
            let captured = redress_core::money::Amount::new(minor, payment.captured.currency());
            shop.take_in(vec![NewPayment { captured, ..payment.clone() }]).await;
            if is_counted_between {
                count_all(&shop).await;
            }
        }
        let seen = riyals(&shop).await;
        assert_eq!(seen.total.captured, Sum { count: 1, minor: 2_000 });
        assert_eq!(seen.days.iter().filter(|day| day.totals.captured.count > 0).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn much_is_counted_in_many_turns() {
    let shop = Shop::new().await;
    shop.take_in((0..300).map(|n| shop.payment(n, 1_000)).collect()).await;
    for n in 0..300 {
        shop.refund(n, "0.10").await;
    }
    assert!(count_all(&shop).await > 1);
    let seen = riyals(&shop).await;
    assert_eq!((seen.total.captured.count, seen.total.asked.count), (300, 300));
    assert_eq!(shop.refund(1, "0.10").await.state.name(), StateName::Queued);
    count_all(&shop).await;
    assert_eq!(riyals(&shop).await.total.asked.count, 301);
}

#[tokio::test]
async fn the_loop_counts_at_its_start_and_ends_when_it_is_told() {
    let shop = Shop::new().await;
    shop.take_in(vec![shop.payment(1, 1_000)]).await;
    shop.engine.work_daily_sums(std::future::ready(())).await;
    assert_eq!(riyals(&shop).await.total.captured.count, 1);
}
