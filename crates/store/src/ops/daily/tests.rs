use redress_core::daily::Took;
use redress_core::money::{Amount, Currency};
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::*;
use crate::ops::fixtures::{
    Cell, MERCHANT, account, at, done, hear, in_state, pay, queued, rows, sql, world,
};
use crate::ops::payments::{NewPayment, UpsertPayments};
use crate::ops::sequence::NumberEvents;
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};
use redress_core::settle::Via;

const OF: Environment = Environment::Sandbox;

async fn uncounted(store: &Store, limit: u32) -> Option<Uncounted> {
    store.run(NumberEvents { limit: 1_000 }).await.unwrap();
    store.read(UncountedEvents { merchant: MERCHANT, environment: OF, limit }).await.unwrap()
}

fn count(uncounted: &Uncounted) -> CountEvents {
    let mut sums = Sums::default();
    uncounted.events.iter().for_each(|event| sums.add_event(event));
    CountEvents { merchant: MERCHANT, environment: OF, from: uncounted.from, to: uncounted.to, sums }
}

async fn count_all(store: &Store) {
    while let Some(some) = uncounted(store, 2).await {
        assert!(store.run(count(&some)).await.unwrap());
    }
    loop {
        let changes = store.read(CapturedChanges { limit: 2 }).await.unwrap();
        if changes.is_empty() {
            return;
        }
        assert!(store.run(CountCaptured(changes)).await.unwrap());
    }
}

/// The sums as they should be, from the rows themselves.
async fn computed(store: &Store) -> Sums {
    let mut sums = Sums::default();
    let payments = "SELECT p.captured_at, p.captured, p.currency, p.channel, p.payment_method, a.psp FROM payments p \
                    JOIN psp_accounts a ON a.account_id = p.account_id WHERE p.environment = 'sandbox'";
    for row in sql(store, payments, vec![]).await {
        let (channel, method, psp) =
            (row.opt_text(3).unwrap(), row.opt_text(4).unwrap(), row.text(5).unwrap());
        let key = SumKey {
            day: Day::of(Timestamp::from_micros(row.int(0).unwrap())),
            currency: currency(&row, 2).unwrap(),
            channel: channel_of(channel.as_deref(), method.as_deref(), &psp).to_owned(),
            measure: Measure::Captured,
        };
        sums.add(key, Sum { count: 1, minor: row.int(1).unwrap() });
    }
    let events = "SELECT e.kind, e.happened_at, r.amount, r.currency, r.created_at, p.channel FROM events e \
                  JOIN refunds r ON r.refund_id = e.refund_id JOIN payments p ON p.payment_id = r.payment_id";
    for row in sql(store, events, vec![]).await {
        sums.add_event(&CountedEvent {
            kind: parsed(&row, 0, EventKind::parse).unwrap(),
            happened_at: time(&row, 1).unwrap(),
            minor: row.int(2).unwrap(),
            currency: currency(&row, 3).unwrap(),
            asked_at: time(&row, 4).unwrap(),
            channel: row.text(5).unwrap(),
        });
    }
    sums
}

async fn stored(store: &Store) -> Sums {
    let (from, to) = (Day::from_number(-1_000_000), Day::from_number(1_000_000));
    let read = ReadDailySums { merchant: MERCHANT, environment: OF, from, to, limit: 1_000 };
    let mut sums = Sums::default();
    for (key, sum) in store.read(read).await.unwrap() {
        sums.add(key, sum);
    }
    sums
}

fn told(n: u8, minor: i64, captured_at: i64) -> NewPayment {
    NewPayment {
        id: PaymentId::from_bytes([n + 100; 16]),
        environment: OF,
        order_ref: format!("new-{n}"),
        merchant_order_ref: None,
        account: account("flex"),
        psp_payment_id: format!("at-psp-{n}"),
        captured: Amount::new(minor, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: at(captured_at),
        channel: None,
        payment_method: n.is_multiple_of(2).then(|| "card".to_owned()),
        customer_ref: None,
        notification_url: None,
    }
}

async fn take_in(store: &Store, payments: Vec<NewPayment>) {
    store.run(UpsertPayments { merchant: MERCHANT, rows: payments, now: at(1) }).await.unwrap();
}

/// A world whose one payment, which nobody told of, is counted too.
async fn counted_world(store: &Store) {
    world(store).await;
    let key = SumKey {
        day: Day::of(at(0)),
        currency: Currency::from_code("SAR").unwrap(),
        channel: "CARD".to_owned(),
        measure: Measure::Captured,
    };
    let mut sums = Sums::default();
    sums.add(key, Sum { count: 1, minor: 1_000 });
    let counted = CountEvents { merchant: MERCHANT, environment: OF, from: 0, to: 0, sums };
    assert!(store.run(counted).await.unwrap());
}

#[tokio::test]
async fn sums_that_are_added_up_are_those_that_are_computed_from_the_rows() {
    TestStores::each(async |store| {
        counted_world(&store).await;
        let day = 86_400;
        take_in(
            &store,
            vec![told(1, 100, 0), told(2, 200, day), told(3, 300, 0), told(4, 400, -day * 20_000)],
        )
        .await;
        for (n, state) in [
            (1, StateName::Succeeded),
            (2, StateName::Failed),
            (3, StateName::Reversed),
            (4, StateName::Unknown),
        ] {
            in_state(&store, state, "0.10", n).await;
        }
        count_all(&store).await;
        assert_eq!(stored(&store).await, computed(&store).await);
        hear(&store, 4, done(None), Via::Query, 3 * day).await;
        take_in(&store, vec![told(1, 150, 0), told(2, 250, day)]).await;
        take_in(&store, vec![told(1, 120, 0), told(5, 1, 0)]).await;
        count_all(&store).await;
        let sums = stored(&store).await;
        assert_eq!(sums, computed(&store).await);
        let took = Measure::Took(Took::of(at(3 * day).since(at(10))));
        assert!(sums.iter().any(|(_, _, _, measure, sum)| measure == took && sum.count == 1));
        count_all(&store).await;
        assert_eq!(stored(&store).await, sums, "nothing is counted twice");
    })
    .await;
}

#[tokio::test]
async fn a_count_that_fails_anywhere_leaves_nothing_and_a_second_of_the_same_adds_nothing() {
    TestStores::each(async |store| {
        counted_world(&store).await;
        queued(&store, "order-1", "0.10", 1).await;
        queued(&store, "order-1", "0.20", 2).await;
        take_in(&store, vec![told(1, 100, 0), told(2, 200, 0)]).await;
        let events = uncounted(&store, 100).await.unwrap();
        assert_eq!((events.events.len(), events.are_more), (2, false));
        let (counted, statements) = fail_every_statement(&store, || count(&events)).await;
        assert_eq!((counted, statements), (Ok(true), 3));
        let changes = store.read(CapturedChanges { limit: 10 }).await.unwrap();
        assert_eq!(changes.len(), 2);
        let (counted, statements) = fail_every_statement(&store, || CountCaptured(changes.clone())).await;
        assert_eq!((counted, statements), (Ok(true), 4));
        let sums = stored(&store).await;
        assert_eq!(store.run(count(&events)).await, Ok(false));
        assert_eq!(store.run(CountCaptured(changes)).await, Ok(false));
        assert_eq!(stored(&store).await, sums);
        assert_eq!(sums, computed(&store).await);
    })
    .await;
}

#[tokio::test]
async fn a_sum_that_is_more_than_a_column_holds_stays_at_its_end_and_holds_up_nobody() {
    TestStores::each(async |store| {
        world(&store).await;
        let key = SumKey {
            day: Day::of(at(0)),
            currency: Currency::from_code("SAR").unwrap(),
            channel: "CARD".to_owned(),
            measure: Measure::Captured,
        };
        let mut position = 0;
        for (minor, comes_to) in [
            (i64::MAX, i64::MAX),
            (1, i64::MAX),
            (i64::MAX, i64::MAX),
            (-7, i64::MAX - 7),
            (7, i64::MAX),
            (-i64::MAX, 0),
            (i64::MIN, -i64::MAX),
            (-1, -i64::MAX),
            (0, -i64::MAX),
            (i64::MAX, 0),
        ] {
            let mut sums = Sums::default();
            sums.add(key.clone(), Sum { count: 1, minor });
            let (from, to) = (position, position + 1);
            position = to;
            let counted = CountEvents { merchant: MERCHANT, environment: OF, from, to, sums };
            assert!(store.run(counted).await.unwrap(), "{minor}");
            let stored = rows(&store, "SELECT amount FROM daily_sums").await;
            assert_eq!(stored, [comes_to.to_string()], "{minor}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_that_grew_since_it_was_read_is_counted_with_what_it_grew_by() {
    TestStores::each(async |store| {
        counted_world(&store).await;
        take_in(&store, vec![told(1, 100, 0)]).await;
        let read = store.read(CapturedChanges { limit: 10 }).await.unwrap();
        take_in(&store, vec![told(1, 170, 0)]).await;
        assert_eq!(store.run(CountCaptured(read)).await, Ok(false));
        count_all(&store).await;
        assert_eq!(stored(&store).await, computed(&store).await);
    })
    .await;
}

#[tokio::test]
async fn payments_of_before_the_sums_are_counted_by_the_step_that_makes_them() {
    let before = crate::MIGRATIONS.iter().position(|step| step.version == 11).unwrap();
    TestStores::each_with(&crate::MIGRATIONS[..before], async |store| {
        world(&store).await;
        for n in 2..=5 {
            pay(&store, n, if n == 5 { "once" } else { "flex" }, 1_000 * i64::from(n)).await;
        }
        for (text, n) in [
            ("UPDATE payments SET channel = NULL, payment_method = 'card' WHERE order_ref = $1", 2),
            ("UPDATE payments SET channel = NULL WHERE order_ref = $1", 3),
            ("UPDATE payments SET captured_at = -1 WHERE order_ref = $1", 4),
            ("UPDATE payments SET channel = NULL WHERE order_ref = $1", 5),
        ] {
            sql(&store, text, vec![Cell::Text(format!("order-{n}"))]).await;
        }
        store.migrate(crate::MIGRATIONS, 0).await.unwrap();
        assert_eq!(stored(&store).await, computed(&store).await);
        assert_eq!(rows(&store, "SELECT day FROM daily_sums WHERE amount = 4000").await, ["-1"]);
    })
    .await;
}
