//! What a person called failed, and the PSP does all the same without telling of it.

use std::time::Duration;

use redress_core::refund::Refund;
use redress_core::settle::Verdict;
use redress_core::state::StateName;
use redress_engine::accept::Made;
use redress_store::ops::cases::{Blocked, CloseCase};
use serde_json::json;

use crate::rig::Rig;

const SECOND: Duration = Duration::from_secs(1);

const MINUTE: Duration = Duration::from_secs(60);

/// Lets so much time pass in which nothing is under way.
async fn later(rig: &Rig, span: Duration) {
    rig.clock.advance(span);
    rig.pass(SECOND).await;
}

async fn close(rig: &Rig, refund: &Refund) {
    let why = "the provider's desk says that it is lost";
    rig.engine.close_refund(rig.merchant, refund.id, Verdict::Failed, "ann", why).await.unwrap();
    rig.pass(SECOND).await;
}

async fn release(rig: &Rig) {
    let case = rig.open_cases().await.remove(0).id;
    let (author, reason, now) = ("ann".to_owned(), "they say it is stuck".to_owned(), rig.engine.now());
    let (merchant, blocked) = (rig.merchant, Blocked::Released);
    rig.store.run(CloseCase { merchant, case, author, reason, blocked, now }).await.unwrap();
}

/// Kind and blocked sum of every open case.
async fn cases(rig: &Rig) -> Vec<(&'static str, i64)> {
    let open = rig.open_cases().await;
    open.iter().map(|case| (case.kind.as_str(), case.blocked)).collect()
}

#[tokio::test]
async fn money_that_a_person_released_is_blocked_where_the_psp_is_still_at_work_on_it() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 150_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending);
    close(&rig, &refund).await;
    assert_eq!(cases(&rig).await, [("late_success", 150_000)]);
    let again = rig.engine.make_refund(rig.ask(&order, "full")).await.unwrap();
    assert!(matches!(again, Made::Refused(..)), "{again:?}");

    // Released a second time, and asked about for hours: it says the same, which is judged once.
    release(&rig).await;
    later(&rig, MINUTE * 10).await;
    assert_eq!(cases(&rig).await, []);
    let finish = json!({"psp": "momo", "refund": refund.id.psp_key(), "state": "succeeded"});
    rig.control("finish", &finish).await;
    later(&rig, MINUTE * 10).await;
    assert_eq!(cases(&rig).await, [("late_success", 150_000)], "MoMo tells nobody, and was asked");
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed, "ends stay");

    // It is known now.
    release(&rig).await;
    later(&rig, MINUTE * 20).await;
    assert_eq!(cases(&rig).await, []);
    assert_eq!(rig.engine.refresh_refund(rig.merchant, refund.id).await, Ok(false));
}

#[tokio::test]
async fn a_psp_that_says_that_it_failed_agrees_with_the_person() {
    let rig = Rig::new().await;
    let order = rig.payment("momo", 1, 150_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND).await;
    let finish = json!({"psp": "momo", "refund": refund.id.psp_key(), "state": "failed"});
    rig.control("finish", &finish).await;
    close(&rig, &refund).await;
    assert_eq!(cases(&rig).await, []);
    assert_eq!(rig.engine.refresh_refund(rig.merchant, refund.id).await, Ok(false), "nothing more is asked");
    assert!(matches!(rig.engine.make_refund(rig.ask(&order, "full")).await, Ok(Made::New(..))));
}

#[tokio::test]
async fn a_psp_that_cannot_be_asked_is_not_asked() {
    let rig = Rig::new().await;
    let order = rig.payment("stcpay", 1, 500_000).await;
    rig.script(&order, &["timeout_before_effect"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND * 60).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Unknown);
    close(&rig, &refund).await;
    assert_eq!(cases(&rig).await, []);
    assert_eq!(rig.engine.refresh_refund(rig.merchant, refund.id).await, Ok(false));
}

/// How many exchanges come of asking, and whether that is offered and taken.
async fn asked(rig: &Rig, refund: &Refund) -> (usize, bool, bool) {
    let now = rig.now_stands(refund).await;
    let before = rig.engine.timeline(&now).await.unwrap().1.len();
    let offered = rig.engine.can_be_refreshed(&now, true).await.unwrap();
    let taken = rig.engine.refresh_refund(rig.merchant, refund.id).await.unwrap();
    rig.pass(SECOND * 5).await;
    let after = rig.engine.timeline(&now).await.unwrap().1.len();
    (after - before, offered, taken)
}

#[tokio::test]
async fn nobody_is_offered_to_ask_a_psp_that_cannot_be_asked() {
    let rig = Rig::new().await;
    // Adyen says "received", and tells the rest by a notification.
    let order = rig.payment("adyen", 1, 150_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending);
    assert_eq!(asked(&rig, &refund).await, (0, false, false));

    let order = rig.payment("stcpay", 2, 500_000).await;
    rig.script(&order, &["timeout_before_effect"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND * 60).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Unknown);
    assert_eq!(asked(&rig, &refund).await, (0, false, false));

    // MoMo can be.
    let order = rig.payment("momo", 3, 150_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(SECOND).await;
    let (attempts, offered, taken) = asked(&rig, &refund).await;
    assert!(attempts > 0 && offered && taken, "{attempts} {offered} {taken}");
}
