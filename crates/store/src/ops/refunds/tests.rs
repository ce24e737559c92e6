use redress_core::event::EventKind;
use redress_core::id::EndpointId;
use redress_core::outcome::{Again, Outcome, PspRefusal};
use redress_core::settle::Via;
use redress_core::state::StateName;

use super::{
    Author, BoundElsewhere, LoadOrder, LoadRefund, RefundAtPsp, RefundBy, TIMELINE_ROWS_MAX, Timeline,
};
use crate::ops::deliveries::{ClaimDeliveries, DeliveryQueue};
use crate::ops::fixtures::{
    ASKED_BY, Cell, ENDPOINT, MERCHANT, STRANGER, account, add_endpoint, at, bytes, done, hear, id, in_state,
    load, pay, pending, queued, refused, rf, sent, sql, text, world,
};
use crate::testing::TestStores;

#[tokio::test]
async fn an_order_is_read_with_its_refunds_in_their_order() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        let order = async |merchant, order_ref: &str| {
            store.read(LoadOrder { merchant, order_ref: order_ref.to_owned() }).await.unwrap()
        };
        assert_eq!(order(MERCHANT, "order-1").await.unwrap().refunds, []);
        for n in [3, 1, 2] {
            queued(&store, "order-1", "1", n).await;
        }
        queued(&store, "order-2", "1", 4).await;
        let found = order(MERCHANT, "order-1").await.unwrap();
        assert_eq!(found.payment.refund_count, 3);
        assert_eq!(found.refunds.iter().map(|refund| refund.id).collect::<Vec<_>>(), [rf(3), rf(1), rf(2)]);
        assert_eq!((order(STRANGER, "order-1").await, order(MERCHANT, "order-9").await), (None, None));
    })
    .await;
}

#[tokio::test]
async fn a_refund_is_found_by_each_of_its_names() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        queued(&store, "order-2", "1", 1).await;
        queued(&store, "order-1", "1", 2).await;
        queued(&store, "order-1", "2", 3).await;
        let find = async |merchant, by| store.read(LoadRefund { merchant, by }).await.unwrap();
        let expected = load(&store, 3).await;
        assert_eq!(expected.0.amount.minor(), 200);
        let order = || "order-1".to_owned();
        for by in [RefundBy::Ordinal(order(), 2), RefundBy::Transaction(order(), 3)] {
            assert_eq!(find(MERCHANT, by.clone()).await, Some(expected.clone()));
            assert_eq!(find(STRANGER, by).await, None);
        }
        assert_eq!(find(STRANGER, RefundBy::Id(rf(3))).await, None);
        assert_eq!(find(MERCHANT, RefundBy::Id(rf(9))).await, None);
        assert_eq!(find(MERCHANT, RefundBy::Ordinal(order(), 3)).await, None);
        assert_eq!(find(MERCHANT, RefundBy::Transaction(order(), 1)).await, None, "the payment itself");
        assert_eq!(find(MERCHANT, RefundBy::Ordinal("order-9".to_owned(), 1)).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_psps_refund_leads_to_ours_and_to_its_siblings() {
    TestStores::each(async |store| {
        world(&store).await;
        for (n, told) in [(1, "p"), (2, "q")] {
            sent(&store, "order-1", "1", n).await;
            hear(&store, n, pending(Some(told)), Via::Submit, 20).await;
        }
        let third = in_state(&store, StateName::Unknown, "1", 3).await;
        let at_psp = async |psp, told: &str| {
            let query = RefundAtPsp { account: account(psp), psp_refund_id: told.to_owned() };
            store.read(query).await.unwrap().map(|refund| refund.id)
        };
        assert_eq!((at_psp("flex", "q").await, at_psp("once", "q").await), (Some(rf(2)), None));
        let bound = async |refund| store.read(BoundElsewhere { refund }).await.unwrap();
        assert_eq!(bound(third).await, ["p", "q"]);
        assert_eq!(bound(load(&store, 1).await.0).await, ["q"], "its own is no other's");
    })
    .await;
}

#[tokio::test]
async fn a_timeline_tells_what_happened_and_what_was_exchanged() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, done(None), Via::Submit, 20).await;
        hear(&store, 1, refused(), Via::Notification, 30).await;
        let timeline = async |merchant| store.read(Timeline { merchant, refund: rf(1) }).await.unwrap();
        let (events, attempts) = timeline(MERCHANT).await;
        let told: Vec<_> = events.iter().map(|event| (event.number, event.kind, event.at)).collect();
        assert_eq!(
            told,
            [
                (1, EventKind::Created, at(10)),
                (2, EventKind::Succeeded, at(20)),
                (3, EventKind::Reversed, at(30))
            ]
        );
        let failure = ("R1".to_owned(), "card closed".to_owned());
        assert_eq!(
            (&events[2].failure, &events[1].failure, &events[2].author),
            (&Some(failure), &None, &None)
        );
        let asked_by = Author { name: ASKED_BY.to_string(), reason: String::new() };
        assert_eq!(events[0].author, Some(asked_by));
        let heard: Vec<_> = attempts.iter().map(|row| (row.via.as_str(), row.outcome.as_str())).collect();
        assert_eq!(heard, [("submit", "succeeded"), ("notification", "refused")]);
        assert_eq!(timeline(STRANGER).await, (Vec::new(), Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn a_timeline_tells_what_the_psp_said_and_when_a_new_refund_is_worth_trying() {
    let says = |note: &str| Outcome::Pending { psp_refund_id: None, note: Some(note.to_owned()) };
    let for_now = PspRefusal {
        code: "1080".to_owned(),
        text: "later".to_owned(),
        again: Again::After(std::time::Duration::from_secs(60)),
        psp_refund_id: None,
    };
    TestStores::each(async |store| {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, says("waits for funds"), Via::Submit, 20).await;
        let later = hear(&store, 1, says("on its way"), Via::Query, 30).await;
        let told_again = (Some(EventKind::Pending), Some("on its way"));
        assert_eq!((later.event, later.refund.psp_note.as_deref()), told_again);
        let over = hear(&store, 1, Outcome::Refused(for_now.clone()), Via::Query, 40).await.refund;
        assert_eq!(over.state.failure().unwrap().again_at, Some(at(100)));
        let (events, _) = store.read(Timeline { merchant: MERCHANT, refund: rf(1) }).await.unwrap();
        let told: Vec<_> =
            events.iter().map(|event| (event.kind, event.note.as_deref(), event.again_at)).collect();
        assert_eq!(
            told,
            [
                (EventKind::Created, None, None),
                (EventKind::Pending, Some("waits for funds"), None),
                (EventKind::Pending, Some("on its way"), None),
                (EventKind::Failed, None, Some(at(100)))
            ]
        );
        let queue = DeliveryQueue { merchant: MERCHANT, endpoint: Some(EndpointId::from_bytes(id(6, 1))) };
        let claim = ClaimDeliveries { queue, limit: 9, now: at(40), lease_until: at(70) };
        let owed = store.run(claim).await.unwrap().deliveries;
        let owed: Vec<_> =
            owed.iter().map(|told| (told.event.note.as_deref(), told.event.again_at)).collect();
        assert_eq!(
            owed,
            [(Some("waits for funds"), None), (Some("on its way"), None), (None, Some(at(100)))]
        );
        hear(&store, 1, Outcome::Refused(for_now.clone()), Via::Notification, 50).await;
        // One that no PSP refused says nothing of it.
        let closed = in_state(&store, StateName::Failed, "1", 2).await;
        assert_eq!(closed.state.failure().unwrap().again_at, None);
    })
    .await;
}

#[tokio::test]
async fn of_a_long_timeline_the_newest_are_told_the_oldest_of_them_first() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, done(None), Via::Submit, 20).await;
        let more = TIMELINE_ROWS_MAX + 5;
        let rows = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 1005) \
             INSERT INTO events (merchant_id, environment, refund_id, number, kind, amount, happened_at) \
             SELECT merchant_id, environment, refund_id, n.i, 'refund.pending', 1, n.i FROM events CROSS JOIN n \
             WHERE number = 1";
        sql(&store, rows, Vec::new()).await;
        for n in 2..=more {
            let attempt = "INSERT INTO attempts (merchant_id, refund_id, attempt_id, via, outcome, record, started_at, \
                 finished_at) VALUES ($1, $2, $3, 'query', $4, '', $5, $5)";
            let (own, when) = (id(8, n), Cell::Int(at(i64::from(n) + 20).as_micros()));
            let params =
                vec![bytes(MERCHANT.as_bytes()), bytes(rf(1).as_bytes()), bytes(&own), text(&n.to_string()), when];
            sql(&store, attempt, params).await;
        }
        let (events, attempts) = store.read(Timeline { merchant: MERCHANT, refund: rf(1) }).await.unwrap();
        let numbers: Vec<u32> = events.iter().map(|event| event.number).collect();
        assert_eq!(numbers, (6..=more).collect::<Vec<_>>());
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome.as_str()).collect();
        let newest: Vec<_> = (6..=more).map(|n| n.to_string()).collect();
        assert_eq!(outcomes, newest);
    })
    .await;
}
