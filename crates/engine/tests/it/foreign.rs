//! What a PSP tells, rightly signed, about somebody or something else than our refund is put before a person, and applied
//! to nothing.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_engine::psp_notification::Taken;
use redress_store::ops::cases::{Blocked, CloseCase};
use redress_store::ops::refunds::{AttemptRow, Timeline};
use serde_json::json;

use crate::psps::{self, Psp};
use crate::rig::Rig;
use crate::told::{Message, Told};

/// What makes a notification one about something else.
type Change = fn(&mut Told, &Psp);

const SECOND: Duration = Duration::from_secs(1);

/// A refund of which the PSP has said no more than that it has it.
pub(crate) async fn pending(rig: &Rig, psp: &Psp) -> (Refund, Told) {
    let order = rig.payment(psp.name, 1, 500_000).await;
    // The other one that a notification may name.
    rig.payment(psp.name, 2, 500_000).await;
    rig.script(&order, &["pend"]).await;
    let refund = rig.refund(&order, psp.part).await;
    rig.pass(SECOND).await;
    let refund = rig.now_stands(&refund).await;
    assert_eq!(refund.state.name(), StateName::Pending, "{}", psp.name);
    let told = done(rig, psp, &refund);
    (refund, told)
}

/// A refund that is over, and done.
pub(crate) async fn succeeded(rig: &Rig, psp: &Psp) -> Refund {
    let order = rig.payment(psp.name, 1, 500_000).await;
    let refund = rig.refund(&order, psp.part).await;
    rig.pass(SECOND * 10).await;
    let refund = rig.now_stands(&refund).await;
    assert_eq!(refund.state.name(), StateName::Succeeded, "{}", psp.name);
    refund
}

/// That it was done.
pub(crate) fn done(rig: &Rig, psp: &Psp, refund: &Refund) -> Told {
    Told {
        key: refund.id.psp_key(),
        refund: refund.psp_refund_id.clone().unwrap_or_else(|| "none".to_owned()),
        payment: psp.payment_id(1),
        hundredths: 200_000,
        currency: psp.currency,
        whose: None,
        event: "REFUND",
        at_s: rig.engine.now().as_micros() / 1_000_000,
    }
}

/// What a notification may name otherwise than the refund.
const OTHERS: [(&str, Change); 4] = [
    ("payment", |told, psp| told.payment = psp.payment_id(2)),
    ("sum", |told, _| told.hundredths += 1),
    ("currency", |told, _| told.currency = "GBP"),
    ("merchant", |told, _| told.whose = Some("Somebody")),
];

pub(crate) async fn tell(rig: &Rig, psp: &Psp, told: &Told) -> Taken {
    post(rig, psp, &told.by(psp)).await
}

pub(crate) async fn post(rig: &Rig, psp: &Psp, message: &Message) -> Taken {
    let headers: Vec<_> = message.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    rig.notify(psp.name, &headers, &message.body).await
}

#[tokio::test]
async fn what_names_our_refund_rightly_is_taken() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        let rig = Rig::new().await;
        let (refund, told) = pending(&rig, psp).await;
        assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{}", psp.name);
        rig.pass(SECOND).await;
        // Adyen cannot be asked, so that its signed word counts; the others say when they are asked that it is open.
        let ends = if psp.name == "adyen" { StateName::Succeeded } else { StateName::Pending };
        assert_eq!(rig.now_stands(&refund).await.state.name(), ends, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
        // What was told is evidence, whether it counts or was confirmed.
        let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
        let (_, attempts) = rig.store.read(timeline).await.unwrap();
        let kept = |attempt: &AttemptRow| match attempt.via.as_str() {
            "notification" => attempt.record.contains(&told.payment),
            _ => attempt.record.starts_with("told: {") && attempt.record.contains("\n> "),
        };
        assert!(attempts.iter().any(kept), "{}: {attempts:#?}", psp.name);
    }
}

#[tokio::test]
async fn what_is_told_again_is_evidence_once_whatever_else_its_message_says() {
    // Adyen's word counts at once: whoever came by a message could fill a refund's timeline with it. Its signature does not
    // cover the reason, nor how the message is written.
    let psp = Psp::named("adyen");
    let rig = Rig::new().await;
    let (refund, told) = pending(&rig, psp).await;
    for (event, ends, kept) in
        [("REFUND", StateName::Succeeded, 1), ("REFUND_FAILED", StateName::Reversed, 2)]
    {
        let told = Told { event, ..told.clone() };
        for (place, reason) in ["", "", "another"].into_iter().enumerate() {
            let Message { headers, body } = told.by(psp);
            let unsigned = r#""reason":"""#;
            assert!(body.contains(unsigned), "{body}");
            let body = body.replace(unsigned, &format!(r#""reason":"{reason}""#)) + &" ".repeat(place);
            assert_eq!(post(&rig, psp, &Message { headers, body }).await, Taken::Taken, "{event}");
            rig.pass(SECOND).await;
        }
        assert_eq!(rig.now_stands(&refund).await.state.name(), ends);
        let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
        let (_, attempts) = rig.store.read(timeline).await.unwrap();
        let told = attempts.iter().filter(|attempt| attempt.via == "notification").count();
        assert_eq!(told, kept, "{event}: {attempts:#?}");
    }
}

#[tokio::test]
async fn what_names_another_merchant_payment_sum_or_currency_is_quarantined() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        for (what, change) in OTHERS {
            // Tap names none.
            if what == "merchant" && psp.name == "tap" {
                continue;
            }
            let rig = Rig::new().await;
            let (refund, mut told) = pending(&rig, psp).await;
            change(&mut told, psp);
            for _ in 0..2 {
                assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{} {what}", psp.name);
            }
            rig.pass(SECOND).await;
            let stands = rig.now_stands(&refund).await;
            assert_eq!(stands.state.name(), StateName::Pending, "{} {what}", psp.name);
            let cases = rig.open_cases().await;
            let kinds: Vec<_> = cases.iter().map(|case| case.kind).collect();
            assert_eq!(kinds, [CaseKind::Quarantined], "{} {what}: {cases:?}", psp.name);
        }
    }
}

#[tokio::test]
async fn what_comes_to_the_address_of_the_merchants_other_account_is_quarantined() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        let rig = Rig::new().await;
        let (refund, told) = pending(&rig, psp).await;
        let other = rig.second_account(psp).await;
        let message = told.by(psp);
        let headers: Vec<_> = message.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for _ in 0..2 {
            let taken = rig.notify_at(psp.name, other, &headers, &message.body).await;
            assert_eq!(taken, Taken::Taken, "{}", psp.name);
        }
        rig.pass(SECOND).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending, "{}", psp.name);
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{}: {cases:?}", psp.name);
        // That account has no such payment, of which a part could be blocked.
        assert_eq!((cases[0].kind, cases[0].blocked), (CaseKind::Quarantined, 0), "{}", psp.name);
        let differs = format!("the account {other}, and not {}", psp.account);
        assert!(cases[0].text.contains(&differs), "{}: {}", psp.name, cases[0].text);
    }
}

#[tokio::test]
async fn each_variant_that_was_told_is_evidence() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        let rig = Rig::new().await;
        let (_, right) = pending(&rig, psp).await;
        let mut all = Vec::new();
        for (what, change) in OTHERS {
            // Tap names none.
            if what == "merchant" && psp.name == "tap" {
                continue;
            }
            let mut told = right.clone();
            change(&mut told, psp);
            assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{} {what}", psp.name);
            let named = match what {
                "payment" => format!("the payment {}, and not {}", told.payment, right.payment),
                "sum" => format!("the sum 2000.01 {0}, and not 2000.00 {0}", psp.currency),
                "currency" => format!("the currency GBP (2000.00 GBP), and not 2000.00 {}", psp.currency),
                _ => "Somebody".to_owned(),
            };
            all.push((rig.engine.now(), what, named, told));
            rig.pass(SECOND).await;
        }
        all.reverse();
        let cases = rig.open_cases().await;
        // Mastercard's have no id of their own, so that each is a case of its own; elsewhere each payment has one.
        assert_eq!(cases.len(), if psp.name == "mpgs" { all.len() } else { 2 }, "{}: {cases:?}", psp.name);
        // They are known by our own reference instead.
        let named = if psp.name == "mpgs" { &right.key } else { &right.refund };
        assert!(cases.iter().all(|case| case.text.contains(named.as_str())), "{}: {cases:?}", psp.name);
        let mut evidence = Vec::new();
        for case in &cases {
            evidence.extend(rig.engine.evidence_of_case(case).await.unwrap());
        }
        evidence.sort_by_key(|kept| std::cmp::Reverse(kept.received_at));
        assert_eq!(evidence.len(), all.len(), "{}: {evidence:#?}", psp.name);
        for (kept, (at, what, named, told)) in evidence.iter().zip(&all) {
            assert_eq!(kept.received_at, *at, "{} {what}", psp.name);
            assert!(kept.verdict.contains(named.as_str()), "{} {what}: {}", psp.name, kept.verdict);
            let others = OTHERS.iter().map(|(other, _)| *other).filter(|other| other != what);
            for other in others.filter(|other| *other != "merchant") {
                let other = format!("the {other} ");
                assert!(!kept.verdict.contains(&other), "{} {what}: {}", psp.name, kept.verdict);
            }
            assert!(kept.body.contains(&told.payment), "{} {what}: {}", psp.name, kept.body);
        }
    }
}

/// The open cases, oldest first, and how often each was told.
async fn told_cases(rig: &Rig) -> Vec<(CaseId, CaseKind, usize)> {
    let mut all = Vec::new();
    for case in rig.open_cases().await {
        let evidence = rig.engine.evidence_of_case(&case).await.unwrap();
        all.push((case.id, case.kind, evidence.len()));
    }
    all
}

#[tokio::test]
async fn each_foreign_item_of_one_body_is_a_case_of_its_own_however_often_it_comes() {
    let psp = Psp::named("adyen");
    let rig = Rig::new().await;
    let (refund, right) = pending(&rig, psp).await;
    let nobodys = Told { key: "of-nobody".to_owned(), ..right.clone() };
    let mut items = Vec::new();
    for (place, (_, change)) in OTHERS.iter().enumerate() {
        let mut told = Told { refund: format!("QFQTPCQ8HXSKGK8{place}"), ..right.clone() };
        change(&mut told, psp);
        items.push(told);
    }
    // In the midst of them one that is ours, and after them some of nobody's: by their ids, and by nothing at all.
    items.insert(2, right.clone());
    items.push(Told { refund: "NOBODYS1".to_owned(), ..nobodys.clone() });
    items.push(Told { refund: String::new(), ..nobodys.clone() });
    items.push(Told { refund: String::new(), hundredths: 7, ..nobodys });
    let body = Told::together(&items, psp);

    assert_eq!(post(&rig, psp, &body).await, Taken::Taken);
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "ours is taken");
    let first = told_cases(&rig).await;
    let kinds = |kind: CaseKind| first.iter().filter(|(_, of, told)| (*of, *told) == (kind, 1)).count();
    assert_eq!(
        (kinds(CaseKind::Quarantined), kinds(CaseKind::ForeignRefund)),
        (OTHERS.len(), 3),
        "{first:?}"
    );
    assert_eq!(first.len(), OTHERS.len() + 3, "{first:?}");

    // The same body again is no news, not even of what a person has closed.
    rig.pass(SECOND).await;
    assert_eq!(post(&rig, psp, &body).await, Taken::Taken);
    assert_eq!(told_cases(&rig).await, first);
    let close = CloseCase {
        merchant: rig.merchant,
        case: first[0].0,
        author: "Mai".to_owned(),
        reason: "looked at".to_owned(),
        blocked: Blocked::Released,
        now: rig.engine.now(),
    };
    rig.store.run(close).await.unwrap();
    assert_eq!(post(&rig, psp, &body).await, Taken::Taken);
    assert_eq!(told_cases(&rig).await, first[1..]);
}

#[tokio::test]
async fn what_a_person_has_booked_is_not_blocked_again_by_the_next_word_about_it() {
    // Their signatures cover fields, so that the same can be told in another body.
    for name in ["adyen", "tap"] {
        let psp = Psp::named(name);
        let rig = Rig::new().await;
        let (_, right) = pending(&rig, psp).await;
        let told = Told { key: "of-nobody".to_owned(), refund: "re_NOBODYS1".to_owned(), ..right };
        let mut message = told.by(psp);
        assert_eq!(post(&rig, psp, &message).await, Taken::Taken, "{name}");
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "{name}: {cases:?}");
        assert_eq!((cases[0].kind, cases[0].blocked), (CaseKind::ForeignRefund, 200_000), "{name}");
        let close = CloseCase {
            merchant: rig.merchant,
            case: cases[0].id,
            author: "Mai".to_owned(),
            reason: "made in the dashboard".to_owned(),
            blocked: Blocked::Refunded,
            now: rig.engine.now(),
        };
        rig.store.run(close).await.unwrap();

        message.body.push(' ');
        rig.pass(SECOND).await;
        assert_eq!(post(&rig, psp, &message).await, Taken::Taken, "{name}");
        assert!(rig.open_cases().await.is_empty(), "{name}: the money left once");
        let evidence = rig.engine.evidence_of_case(&cases[0]).await.unwrap();
        assert_eq!(evidence.len(), 2, "{name}: it is evidence of the case that is closed");
        // Of another sum a person has not heard.
        let more = Told { hundredths: told.hundredths + 100, ..told }.by(psp);
        assert_eq!(post(&rig, psp, &more).await, Taken::Taken, "{name}");
        assert_eq!(rig.open_cases().await.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_came_too_late_is_evidence_and_a_success_of_another_refund_never_comes_too_late() {
    let psp = Psp::named("adyen");
    let rig = Rig::new().await;
    let (refund, right) = pending(&rig, psp).await;
    let failed = Told { event: "REFUND_FAILED", ..right.clone() };
    let other = Told { refund: "QFQTPCQ8HXSKGK82".to_owned(), ..right.clone() };
    assert_eq!(tell(&rig, psp, &failed).await, Taken::Taken);

    // What had been told of ours before it failed changes nothing, however often it comes now.
    for _ in 0..2 {
        rig.pass(SECOND).await;
        assert_eq!(tell(&rig, psp, &right).await, Taken::Taken);
    }
    assert!(rig.open_cases().await.is_empty());
    let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
    let (_, attempts) = rig.store.read(timeline).await.unwrap();
    let told: Vec<_> = attempts.iter().filter(|attempt| attempt.via == "notification").collect();
    let outcomes: Vec<_> = told.iter().map(|attempt| attempt.outcome.as_str()).collect();
    assert_eq!(outcomes, ["refused", "succeeded"], "{told:#?}");
    assert!(told[1].record.contains(r#""eventCode":"REFUND""#), "{told:#?}");

    // Of another of Adyen's refunds under our reference the money left, although ours failed.
    rig.pass(SECOND).await;
    assert_eq!(tell(&rig, psp, &other).await, Taken::Taken);
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Failed);
    let cases = rig.open_cases().await;
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert_eq!((cases[0].kind, cases[0].blocked), (CaseKind::ForeignRefund, 200_000));
}

#[tokio::test]
async fn another_refund_that_the_psp_does_not_know_or_cannot_be_asked_about_is_told_as_not_confirmed() {
    let psp = Psp::named("stripe");
    for away in [false, true] {
        let rig = Rig::new().await;
        let (refund, right) = pending(&rig, psp).await;
        let other = Told { refund: "re_NOBODYS1".to_owned(), ..right };
        rig.psp_away(away);
        assert_eq!(tell(&rig, psp, &other).await, Taken::Taken, "away: {away}");
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending, "away: {away}");
        let cases = rig.open_cases().await;
        assert_eq!(cases.len(), 1, "away: {away}: {cases:?}");
        assert_eq!(cases[0].kind, CaseKind::ForeignRefund, "away: {away}");
        // Who reads it must not believe that the PSP was not to be reached, where it said that there is no such refund.
        assert!(cases[0].text.contains("; the PSP did not confirm it"), "away: {away}: {}", cases[0].text);
    }
}

#[tokio::test]
async fn what_is_known_is_asked_about_by_no_repeat_and_is_evidence_once() {
    for psp in psps::ALL.iter().filter(|psp| psp.notifies) {
        let rig = Rig::new().await;
        let refund = succeeded(&rig, psp).await;
        let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
        let (events, before) = rig.store.read(timeline).await.unwrap();
        // Tap does not sign how a message is written.
        for times in 0..4 {
            let Message { headers, body } = done(&rig, psp, &refund).by(psp);
            let body = if psp.name == "tap" { body + &" ".repeat(times) } else { body };
            assert_eq!(post(&rig, psp, &Message { headers, body }).await, Taken::Taken, "{}", psp.name);
            rig.pass(SECOND).await;
        }
        assert_eq!(rig.now_stands(&refund).await, refund, "{}", psp.name);
        let (events_now, after) = rig.store.read(timeline).await.unwrap();
        let of = |attempts: &[AttemptRow], via: &str| attempts.iter().filter(|one| one.via == via).count();
        assert_eq!(of(&after, "query"), of(&before, "query"), "{}: nobody is asked again", psp.name);
        assert_eq!(of(&after, "notification"), 1, "{}: {after:#?}", psp.name);
        assert_eq!(events_now, events, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
    }
}

#[tokio::test]
async fn what_is_told_again_of_a_refund_that_is_open_is_asked_about_each_time_and_evidence_once() {
    // Adyen is not asked.
    for psp in psps::ALL.iter().filter(|psp| psp.notifies && psp.name != "adyen") {
        let rig = Rig::new().await;
        let (refund, told) = pending(&rig, psp).await;
        let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
        let (_, before) = rig.store.read(timeline).await.unwrap();
        for _ in 0..4 {
            assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{}", psp.name);
            rig.pass(SECOND).await;
            let (_, after) = rig.store.read(timeline).await.unwrap();
            let confirms = |one: &&AttemptRow| one.record.starts_with("told: ") && !before.contains(one);
            let new: Vec<&AttemptRow> = after.iter().filter(confirms).collect();
            assert_eq!(new.len(), 1, "{}: it says the same each time: {new:#?}", psp.name);
            assert_eq!(new[0].outcome, "pending", "{}: {new:#?}", psp.name);
        }
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Pending, "{}", psp.name);

        // The answer that ends it counts, although what is told is the same.
        let finish = json!({"psp": psp.name, "refund": refund.id.psp_key(), "state": "succeeded"});
        rig.control("finish", &finish).await;
        assert_eq!(tell(&rig, psp, &told).await, Taken::Taken, "{}", psp.name);
        rig.pass(SECOND).await;
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
    }
}

#[tokio::test]
async fn an_old_word_told_again_about_a_refund_that_is_over_is_judged_each_time_and_evidence_once() {
    for psp in ["stripe", "tap"].map(Psp::named) {
        let rig = Rig::new().await;
        let refund = succeeded(&rig, psp).await;
        let timeline = Timeline { merchant: rig.merchant, refund: refund.id };
        let old = Told { event: "PENDING", ..done(&rig, psp, &refund) };
        // Tap's own word of the success was confirmed, too.
        let (_, before) = rig.store.read(timeline).await.unwrap();
        for _ in 0..4 {
            assert_eq!(tell(&rig, psp, &old).await, Taken::Taken, "{}", psp.name);
            rig.pass(SECOND).await;
            let (_, after) = rig.store.read(timeline).await.unwrap();
            let new: Vec<&AttemptRow> = after.iter().filter(|one| !before.contains(one)).collect();
            assert_eq!(new.len(), 1, "{}: it says the same each time: {new:#?}", psp.name);
            assert!(new[0].record.starts_with("told: ") && new[0].outcome == "succeeded", "{new:#?}");
        }
        assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded, "{}", psp.name);
        assert!(rig.open_cases().await.is_empty(), "{}", psp.name);
    }
}
