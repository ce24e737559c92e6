//! What the engine promises beyond single outcomes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::settle::Verdict;
use redress_core::state::StateName;
use redress_engine::accept::{Made, Reused};
use redress_engine::feed::{FeedKinds, ReadFeed};
use redress_engine::permits::FAILURES_IN_A_ROW_MAX;
use redress_engine::psp_notification::Taken;
use redress_store::ops::cases::{Blocked, CloseCase};
use redress_store::ops::settle::CloseRefund;
use redress_store::ops::write::Author;
use redress_store::{Fault, Faults, StoreError};

use crate::rig::Rig;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_slow_psp_delays_nobody_else() {
    let rig = Rig::new().await;
    let slow = rig.payment("tap", 1, 500_000).await;
    let quick = rig.payment("momo", 2, 500_000).await;
    rig.script(&slow, &["slow:2900"; 9]).await;
    for _ in 0..9 {
        rig.refund(&slow, "10").await;
    }
    let refund = rig.refund(&quick, "1000").await;
    rig.pass(SECOND / 10).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    let order = rig.engine.order(rig.merchant, None, &slow).await.unwrap().unwrap();
    let in_state = |state| order.refunds.iter().filter(|refund| refund.state.name() == state).count();
    assert_eq!(in_state(StateName::Submitting), 4, "no more than the account's permits are out");
    assert_eq!(in_state(StateName::Queued), 5);
    rig.pass(SECOND * 20).await;
    let order = rig.engine.order(rig.merchant, None, &slow).await.unwrap().unwrap();
    assert!(order.refunds.iter().all(|refund| refund.state.name() == StateName::Succeeded));
    assert_eq!(rig.ledger().await.len(), 10);
}

#[tokio::test]
async fn a_wait_ends_with_the_word_or_the_time() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 500_000).await;
    let refund = rig.refund(&order, "1000").await;
    let stands = rig.engine.wait_for_word(&refund, SECOND).await.unwrap();
    assert_eq!(stands.state.name(), StateName::Succeeded);
    rig.script(&order, &["slow:2500"]).await;
    let refund = rig.refund(&order, "1000").await;
    let engine = rig.engine.clone();
    let waited = refund.clone();
    let wait = async move { engine.wait_for_word(&waited, SECOND).await.unwrap() };
    let (stands, ()) = tokio::join!(wait, rig.pass(SECOND * 2));
    assert_eq!(stands.state.name(), StateName::Submitting, "the caller's time is up");
    rig.pass(SECOND * 2).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "the exchange went on");
}

#[tokio::test]
async fn nobody_is_kept_waiting_where_the_process_ends() {
    let long = SECOND * 10;
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "1000").await;
    rig.pass(SECOND).await;
    let (environment, kinds) = (Environment::Sandbox, FeedKinds::ALL);
    let after = rig.engine.feed_end(rig.merchant, environment).await.unwrap();
    let read = ReadFeed { merchant: rig.merchant, environment, after, kinds, limit: 10 };
    let (engine, from) = (rig.engine.clone(), rig.engine.now());
    let waits = async {
        let seen = engine.wait_for_end(&refund, long).await.unwrap();
        let unmoved = engine.wait_for_move(&seen, long).await.unwrap();
        let page = engine.events(read, long).await.unwrap();
        (unmoved.state.name(), page.events.len(), page.next)
    };
    let timed = async { (waits.await, engine.now().since(from)) };
    let ends = async {
        engine.end_waits();
        rig.pass(long * 4).await;
    };
    let ((stands, waited), ()) = tokio::join!(timed, ends);
    assert_eq!(stands, (StateName::Pending, 0, after), "how it stands, and where to read on");
    assert!(waited < long, "{waited:?}");
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_refund_as_it_is() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 500_000).await;
    let keyed = |amount| {
        let mut ask = rig.ask(&order, amount);
        ask.idempotency_key = Some("k".into());
        ask
    };
    let Made::New(first, _) = rig.engine.make_refund(keyed("full")).await.unwrap() else { panic!() };
    rig.pass(SECOND).await;
    match rig.engine.make_refund(keyed("full")).await.unwrap() {
        Made::Repeat(again, payment) => {
            assert_eq!((again.id, again.state.name()), (first.id, StateName::Succeeded));
            assert_eq!(payment.balance.remaining(), 0);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        rig.engine.make_refund(keyed("1000")).await.unwrap(),
        Made::KeyReused(Reused::IdempotencyKey)
    ));
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn late_success_of_a_closed_refund_blocks_the_payment() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["effect_after:40000"]).await;
    let refund = rig.refund(&order, "2000").await;
    rig.pass(SECOND * 30).await;
    let author = Author { name: "ann".into(), reason: "the provider's desk says it never arrived".into() };
    let close = CloseRefund {
        merchant: rig.merchant,
        refund: refund.id,
        verdict: Verdict::Failed,
        author,
        now: rig.engine.now(),
    };
    rig.store.run(close).await.unwrap();
    let free = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
    assert_eq!(free.payment.balance.remaining(), 500_000);
    // The effect comes after all, and the PSP tells.
    rig.pass(SECOND * 30).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed, "the table is not bent");
    let cases = rig.open_cases().await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("late_success", 200_000));
    let blocked = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
    assert_eq!(blocked.payment.balance.remaining(), 300_000);
}

#[tokio::test]
async fn a_refund_that_nobody_asked_for_blocks_its_payment_until_a_person_looked() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.refund_at_tap(&order, 1200, "made in the dashboard").await;
    rig.pass(SECOND * 5).await;
    let cases = rig.open_cases().await;
    assert_eq!(cases.len(), 1, "notified twice, kept once: {cases:?}");
    assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("foreign_refund", 120_000));
    let stands = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
    assert_eq!((stands.refunds.len(), stands.payment.balance.remaining()), (0, 380_000));
}

#[tokio::test]
async fn a_notification_of_another_sum_is_never_applied() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "2000").await;
    rig.pass(SECOND).await;
    // The PSP's own signature, under our reference, with a sum that is not ours.
    rig.refund_at_tap(&order, 700, &refund.id.psp_key()).await;
    rig.pass(SECOND * 5).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending);
    let kinds: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind.as_str()).collect();
    assert_eq!(kinds, ["quarantined"]);
}

#[tokio::test]
async fn a_notification_that_does_not_prove_itself_changes_nothing() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "2000").await;
    rig.pass(SECOND).await;
    let stands = rig.now_stands(&refund).await;
    let body = format!(
        r#"{{"id":"{}","object":"refund","status":"REFUNDED","amount":2000.00,"currency":"SAR","created":"1","charge_id":"{}","reference":{{"merchant":"{}"}}}}"#,
        stands.psp_refund_id.as_deref().unwrap(),
        "chg_TS00001",
        refund.id.psp_key()
    );
    let forged = "0".repeat(64);
    assert_eq!(rig.notify("tap", &[], &body).await, Taken::BadSignature);
    assert_eq!(rig.notify("tap", &[("hashstring", &forged)], &body).await, Taken::BadSignature);
    assert_eq!(rig.notify("tap", &[("hashstring", &forged)], "rubbish").await, Taken::NotUnderstood);
    rig.pass(SECOND * 3).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending);
    assert!(rig.open_cases().await.is_empty());
}

#[tokio::test]
async fn a_second_effect_under_our_reference_blocks_the_payment() {
    for pend in [false, true] {
        let rig = Rig::new().await;
        let order = rig.payment("tap", 1, 500_000).await;
        rig.script(&order, &[if pend { "pend" } else { "succeed" }, "succeed"]).await;
        let refund = rig.refund(&order, "1000").await;
        rig.pass(SECOND * 3).await;
        // Somebody sends the same again, to a PSP that makes a second refund of it.
        rig.refund_at_tap(&order, 1000, &refund.id.psp_key()).await;
        rig.pass(SECOND * 5).await;
        let ends = if pend { StateName::Pending } else { StateName::Succeeded };
        assert_eq!(rig.now_stands(&refund).await.state.name(), ends);
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("foreign_refund", 100_000));
        let stands = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
        assert_eq!(stands.payment.balance.remaining(), 300_000);
    }
}

#[tokio::test]
async fn that_a_second_effect_failed_which_a_person_had_booked_as_gone_is_not_passed_over() {
    let (gone, failed) = (("foreign_refund", 100_000), ("foreign_refund", 0));
    let decisions = [
        (Some(Blocked::Refunded), vec![failed], 200_000),
        (Some(Blocked::Released), vec![], 100_000),
        // They have yet to look, and would book what they read.
        (None, vec![gone, failed], 100_000),
    ];
    for (decision, expected, refunded) in decisions {
        let rig = Rig::new().await;
        let order = rig.payment("tap", 1, 500_000).await;
        rig.script(&order, &["succeed", "succeed_then_fail"]).await;
        let refund = rig.refund(&order, "1000").await;
        rig.pass(SECOND * 3).await;
        rig.refund_at_tap(&order, 1000, &refund.id.psp_key()).await;
        rig.pass(SECOND / 2).await;
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("foreign_refund", 100_000));
        if let Some(blocked) = decision {
            let close = CloseCase {
                merchant: rig.merchant,
                case: cases[0].id,
                author: "Mai".to_owned(),
                reason: "it stands in the PSP's list".to_owned(),
                blocked,
                now: rig.engine.now(),
            };
            rig.store.run(close).await.unwrap();
        }
        rig.pass(SECOND * 5).await;
        let cases = rig.open_cases().await;
        let kinds: Vec<_> = cases.iter().map(|case| (case.kind.as_str(), case.blocked)).collect();
        assert_eq!(kinds, expected, "{cases:?}");
        let mut failed = cases.iter().filter(|case| case.blocked == 0);
        assert!(failed.all(|case| case.text.contains("still counts as refunded")), "{cases:?}");
        let stands = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
        assert_eq!(stands.payment.balance.refunded, refunded);
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    }
}

#[tokio::test]
async fn a_busy_account_does_not_keep_the_loop_running() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["slow:2900"; 9]).await;
    for _ in 0..9 {
        rig.refund(&order, "10").await;
    }
    let before = rig.store.stats().commits;
    let stop = std::future::pending();
    let work = rig.engine.work_refunds(stop);
    // The time stands still: whatever is due and cannot be taken must wait, not turn the loop.
    tokio::select! {
        biased;
        () = work => panic!("nobody stopped it"),
        () = async { for _ in 0..50 { rig.settle_down().await; } } => {}
    }
    let turns = rig.store.stats().commits - before;
    assert!(turns < 20, "{turns} commits while nothing could be done");
}

#[tokio::test]
async fn a_reversal_that_cannot_be_confirmed_is_put_before_a_person() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.script(&order, &["succeed_then_fail"]).await;
    let refund = rig.refund(&order, "2000").await;
    rig.pass(SECOND / 2).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    // The PSP takes it back and tells, and is away when it is asked.
    rig.psp_away(true);
    rig.pass(SECOND * 20).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "nothing is proved");
    let cases = rig.open_cases().await;
    assert_eq!(cases.len(), 1, "told three times, kept once: {cases:?}");
    assert_eq!((cases[0].kind.as_str(), cases[0].refund), ("quarantined", Some(refund.id)));
    assert_eq!(cases[0].blocked, 0, "no money is gone");
}

#[tokio::test]
async fn that_money_which_had_left_came_back_is_put_before_a_person_also_where_it_cannot_be_confirmed() {
    for is_booked in [true, false] {
        let rig = Rig::new().await;
        let order = rig.payment("tap", 1, 500_000).await;
        rig.script(&order, &["succeed_then_fail"]).await;
        let refund = rig.refund(&order, "2000").await;
        rig.pass(SECOND / 10).await;
        let (by, why) = ("ann", "the provider's desk says it never arrived");
        rig.engine.close_refund(rig.merchant, refund.id, Verdict::Failed, by, why).await.unwrap();
        rig.pass(SECOND / 2).await;
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("late_success", 200_000));
        if is_booked {
            let (author, reason, now) = (by.to_owned(), "it is gone".to_owned(), rig.engine.now());
            let (merchant, case, blocked) = (rig.merchant, cases[0].id, Blocked::Refunded);
            rig.store.run(CloseCase { merchant, case, author, reason, blocked, now }).await.unwrap();
        }
        // The PSP takes it back and tells, and is away when it is asked.
        rig.psp_away(true);
        rig.pass(SECOND * 20).await;
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), if is_booked { 1 } else { 2 }, "{cases:?}");
        let told = cases.last().unwrap();
        assert_eq!((told.kind.as_str(), told.refund, told.blocked), ("quarantined", Some(refund.id), 0));
        assert!(told.text.contains("still counts as refunded"), "{cases:?}");
        let balance = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap().payment.balance;
        let gone = (balance.refunded, balance.blocked);
        assert_eq!(gone, if is_booked { (200_000, 0) } else { (0, 200_000) }, "nothing is proved");
    }
}

#[tokio::test]
async fn what_could_not_be_asked_about_is_told_again_and_not_forgotten() {
    // There is no room to ask, or the PSP cannot be reached, just when it tells of both refunds.
    for failures in [FAILURES_IN_A_ROW_MAX, 0] {
        let rig = Rig::new().await;
        let order = rig.payment("tap", 1, 500_000).await;
        let other = rig.payment("tap", 2, 500_000).await;
        rig.script(&order, &["timeout_after_effect", "succeed"]).await;
        let refund = rig.refund(&order, "1000").await;
        rig.settle_down().await;
        // Something on the way sends it again, to a PSP that makes a second refund of it.
        rig.refund_at_tap(&order, 1000, &refund.id.psp_key()).await;
        rig.psp_away(true);
        // After so many the account is left alone for a while.
        for _ in 0..failures {
            rig.refund(&other, "10").await;
            rig.settle_down().await;
        }
        if failures == 0 {
            rig.pass(SECOND).await;
        }
        rig.psp_away(false);
        rig.pass(SECOND * 20).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!((cases[0].kind.as_str(), cases[0].blocked), ("foreign_refund", 100_000));
    }
}

/// Loses the answer to the first refund that is accepted.
struct LosesFirst(AtomicBool);

impl Faults for LosesFirst {
    fn next(&self, operation: &'static str) -> Fault {
        let loses = operation == "accept_refund" && self.0.swap(false, SeqCst);
        if loses { Fault::LoseAnswer } else { Fault::None }
    }
}

#[tokio::test]
async fn a_refund_whose_commit_was_not_answered_is_sent_and_calls_nobody() {
    // Tap neither knows a key nor proves absence: once taken for sent, nobody could say that it was not.
    for psp in ["momo", "tap"] {
        let rig = Rig::with_faults(Arc::new(LosesFirst(AtomicBool::new(true)))).await;
        let order = rig.payment(psp, 1, 500_000).await;
        let amount = if psp == "momo" { "200000" } else { "2000.00" };
        let mut ask = rig.ask(&order, amount);
        ask.idempotency_key = Some("k-1".into());
        let Made::New(refund, _) = rig.engine.make_refund(ask.clone()).await.unwrap() else {
            panic!("it was kept, and whoever has no key must learn of it")
        };
        let Made::Repeat(again, _) = rig.engine.make_refund(ask).await.unwrap() else {
            panic!("it was kept")
        };
        assert_eq!(again.id, refund.id);
        // Less than its lease.
        rig.pass(Duration::from_secs(6)).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{psp}");
        assert_eq!(rig.ledger().await.len(), 1, "{psp}");
        assert!(rig.open_cases().await.is_empty(), "{psp}");
    }
}

/// Keeps nothing of the first refund that is accepted and cannot say so, and counts who looks for it.
struct ForgetsFirst {
    forgets: AtomicBool,
    looks: AtomicUsize,
}

impl Faults for ForgetsFirst {
    fn next(&self, operation: &'static str) -> Fault {
        if operation == "accept_refund" && self.forgets.swap(false, SeqCst) {
            return Fault::Refuse(StoreError::Unavailable {
                reason: "disk full".into(),
                maybe_committed: true,
            });
        }
        Fault::None
    }

    fn next_read(&self, query: &'static str) -> Option<StoreError> {
        if query == "load_refund" {
            self.looks.fetch_add(1, SeqCst);
        }
        None
    }
}

#[tokio::test]
async fn a_refund_that_a_full_disk_did_not_keep_is_looked_for_once() {
    let faults = Arc::new(ForgetsFirst { forgets: AtomicBool::new(true), looks: AtomicUsize::new(0) });
    let rig = Rig::with_faults(Arc::clone(&faults) as Arc<dyn Faults>).await;
    let order = rig.payment("tap", 1, 500_000).await;
    assert!(rig.engine.make_refund(rig.ask(&order, "2000.00")).await.is_err());
    // Less than its lease: what is not there once the commit failed is not waited for, by an orderly end either.
    rig.pass(Duration::from_secs(6)).await;
    assert_eq!(faults.looks.load(SeqCst), 1);
    let again = rig.refund(&order, "2000.00").await;
    rig.pass(SECOND * 2).await;
    assert_eq!(rig.now_stands(&again).await.state.name(), StateName::Succeeded);
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn refunds_wait_for_one_another_where_nobody_could_tell_two_apart() {
    let rig = Rig::new().await;
    let order = rig.payment("stcpay", 1, 500_000).await;
    rig.script(&order, &["slow:2000", "timeout_after_effect"]).await;
    let first = rig.refund(&order, "1000").await;
    let second = rig.refund(&order, "500").await;
    let third = rig.refund(&order, "250").await;
    rig.pass(SECOND).await;
    let states = async || {
        let mut states = Vec::new();
        for refund in [&first, &second, &third] {
            states.push(rig.now_stands(refund).await.state.name());
        }
        states
    };
    use StateName::{Queued, Submitting, Succeeded, Unknown};
    assert_eq!(states().await, [Submitting, Queued, Queued]);
    rig.pass(SECOND * 60).await;
    // What became of the second is unclear, so the third stays where it is until a person has said it.
    assert_eq!(states().await, [Succeeded, Unknown, Queued]);
    assert_eq!(rig.ledger().await.len(), 2);
    let closed = rig
        .engine
        .close_refund(
            rig.merchant,
            second.id,
            Verdict::Succeeded,
            "an operator",
            "it stands in stc pay's portal",
        )
        .await;
    closed.unwrap();
    rig.pass(SECOND * 10).await;
    assert_eq!(states().await, [Succeeded, Succeeded, Succeeded]);
    let sums: Vec<i64> = rig.ledger().await.iter().map(|effect| effect.amount_minor).collect();
    assert_eq!(sums, [100_000, 50_000, 25_000]);
}
