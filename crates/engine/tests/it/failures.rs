//! A failure that a PSP tells and does not confirm when it is asked comes to light all the same.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::state::StateName;
use redress_engine::error::EngineError;
use redress_engine::permits::FAILURES_IN_A_ROW_MAX;
use redress_engine::psp_notification::Taken;
use redress_engine::world::Clock;
use redress_psp::notice::Inbound;
use redress_store::ops::cases::{Blocked, CloseCase};
use serde_json::json;

use crate::foreign::{done, pending, succeeded, tell};
use crate::psps::Psp;
use crate::rig::Rig;
use crate::told::Told;

const SECOND: Duration = Duration::from_secs(1);

/// Whether the PSP must tell again.
async fn must_tell_again(rig: &Rig, psp: &Psp, told: &Told) -> bool {
    let message = told.by(psp);
    let mut headers = http::HeaderMap::new();
    for (name, value) in message.headers {
        headers.insert(name, value.parse().unwrap());
    }
    let inbound = Inbound { headers, body: message.body.into(), received_at: rig.clock.now() };
    match rig.engine.take_psp_notification(psp.name, psp.account, inbound).await {
        Ok(Taken::Taken) => false,
        Err(EngineError::Busy(_)) => true,
        other => panic!("{}: {other:?}", psp.name),
    }
}

async fn close(rig: &Rig, case: CaseId) {
    let close = CloseCase {
        merchant: rig.merchant,
        case,
        author: "Mai".to_owned(),
        reason: "the PSP's desk says that it waits".to_owned(),
        blocked: Blocked::Nothing,
        now: rig.engine.now(),
    };
    rig.store.run(close).await.unwrap();
}

#[tokio::test]
async fn a_failure_that_the_psp_tells_and_denies_when_it_is_asked_is_put_before_a_person() {
    for psp in ["stripe", "tap"].map(Psp::named) {
        let rig = Rig::new().await;
        let refund = succeeded(&rig, psp).await;
        let failed = Told { event: "FAILED", ..done(&rig, psp, &refund) };
        for _ in 0..2 {
            assert_eq!(tell(&rig, psp, &failed).await, Taken::Taken, "{}", psp.name);
        }
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{}", psp.name);
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{}: {cases:?}", psp.name);
        let case = (cases[0].kind, cases[0].refund, cases[0].blocked);
        assert_eq!(case, (CaseKind::Quarantined, Some(refund.id), 0), "{}", psp.name);
    }
}

#[tokio::test]
async fn a_failure_that_is_told_while_nobody_answers_at_the_account_is_put_before_a_person() {
    // It tells three times, and that may be all while the account rests; the first time it may only be away for a moment.
    let psp = Psp::named("tap");
    let rig = Rig::new().await;
    let refund = succeeded(&rig, psp).await;
    let other = rig.payment(psp.name, 2, 500_000).await;
    rig.psp_away(true);
    for _ in 0..FAILURES_IN_A_ROW_MAX {
        rig.refund(&other, "10").await;
        rig.settle_down().await;
    }
    let failed = Told { event: "FAILED", ..done(&rig, psp, &refund) };
    assert!(must_tell_again(&rig, psp, &failed).await);
    assert!(rig.open_cases().await.is_empty());
    rig.clock.advance(Duration::from_millis(1));
    assert_eq!(tell(&rig, psp, &failed).await, Taken::Taken);
    let cases = rig.open_cases().await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!((cases[0].kind, cases[0].refund), (CaseKind::Quarantined, Some(refund.id)));
}

#[tokio::test]
async fn a_failure_of_an_open_refund_that_is_told_twice_and_not_confirmed_is_put_before_a_person() {
    for psp in ["stripe", "tap"].map(Psp::named) {
        for (away, says) in [(false, "says otherwise when it is asked"), (true, "did not confirm it")] {
            let what = format!("{}, away: {away}", psp.name);
            let rig = Rig::new().await;
            let (refund, right) = pending(&rig, psp).await;
            let failed = Told { event: "FAILED", ..right };
            rig.psp_away(away);
            assert!(must_tell_again(&rig, psp, &failed).await, "{what}");
            // A copy of it at the same moment is not told once more.
            assert!(must_tell_again(&rig, psp, &failed).await, "{what}");
            assert!(rig.open_cases().await.is_empty(), "{what}: its answers may only be late");
            rig.clock.advance(Duration::from_millis(1));
            // Told once more it is, and that may be the last time.
            for _ in 0..2 {
                assert!(!must_tell_again(&rig, psp, &failed).await, "{what}");
            }
            assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending, "{what}");
            let cases = rig.open_cases().await;
            assert_eq!(cases.len(), 1, "{what}: {cases:?}");
            let case = (cases[0].kind, cases[0].refund, cases[0].blocked);
            assert_eq!(case, (CaseKind::Quarantined, Some(refund.id), 0), "{what}");
            let text = format!("is refused, here it is pending, and the PSP {says}");
            assert!(cases[0].text.ends_with(&text), "{what}: {}", cases[0].text);

            // What it says to a look-up ends the refund, and takes nothing back of what it told.
            rig.psp_away(false);
            let finish = json!({"psp": psp.name, "refund": refund.id.psp_key(), "state": "succeeded"});
            rig.control("finish", &finish).await;
            rig.pass(SECOND * 20).await;
            assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{what}");
            let still: Vec<_> = rig.open_cases().await.iter().map(|case| case.id).collect();
            assert_eq!(still, [cases[0].id], "{what}");

            // Whoever closed it looked at a refund that waited: told once more, it is of one that is done.
            close(&rig, cases[0].id).await;
            assert!(!must_tell_again(&rig, psp, &failed).await, "{what}");
            let cases = rig.open_cases().await;
            assert_eq!(cases.len(), 1, "{what}: {cases:?}");
            assert!(cases[0].text.contains("here it is succeeded"), "{what}: {}", cases[0].text);
        }
    }
}

#[tokio::test]
async fn a_failure_that_is_confirmed_when_it_is_told_again_calls_nobody() {
    for psp in ["stripe", "tap"].map(Psp::named) {
        let rig = Rig::new().await;
        let (refund, right) = pending(&rig, psp).await;
        let failed = Told { event: "FAILED", ..right };
        assert!(must_tell_again(&rig, psp, &failed).await, "{}", psp.name);
        let finish = json!({"psp": psp.name, "refund": refund.id.psp_key(), "state": "failed"});
        rig.control("finish", &finish).await;
        for _ in 0..2 {
            assert!(!must_tell_again(&rig, psp, &failed).await, "{}", psp.name);
        }
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
    }
}

#[tokio::test]
async fn a_failure_that_is_confirmed_after_it_was_put_before_a_person_needs_none_any_more() {
    for psp in ["stripe", "tap"].map(Psp::named) {
        let rig = Rig::new().await;
        let (refund, right) = pending(&rig, psp).await;
        let failed = Told { event: "FAILED", ..right };
        assert!(must_tell_again(&rig, psp, &failed).await, "{}", psp.name);
        rig.clock.advance(Duration::from_millis(1));
        assert!(!must_tell_again(&rig, psp, &failed).await, "{}", psp.name);
        assert_eq!(rig.open_cases().await.len(), 1, "{}", psp.name);
        let finish = json!({"psp": psp.name, "refund": refund.id.psp_key(), "state": "failed"});
        rig.control("finish", &finish).await;
        rig.pass(SECOND * 20).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
    }
}
