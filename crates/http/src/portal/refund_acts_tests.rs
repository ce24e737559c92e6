//! What is done about a refund at the portal, by whom, and what the audit trail says of it.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::outcome::Outcome;
use redress_core::policy::AccountState;
use redress_core::role::Role;
use redress_core::state::StateName;
use redress_engine::portal::audit::AuditOf;
use redress_engine::portal::{SessionToken, Visitor};
use redress_store::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use serde_json::json;

use crate::portal::html_check::faults;
use crate::portal::testing::{Browser, form, location};
use crate::testing::{Answer, Harness, TestPayment};

/// What people did, by the trail, the newest first.
async fn deeds(harness: &Harness, browser: &Browser<'_>) -> Vec<(Deed, Option<String>)> {
    let token = SessionToken::parse(&browser.cookies["redress-session"]).unwrap();
    let Visitor::SignedIn(who) = harness.engine.visitor(&token).await.unwrap() else { panic!() };
    let trail = harness.engine.audit_trail(&who, AuditOf::Everybody, None, 50).await.unwrap();
    trail.into_iter().map(|entry| (entry.deed, entry.detail)).collect()
}

fn whole(answer: &Answer) {
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
}

#[tokio::test]
async fn the_provider_is_asked_on_a_click() {
    let harness = Harness::new().await;
    // MoMo tells nothing by itself.
    let refund = harness.pending(TestPayment::momo("o1", 10_000), 4_000).await;
    let path = format!("/portal/refunds/{}", refund.id);
    let support = harness.person(Role::Support).await;
    let mut browser = harness.browser(&support).await;
    let page = browser.get(&path).await;
    let finish = json!({"psp": "momo", "refund": refund.id.psp_key(), "state": "succeeded"});
    harness.control("finish", &finish).await;
    let answer = browser.submit(&page, &format!("{path}/refresh"), &[]).await;
    assert!(browser.follow(&answer).await.text().contains("is being asked"));
    harness.pass(Duration::from_millis(500)).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("state is-succeeded") && page.text().contains("Nothing more can be done"));
}

#[tokio::test]
async fn what_was_not_sent_is_tried_and_not_asked_about() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
    harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let order = harness.engine.order(merchant, None, "o1").await.unwrap().unwrap();
    let make = format!("/portal/payments/{}/refund", order.payment.id);
    let page = browser.get(&make).await;
    let page = browser.submit(&page, &format!("{make}/summary"), &[("reason", "duplicate")]).await;
    let made = browser.submit(&page, &make, &[]).await;
    let page = browser.follow(&made).await;
    assert!(page.text().contains("Try to send it now"), "{}", page.text());
    assert!(page.text().contains("are paused"), "why it waits: {}", page.text());
    assert!(!page.text().contains("Ask the provider now"), "nobody there knows of it: {}", page.text());
    let answer = browser.submit(&page, &format!("{}/refresh", location(&made)), &[]).await;
    let shown = browser.follow(&answer).await;
    assert!(shown.text().contains("Its sending is tried now"), "{}", shown.text());
    assert!(!shown.text().contains("is being asked"), "{}", shown.text());
}

#[tokio::test]
async fn what_was_not_sent_is_withdrawn_with_a_reason() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
    harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let page = browser.get("/portal/payments/o1/refund").await;
    assert!(page.text().contains("are paused"), "what will happen: {}", page.text());
    let order = harness.engine.order(merchant, None, "o1").await.unwrap().unwrap();
    let make = format!("/portal/payments/{}/refund", order.payment.id);
    let page = browser.submit(&page, &format!("{make}/summary"), &[("reason", "duplicate")]).await;
    let made = browser.submit(&page, &make, &[]).await;
    let path = location(&made);
    let again = browser.submit(&page, &make, &[]).await;
    assert_eq!(location(&again), path, "a double click");
    let other = browser.submit(&page, &make, &[("amount", "20")]).await;
    assert!(browser.follow(&other).await.text().contains("made from this form already"));
    let cancel = format!("{path}/cancel");
    let page = browser.get(&cancel).await;
    let unsaid = browser.submit(&page, &cancel, &[("reason", " ")]).await;
    whole(&unsaid);
    assert!(unsaid.status == 422 && unsaid.text().contains("f-reason-wrong"));
    let answer = browser.submit(&page, &cancel, &[("reason", "ordered\nagain")]).await;
    let shown = browser.follow(&answer).await;
    assert!(shown.text().contains("The refund is canceled") && shown.text().contains("ordered again"));
    assert!(shown.text().contains("to make another refund"), "{}", shown.text());
    let answer = browser.submit(&page, &cancel, &[("reason", "once more")]).await;
    assert_eq!(answer.status, 303, "a second click finds it canceled");
    // Whoever comes later is not told that it was not sent.
    let late = browser.get(&cancel).await;
    whole(&late);
    assert!(late.text().contains("too late to cancel") && !late.text().contains("It was not sent yet"));
    assert!(!late.text().contains(&format!("action=\"{cancel}\"")), "{}", late.text());
    let order = harness.engine.order(merchant, None, "o1").await.unwrap().unwrap();
    assert_eq!(order.payment.remaining().minor(), 10_000);
    // The trail says what came of each. All happened at one moment, so no order is promised.
    let deeds = deeds(&harness, &browser).await;
    let of_refund = deeds.into_iter().filter(|(deed, _)| deed.as_str().starts_with("refund_"));
    let mut of_refund: Vec<_> = of_refund.map(|(deed, detail)| (deed.as_str(), detail.unwrap())).collect();
    of_refund.sort();
    let mut expected = [
        (Deed::RefundCancelInVain, "once more"),
        (Deed::RefundCanceled, "ordered again"),
        (Deed::RefundRefused, "20.00 SAR: the form made another refund before"),
        (Deed::RefundRepeated, "100.00 SAR"),
        (Deed::RefundMade, "100.00 SAR"),
    ]
    .map(|(deed, detail)| (deed.as_str(), detail.to_owned()));
    expected.sort();
    assert_eq!(of_refund, expected);
    let id = path.strip_prefix("/portal/refunds/").unwrap();
    let trail = browser.get(&format!("/portal/audit?object={id}")).await;
    whole(&trail);
    assert!(trail.text().contains("Made a refund") && trail.text().contains("it was too late"));
}

#[tokio::test]
async fn a_manager_says_how_a_refund_ended_told_what_it_means_and_with_a_fresh_code() {
    let harness = Harness::new().await;
    let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let path = format!("/portal/refunds/{}", refund.id);
    let close = format!("{path}/close");
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    harness.clock.advance(Duration::from_secs(16 * 60));
    let asked = browser.get(&close).await;
    assert!(location(&asked).starts_with("/portal/code?next="), "{asked:?}");
    let page = browser.follow(&asked).await;
    let code = browser.code(manager.secret.as_ref().unwrap());
    let answer = browser.submit(&page, "/portal/code", &[("code", &code)]).await;
    let page = browser.follow(&answer).await;
    assert!(page.text().contains("pays the customer twice") && page.text().contains("40.00 SAR"));
    assert!(
        page.text().contains("For 30 days the provider is asked"),
        "who says failed is told: {}",
        page.text()
    );
    for typed in [[("verdict", "failed"), ("reason", "")], [("verdict", ""), ("reason", "the desk says so")]]
    {
        let wrong = browser.submit(&page, &close, &typed).await;
        whole(&wrong);
        assert_eq!(wrong.status, 422, "{typed:?}");
        let kept = form(&wrong, &close, &[]);
        for (name, value) in typed.iter().filter(|(_, value)| !value.is_empty()) {
            let of = |key: &str| key == *name;
            let found = kept.iter().find(|(key, _)| of(key)).map(|(_, value)| value.as_str());
            let checked = wrong.text().contains(&format!("value=\"{value}\" checked"));
            assert!(found == Some(value) || checked, "{typed:?}: {}", wrong.text());
        }
    }
    let typed = [("verdict", "failed"), ("reason", "the desk says so")];
    let answer = browser.submit(&page, &close, &typed).await;
    assert_eq!(location(&answer), path, "{answer:?}");
    let shown = browser.follow(&answer).await;
    assert!(shown.text().contains("state is-failed") && shown.text().contains("the desk says so"));
    let again = browser.submit(&page, &close, &typed).await;
    assert!(browser.follow(&again).await.text().contains("known already"), "{again:?}");
    let said = Some("failed: the desk says so".to_owned());
    let deeds = deeds(&harness, &browser).await;
    let closings: Vec<_> = deeds.into_iter().filter(|(_, detail)| *detail == said).collect();
    assert_eq!(closings, [(Deed::RefundCloseInVain, said.clone()), (Deed::RefundClosed, said)]);
}

#[tokio::test]
async fn what_was_decided_before_the_providers_last_word_is_decided_again() {
    let harness = Harness::new().await;
    let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let close = format!("/portal/refunds/{}/close", refund.id);
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let waits = async |n: u8, note: &str| {
        let (psp_refund_id, note) = (refund.psp_refund_id.clone(), Some(note.to_owned()));
        harness.says(n, &refund, Outcome::Pending { psp_refund_id, note }).await;
    };
    // It says so much of the wait that no more of it is told as events.
    for n in 100..125 {
        waits(n, &format!("So many are before it: {n}")).await;
    }
    let page = browser.get(&close).await;
    waits(41, "The bank has it now").await;
    let typed = [("verdict", "failed"), ("reason", "nothing is known there")];
    let late = browser.submit(&page, &close, &typed).await;
    whole(&late);
    assert_eq!(late.status, 409, "{late:?}");
    let text = late.text();
    assert!(text.contains("The bank has it now") && text.contains("Something happened"), "{text}");
    assert!(text.contains("nothing is known there"), "what was typed is kept: {text}");
    assert!(!text.contains("checked"), "what was decided is not: {text}");
    let state = async || {
        let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
        order.refunds[0].state.name()
    };
    assert_eq!(state().await, StateName::Pending);
    let known = browser.submit(&late, &close, &typed).await;
    assert_eq!(known.status, 303, "{known:?}");
    assert_eq!(state().await, StateName::Failed);
    // Whoever comes later is asked nothing.
    let over = browser.get(&close).await;
    whole(&over);
    assert!(over.text().contains("Nobody need say how this refund ended"), "{}", over.text());
    assert!(!over.text().contains(&format!("action=\"{close}\"")), "{}", over.text());
}

#[tokio::test]
async fn a_page_tells_of_the_cases_that_wait_and_of_the_role_that_lacks() {
    let harness = Harness::new().await;
    // One whose end is known, and whose money is asked about.
    let late = harness.late_success("o1").await;
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    let path = format!("/portal/refunds/{}", order.refunds[0].id);
    let case = format!("/portal/cases/{late}");
    let page = browser.get(&path).await;
    whole(&page);
    assert!(page.text().contains(&format!("href=\"{case}\"")), "{}", page.text());
    assert!(!page.text().contains("Nothing more can be done"), "{}", page.text());
    let page = browser.get(&case).await;
    let typed = [("blocked", "refunded"), ("reason", "the desk confirms it")];
    assert_eq!(browser.submit(&page, &format!("{case}/close"), &typed).await.status, 303);
    let page = browser.get(&path).await;
    assert!(page.text().contains("Nothing more can be done"), "{}", page.text());
    // By the case the sum counts as given back, whatever the refund is called.
    assert!(page.text().contains(&format!("href=\"{case}\"")), "{}", page.text());

    // One that is open, before and after somebody is called.
    let refund = harness.pending(TestPayment::tap("o2", 10_000), 4_000).await;
    let path = format!("/portal/refunds/{}", refund.id);
    let (by_itself, loaded_again) = ("changes by itself", "http-equiv=\"refresh\"");
    let page = browser.get(&path).await;
    assert!(page.text().contains(by_itself) && page.text().contains(loaded_again), "{}", page.text());
    let waits = NewCaseRow {
        merchant: refund.merchant,
        id: CaseId::from_bytes([41; 16]),
        kind: CaseKind::Overdue,
        subject: CaseSubject::Refund(refund.id),
        payment: None,
        text: "nothing final for too long".to_owned(),
        block_minor: 0,
        now: harness.engine.now(),
    };
    let case = format!("href=\"/portal/cases/{}\"", waits.id);
    harness.store.run(OpenCase(waits)).await.unwrap();
    for (role, told) in [
        (Role::Viewer, &["Asking the provider needs", "Saying how it ended needs"][..]),
        (Role::Support, &["Saying how it ended needs"]),
        (Role::Admin, &[]),
    ] {
        let person = harness.person(role).await;
        let mut browser = harness.browser(&person).await;
        let page = browser.get(&path).await;
        whole(&page);
        let text = page.text();
        assert!(text.contains(&case) && !text.contains(by_itself), "{role}: {text}");
        // Whoever reads what is known, without scripts, is not thrown back to the top of the page.
        assert!(!text.contains(loaded_again), "{role}: {text}");
        assert!(!text.contains("Nothing more can be done"), "{role}: {text}");
        for lacks in ["Asking the provider needs", "Saying how it ended needs", "Canceling it needs"] {
            assert_eq!(text.contains(lacks), told.contains(&lacks), "{role} {lacks}: {text}");
        }
    }
}

#[tokio::test]
async fn who_may_not_gets_nowhere_by_page_or_by_request() {
    let harness = Harness::new().await;
    let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let path = format!("/portal/refunds/{}", refund.id);
    let viewer = harness.person(Role::Viewer).await;
    let support = harness.person(Role::Support).await;
    let manager = harness.person(Role::Manager).await;
    for (person, sees, refused) in [
        (&viewer, &[][..], &["refresh", "resend", "cancel", "close"][..]),
        (&support, &["refresh"], &["close"]),
        // Without a second factor she is sent to set one up.
        (&manager, &["refresh", "close"], &[]),
    ] {
        let mut browser = harness.browser(person).await;
        let page = browser.get(&path).await;
        for act in ["refresh", "close"] {
            let offered = page.text().contains(&format!("\"{path}/{act}\""));
            assert_eq!(offered, sees.contains(&act), "{} {act}", person.email);
        }
        let proof = form(&page, "/portal/sign-out", &[]);
        for act in refused {
            let answer = browser.post(&format!("{path}/{act}"), &proof).await;
            assert_eq!(answer.status, 403, "{} {act}", person.email);
        }
    }
    let mut browser = harness.browser(&manager).await;
    let close = format!("{path}/close");
    assert!(location(&browser.get(&close).await).starts_with("/portal/second-factor"));
    let page = browser.get(&path).await;
    let mut fields = form(&page, "/portal/sign-out", &[]);
    fields.extend([("verdict", "failed"), ("reason", "x")].map(|(key, value)| (key.into(), value.into())));
    assert!(location(&browser.post(&close, &fields).await).starts_with("/portal/second-factor"));
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!(order.refunds[0].updated_at, refund.updated_at, "nothing was done");
}
