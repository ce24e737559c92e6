//! What the engine promises beyond single outcomes.

use std::time::Duration;

use redress_core::settle::Verdict;
use redress_core::state::StateName;
use redress_engine::accept::{Made, Repeatable};
use redress_store::ops::settle::CloseRefund;
use redress_store::ops::write::Author;

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
async fn a_repeat_is_answered_with_the_refund_as_it_is() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 500_000).await;
    let keyed = |amount| {
        let mut ask = rig.ask(&order, amount);
        ask.repeat = Some(Repeatable::IdempotencyKey("k".into()));
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
    assert!(matches!(rig.engine.make_refund(keyed("1000")).await.unwrap(), Made::KeyReused));
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
