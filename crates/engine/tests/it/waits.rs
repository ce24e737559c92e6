//! What a PSP says of a refund that waits, for funds or otherwise, is told by the refund and its timeline in the PSP's words.

use std::time::Duration;

use redress_core::event::EventKind;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_engine::psp_notification::Taken;
use redress_store::ops::refunds::Timeline;
use serde_json::json;

use crate::foreign::{pending, tell};
use crate::psps::{self, Psp};
use crate::rig::Rig;
use crate::told::Told;

const SECOND: Duration = Duration::from_secs(1);

/// What each PSP says when it has accepted a refund and its end is open, by the step of its script.
const SAID: [(&str, &str, &str); 8] = [
    ("adyen", "pend", "Adyen says received"),
    // Its look-ups give no text; what the submit was answered is kept.
    ("momo", "pend", "MoMo says 7002 The provider of the payment method is processing the request."),
    ("mpgs", "pend", "Mastercard Gateway says PENDING SUBMITTED"),
    ("oppwa", "pend", "OPPWA says 000.200.000 transaction pending"),
    ("paypal", "pend", "PayPal says PENDING ECHECK"),
    ("stripe", "pend", "Stripe says pending: processing"),
    ("stripe", "pend_for_funds", "Stripe says pending: insufficient_funds"),
    ("tap", "pend", "Tap says PENDING 100 Pending"),
];

/// What the timeline tells, and whether it tells of a wait in these words.
async fn told_of(rig: &Rig, refund: &Refund, said: &str) -> Vec<(EventKind, bool)> {
    let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
    let (events, _) = rig.store.read(timeline).await.unwrap();
    let in_these = |note: Option<String>| note.is_some_and(|note| note.starts_with(said));
    events.into_iter().map(|event| (event.kind, in_these(event.note))).collect()
}

#[tokio::test]
async fn the_wait_and_its_text_reach_the_timeline_and_stay_there() {
    for (name, step, said) in SAID {
        let psp = Psp::named(name);
        let rig = Rig::new().await;
        let order = rig.payment(name, 1, 500_000).await;
        rig.script(&order, &[step]).await;
        let refund = rig.refund(&order, psp.part).await;
        rig.pass(SECOND * 10).await;
        let stands = rig.now_stands(&refund).await;
        assert_eq!(stands.state.name(), StateName::Pending, "{name} {step}: {stands:#?}");
        let note = stands.psp_note.unwrap_or_default();
        assert!(note.starts_with(said), "{name} {step}: {note}");
        // Once, however often it is asked about.
        let waits = [(EventKind::Created, false), (EventKind::Pending, true)];
        assert_eq!(told_of(&rig, &refund, said).await, waits, "{name} {step}");

        // The money comes.
        let finish = json!({"psp": name, "refund": refund.id.psp_key(), "state": "succeeded"});
        rig.control("finish", &finish).await;
        rig.pass(SECOND * 20).await;
        let all = [waits[0], waits[1], (EventKind::Succeeded, false)];
        assert_eq!(told_of(&rig, &refund, said).await, all, "{name} {step}");
    }
}

#[test]
fn every_psp_that_pends_says_so_here() {
    let pends: Vec<_> = psps::ALL.iter().filter(|psp| psp.pends).map(|psp| psp.name).collect();
    let mut said: Vec<_> = SAID.iter().map(|(name, ..)| *name).collect();
    said.dedup();
    assert_eq!(said, pends);
}

#[tokio::test]
async fn a_wait_that_adyen_tells_of_is_said_and_an_end_that_was_told_before_it_stands() {
    let psp = Psp::named("adyen");
    for (before, ends) in [
        (None, StateName::Pending),
        (Some("REFUND"), StateName::Succeeded),
        (Some("REFUND_FAILED"), StateName::Failed),
    ] {
        let rig = Rig::new().await;
        let (refund, told) = pending(&rig, psp).await;
        if let Some(event) = before {
            let told = Told { event, ..told.clone() };
            assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{before:?}");
            rig.pass(SECOND).await;
        }
        let waits = Told { event: "POSTPONED_REFUND", ..told };
        for _ in 0..2 {
            assert_eq!(tell(&rig, psp, &waits).await, Taken::Taken, "{before:?}");
        }
        let stands = rig.now_stands(&refund).await;
        assert_eq!(stands.state.name(), ends, "{before:?}");
        let note = match before {
            None => "Adyen says POSTPONED_REFUND: until after the payment's capture",
            Some(_) => "Adyen says received",
        };
        assert_eq!(stands.psp_note.as_deref(), Some(note), "{before:?}");
        // Once, however often Adyen tells of it: after what the submit was answered, and not after an end.
        let all = told_of(&rig, &refund, "Adyen says POSTPONED_REFUND").await;
        let told: Vec<_> = all.iter().copied().filter(|(_, in_these)| *in_these).collect();
        let waits = if before.is_none() { vec![(EventKind::Pending, true)] } else { Vec::new() };
        assert_eq!((all.len(), told), (3, waits), "{before:?}");
        assert!(rig.open_cases().await.is_empty(), "{before:?}: it is no contradiction");
    }
}
