use super::*;
use crate::ops::fixtures::{
    Cell, MERCHANT, STRANGER, accept, at, audit, load, payment, queued, sql, told, world,
};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};
use crate::value::Row;

fn mark(disputed: bool, second: i64) -> MarkDisputed {
    MarkDisputed {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        payment: payment(1),
        disputed,
        author: Author { name: "key_1".to_owned(), reason: "chargeback".to_owned() },
        now: at(second),
    }
}

/// `kind author reason second` of the events about the payment, in order.
async fn events(store: &Store) -> Vec<String> {
    let rows = sql(
        store,
        "SELECT kind, author, reason, happened_at FROM events WHERE payment_id = $1 AND environment = 'sandbox' \
         AND refund_id IS NULL AND number = 0 AND amount = 0 ORDER BY happened_at",
        vec![Cell::Bytes(payment(1).as_bytes().to_vec())],
    )
    .await;
    let line = |row: &Row| {
        let second = row.int(3).unwrap() - at(0).as_micros();
        format!(
            "{} {} {} {}",
            row.text(0).unwrap(),
            row.text(1).unwrap(),
            row.text(2).unwrap(),
            second / 1_000_000
        )
    };
    rows.iter().map(line).collect()
}

#[tokio::test]
async fn a_disputed_payment_takes_no_more_refunds_until_the_dispute_is_released() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        let (marked, _) = fail_every_statement(&store, || mark(true, 20)).await;
        let Ok(Marked::Done(payment)) = marked else { panic!("{marked:?}") };
        assert_eq!((payment.disputed_at, payment.updated_at), (Some(at(20)), at(20)));
        assert_eq!(told(&store.run(accept("order-1", "1.00", 2)).await.unwrap()), "Disputed");
        // What was accepted before stays.
        let (refund, now) = load(&store, 1).await;
        assert_eq!((refund.state.name().as_str(), now.balance.reserved), ("queued", 100));

        let before = dump_all(&store).await;
        let Marked::Already(again) = store.run(mark(true, 30)).await.unwrap() else { panic!("it was so") };
        assert_eq!(again.disputed_at, Some(at(20)));
        assert_eq!(dump_all(&store).await, before);

        let (released, _) = fail_every_statement(&store, || mark(false, 40)).await;
        let Ok(Marked::Done(payment)) = released else { panic!("{released:?}") };
        assert_eq!((payment.disputed_at, payment.updated_at), (None, at(40)));
        assert_eq!(told(&store.run(accept("order-1", "1.00", 2)).await.unwrap()), "new queued");
        let before = dump_all(&store).await;
        assert!(matches!(store.run(mark(false, 50)).await, Ok(Marked::Already(_))));
        assert_eq!(dump_all(&store).await, before);
        let expected =
            ["payment.disputed key_1 chargeback 20", "payment.dispute_released key_1 chargeback 40"];
        assert_eq!(events(&store).await, expected);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn anothers_payment_and_one_of_the_other_environment_are_not_there() {
    TestStores::each(|store| async move {
        world(&store).await;
        let before = dump_all(&store).await;
        for strange in [
            MarkDisputed { merchant: STRANGER, ..mark(true, 20) },
            MarkDisputed { environment: Environment::Live, ..mark(true, 20) },
            MarkDisputed { payment: payment(9), ..mark(true, 20) },
            MarkDisputed { environment: Environment::Live, ..mark(false, 20) },
        ] {
            assert_eq!(store.run(strange).await, Ok(Marked::NoPayment));
        }
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}
