mod came_back;
mod closing;
mod late;

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::Via;
use redress_core::state::{RefundState, StateName};

use super::{KeepWord, Refresh, Settle};
use crate::ops::fixtures::{
    ENDPOINT, Endpoint, MERCHANT, STRANGER, add_endpoint, at, audit, balance, bytes, done, hear, id,
    in_state, load, not_sent, pay, payment, pending, refused, rf, rows, sent, sql, word, world,
};
use crate::ops::write::OWN_ADDRESS;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const NO_ANSWER: Outcome = Outcome::Unknown(Finding::NoAnswer);
const NOT_FOUND: Outcome = Outcome::Unknown(Finding::NotFound);

#[tokio::test]
async fn each_word_moves_each_open_state_as_the_table_says() {
    use StateName::{Failed, Pending, Queued, Submitting, Succeeded, Unknown};
    let table = [
        (Submitting, done(Some("p")), Via::Submit, Succeeded),
        (Submitting, refused(), Via::Submit, Failed),
        (Submitting, pending(Some("p")), Via::Submit, Pending),
        (Submitting, not_sent(), Via::Submit, Queued),
        (Submitting, NO_ANSWER, Via::Submit, Unknown),
        (Submitting, Outcome::Unknown(Finding::NotUnderstood), Via::Submit, Unknown),
        (Submitting, NOT_FOUND, Via::Query, Submitting),
        (Submitting, done(Some("p")), Via::Notification, Succeeded),
        (Unknown, done(None), Via::Query, Succeeded),
        (Unknown, refused(), Via::Query, Failed),
        (Unknown, pending(Some("p")), Via::Notification, Pending),
        (Unknown, NOT_FOUND, Via::Query, Unknown),
        (Unknown, not_sent(), Via::Query, Unknown),
        (Pending, done(Some("p")), Via::Notification, Succeeded),
        (Pending, refused(), Via::Query, Failed),
        (Pending, pending(Some("p")), Via::Query, Pending),
        (Pending, NO_ANSWER, Via::Query, Pending),
        (Pending, NOT_FOUND, Via::Query, Unknown),
        (Queued, done(Some("p")), Via::Notification, Succeeded),
        (Queued, refused(), Via::Notification, Queued),
    ];
    TestStores::each(async |store| {
        world(&store).await;
        for (i, (from, outcome, via, to)) in table.clone().into_iter().enumerate() {
            let n = u32::try_from(i).unwrap();
            let told = outcome.psp_refund_id().map(|_| format!("psp-{n}"));
            let outcome = match outcome {
                Outcome::Succeeded { .. } => done(told.as_deref()),
                Outcome::Pending { .. } => pending(told.as_deref()),
                other => other,
            };
            let before = in_state(&store, from, "0.10", n).await;
            let settled = hear(&store, n, outcome.clone(), via, 30).await;
            let refund = &settled.refund;
            assert_eq!(refund.state.name(), to, "{from} and {outcome:?}");
            assert_eq!(settled.event, if from == to { None } else { EventKind::of_state(to) });
            assert_eq!(refund.event_count, before.event_count + u32::from(settled.event.is_some()));
            assert_eq!(
                (refund.due_at.is_none(), refund.finished_at.is_some()),
                (to.is_final(), to.is_final())
            );
            assert_eq!((refund.psp_refund_id.clone(), settled.cases), (told, 0));
            audit(&store).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_balance_moves_with_the_state() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "4", 1).await;
        for (outcome, via, expected) in [
            (NO_ANSWER, Via::Submit, (0, 400, 0)),
            (pending(None), Via::Query, (0, 400, 0)),
            (done(None), Via::Query, (400, 0, 0)),
            (refused(), Via::Query, (0, 0, 0)),
        ] {
            hear(&store, 1, outcome, via, 20).await;
            assert_eq!(balance(&store).await, expected);
        }
        let events = rows(&store, "SELECT number, kind, failure_code FROM events ORDER BY number").await;
        assert_eq!(
            events,
            [
                "1 refund.created -",
                "2 refund.unknown -",
                "3 refund.pending -",
                "4 refund.succeeded -",
                "5 refund.reversed R1"
            ]
        );
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_that_never_left_goes_back_to_its_queue() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        let refund = hear(&store, 1, not_sent(), Via::Submit, 20).await.refund;
        assert_eq!((&refund.state, refund.due_at), (&RefundState::Queued, Some(at(21))));
        assert_eq!((refund.evidence.sends, refund.evidence.not_sent), (0, 1));
        assert_eq!((refund.evidence.first_sent_at, refund.event_count), (None, 1));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn an_exchange_recorded_twice_changes_nothing_the_second_time() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        let first = store.run(word(1, pending(Some("p")), Via::Submit, 20)).await.unwrap().unwrap();
        let before = dump_all(&store).await;
        assert_eq!(before["attempts"].len(), 1);
        let mut again = word(1, pending(Some("p")), Via::Submit, 20);
        again.now = at(99);
        let second = store.run(again).await.unwrap().unwrap();
        assert_eq!((second.event, second.cases), (None, 0));
        assert_eq!(second.refund, first.refund);
        // Not even another word under the same id.
        let mut other = word(1, done(Some("p")), Via::Submit, 30);
        other.attempt = word(1, pending(Some("p")), Via::Submit, 20).attempt;
        assert_eq!(store.run(other).await.unwrap().unwrap().refund, first.refund);
        assert_eq!(before, dump_all(&store).await);
    })
    .await;
}

#[tokio::test]
async fn a_notification_told_again_is_kept_once_and_judged_by_what_the_refund_is_by_then() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Queued, "1", 1).await;
        let told = |second| Settle { attempt: [7; 16], ..word(1, refused(), Via::Notification, second) };
        let early = store.run(told(20)).await.unwrap().unwrap();
        assert_eq!(early.refund.state.name(), StateName::Queued, "nobody refused what was not sent");
        hear(&store, 1, done(Some("p")), Via::Notification, 30).await;
        let again = store.run(told(40)).await.unwrap().unwrap();
        assert_eq!((again.refund.state.name(), again.cases), (StateName::Reversed, 1));
        let before = dump_all(&store).await;
        let once_more = store.run(told(50)).await.unwrap().unwrap();
        assert_eq!((once_more.refund, once_more.event, once_more.cases), (again.refund, None, 0));
        assert_eq!(before, dump_all(&store).await);
        let kept = rows(&store, "SELECT via, outcome FROM attempts ORDER BY started_at").await;
        assert_eq!(kept, ["notification refused", "notification succeeded"]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_overtaken_is_kept_once_and_changes_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "1", 1).await;
        let told = Settle { attempt: [7; 16], ..word(1, refused(), Via::Notification, 20) };
        store.run(told).await.unwrap().unwrap();
        let before = (load(&store, 1).await.0, balance(&store).await);
        let keep = |mark| KeepWord {
            merchant: MERCHANT,
            refund: rf(1),
            attempt: [mark; 16],
            outcome: done(Some("p")),
            record: "what was told late".into(),
            now: at(30),
        };
        let (kept, statements) = fail_every_statement(&store, || keep(8)).await;
        assert_eq!((kept, statements), (Ok(None), 1));
        // Told again, and told again after it had counted: it is known by its mark.
        for (mark, since) in [(8, 30), (7, 20)] {
            let again = KeepWord { now: at(40), ..keep(mark) };
            assert_eq!(store.run(again).await, Ok(Some(at(since))));
        }
        let text = "SELECT via, outcome, record FROM attempts WHERE via = 'notification' ORDER BY started_at";
        assert_eq!(
            rows(&store, text).await,
            ["notification refused what was said", "notification succeeded what was told late"]
        );
        assert_eq!((load(&store, 1).await.0, balance(&store).await), before);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn every_exchange_is_kept_as_it_was_understood() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, NO_ANSWER, Via::Submit, 20).await;
        let mut answered = word(1, done(Some("p")), Via::Query, 30);
        answered.now = at(32);
        store.run(answered).await.unwrap();
        let text = "SELECT via, outcome, record, finished_at - started_at FROM attempts ORDER BY started_at";
        assert_eq!(
            rows(&store, text).await,
            ["submit no_answer what was said 0", "query succeeded what was said 2000000"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_refund_of_nobody_or_of_another_merchant_is_not_there() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        let before = dump_all(&store).await;
        assert_eq!(store.run(word(9, done(None), Via::Query, 20)).await, Ok(None));
        let stranger = Settle { merchant: STRANGER, ..word(1, done(None), Via::Query, 20) };
        assert_eq!(store.run(stranger).await, Ok(None));
        assert_eq!(before, dump_all(&store).await);
    })
    .await;
}

#[tokio::test]
async fn endpoints_hear_what_their_filter_lets_through() {
    TestStores::each(async |store| {
        world(&store).await;
        for endpoint in [
            ENDPOINT,
            Endpoint { n: 2, mask: EventKind::Succeeded.bit() | EventKind::Failed.bit(), ..ENDPOINT },
            Endpoint { n: 3, mask: EventKind::Pending.bit(), dialect: "portone", ..ENDPOINT },
            Endpoint { n: 4, mask: EventKind::Succeeded.bit(), dialect: "sgate", ..ENDPOINT },
            Endpoint { n: 5, environment: Environment::Live, ..ENDPOINT },
            Endpoint { n: 6, revoked: true, ..ENDPOINT },
        ] {
            add_endpoint(&store, endpoint).await;
        }
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, pending(None), Via::Submit, 20).await;
        hear(&store, 1, done(None), Via::Query, 30).await;
        let found = "SELECT endpoint_id, number, dialect, due_at, tries, silent_tries FROM deliveries \
                     ORDER BY number, endpoint_id";
        let told: Vec<(u8, String)> = sql(&store, found, Vec::new())
            .await
            .iter()
            .map(|row| {
                let due = (row.int(3).unwrap() - at(0).as_micros()) / 1_000_000;
                let cells = (row.int(1).unwrap(), row.text(2).unwrap(), due);
                (row.id16(0).unwrap()[15], format!("{} {} {}", cells.0, cells.1, cells.2))
            })
            .collect();
        let expected = [
            (1, "2 standard 20"),
            (3, "2 portone 20"),
            (1, "3 standard 30"),
            (2, "3 standard 30"),
            (4, "3 sgate 30"),
        ];
        assert_eq!(told, expected.map(|(n, text)| (n, text.to_owned())));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_payments_own_address_hears_of_success_in_place_of_sgates_endpoint() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        let own = "UPDATE payments SET notification_url = 'https://order.test/n' WHERE payment_id = $1";
        sql(&store, own, vec![bytes(payment(2).as_bytes())]).await;
        add_endpoint(&store, Endpoint { dialect: "sgate", ..ENDPOINT }).await;
        add_endpoint(&store, Endpoint { n: 2, ..ENDPOINT }).await;
        // The one payment has an address of its own, the other has none.
        for (order, n) in [("order-2", 1), ("order-1", 2)] {
            sent(&store, order, "1", n).await;
            hear(&store, n, pending(None), Via::Submit, 20).await;
            hear(&store, n, done(None), Via::Query, 30).await;
            hear(&store, n, refused(), Via::Query, 40).await;
        }
        let found = "SELECT number, endpoint_id, dialect FROM deliveries WHERE refund_id = $1 AND dialect = 'sgate' \
                     ORDER BY number";
        let heard = async |n| -> Vec<(i64, [u8; 16])> {
            let found = sql(&store, found, vec![bytes(rf(n).as_bytes())]).await;
            found.iter().map(|row| (row.int(0).unwrap(), row.id16(1).unwrap())).collect()
        };
        assert_eq!(heard(1).await, [(3, OWN_ADDRESS)]);
        assert_eq!(heard(2).await, [2, 3, 4].map(|number| (number, id(6, 1))));
        let others = "SELECT number FROM deliveries WHERE dialect = 'standard' ORDER BY number";
        assert_eq!(rows(&store, others).await, ["2", "2", "3", "3", "4", "4"], "other dialects hear all of both");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_settle_failed_anywhere_leaves_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        sent(&store, "order-1", "1", 1).await;
        for (outcome, via, second) in [
            (Outcome::Unknown(Finding::Ambiguous), Via::Submit, 20),
            (pending(Some("p")), Via::Query, 30),
            (done(Some("p")), Via::Notification, 40),
            (refused(), Via::Query, 50),
            (done(Some("p")), Via::Query, 60),
        ] {
            let make = || word(1, outcome.clone(), via, second);
            let (settled, statements) = fail_every_statement(&store, make).await;
            assert!(settled.unwrap().is_some() && statements >= 4, "{outcome:?}: {statements}");
            audit(&store).await;
        }
        let kinds = rows(&store, "SELECT kind FROM cases WHERE closed_at IS NULL ORDER BY opened_at").await;
        assert_eq!(kinds, ["reversed", "late_success"]);
    })
    .await;
}

#[tokio::test]
async fn words_about_one_refund_at_once_are_applied_one_after_another() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        let mut tasks = tokio::task::JoinSet::new();
        for second in 20..40 {
            let store = store.clone();
            let via = if second % 2 == 0 { Via::Query } else { Via::Notification };
            tasks.spawn(async move { store.run(word(1, done(Some("p")), via, second)).await.unwrap() });
        }
        let told = tasks.join_all().await.into_iter().flatten().filter(|settled| settled.event.is_some());
        assert_eq!(told.count(), 1, "one success is told once");
        assert_eq!((balance(&store).await, dump_all(&store).await["attempts"].len()), ((100, 0, 0), 20));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_open_or_has_an_open_case_can_be_made_due_and_nothing_else() {
    TestStores::each(async |store| {
        world(&store).await;
        let states = [
            (StateName::Queued, true, true),
            (StateName::Unknown, true, true),
            (StateName::Pending, true, true),
            (StateName::Submitting, false, false),
            (StateName::Succeeded, false, false),
            (StateName::Failed, false, false),
            // Its case is open: it is asked about apart, and is over.
            (StateName::Reversed, false, true),
        ];
        for (n, (state, open, asked)) in (1..).zip(states) {
            let before = in_state(&store, state, "0.10", n).await;
            // Where something was exchanged, that was at second 20: not so soon again.
            let soon = Refresh { merchant: MERCHANT, refund: rf(n), now: at(21) };
            if state != StateName::Queued && open {
                store.run(soon).await.unwrap();
                assert_eq!(load(&store, n).await.0.due_at, Some(at(22)), "{state}");
            }
            let refresh = || Refresh { merchant: MERCHANT, refund: rf(n), now: at(23) };
            let stranger = Refresh { merchant: STRANGER, ..refresh() };
            assert_eq!(store.run(stranger).await, Ok(false));
            assert_eq!(store.run(refresh()).await, Ok(asked), "{state}");
            let mut after = load(&store, n).await.0;
            if open {
                assert_eq!(after.due_at, Some(at(23)));
                after.due_at = before.due_at;
            }
            assert_eq!(after, before);
        }
    })
    .await;
}

#[tokio::test]
async fn who_asks_waits_for_no_exchange_of_a_time_that_is_yet_to_come() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        // The exchange was at second 20, by a clock that was ahead.
        assert_eq!(store.run(Refresh { merchant: MERCHANT, refund: rf(1), now: at(15) }).await, Ok(true));
        assert_eq!(load(&store, 1).await.0.due_at, Some(at(15)));
        // One of the right clock counts all the same.
        hear(&store, 1, Outcome::Unknown(Finding::NoAnswer), Via::Query, 16).await;
        assert_eq!(store.run(Refresh { merchant: MERCHANT, refund: rf(1), now: at(17) }).await, Ok(true));
        assert_eq!(load(&store, 1).await.0.due_at, Some(at(18)));
    })
    .await;
}

#[tokio::test]
async fn who_asks_about_one_refund_does_not_wait_for_the_exchange_of_another() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        in_state(&store, StateName::Queued, "1", 2).await;
        // The other one's was at second 20.
        assert_eq!(store.run(Refresh { merchant: MERCHANT, refund: rf(2), now: at(21) }).await, Ok(true));
        assert_eq!(load(&store, 2).await.0.due_at, Some(at(21)));
    })
    .await;
}
