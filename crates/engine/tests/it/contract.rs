//! The contract that every connector keeps against the PSP that the sandbox plays: the same story of outcomes, every fault
//! of the sandbox included, ends in the state that its recipe allows, with one effect at most.
//!
//! What is expected follows from the recipe alone: whoever can be asked finds what was done; whoever takes a key twice
//! as one request is asked again by it; what can be learned in neither way waits for a person.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::recipe::{Lookup, Recipe, Resend};
use redress_core::state::{RefundState, StateName};
use redress_psp::registry;
use serde_json::json;

use crate::psps::{self, Psp};
use crate::rig::Rig;

const SHORT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(60);
/// After so long an accepted refund without an end is put before a person.
const OVERDUE: Duration = Duration::from_secs(120);

/// What can be given back of a payment, in minor units.
async fn left(rig: &Rig, order: &str) -> i64 {
    rig.engine.order(rig.merchant, None, order).await.unwrap().unwrap().payment.balance.remaining()
}

async fn open_kinds(rig: &Rig) -> Vec<CaseKind> {
    rig.open_cases().await.iter().map(|case| case.kind).collect()
}

/// What a fault hides from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    /// Nothing: an answer comes.
    Nothing,
    /// That it was done.
    Done,
    /// That it was not done.
    NotDone,
}

/// The steps of the sandbox's scripts that every PSP has, and what each hides.
const STEPS: [(&str, Hidden); 11] = [
    ("succeed", Hidden::Nothing),
    ("slow:1000", Hidden::Nothing),
    ("timeout_before_effect", Hidden::NotDone),
    ("error500_before_effect", Hidden::NotDone),
    ("timeout_after_effect", Hidden::Done),
    ("error500_after_effect", Hidden::Done),
    ("reset_after_effect", Hidden::Done),
    ("garbage", Hidden::Done),
    ("slow:5000", Hidden::Done),
    // After our timeout, and after our first look-ups and our re-send.
    ("effect_after:2000", Hidden::Done),
    ("effect_after:15000", Hidden::Done),
];

/// The other steps, which not every PSP has or which are no faults: each has a test of its own here, the wait for funds in
/// `waits.rs`.
const OTHER_STEPS: [&str; 8] = [
    "refuse",
    "refuse_for_now",
    "pend",
    "pend_for_funds",
    "duplicate_notification",
    "notify_before_answer",
    "succeed_then_fail",
    "succeed_then_reverse",
];

/// The end that the recipe allows.
fn end(recipe: &Recipe, notifies: bool, hidden: Hidden) -> StateName {
    let asked = recipe.lookup != Lookup::None;
    let sent_again = matches!(recipe.resend, Resend::SameKey { .. });
    match hidden {
        Hidden::Nothing => StateName::Succeeded,
        Hidden::Done if asked || sent_again || notifies => StateName::Succeeded,
        Hidden::NotDone if sent_again => StateName::Succeeded,
        Hidden::Done | Hidden::NotDone => StateName::Unknown,
    }
}

async fn plays_out(psp: &Psp, step: &str, hidden: Hidden) {
    let what = format!("{} {step}", psp.name);
    let connector = registry::by_name(psp.name).expect("a connector");
    let expected = end(connector.recipe(), psp.notifies, hidden);
    let rig = Rig::new().await;
    let order = rig.payment(psp.name, 1, 500_000).await;
    rig.script(&order, &[step]).await;
    let refund = rig.refund(&order, psp.part).await;
    rig.pass(LONG).await;
    let stands = rig.now_stands(&refund).await;
    assert_eq!(stands.state.name(), expected, "{what}: {stands:#?}");
    let ledger = rig.ledger().await;
    let done = hidden != Hidden::NotDone || expected == StateName::Succeeded;
    assert_eq!(ledger.len(), usize::from(done), "{what}: {ledger:?}");
    for effect in &ledger {
        assert_eq!((effect.amount_minor, effect.state.as_str()), (200_000, "succeeded"), "{what}");
        if psp.knows_our_key {
            assert_eq!(effect.key, refund.id.psp_key(), "{what}");
        }
    }
    let cases: Vec<CaseKind> = rig.open_cases().await.iter().map(|case| case.kind).collect();
    let waits = expected == StateName::Unknown;
    assert_eq!(cases, if waits { vec![CaseKind::Unresolved] } else { Vec::new() }, "{what}");
    let order = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
    assert_eq!(order.payment.balance.remaining(), 300_000, "{what}: released only on proof");
}

#[tokio::test]
async fn every_connector_ends_every_fault_as_its_recipe_allows() {
    for psp in psps::ALL {
        for (step, hidden) in STEPS {
            plays_out(psp, step, hidden).await;
        }
    }
}

#[tokio::test]
async fn every_connector_takes_a_refusal_as_one_and_frees_the_money() {
    for psp in psps::ALL {
        let rig = Rig::new().await;
        let order = rig.payment(psp.name, 1, 500_000).await;
        rig.script(&order, &["refuse"]).await;
        let refund = rig.refund(&order, psp.part).await;
        rig.pass(LONG).await;
        let stands = rig.now_stands(&refund).await;
        assert_eq!(stands.state.name(), StateName::Failed, "{}: {stands:#?}", psp.name);
        let effects = rig.ledger().await;
        assert!(effects.iter().all(|effect| effect.state == "failed"), "{}: {effects:?}", psp.name);
        let order = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
        assert_eq!(order.payment.balance.remaining(), 500_000, "{}", psp.name);
    }
}

#[tokio::test]
async fn every_connector_that_can_refuse_for_now_says_when_a_new_refund_is_worth_trying() {
    for psp in psps::ALL.iter().filter(|psp| psp.refuses_for_now) {
        let rig = Rig::new().await;
        let order = rig.payment(psp.name, 1, 500_000).await;
        rig.script(&order, &["refuse_for_now"]).await;
        let refund = rig.refund(&order, psp.part).await;
        rig.pass(SHORT).await;
        let refused = rig.now_stands(&refund).await;
        let RefundState::Failed(failure) = &refused.state else { panic!("{}: {refused:#?}", psp.name) };
        let again_at = failure.again_at.unwrap_or_else(|| panic!("{}: {failure:?}", psp.name));
        assert!(refused.finished_at.is_some_and(|end| end < again_at), "{}: {refused:#?}", psp.name);
        let effects = rig.ledger().await;
        assert!(effects.iter().all(|effect| effect.state == "failed"), "{}: {effects:?}", psp.name);
        assert_eq!(left(&rig, &order).await, 500_000, "{}: the money is free at once", psp.name);

        // The time comes: nothing is sent by itself, and a new refund is another one.
        rig.clock.advance(again_at.since(rig.engine.now()));
        rig.pass(SHORT).await;
        assert_eq!(rig.now_stands(&refund).await, refused, "{}", psp.name);
        let second = rig.refund(&order, psp.part).await;
        rig.pass(LONG).await;
        let stands = rig.now_stands(&second).await;
        assert_eq!(stands.state.name(), StateName::Succeeded, "{}: {stands:#?}", psp.name);
        assert_eq!(rig.now_stands(&refund).await, refused, "{}", psp.name);
        let done = rig.ledger().await.iter().filter(|effect| effect.state == "succeeded").count();
        assert_eq!((done, left(&rig, &order).await), (1, 300_000), "{}", psp.name);
        assert!(open_kinds(&rig).await.is_empty(), "{}", psp.name);
    }
}

#[tokio::test]
async fn every_connector_that_can_pend_waits_for_the_psps_word_however_long_it_takes() {
    for psp in psps::ALL.iter().filter(|psp| psp.pends) {
        for (says, ends, remaining) in
            [("succeeded", StateName::Succeeded, 300_000), ("failed", StateName::Failed, 500_000)]
        {
            let what = format!("{} {says}", psp.name);
            let rig = Rig::new().await;
            let order = rig.payment(psp.name, 1, 500_000).await;
            rig.script(&order, &["pend"]).await;
            let refund = rig.refund(&order, psp.part).await;
            for (jump, cases) in [(Duration::ZERO, Vec::new()), (OVERDUE, vec![CaseKind::Overdue])] {
                rig.clock.advance(jump);
                rig.pass(SHORT).await;
                let stands = rig.now_stands(&refund).await;
                assert_eq!(stands.state.name(), StateName::Pending, "{what}: {stands:#?}");
                let ledger: Vec<_> = rig.ledger().await.into_iter().map(|effect| effect.state).collect();
                assert_eq!(ledger, ["pending"], "{what}");
                assert_eq!((open_kinds(&rig).await, left(&rig, &order).await), (cases, 300_000), "{what}");
            }

            let finish = json!({"psp": psp.name, "refund": refund.id.psp_key(), "state": says});
            rig.control("finish", &finish).await;
            rig.pass(SHORT).await;
            let stands = rig.now_stands(&refund).await;
            assert_eq!(stands.state.name(), ends, "{what}: {stands:#?}");
            let ledger: Vec<_> = rig.ledger().await.into_iter().map(|effect| effect.state).collect();
            assert_eq!(ledger, [says], "{what}");
            assert!(open_kinds(&rig).await.is_empty(), "{what}: the case ends with the refund");
            assert_eq!(left(&rig, &order).await, remaining, "{what}");
        }
    }
}

#[tokio::test]
async fn every_connector_gives_back_in_parts_until_nothing_is_left() {
    for psp in psps::ALL {
        let rig = Rig::new().await;
        let order = rig.payment(psp.name, 1, 500_000).await;
        for amount in [psp.part, psp.part, "full"] {
            let refund = rig.refund(&order, amount).await;
            rig.pass(Duration::from_secs(10)).await;
            let stands = rig.now_stands(&refund).await;
            assert_eq!(stands.state.name(), StateName::Succeeded, "{}: {stands:#?}", psp.name);
        }
        let sums: Vec<i64> = rig.ledger().await.iter().map(|effect| effect.amount_minor).collect();
        assert_eq!(sums, [200_000, 200_000, 100_000], "{}", psp.name);
    }
}

/// Only where the PSP tells or can be asked after it was done.
#[tokio::test]
async fn every_connector_that_is_told_takes_it_twice_early_and_taken_back() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        for (step, ends) in [
            ("duplicate_notification", StateName::Succeeded),
            ("notify_before_answer", StateName::Succeeded),
            ("succeed_then_fail", StateName::Reversed),
            ("succeed_then_reverse", StateName::Reversed),
        ] {
            // No other PSP tells that a refund came back.
            if step == "succeed_then_reverse" && psp.name != "adyen" {
                continue;
            }
            let what = format!("{} {step}", psp.name);
            let rig = Rig::new().await;
            let order = rig.payment(psp.name, 1, 500_000).await;
            rig.script(&order, &[step]).await;
            let refund = rig.refund(&order, psp.part).await;
            rig.pass(LONG).await;
            let stands = rig.now_stands(&refund).await;
            assert_eq!(stands.state.name(), ends, "{what}: {stands:#?}");
            assert_eq!(rig.ledger().await.len(), 1, "{what}");
            let reversed = ends == StateName::Reversed;
            let cases: Vec<CaseKind> = rig.open_cases().await.iter().map(|case| case.kind).collect();
            assert_eq!(cases, if reversed { vec![CaseKind::Reversed] } else { Vec::new() }, "{what}");
            let order = rig.engine.order(rig.merchant, None, &order).await.unwrap().unwrap();
            let left = if reversed { 500_000 } else { 300_000 };
            assert_eq!(order.payment.balance.remaining(), left, "{what}");
        }
    }
}

#[test]
fn every_step_of_the_sandbox_is_in_the_contract() {
    let page = include_str!("../../../../docs/sandbox.md");
    let (_, table) = page.split_once("\n## Steps\n").expect("the page has the steps");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut known: Vec<&str> = rows.filter_map(|row| row.split(['`', ':']).next()).collect();
    let faults = STEPS.map(|(step, _)| step.split(':').next().unwrap_or_default());
    let mut here: Vec<&str> = faults.into_iter().chain(OTHER_STEPS).collect();
    for steps in [&mut known, &mut here] {
        steps.sort_unstable();
        steps.dedup();
    }
    assert_eq!(here, known);
}

#[test]
fn every_connector_is_held_to_the_contract() {
    let here: Vec<&str> = psps::ALL.iter().map(|psp| psp.name).collect();
    let all: Vec<&str> = registry::all().iter().map(|connector| connector.name()).collect();
    assert_eq!(here, all);
}
