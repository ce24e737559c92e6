mod stories;

use std::sync::Arc;
use std::time::Duration;

use redress_core::id::{ProcessId, RefundId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::policy::AccountState;
use redress_core::settle::{Verdict, Via};
use redress_core::state::{RefundState, StateName};
use redress_core::time::Timestamp;
use tokio::task::JoinSet;

use super::super::accept::{Accept, Accepted};
use super::super::claim::{Claim, ClaimOutcome, DueAccount, Task};
use super::super::fixtures::{
    Hand, MERCHANT, MUTE, Permits, TIMING, accept, account, add_endpoint, at, audit, bytes, claim, done,
    hear, key, load, new_one, not_sent, pay, payment, pending, queued, refused, rf, run_claim, sent,
    set_account, sql, word, world,
};
use super::super::settle::{CloseRefund, Closed};
use super::super::write::Author;
use crate::ops::fixtures::ENDPOINT;
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

const NO_ANSWER: Outcome = Outcome::Unknown(Finding::NoAnswer);

/// A world with the payment `order-2` at a PSP that takes one refund of a payment at a time.
async fn turn_world(store: &Store) {
    world(store).await;
    pay(store, 2, "turns", 1000).await;
}

/// Claims at that PSP's account, with room for all.
fn claim_turns(second: i64) -> Claim {
    let base = claim(second);
    let account = DueAccount { account: account("turns"), psp: "turns".to_owned(), ..base.account.clone() };
    Claim { account, one_in_flight: true, recipe: &MUTE, ..base }
}

/// Who has the turn of the n-th payment.
async fn holder(store: &Store, n: u32) -> Option<RefundId> {
    let text = "SELECT turn_refund_id FROM payments WHERE payment_id = $1";
    let row = sql(store, text, vec![bytes(payment(n).as_bytes())]).await.remove(0);
    row.opt_id16(0).unwrap().map(RefundId::from_bytes)
}

async fn stands(store: &Store, n: u32) -> (StateName, Option<Timestamp>) {
    let refund = load(store, n).await.0;
    (refund.state.name(), refund.due_at)
}

fn sends(outcome: &ClaimOutcome) -> Vec<RefundId> {
    let sends = outcome.claimed.iter().filter(|claimed| claimed.task == Task::Send);
    sends.map(|claimed| claimed.refund.id).collect()
}

fn close(n: u32, verdict: Verdict, second: i64) -> CloseRefund {
    let author = Author { name: "Mai".to_owned(), reason: "seen".to_owned() };
    CloseRefund { merchant: MERCHANT, refund: rf(n), verdict, author, now: at(second) }
}

/// When somebody looks again at one that waits for its turn since then, where nobody makes it due before.
fn waits_until(second: i64) -> Timestamp {
    at(second).plus(TIMING.resolve.max)
}

#[tokio::test]
async fn the_second_waits_unsent_and_goes_when_the_first_is_over() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        let first = sent(&store, "order-2", "1", 1).await;
        assert!(first.takes_turns);
        assert_eq!((first.state.name(), holder(&store, 2).await), (StateName::Submitting, Some(rf(1))));
        let permits = Permits::new(1);
        let second = Accept { permits: Arc::new(Hand(Arc::clone(&permits))), ..accept("order-2", "2", 2) };
        let accepted = store.run(second).await.unwrap();
        assert!(matches!(accepted, Accepted::New { waits: true, .. }), "nobody is woken for it");
        let (second, paid, permit) = new_one(accepted);
        assert_eq!((permit.is_none(), permits.free()), (true, 1), "no right to send is taken");
        assert_eq!((&second.state, second.due_at), (&RefundState::Queued, Some(waits_until(10))));
        assert_eq!((second.clone(), paid.clone()), load(&store, 2).await);
        assert_eq!((second.evidence.sends, paid.balance.reserved), (0, 300), "reserved as always");
        assert_eq!(run_claim(&store, claim_turns(19)).await, ClaimOutcome::default());
        hear(&store, 1, done(None), Via::Submit, 20).await;
        assert_eq!(holder(&store, 2).await, None);
        assert_eq!(stands(&store, 2).await, (StateName::Queued, Some(at(20))), "due at once");
        assert_eq!(sends(&run_claim(&store, claim_turns(20)).await), [rf(2)]);
        assert_eq!(holder(&store, 2).await, Some(rf(2)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn the_turn_is_kept_while_it_may_be_under_way_and_given_back_with_every_end() {
    let words = [
        (done(None), Via::Submit, None),
        (refused(), Via::Submit, None),
        (not_sent(), Via::Submit, None),
        (NO_ANSWER, Via::Submit, Some(1)),
        (pending(None), Via::Submit, Some(1)),
        (NO_ANSWER, Via::Query, Some(1)),
    ];
    TestStores::each(async |store| {
        for (i, (outcome, via, kept)) in (0..).zip(words.clone()) {
            if i == 0 {
                turn_world(&store).await;
            } else {
                pay(&store, 2 + i, "turns", 1000).await;
            }
            let (n, order) = (10 * (i + 1), format!("order-{}", 2 + i));
            sent(&store, &order, "1", n).await;
            queued(&store, &order, "1", n + 1).await;
            hear(&store, n, outcome.clone(), via, 20).await;
            let expected = kept.map(|_| rf(n));
            assert_eq!(holder(&store, 2 + i).await, expected, "{outcome:?}");
            let due = if kept.is_some() { waits_until(10) } else { at(20) };
            assert_eq!(stands(&store, n + 1).await, (StateName::Queued, Some(due)), "{outcome:?}");
            audit(&store).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_nobody_knows_keeps_the_turn_until_a_person_decides() {
    TestStores::each(async |store| {
        for (n, verdict) in [(2, Verdict::Succeeded), (3, Verdict::Failed)] {
            if n == 2 {
                turn_world(&store).await;
            } else {
                pay(&store, n, "turns", 1000).await;
            }
            let (order, first) = (format!("order-{n}"), n * 10);
            sent(&store, &order, "1", first).await;
            queued(&store, &order, "1", first + 1).await;
            // The lease runs out, a person is called, and much time passes.
            assert_eq!(run_claim(&store, claim_turns(20 + i64::from(n))).await.cases, 1);
            assert_eq!(stands(&store, first).await.0, StateName::Unknown);
            for second in [400, 800, 1200] {
                assert_eq!(sends(&run_claim(&store, claim_turns(second)).await), []);
            }
            assert_eq!(holder(&store, n).await, Some(rf(first)));
            assert_eq!(stands(&store, first + 1).await, (StateName::Queued, Some(waits_until(1200))));
            audit(&store).await;
            let (closed, _) = fail_every_statement(&store, || close(first, verdict, 1210)).await;
            assert!(matches!(closed, Ok(Closed::Done(_))));
            assert_eq!((holder(&store, n).await, stands(&store, first + 1).await.1), (None, Some(at(1210))));
            assert_eq!(sends(&run_claim(&store, claim_turns(1210)).await), [rf(first + 1)]);
            hear(&store, first + 1, done(None), Via::Submit, 1211).await;
            audit(&store).await;
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_in_one_claim_one_goes_and_no_other_payment_waits_for_it() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        pay(&store, 3, "turns", 1000).await;
        for (n, order) in [(1, "order-2"), (2, "order-2"), (3, "order-2"), (4, "order-3")] {
            queued(&store, order, "1", n).await;
        }
        // Room for two: those that wait take none of it.
        let claimed = fail_every_statement(&store, || Claim { sends: 2, ..claim_turns(30) }).await.0.unwrap();
        let mut went = sends(&claimed);
        went.sort();
        assert_eq!(went.len(), 2);
        let held = holder(&store, 2).await.unwrap();
        assert_eq!(went, [held, rf(4)]);
        for n in (1..=3).filter(|&n| rf(n) != held) {
            assert_eq!(stands(&store, n).await, (StateName::Queued, Some(waits_until(30))));
        }
        assert_eq!(holder(&store, 3).await, Some(rf(4)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn without_a_right_to_send_nobody_takes_the_turn() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        queued(&store, "order-2", "1", 1).await;
        assert_eq!(run_claim(&store, Claim { sends: 0, ..claim_turns(30) }).await, ClaimOutcome::default());
        assert_eq!((holder(&store, 2).await, stands(&store, 1).await.1), (None, Some(at(10))));
        // The turn is free, so a newer one that has a right goes first, and the older one is not forgotten.
        sent(&store, "order-2", "1", 2).await;
        assert_eq!(sends(&run_claim(&store, claim_turns(30)).await), []);
        hear(&store, 2, refused(), Via::Submit, 40).await;
        assert_eq!(sends(&run_claim(&store, claim_turns(40)).await), [rf(1)]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn two_that_cannot_leave_do_not_wake_each_other_without_a_pause() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        sent(&store, "order-2", "1", 1).await;
        queued(&store, "order-2", "1", 2).await;
        hear(&store, 1, not_sent(), Via::Submit, 20).await;
        assert_eq!(sends(&run_claim(&store, claim_turns(20)).await), [rf(2)], "it was never tried");
        hear(&store, 2, not_sent(), Via::Submit, 20).await;
        assert_eq!(run_claim(&store, claim_turns(20)).await, ClaimOutcome::default());
        let mut tries = 0;
        for second in 21..81 {
            for id in sends(&run_claim(&store, claim_turns(second)).await) {
                tries += 1;
                hear(&store, if id == rf(1) { 1 } else { 2 }, not_sent(), Via::Submit, second).await;
            }
        }
        assert!((4..=16).contains(&tries), "{tries} tries in a minute");
        // The PSP can be reached again: the other one goes at once.
        for _ in 0..2 {
            let second = 200;
            for id in sends(&run_claim(&store, claim_turns(second)).await) {
                hear(&store, if id == rf(1) { 1 } else { 2 }, done(None), Via::Submit, second).await;
            }
        }
        assert_eq!([stands(&store, 1).await.0, stands(&store, 2).await.0], [StateName::Succeeded; 2]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_fails_while_it_waits_passes_the_word_on() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        sent(&store, "order-2", "1", 1).await;
        for n in 2..=4 {
            queued(&store, "order-2", "1", n).await;
        }
        hear(&store, 1, done(None), Via::Submit, 20).await;
        assert_eq!(stands(&store, 3).await.1, Some(waits_until(10)), "the next one, not all");
        let late = || Claim { window: Some(Duration::from_secs(25)), ..claim_turns(30) };
        let outcome = fail_every_statement(&store, late).await.0.unwrap();
        assert_eq!((outcome.changed.len(), outcome.claimed.len()), (1, 0));
        assert_eq!((holder(&store, 2).await, stands(&store, 2).await), (None, (StateName::Failed, None)));
        assert_eq!(stands(&store, 3).await, (StateName::Queued, Some(at(30))));
        set_account(&store, "turns", AccountState::Revoked).await;
        run_claim(&store, claim_turns(30)).await;
        assert_eq!(stands(&store, 4).await, (StateName::Queued, Some(at(30))));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_fails_takes_nobodys_turn() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        sent(&store, "order-2", "1", 1).await;
        for n in 2..=3 {
            queued(&store, "order-2", "1", n).await;
        }
        hear(&store, 1, NO_ANSWER, Via::Submit, 20).await;
        // The second looks again by itself.
        let refresh = "UPDATE refunds SET due_at = $1 WHERE refund_id = $2";
        sql(
            &store,
            refresh,
            vec![crate::ops::fixtures::Cell::Int(at(30).as_micros()), bytes(rf(2).as_bytes())],
        )
        .await;
        let late = Claim { window: Some(Duration::from_secs(25)), ..claim_turns(30) };
        assert!(run_claim(&store, late).await.changed.iter().any(|refund| refund.id == rf(2)));
        assert_eq!(holder(&store, 2).await, Some(rf(1)));
        assert_eq!(stands(&store, 3).await.1, Some(waits_until(10)), "nobody is woken in vain");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn one_of_which_the_psp_tells_unsent_takes_the_turn_when_it_can() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        queued(&store, "order-2", "1", 1).await;
        queued(&store, "order-2", "1", 2).await;
        hear(&store, 1, pending(Some("p")), Via::Notification, 20).await;
        assert_eq!(holder(&store, 2).await, Some(rf(1)));
        audit(&store).await;
        assert_eq!(sends(&run_claim(&store, claim_turns(20)).await), []);
        hear(&store, 1, done(Some("p")), Via::Notification, 30).await;
        assert_eq!(sends(&run_claim(&store, claim_turns(30)).await), [rf(2)]);
        // Another one has it already: then it follows, before anybody else is sent.
        queued(&store, "order-2", "1", 3).await;
        queued(&store, "order-2", "1", 4).await;
        hear(&store, 3, pending(Some("q")), Via::Notification, 31).await;
        assert_eq!(holder(&store, 2).await, Some(rf(2)));
        hear(&store, 2, done(None), Via::Submit, 32).await;
        assert_eq!(holder(&store, 2).await, Some(rf(3)));
        assert_eq!(stands(&store, 4).await.1, Some(waits_until(10)));
        hear(&store, 3, done(Some("q")), Via::Notification, 33).await;
        assert_eq!((holder(&store, 2).await, stands(&store, 4).await.1), (None, Some(at(33))));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_accepted_before_its_psp_took_turns_takes_them_from_now_on() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        queued(&store, "order-2", "1", 1).await;
        queued(&store, "order-2", "1", 2).await;
        sql(&store, "UPDATE refunds SET takes_turns = 0", Vec::new()).await;
        let went = sends(&run_claim(&store, claim_turns(30)).await);
        assert_eq!((went.len(), holder(&store, 2).await), (1, went.first().copied()));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn other_psps_have_no_turn_and_no_statement_more() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        let permits = || Arc::new(Hand(Permits::new(9)));
        let both = async |order: &str, n| {
            let first = || Accept { permits: permits(), named: key(n, 1), ..accept(order, "1", n.into()) };
            let (made, accepts) = fail_every_statement(&store, first).await;
            new_one(made.unwrap());
            let end = || word(n.into(), done(None), Via::Submit, 20);
            (accepts, fail_every_statement(&store, end).await.1)
        };
        let (accepts, settles) = both("order-1", 1).await;
        assert_eq!(both("order-2", 2).await, (accepts, settles + 2), "an end passes the turn on");
        sent(&store, "order-1", "1", 3).await;
        sent(&store, "order-1", "1", 4).await;
        assert_eq!(holder(&store, 1).await, None);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_step_failed_anywhere_leaves_the_turn_where_it_was() {
    TestStores::each(async |store| {
        turn_world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        let permits = Permits::new(2);
        let make = |n| Accept {
            permits: Arc::new(Hand(Arc::clone(&permits))),
            announce: true,
            ..accept("order-2", "1", n)
        };
        for n in [1, 2] {
            new_one(fail_every_statement(&store, || make(n)).await.0.unwrap());
        }
        for (outcome, via) in [(NO_ANSWER, Via::Submit), (pending(None), Via::Query), (refused(), Via::Query)]
        {
            let second = 20 + i64::from(outcome == refused());
            let (settled, _) = fail_every_statement(&store, || word(1, outcome.clone(), via, second)).await;
            settled.unwrap().unwrap();
            audit(&store).await;
        }
        assert_eq!((holder(&store, 2).await, stands(&store, 2).await.1), (None, Some(at(21))));
        let (claimed, statements) = fail_every_statement(&store, || claim_turns(30)).await;
        assert_eq!(sends(&claimed.unwrap()), [rf(2)]);
        assert!(statements >= 6, "{statements}");
        let back = || word(2, not_sent(), Via::Submit, 31);
        fail_every_statement(&store, back).await.0.unwrap().unwrap();
        assert_eq!((holder(&store, 2).await, stands(&store, 2).await.0), (None, StateName::Queued));
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_claim_and_accept_at_once_one_of_a_payment_is_under_way() {
    const PAYMENTS: u32 = 6;
    const EACH: u32 = 4;
    TestStores::each(async |store: Store| {
        turn_world(&store).await;
        for n in 3..2 + PAYMENTS {
            pay(&store, n, "turns", 1000).await;
        }
        for n in 0..PAYMENTS * EACH {
            queued(&store, &format!("order-{}", 2 + n % PAYMENTS), "0.10", n).await;
        }
        let mut tasks = JoinSet::new();
        for process in 1..=4_u8 {
            let store = store.clone();
            tasks.spawn(async move {
                let holder = ProcessId::from_bytes([process; 16]);
                let claim = Claim { holder, sends: 7, ..claim_turns(30) };
                sends(&store.run(claim).await.expect("claimed")).len()
            });
        }
        for n in 0..PAYMENTS {
            let store = store.clone();
            tasks.spawn(async move {
                let permits = Arc::new(Hand(Permits::new(1)));
                let accept = accept(&format!("order-{}", 2 + n), "0.10", 100 + n);
                let made =
                    new_one(store.run(Accept { permits, now: at(30), ..accept }).await.expect("accepted"));
                usize::from(made.2.is_some())
            });
        }
        let mut under_way: usize = tasks.join_all().await.into_iter().sum();
        audit(&store).await;
        // Where somebody was in the way of a claim, the next one comes by.
        under_way += sends(&run_claim(&store, claim_turns(30)).await).len();
        assert_eq!(under_way, PAYMENTS as usize, "one each");
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_and_claims_at_once_lose_nobody() {
    const EACH: u32 = 5;
    TestStores::each(async |store: Store| {
        turn_world(&store).await;
        pay(&store, 3, "turns", 1000).await;
        for n in 0..2 * EACH {
            queued(&store, &format!("order-{}", 2 + n % 2), "0.10", n).await;
        }
        // Each process claims and settles what it claimed; nobody waits for the net of time.
        let mut tasks = JoinSet::new();
        for process in 1..=3_u8 {
            let store = store.clone();
            tasks.spawn(async move {
                let mut ended = 0;
                for round in 0..40 {
                    let holder = ProcessId::from_bytes([process; 16]);
                    let claim = Claim { holder, ..claim_turns(30) };
                    for claimed in store.run(claim).await.expect("claimed").claimed {
                        let n = (0..2 * EACH).find(|&n| rf(n) == claimed.refund.id).expect("one of them");
                        let word = word(n, done(None), Via::Submit, 30);
                        store.run(word).await.expect("settled").expect("a refund");
                        ended += 1;
                    }
                    if round % 8 == 7 {
                        tokio::task::yield_now().await;
                    }
                }
                ended
            });
        }
        let ended: u32 = tasks.join_all().await.into_iter().sum();
        audit(&store).await;
        let mut rest = 0;
        for _ in ended..2 * EACH {
            for claimed in run_claim(&store, claim_turns(30)).await.claimed {
                let n = (0..2 * EACH).find(|&n| rf(n) == claimed.refund.id).expect("one of them");
                hear(&store, n, done(None), Via::Submit, 30).await;
                rest += 1;
            }
        }
        assert_eq!(ended + rest, 2 * EACH, "each end made the next one due");
        assert_eq!([holder(&store, 2).await, holder(&store, 3).await], [None; 2]);
        audit(&store).await;
    })
    .await;
}
