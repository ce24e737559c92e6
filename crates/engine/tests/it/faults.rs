//! Every scripted fault of the sandbox ends in the right state, with one effect at most.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::state::StateName;

use crate::rig::{Effect, Rig};

const LONG: Duration = Duration::from_secs(60);

struct Expected {
    step: &'static str,
    ends: StateName,
    effects: &'static [&'static str],
    cases: &'static [CaseKind],
    remaining_minor: i64,
}

const fn expect(step: &'static str, ends: StateName, effects: &'static [&'static str]) -> Expected {
    let remaining_minor = match ends {
        StateName::Failed | StateName::Reversed => 500_000,
        _ => 300_000,
    };
    Expected { step, ends, effects, cases: &[], remaining_minor }
}

async fn plays_out(psp: &str, expected: &Expected) {
    let step = expected.step;
    let rig = Rig::new().await;
    let amount = if psp == "momo" { "200000" } else { "2000.00" };
    let order = rig.payment(psp, 1, 500_000).await;
    rig.script(&order, &[step]).await;
    let refund = rig.refund(&order, amount).await;
    rig.pass(LONG).await;
    let stands = rig.now_stands(&refund).await;
    assert_eq!(stands.state.name(), expected.ends, "{psp} {step}: {stands:#?}");
    let ledger = rig.ledger().await;
    let states: Vec<_> = ledger.iter().map(|effect| effect.state.as_str()).collect();
    assert_eq!(states, expected.effects, "{psp} {step}");
    for Effect { key, amount_minor, .. } in &ledger {
        assert_eq!((key.as_str(), *amount_minor), (refund.id.psp_key().as_str(), 200_000), "{psp} {step}");
    }
    let cases: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind).collect();
    assert_eq!(cases, expected.cases, "{psp} {step}");
    let order = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
    assert_eq!(order.payment.balance.remaining(), expected.remaining_minor, "{psp} {step}");
}

#[tokio::test]
async fn momo_plays_out() {
    use StateName::{Failed, Succeeded};
    for expected in [
        expect("succeed", Succeeded, &["succeeded"]),
        expect("refuse", Failed, &[]),
        expect("timeout_before_effect", Succeeded, &["succeeded"]),
        expect("timeout_after_effect", Succeeded, &["succeeded"]),
        // After our timeout, and after our first look-ups and our re-send.
        expect("effect_after:2000", Succeeded, &["succeeded"]),
        expect("effect_after:15000", Succeeded, &["succeeded"]),
        expect("error500_before_effect", Succeeded, &["succeeded"]),
        expect("error500_after_effect", Succeeded, &["succeeded"]),
        expect("reset_after_effect", Succeeded, &["succeeded"]),
        expect("garbage", Succeeded, &["succeeded"]),
        expect("slow:1000", Succeeded, &["succeeded"]),
        expect("slow:5000", Succeeded, &["succeeded"]),
        expect("pend", StateName::Pending, &["pending"]),
    ] {
        plays_out("momo", &expected).await;
    }
}

#[tokio::test]
async fn a_refused_re_send_is_looked_up_and_holds_up_nobody() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 500_000).await;
    let other = rig.payment("momo", 2, 500_000).await;
    rig.script(&order, &["timeout_before_effect", "refuse"]).await;
    let refund = rig.refund(&order, "200000").await;
    rig.pass(LONG).await;
    let quick = rig.refund(&other, "1000").await;
    rig.pass(LONG).await;
    // The PSP's own record of the refusal decides.
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed);
    assert_eq!(rig.now_stands(&quick).await.state.name(), StateName::Succeeded);
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn tap_plays_out() {
    use StateName::{Failed, Reversed, Succeeded, Unknown};
    let waits = |step| Expected { cases: &[CaseKind::Unresolved], ..expect(step, Unknown, &[]) };
    for expected in [
        expect("succeed", Succeeded, &["succeeded"]),
        expect("refuse", Failed, &[]),
        // No idempotency that is relied on, and no bound: it is never sent again, and waits for a person.
        waits("timeout_before_effect"),
        waits("error500_before_effect"),
        expect("timeout_after_effect", Succeeded, &["succeeded"]),
        expect("effect_after:2000", Succeeded, &["succeeded"]),
        // After the person was called; the look-ups go on and find it, and the case closes.
        expect("effect_after:45000", Succeeded, &["succeeded"]),
        expect("error500_after_effect", Succeeded, &["succeeded"]),
        expect("reset_after_effect", Succeeded, &["succeeded"]),
        expect("garbage", Succeeded, &["succeeded"]),
        expect("slow:1000", Succeeded, &["succeeded"]),
        expect("slow:5000", Succeeded, &["succeeded"]),
        expect("pend", StateName::Pending, &["pending"]),
        expect("duplicate_notification", Succeeded, &["succeeded"]),
        expect("notify_before_answer", Succeeded, &["succeeded"]),
        Expected { cases: &[CaseKind::Reversed], ..expect("succeed_then_fail", Reversed, &["failed"]) },
    ] {
        plays_out("tap", &expected).await;
    }
}
