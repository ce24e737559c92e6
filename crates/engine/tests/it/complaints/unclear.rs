//! Outcomes that nobody knows yet, and those that come late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use redress_core::case::CaseKind;
use redress_core::event::EventKind;
use redress_core::settle::Verdict;
use redress_core::state::{RefundState, StateName};
use redress_engine::accept::Made;
use redress_store::{Fault, Faults};

use super::{SECOND, left, states};
use crate::rig::Rig;

#[tokio::test]
async fn complaint_02_after_a_timeout_the_same_key_is_sent_and_the_customer_paid_once() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    rig.script(&order, &["timeout_after_effect"]).await;
    let refund = rig.refund(&order, "60").await;
    rig.pass(SECOND * 30).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    let effects = rig.ledger().await;
    assert_eq!(effects.len(), 1);
    assert_eq!(effects[0].key, refund.id.psp_key(), "the key is the refund's, not the try's");
}

#[tokio::test]
async fn complaint_03_time_alone_ends_nothing_and_a_person_is_called() {
    let rig = Rig::new().await;
    // Neither repeatable nor to be looked up: nobody can know.
    let order = rig.payment("stcpay", 1, 10_000).await;
    rig.script(&order, &["timeout_after_effect"]).await;
    rig.refund(&order, "60").await;
    rig.pass(SECOND * 60 * 10).await;
    assert_eq!(states(&rig, &order).await, [StateName::Unknown]);
    assert_eq!(left(&rig, &order).await, 4_000, "it stays reserved");
    let cases = rig.open_cases().await;
    assert_eq!(cases.iter().map(|case| case.kind).collect::<Vec<_>>(), [CaseKind::Unresolved]);
    // And it blocks nothing for ever: a person who looked ends it.
    let refund = cases[0].refund.unwrap();
    rig.engine
        .close_refund(rig.merchant, refund, Verdict::Succeeded, "the finance desk", "it stands in the portal")
        .await
        .unwrap();
    assert_eq!(states(&rig, &order).await, [StateName::Succeeded]);
}

#[tokio::test]
async fn complaint_04_not_sent_refused_unclear_and_taken_are_told_apart() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    // What provably never left is sent freely.
    rig.psp_away(true);
    let unsent = rig.refund(&order, "10").await;
    rig.pass(SECOND).await;
    assert_eq!(rig.now_stands(&unsent).await.state.name(), StateName::Queued);
    rig.psp_away(false);
    rig.pass(SECOND * 20).await;
    assert_eq!(rig.now_stands(&unsent).await.state.name(), StateName::Succeeded);
    for (step, word) in [
        ("refuse", StateName::Failed),
        ("error500_before_effect", StateName::Unknown),
        ("pend", StateName::Pending),
    ] {
        rig.script(&order, &[step]).await;
        let refund = rig.refund(&order, "20").await;
        rig.pass(SECOND / 2).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), word, "{step}");
    }
}

#[tokio::test]
async fn complaint_05_the_refund_is_on_disk_before_the_provider_hears_of_it() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    rig.psp_away(true);
    let Made::New(refund, payment) = rig.engine.make_refund(rig.ask(&order, "10")).await.unwrap() else {
        panic!()
    };
    assert_eq!(payment.balance.remaining(), 499_000, "the intent is kept and the sum reserved");
    assert!(rig.ledger().await.is_empty(), "and nothing was sent");
    assert_eq!(rig.now_stands(&refund).await.id, refund.id);
}

/// So many times, what records a provider's word fails in its middle and is rolled back.
struct RollsBack(AtomicU32);

impl Faults for RollsBack {
    fn next(&self, operation: &'static str) -> Fault {
        let is_due = operation == "settle_refund"
            && self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_due { Fault::FailStatement(2) } else { Fault::None }
    }
}

#[tokio::test]
async fn complaint_05_what_the_provider_did_outlives_a_transaction_that_is_rolled_back() {
    for times in [1, 3] {
        let rig = Rig::with_faults(Arc::new(RollsBack(AtomicU32::new(times)))).await;
        // MoMo tells nobody by itself: what its answer said is all that there is, until somebody asks.
        let order = rig.payment("momo", 1, 500_000).await;
        let refund = rig.refund(&order, "200000").await;
        rig.pass(SECOND / 2).await;
        assert_eq!(rig.ledger().await.len(), 1, "the provider did it");
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Submitting, "it was rolled back");
        assert_eq!(left(&rig, &order).await, 300_000, "the intent is on record, and its sum reserved");
        rig.pass(SECOND * 30).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{times}");
        assert_eq!((rig.ledger().await.len(), left(&rig, &order).await), (1, 300_000), "done once");
    }
}

#[tokio::test]
async fn complaint_08_a_success_that_fails_later_is_seen_and_frees_the_money() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    rig.script(&order, &["succeed_then_fail"]).await;
    let refund = rig.refund(&order, "60").await;
    rig.pass(SECOND * 30).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Reversed);
    assert_eq!(left(&rig, &order).await, 10_000);
    let kinds: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::Reversed]);
}

#[tokio::test]
async fn complaint_09_a_refund_that_waits_at_the_provider_is_neither_done_nor_sent_again() {
    for (psp, step, words) in [("stripe", "pend_for_funds", "insufficient_funds"), ("momo", "pend", "7002")] {
        let rig = Rig::new().await;
        let order = rig.payment(psp, 1, 500_000).await;
        rig.script(&order, &[step]).await;
        let refund = rig.refund(&order, "1000").await;
        let reserved = left(&rig, &order).await;
        rig.pass(SECOND * 60).await;
        let stands = rig.now_stands(&refund).await;
        assert_eq!(stands.state.name(), StateName::Pending, "{psp}");
        let note = stands.psp_note.unwrap_or_default();
        assert!(note.contains(words), "the provider's own words are shown, {psp}: {note}");
        assert_eq!(
            (left(&rig, &order).await, reserved < 500_000),
            (reserved, true),
            "it stays reserved, {psp}"
        );
        assert_eq!(rig.ledger().await.len(), 1, "{psp}");
    }
}

#[tokio::test]
async fn complaint_10_an_end_that_no_event_tells_is_asked_for() {
    let rig = Rig::new().await;
    // MoMo notifies of no refund.
    let order = rig.payment("momo", 1, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "1000").await;
    rig.pass(SECOND * 3).await;
    let finish = serde_json::json!({"psp": "momo", "refund": refund.id.psp_key(), "state": "succeeded"});
    rig.control("finish", &finish).await;
    rig.pass(SECOND * 30).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
}

#[tokio::test]
async fn complaint_11_nothing_is_called_done_before_the_provider_said_so() {
    let rig = Rig::new().await;
    let order = rig.payment("adyen", 1, 10_000).await;
    rig.script(&order, &["refuse"]).await;
    let refund = rig.refund(&order, "60").await;
    assert_ne!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    rig.pass(SECOND * 30).await;
    // Adyen took the request, and refuses the refund in a notification.
    let stands = rig.now_stands(&refund).await;
    assert!(matches!(&stands.state, RefundState::Failed(why) if !why.text.is_empty()), "{stands:?}");
    let (events, _) = rig.engine.timeline(&stands).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert!(!kinds.contains(&EventKind::Succeeded), "{kinds:?}");
}
