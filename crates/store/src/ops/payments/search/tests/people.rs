//! What people look for: terms, how a payment stands, sums, times; pages in both directions; counts.

use redress_core::payment_status::PaymentStatus;

use super::*;
use crate::ops::fixtures::Cell;

/// `six`, whose customers are `c-1` to `c-3`, of 10.00 to 60.00, captured in the opposite order.
async fn told_apart(store: &Store) {
    six(store).await;
    for n in 1..=6_u8 {
        let id = bytes(told(n).id.as_bytes());
        sql(
            store,
            "UPDATE payments SET customer_ref = $1, captured = $2, captured_at = $3 WHERE payment_id = $4",
            vec![
                Cell::Text(format!("c-{}", n.div_ceil(2))),
                Cell::Int(i64::from(n) * 1000),
                Cell::Int(at(100 - i64::from(n)).as_micros()),
                id,
            ],
        )
        .await;
    }
}

fn term(text: &str, is_beginning: bool) -> PaymentFilter {
    PaymentFilter { term: Some(Term { text: text.to_owned(), is_beginning }), ..PaymentFilter::default() }
}

#[tokio::test]
async fn a_term_is_looked_for_in_every_reference() {
    TestStores::each(|store| async move {
        told_apart(&store).await;
        for (text, is_beginning, expected) in [
            ("new-3", false, "new-3"),
            ("new-", false, ""),
            ("new-", true, "new-6 new-5 new-4 new-3 new-2 new-1"),
            ("NEW-", true, ""),
            ("at-psp-5", false, "new-6 new-5"),
            ("at-", true, "new-6 new-5 new-4 new-3 new-2 new-1"),
            ("even", false, "new-6 new-4 new-2"),
            ("od", true, "new-5 new-3 new-1"),
            ("c-2", false, "new-4 new-3"),
            ("c", true, "new-6 new-5 new-4 new-3 new-2 new-1"),
            ("n", true, "new-6 new-5 new-4 new-3 new-2 new-1"),
            ("no\0thing", false, ""),
            ("", true, ""),
            ("\u{10ffff}", true, ""),
        ] {
            let found = refs(&store, search(term(text, is_beginning))).await;
            assert_eq!((found.0.join(" "), found.1), (expected.to_owned(), None), "{text} {is_beginning}");
        }
        // One payment, by two of its references.
        sql(&store, "UPDATE payments SET merchant_order_ref = 'new-3x' WHERE order_ref = 'new-3'", vec![])
            .await;
        assert_eq!(refs(&store, search(term("new-3", true))).await.0.join(" "), "new-3");
        let filter = PaymentFilter { channel: Some("WALLET".to_owned()), ..term("at", true) };
        assert_eq!(refs(&store, search(filter)).await.0.join(" "), "new-6 new-5 new-4");
    })
    .await;
}

#[tokio::test]
async fn what_begins_with_a_term_is_a_range_of_bytes_on_both_engines() {
    TestStores::each(|store| async move {
        world(&store).await;
        // In the order of a language, hyphens and case count for little.
        let names = ["a-b", "a-", "ab", "A-b", "a_b", "aé", "a\u{10ffff}", "a\u{d7ff}z"];
        for (n, name) in (1_u8..).zip(names) {
            let new = NewPayment { order_ref: name.to_owned(), merchant_order_ref: None, ..told(n) };
            store.run(UpsertPayments { merchant: MERCHANT, rows: vec![new], now: at(1) }).await.unwrap();
        }
        for text in ["a", "a-", "A", "a_", "aé", "a\u{10ffff}", "a\u{d7ff}", "b"] {
            let mut found = refs(&store, search(term(text, true))).await.0;
            found.retain(|name| name.starts_with('a') || name.starts_with('A'));
            found.sort();
            let mut expected: Vec<String> =
                names.iter().filter(|name| name.starts_with(text)).map(|name| (*name).to_owned()).collect();
            // The PSP's ids begin with "at-psp".
            if text == "a" {
                expected = names.iter().map(|name| (*name).to_owned()).collect();
            }
            expected.sort();
            assert_eq!(found, expected, "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn statuses_sums_and_times_narrow_the_list() {
    TestStores::each(|store| async move {
        told_apart(&store).await;
        for (n, set) in
            [(1, "refunded = 1000"), (2, "refunded = 1"), (3, "reserved = 3000"), (4, "disputed_at = 5")]
        {
            let text: &'static str = match set {
                "refunded = 1000" => "UPDATE payments SET refunded = 1000 WHERE payment_id = $1",
                "refunded = 1" => "UPDATE payments SET refunded = 1 WHERE payment_id = $1",
                "reserved = 3000" => "UPDATE payments SET reserved = 3000 WHERE payment_id = $1",
                _ => "UPDATE payments SET disputed_at = 5 WHERE payment_id = $1",
            };
            sql(&store, text, vec![bytes(told(n).id.as_bytes())]).await;
        }
        let none = PaymentFilter::default;
        let status = |status| PaymentFilter { statuses: vec![status], ..none() };
        for (filter, expected) in [
            (status(PaymentStatus::FullyRefunded), "new-1"),
            (status(PaymentStatus::PartlyRefunded), "new-2"),
            (status(PaymentStatus::UnderWay), "new-3"),
            (status(PaymentStatus::Disputed), "new-4"),
            (status(PaymentStatus::NotRefunded), "new-6 new-5"),
            (
                PaymentFilter {
                    statuses: vec![PaymentStatus::Disputed, PaymentStatus::FullyRefunded],
                    ..none()
                },
                "new-4 new-1",
            ),
            (PaymentFilter { least: Some(2000), most: Some(4000), ..none() }, "new-4 new-3 new-2"),
            (PaymentFilter { currency: Currency::from_code("KWD").ok(), ..none() }, ""),
            (
                PaymentFilter { captured_from: Some(at(96)), captured_to: Some(at(99)), ..none() },
                "new-2 new-3 new-4",
            ),
            (PaymentFilter { captured_from: Some(at(97)), ..term("c-2", false) }, "new-3"),
            (PaymentFilter { created_from: Some(at(20)), ..term("c-1", false) }, "new-2"),
        ] {
            let found = refs(&store, search(filter.clone())).await;
            assert_eq!((found.0.join(" "), found.1), (expected.to_owned(), None), "{filter:?}");
        }
    })
    .await;
}

/// The pages of a list from the first to the last, and back again.
async fn there_and_back(store: &Store, asked: &SearchPayments) -> (String, String) {
    let names =
        |page: &Page<Payment>| page.items.iter().map(|payment| payment.order_ref.clone()).collect::<Vec<_>>();
    let (mut there, mut turn) = (Vec::new(), Turn::First);
    let last = loop {
        let page = store.read(SearchPayments { turn, ..asked.clone() }).await.unwrap();
        assert_eq!(page.newer.is_none(), turn == Turn::First);
        assert!(page.items.len() <= asked.limit as usize);
        there.extend(names(&page));
        let Some(older) = page.older else { break page };
        assert_ne!(turn, Turn::Older(older), "it goes on");
        turn = Turn::Older(older);
    };
    let (mut back, mut newer) = (names(&last), last.newer);
    while let Some(place) = newer {
        let page = store.read(SearchPayments { turn: Turn::Newer(place), ..asked.clone() }).await.unwrap();
        assert!(page.older.is_some() && page.items.len() <= asked.limit as usize);
        back.splice(..0, names(&page));
        assert_ne!(page.newer, newer, "it goes on");
        newer = page.newer;
    }
    (there.join(" "), back.join(" "))
}

#[tokio::test]
async fn pages_lead_there_and_back_and_show_each_payment_once() {
    TestStores::each(|store| async move {
        told_apart(&store).await;
        let none = PaymentFilter::default;
        let all = "new-6 new-5 new-4 new-3 new-2 new-1";
        for (filter, expected) in [
            (PaymentFilter { created_from: Some(at(1)), ..none() }, all),
            (
                PaymentFilter {
                    statuses: vec![PaymentStatus::NotRefunded],
                    created_from: Some(at(1)),
                    ..none()
                },
                all,
            ),
            (PaymentFilter { channel: Some("WALLET".to_owned()), ..none() }, "new-6 new-5 new-4"),
            (PaymentFilter { payment_method: Some("method-1".to_owned()), ..none() }, "new-4 new-1"),
            (PaymentFilter { captured_from: Some(at(90)), ..none() }, "new-1 new-2 new-3 new-4 new-5 new-6"),
            (term("at-psp", true), all),
            (
                PaymentFilter { captured_from: Some(at(90)), ..term("at-psp", true) },
                "new-1 new-2 new-3 new-4 new-5 new-6",
            ),
            (PaymentFilter { least: Some(6000), ..none() }, "new-6"),
        ] {
            for (limit, rows_max) in [(1, 100), (2, 100), (4, 100), (10, 100), (2, 1), (2, 3), (1, 2)] {
                let asked = SearchPayments { limit, rows_max, ..search(filter.clone()) };
                let (there, back) = there_and_back(&store, &asked).await;
                assert_eq!(there, expected, "{filter:?} {limit} {rows_max}");
                assert_eq!(back, expected, "back: {filter:?} {limit} {rows_max}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_count_is_of_all_pages_and_honest_where_looking_ended() {
    TestStores::each(|store| async move {
        told_apart(&store).await;
        let counted = |filter, turn, rows_max| SearchPayments {
            is_counted: true,
            turn,
            rows_max,
            limit: 2,
            ..search(filter)
        };
        let none = PaymentFilter::default;
        let all = || PaymentFilter { created_from: Some(at(1)), ..none() };
        let older = Turn::Older(Place::of_id(*told(3).id.as_bytes()));
        for turn in [Turn::First, older] {
            for filter in [all(), term("at-psp", true)] {
                let page = store.read(counted(filter.clone(), turn, 100)).await.unwrap();
                assert_eq!(page.count, Some(Count::Exact(6)), "{filter:?} {turn:?}");
                assert_eq!(page.items.len(), 2);
            }
            let most = PaymentFilter { least: Some(5000), ..all() };
            let page = store.read(counted(most, turn, 3)).await.unwrap();
            // The shared world's payment comes first.
            let back_to = Place::of_id(*told(5).id.as_bytes()).time();
            assert_eq!(page.count, Some(Count::Since { found: 2, back_to }), "{turn:?}");
        }
        assert_eq!(store.read(search(all())).await.unwrap().count, None, "it was not asked for");
        let nothing = store.read(counted(term("", true), Turn::First, 100)).await.unwrap();
        assert_eq!(nothing.count, Some(Count::Exact(0)));
    })
    .await;
}

#[tokio::test]
async fn a_common_term_is_looked_for_in_the_order_of_the_list() {
    TestStores::each(|store| async move {
        world(&store).await;
        // More than are put in order; the two newest have other names.
        let rows = |from: u32, n: u32, name: &'static str| -> Vec<NewPayment> {
            (from..from + n)
                .map(|k| NewPayment {
                    id: PaymentId::new(at(i64::from(k)), [1; 10]),
                    order_ref: format!("{name}-{k}"),
                    psp_payment_id: format!("p-{k}"),
                    ..told(1)
                })
                .collect()
        };
        for (from, n, name) in
            [(100, 500, "common"), (600, 500, "common"), (1_100, 3, "common"), (1_200, 1, "rare")]
        {
            store
                .run(UpsertPayments { merchant: MERCHANT, rows: rows(from, n, name), now: at(1) })
                .await
                .unwrap();
        }
        let asked =
            |filter, rows_max| SearchPayments { is_counted: true, limit: 2, rows_max, ..search(filter) };
        let page = store.read(asked(term("common", true), SEARCH_ROWS_MAX)).await.unwrap();
        let names: Vec<_> = page.items.iter().map(|payment| payment.order_ref.as_str()).collect();
        assert_eq!((names, page.count), (vec!["common-1102", "common-1101"], Some(Count::More)));
        let page = store.read(asked(term("common", true), 4)).await.unwrap();
        assert!(matches!(page.count, Some(Count::Since { found: 2, .. })), "{:?}", page.count);
        let page = store.read(asked(term("common-10", true), SEARCH_ROWS_MAX)).await.unwrap();
        assert_eq!(page.count, Some(Count::Exact(110)), "100 to 109 and 1000 to 1099");
    })
    .await;
}
