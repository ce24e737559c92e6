use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::settle::Via;

use super::*;
use crate::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use crate::ops::fixtures::{
    MERCHANT, at, audit, bytes, done, hear, id, in_state, not_sent, pay, payment, pending, queued, rf, sent,
    sql, world,
};
use crate::store::Store;
use crate::testing::{TestStores, batch};

/// Every payment's books, read two at a time.
async fn all(store: &Store) -> Vec<PaymentBooks> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(LoadBooks { after, limit: 2 }).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = Some((last.merchant, last.id));
        all.extend(page);
    }
}

async fn differences(store: &Store) -> Vec<String> {
    all(store).await.iter().flat_map(check_payment).map(|difference| difference.what).collect()
}

/// Payments with refunds in every state that can be reached, and a case that blocks.
async fn busy(store: &Store) {
    world(store).await;
    for n in 2..=5 {
        pay(store, n, "flex", 1000).await;
    }
    let states = [
        StateName::Queued,
        StateName::Submitting,
        StateName::Unknown,
        StateName::Pending,
        StateName::Succeeded,
        StateName::Failed,
        StateName::Reversed,
    ];
    for (n, state) in (1..).zip(states) {
        in_state(store, state, "1.00", n).await;
    }
    queued(store, "order-3", "full", 20).await;
    sent(store, "order-4", "2.00", 21).await;
    hear(store, 21, not_sent(), Via::Submit, 30).await;
    sent(store, "order-4", "2.00", 22).await;
    hear(store, 22, pending(None), Via::Submit, 31).await;
    hear(store, 22, done(None), Via::Query, 32).await;
    let case = NewCaseRow {
        merchant: MERCHANT,
        id: CaseId::from_bytes(id(0xca, 1)),
        kind: CaseKind::LateSuccess,
        subject: CaseSubject::Refund(rf(6)),
        payment: Some(payment(1)),
        text: String::new(),
        block_minor: 100,
        now: at(40),
    };
    store.run(OpenCase(case)).await.unwrap();
    audit(store).await;
}

#[tokio::test]
async fn honest_books_have_no_differences_and_every_payment_is_read_once() {
    TestStores::each(|store| async move {
        assert_eq!(all(&store).await, []);
        busy(&store).await;
        let books = all(&store).await;
        let ids: Vec<_> = books.iter().map(|of| of.id).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5].map(payment));
        let sizes: Vec<_> = books.iter().map(|of| of.refunds.len()).collect();
        assert_eq!(sizes, [7, 0, 1, 2, 0]);
        assert_eq!(books[0].blocked_by_cases, 100);
        assert_eq!(books[3].refunds[1].events.len(), 3);
        assert_eq!(differences(&store).await, [""; 0]);
    })
    .await;
}

/// One statement that falsifies the books, and what is then said of them.
const FALSIFIED: [(&str, &[&str]); 17] = [
    (
        "UPDATE payments SET refunded = refunded + 1 WHERE order_ref = 'order-1'",
        &["refunded is kept as 101, and adds up to 100"],
    ),
    (
        "UPDATE payments SET reserved = reserved - 1 WHERE order_ref = 'order-3'",
        &["reserved is kept as 999, and adds up to 1000"],
    ),
    (
        "UPDATE payments SET reserved = 7 WHERE order_ref = 'order-2'",
        &["reserved is kept as 7, and adds up to 0"],
    ),
    (
        "UPDATE payments SET blocked = 0 WHERE order_ref = 'order-1'",
        &["blocked is kept as 0, and adds up to 100"],
    ),
    (
        "UPDATE payments SET refunded_before = 1, refunded = 1 WHERE order_ref = 'order-1'",
        &["refunded is kept as 1, and adds up to 101"],
    ),
    (
        "UPDATE payments SET refund_count = 2 WHERE order_ref = 'order-3'",
        &["its refunds (1) are not numbered 1 to 2"],
    ),
    (
        "UPDATE payments SET first_refund_id = NULL WHERE order_ref = 'order-3'",
        &["reserved is kept as 1000, and adds up to 0", "its refunds (0) are not numbered 1 to 1"],
    ),
    (
        "UPDATE refunds SET transaction_number = 2 WHERE ordinal = 2 AND state = 'succeeded'",
        &["transaction numbers are not distinct within 2 to 3"],
    ),
    (
        "UPDATE refunds SET transaction_number = 1 WHERE amount = 1000",
        &["transaction numbers are not distinct within 2 to 2"],
    ),
    (
        "UPDATE refunds SET transaction_number = 3 WHERE amount = 1000",
        &["transaction numbers are not distinct within 2 to 2"],
    ),
    (
        "UPDATE refunds SET amount = 101 WHERE state = 'succeeded' AND ordinal = 5",
        &["refunded is kept as 100, and adds up to 101", "an event tells of another amount"],
    ),
    (
        "UPDATE refunds SET payment_id = (SELECT payment_id FROM payments WHERE order_ref = 'order-2') WHERE amount = 1000",
        &["reserved is kept as 1000, and adds up to 0", "its refunds (0) are not numbered 1 to 1"],
    ),
    ("UPDATE refunds SET currency = 'VND' WHERE amount = 1000", &["its currency is VND, the payment's SAR"]),
    (
        "DELETE FROM events WHERE kind = 'refund.pending' AND amount = 200",
        &["its events (2) are not numbered 1 to 3"],
    ),
    (
        "UPDATE events SET kind = 'refund.canceled' WHERE kind = 'refund.failed'",
        &["its events (refund.created, refund.canceled) do not lead to failed"],
    ),
    (
        "UPDATE refunds SET state = 'canceled', due_at = NULL WHERE amount = 1000",
        &[
            "reserved is kept as 1000, and adds up to 0",
            "its events (refund.created) do not lead to canceled",
        ],
    ),
    (
        "DELETE FROM refunds WHERE amount = 1000",
        &["reserved is kept as 1000, and adds up to 0", "its refunds (0) are not numbered 1 to 1"],
    ),
];

#[tokio::test]
async fn whatever_is_falsified_is_found() {
    TestStores::each(|store| async move {
        busy(&store).await;
        for (falsify, said) in FALSIFIED {
            batch(&store, "CREATE TABLE kept_payments AS SELECT * FROM payments").await;
            for table in ["refunds", "events"] {
                batch(&store, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
            }
            sql(&store, falsify, Vec::new()).await;
            assert_eq!(differences(&store).await, said, "{falsify}");
            let restore = "DELETE FROM events; DELETE FROM refunds; DELETE FROM payments; \
                 INSERT INTO payments SELECT * FROM kept_payments; INSERT INTO refunds SELECT * FROM kept_refunds; \
                 INSERT INTO events SELECT * FROM kept_events; DROP TABLE kept_payments; DROP TABLE kept_refunds; \
                 DROP TABLE kept_events";
            batch(&store, restore).await;
        }
        assert_eq!(differences(&store).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        sql(&store, "UPDATE events SET kind = 'refund.forgotten'", Vec::new()).await;
        let error = store.read(LoadBooks { after: None, limit: 2 }).await.unwrap_err();
        assert!(matches!(error, StoreError::Inconsistent { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(&rf(1).to_string()) && said.contains("no EventKind that"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_turn_that_nobody_needs_and_two_sent_at_once_are_found() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "turns", 1000).await;
        sent(&store, "order-2", "1.00", 1).await;
        queued(&store, "order-2", "1.00", 2).await;
        queued(&store, "order-2", "1.00", 3).await;
        hear(&store, 1, done(None), Via::Submit, 20).await;
        assert_eq!(differences(&store).await, [""; 0]);
        let turn = "UPDATE payments SET turn_refund_id = $1 WHERE order_ref = 'order-2'";
        let held_by = async |n| sql(&store, turn, vec![bytes(rf(n).as_bytes())]).await;
        for (n, state) in [(1, "succeeded"), (2, "queued")] {
            held_by(n).await;
            let said = format!("the turn is held by {}, which is {state}", rf(n));
            assert_eq!(differences(&store).await, [said]);
        }
        held_by(9).await;
        let said = format!("the turn is held by {}, which is none of its refunds", rf(9));
        assert_eq!(differences(&store).await, [said]);
        sql(&store, "UPDATE payments SET turn_refund_id = NULL", Vec::new()).await;
        let lease = "state = 'submitting', lease_until = 1, lease_owner = refund_id";
        let send = async |n: u32| {
            let second = format!("UPDATE refunds SET {lease} WHERE ordinal = {n}");
            batch(&store, &second).await;
        };
        send(2).await;
        assert_eq!(differences(&store).await, ["a refund is under way without the turn"]);
        held_by(2).await;
        assert_eq!(differences(&store).await, [""; 0]);
        send(3).await;
        let said = "2 refunds are under way that must be sent one after the other";
        assert_eq!(differences(&store).await, [said]);
        sql(&store, "UPDATE refunds SET takes_turns = 0 WHERE ordinal = 3", Vec::new()).await;
        assert_eq!(differences(&store).await, [""; 0], "other PSPs' may");
    })
    .await;
}

#[test]
fn more_than_was_captured_is_said_even_where_every_sum_agrees() {
    let books = PaymentBooks {
        merchant: MERCHANT,
        id: payment(1),
        currency: "SAR".to_owned(),
        balance: Balance { captured: 100, refunded: 101, reserved: 0, blocked: 0 },
        refunded_before: 101,
        refund_count: 0,
        turn: None,
        transaction_count: 1,
        booked_by_cases: 0,
        blocked_by_cases: 0,
        refunds: Vec::new(),
    };
    let said = check_payment(&books);
    assert_eq!(said.len(), 1);
    let text = said[0].to_string();
    assert!(text.contains(&payment(1).to_string()) && text.contains("more than was captured"), "{text}");
}

#[test]
fn paths_follow_the_table() {
    use EventKind::{Canceled, Created, Failed, Pending, Reversed, Succeeded, Unknown};
    let legal: [(&[EventKind], StateName); 16] = [
        (&[Created], StateName::Held),
        (&[Created], StateName::Queued),
        (&[Created], StateName::Submitting),
        (&[Created, Canceled], StateName::Canceled),
        (&[Created, Failed], StateName::Failed),
        (&[Created, Succeeded], StateName::Succeeded),
        (&[Created, Succeeded, Reversed], StateName::Reversed),
        (&[Created, Pending, Succeeded], StateName::Succeeded),
        (&[Created, Pending, Unknown, Pending], StateName::Pending),
        // Why it waits, in other words.
        (&[Created, Pending, Pending], StateName::Pending),
        (&[Created, Pending, Pending, Failed], StateName::Failed),
        (&[Created, Unknown], StateName::Unknown),
        (&[Created, Unknown], StateName::Submitting),
        (&[Created, Unknown, Unknown], StateName::Unknown),
        (&[Created, Unknown, Pending, Failed], StateName::Failed),
        (&[Created, Unknown, Succeeded], StateName::Succeeded),
    ];
    for (events, state) in legal {
        assert!(is_legal_path(events.iter().copied(), state), "{events:?} {state}");
    }
    let illegal: [(&[EventKind], StateName); 11] = [
        (&[], StateName::Queued),
        (&[Succeeded], StateName::Succeeded),
        (&[Created], StateName::Succeeded),
        (&[Created], StateName::Unknown),
        (&[Created, Pending], StateName::Submitting),
        (&[Created, Pending], StateName::Queued),
        (&[Created, Pending, Pending], StateName::Unknown),
        (&[Created, Succeeded, Pending], StateName::Pending),
        (&[Created, Failed, Succeeded], StateName::Succeeded),
        (&[Created, Pending, Canceled], StateName::Canceled),
        (&[Created, Created], StateName::Queued),
    ];
    for (events, state) in illegal {
        assert!(!is_legal_path(events.iter().copied(), state), "{events:?} {state}");
    }
}

#[tokio::test]
async fn a_refund_that_no_payment_knows_is_found() {
    TestStores::each(|store| async move {
        busy(&store).await;
        let strays = async || {
            let (mut after, mut found) = (None, Vec::new());
            loop {
                let batch = store.read(LoadStrays { after, limit: 3 }).await.unwrap();
                found.extend(batch.found.into_iter().map(|stray| (stray.refund, stray.payment)));
                after = batch.last;
                if after.is_none() {
                    return found;
                }
            }
        };
        assert_eq!(strays().await, []);
        // The last in the order of ids, and a first one whose payment names another.
        sql(&store, "DELETE FROM payments WHERE order_ref = 'order-3'", Vec::new()).await;
        assert_eq!(strays().await, [(Some(rf(20)), payment(3))]);
        let sibling = "UPDATE payments SET first_refund_id = (SELECT refund_id FROM refunds WHERE ordinal = 2 \
             AND payment_id = payments.payment_id) WHERE order_ref = 'order-1'";
        sql(&store, sibling, Vec::new()).await;
        assert_eq!(strays().await, [(Some(rf(1)), payment(1)), (Some(rf(20)), payment(3))]);
    })
    .await;
}
