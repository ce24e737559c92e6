use redress_core::money::{Amount, Currency};

use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, account, at, bytes, sql, world};
use crate::ops::payments::{NewPayment, UpsertPayments, Upserted};
use crate::store::Store;
use crate::testing::TestStores;

/// The n-th payment, taken in at second n * 10.
fn told(n: u8) -> NewPayment {
    NewPayment {
        id: PaymentId::new(at(i64::from(n) * 10), [n; 10]),
        environment: Environment::Sandbox,
        order_ref: format!("new-{n}"),
        merchant_order_ref: Some(if n.is_multiple_of(2) { "even" } else { "odd" }.to_owned()),
        account: account("flex"),
        psp_payment_id: format!("at-psp-{n}"),
        captured: Amount::new(2000, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: at(1),
        channel: Some(if n < 4 { "SHOP" } else { "WALLET" }.to_owned()),
        payment_method: Some(format!("method-{}", n % 3)),
        customer_ref: None,
        notification_url: None,
    }
}

async fn six(store: &Store) {
    world(store).await;
    for n in 1..=6 {
        let new = if n == 6 {
            // The same id at another account.
            NewPayment { account: account("once"), psp_payment_id: "at-psp-5".to_owned(), ..told(6) }
        } else {
            told(n)
        };
        let taken = UpsertPayments { merchant: MERCHANT, rows: vec![new], now: at(i64::from(n) * 10) };
        assert!(matches!(store.run(taken).await.unwrap()[..], [Upserted::Created(_)]));
    }
}

fn search(filter: PaymentFilter) -> SearchPayments {
    SearchPayments {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        filter,
        turn: Turn::First,
        limit: 10,
        is_counted: false,
        rows_max: SEARCH_ROWS_MAX,
    }
}

fn after(before: Option<PaymentId>) -> Turn {
    before.map_or(Turn::First, |id| Turn::Older(Place::of_id(*id.as_bytes())))
}

async fn refs(store: &Store, search: SearchPayments) -> (Vec<String>, Option<PaymentId>) {
    let found = store.read(search).await.unwrap();
    let own = found.items.into_iter().map(|payment| payment.order_ref);
    // The payment of the shared world is older than all of these.
    (own.filter(|text| text != "order-1").collect(), found.older.map(|place| PaymentId::from_bytes(place.id)))
}

#[tokio::test]
async fn each_filter_finds_its_own_newest_first() {
    TestStores::each(|store| async move {
        six(&store).await;
        let some = |text: &str| Some(text.to_owned());
        let none = PaymentFilter::default;
        for (filter, expected) in [
            (none(), "new-6 new-5 new-4 new-3 new-2 new-1"),
            (PaymentFilter { order_ref: some("new-3"), ..none() }, "new-3"),
            (PaymentFilter { order_ref: some("new-3"), channel: some("WALLET"), ..none() }, ""),
            (PaymentFilter { psp_payment_id: some("at-psp-5"), ..none() }, "new-6 new-5"),
            (PaymentFilter { psp_payment_id: some("at-psp"), ..none() }, ""),
            (PaymentFilter { merchant_order_ref: some("odd"), ..none() }, "new-5 new-3 new-1"),
            (
                PaymentFilter { merchant_order_ref: some("odd"), channel: some("SHOP"), ..none() },
                "new-3 new-1",
            ),
            (PaymentFilter { channel: some("WALLET"), ..none() }, "new-6 new-5 new-4"),
            (PaymentFilter { payment_method: some("method-1"), ..none() }, "new-4 new-1"),
            (PaymentFilter { created_from: Some(at(20)), created_to: Some(at(40)), ..none() }, "new-3 new-2"),
            (PaymentFilter { order_ref: some("new-3"), created_to: Some(at(30)), ..none() }, ""),
        ] {
            let (found, next) = refs(&store, search(filter.clone())).await;
            assert_eq!((found.join(" "), next), (expected.to_owned(), None), "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_anothers_or_of_the_other_environment_is_not_found() {
    TestStores::each(|store| async move {
        six(&store).await;
        for filter in [
            PaymentFilter::default(),
            PaymentFilter { order_ref: Some("new-1".to_owned()), ..PaymentFilter::default() },
            PaymentFilter { psp_payment_id: Some("at-psp-1".to_owned()), ..PaymentFilter::default() },
            PaymentFilter { merchant_order_ref: Some("odd".to_owned()), ..PaymentFilter::default() },
        ] {
            let live = SearchPayments { environment: Environment::Live, ..search(filter.clone()) };
            let theirs = SearchPayments { merchant: STRANGER, ..search(filter) };
            for search in [live, theirs] {
                let found = store.read(search).await.unwrap();
                assert_eq!((found.items.len(), found.older), (0, None));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pages_meet_and_end_early_where_too_much_would_be_read() {
    TestStores::each(|store| async move {
        six(&store).await;
        let channel = || PaymentFilter { channel: Some("SHOP".to_owned()), ..PaymentFilter::default() };
        let page = |before, limit, rows_max| {
            let filter =
                PaymentFilter { currency: Currency::from_code("SAR").ok(), ..PaymentFilter::default() };
            // The channel has an index of its own: what is judged row by row ends early.
            let filter =
                if rows_max < 10 { PaymentFilter { most: Some(1_000), ..filter } } else { channel() };
            SearchPayments { turn: after(before), limit, rows_max, ..search(filter) }
        };
        let (found, next) = refs(&store, page(None, 2, SEARCH_ROWS_MAX)).await;
        assert_eq!((found.join(" "), next), ("new-3 new-2".to_owned(), Some(told(2).id)));
        let (found, next) = refs(&store, page(next, 2, SEARCH_ROWS_MAX)).await;
        assert_eq!((found.join(" "), next), ("new-1".to_owned(), None));

        // Those of 1 to 3 are of 10.00; the shared world's payment, whose id sorts last, and 4 to 6 are looked at in vain.
        sql(
            &store,
            "UPDATE payments SET captured = 1000 WHERE order_ref < 'new-4' AND order_ref > 'new'",
            vec![],
        )
        .await;
        sql(&store, "UPDATE payments SET captured = 2000 WHERE order_ref = 'order-1'", vec![]).await;
        let (found, next) = refs(&store, page(None, 2, 4)).await;
        assert_eq!((found.len(), next), (0, Some(told(4).id)));
        let (found, _) = refs(&store, page(next, 2, 3)).await;
        assert_eq!(found.join(" "), "new-3 new-2");

        let same = PaymentFilter { psp_payment_id: Some("at-psp-5".to_owned()), ..PaymentFilter::default() };
        let first = SearchPayments { limit: 1, ..search(same.clone()) };
        let (found, next) = refs(&store, first.clone()).await;
        assert_eq!((found.join(" "), next), ("new-6".to_owned(), Some(told(6).id)));
        let (found, next) = refs(&store, SearchPayments { turn: after(next), ..first }).await;
        assert_eq!((found.join(" "), next), ("new-5".to_owned(), None));
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_one_environment_and_names_nothing_of_the_other() {
    TestStores::each(|store| async move {
        six(&store).await;
        let live = [told(1).id, told(3).id, told(4).id, told(6).id];
        for id in live {
            let update = "UPDATE payments SET environment = 'live' WHERE payment_id = $1";
            sql(&store, update, vec![bytes(id.as_bytes())]).await;
        }
        let some = |text: &str| Some(text.to_owned());
        let none = PaymentFilter::default;
        for (filter, expected) in [
            (none(), "new-6 new-4 new-3 new-1"),
            (PaymentFilter { channel: some("SHOP"), ..none() }, "new-3 new-1"),
            (PaymentFilter { channel: some("none"), ..none() }, ""),
            (PaymentFilter { merchant_order_ref: some("even"), ..none() }, "new-6 new-4"),
            (
                PaymentFilter { merchant_order_ref: some("odd"), channel: some("SHOP"), ..none() },
                "new-3 new-1",
            ),
        ] {
            for (limit, rows_max) in [(1, SEARCH_ROWS_MAX), (10, 1), (1, 1), (2, 2)] {
                let (mut seen, mut before) = (Vec::new(), None);
                loop {
                    let environment = Environment::Live;
                    let asked = search(filter.clone());
                    let asked = SearchPayments { environment, turn: after(before), limit, rows_max, ..asked };
                    let (found, next) = refs(&store, asked).await;
                    seen.extend(found);
                    let Some(next) = next else { break };
                    assert!(live.contains(&next), "{filter:?} {next:?}");
                    before = Some(next);
                }
                assert_eq!(seen.join(" "), expected, "{filter:?} {limit} {rows_max}");
            }
        }
    })
    .await;
}

mod people;
