//! The judge finds what it is there to find: each test spoils a good end in one way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::load::Face;
use crate::payment::Psp;
use crate::signing::standard_signature;

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdA==";
const IDS: [&str; 3] = ["0352VMoyFba6hBhqE1Cxik", "0352VPEX2yr4gb3Yapu3wd", "0352VPEX2yr4gb3Yapu3we"];

fn notice(kind: &str, id: &str) -> Notice {
    let (webhook, timestamp, body) = ("evt", "1700000000", format!("{kind} {id}"));
    Notice {
        kind: kind.into(),
        refund: key_of(id).replacen('-', "_", 1),
        merchant_refund_id: None,
        acknowledged: true,
        id: webhook.into(),
        timestamp: timestamp.into(),
        signature: format!("v1,{}", standard_signature(SECRET, webhook, timestamp, &body)),
        body,
    }
}

fn effect(id: &str, amount_minor: i64, state: &str) -> Effect {
    let (psp, payment) = ("tap".into(), "chg_1".into());
    Effect { psp, payment, key: key_of(id), amount_minor, state: state.into() }
}

/// One that succeeded, one that failed, one that waits for a person; one that was refused.
fn good() -> Evidence {
    let refund = |n: usize, minor, status: &str| Refund { id: IDS[n].into(), minor, status: status.into() };
    let asked = |minor, face, told| Asked {
        order_ref: "order-1".into(),
        minor,
        face,
        too_much: minor > 10_000,
        at_once: true,
        told,
    };
    Evidence {
        shown: vec![Shown {
            payment: Payment {
                psp: Psp::Tap,
                order_ref: "order-1".into(),
                psp_payment_id: "chg_1".into(),
                captured: 10_000,
            },
            refunds: vec![
                refund(0, 1_001, "SUCCESS"),
                refund(1, 1_002, "FAILED"),
                refund(2, 1_003, "IN_QUEUE"),
            ],
            left: 10_000 - 1_001 - 1_003,
        }],
        asked: vec![
            asked(1_001, Face::Portone, Told::Accepted(IDS[0].into())),
            asked(1_002, Face::Portone, Told::RefusedByPsp),
            asked(1_003, Face::Sgate, Told::Accepted("order-1_R3".into())),
            asked(10_004, Face::Sgate, Told::Refused),
        ],
        at_sgate: [("order-1_R3".to_owned(), 1_003)].into(),
        ledger: vec![effect(IDS[0], 1_001, "succeeded"), effect(IDS[1], 1_002, "failed")],
        cases: [IDS[2].to_owned()].into(),
        notices: vec![notice("refund.succeeded", IDS[0]), notice("refund.failed", IDS[1])],
        endpoint_secret: SECRET.into(),
        differences: None,
    }
}

/// How many findings there are once the good end was spoiled.
fn found(spoil: impl FnOnce(&mut Evidence)) -> Findings {
    let mut evidence = good();
    spoil(&mut evidence);
    judge(&evidence)
}

#[test]
fn a_good_end_is_found_good() {
    assert_eq!(found(|_| {}), Findings::new());
}

#[test]
fn what_was_acknowledged_and_is_gone_is_found() {
    let gone = found(|it| {
        it.shown[0].refunds.remove(2);
        it.shown[0].left += 1_003;
    });
    assert!(gone.iter().any(|text| text.contains("not what the caller was told")), "{gone:?}");
    assert!(!found(|it| it.at_sgate.clear()).is_empty());
    assert!(!found(|it| it.asked[0].told = Told::Accepted(IDS[1].into())).is_empty(), "another refund");
}

#[test]
fn what_happened_twice_is_found() {
    let twice = found(|it| it.ledger.push(effect(IDS[0], 1_001, "succeeded")));
    assert!(twice.iter().any(|text| text.contains("two effects of one refund")), "{twice:?}");
    let made_twice = found(|it| {
        let again = Refund { id: IDS[2].into(), ..it.shown[0].refunds[0].clone() };
        it.shown[0].refunds.push(again);
    });
    assert!(made_twice.iter().any(|text| text.contains("one request made two refunds")), "{made_twice:?}");
}

#[test]
fn more_than_was_captured_is_found() {
    let over = found(|it| it.shown[0].payment.captured = 1_000);
    assert!(over.iter().any(|text| text.contains("1001 given back")), "{over:?}");
    assert!(!found(|it| it.shown[0].left -= 1).is_empty(), "the sums do not fit");
    let too_much = found(|it| {
        it.shown[0].refunds[0].minor = 10_004;
        it.shown[0].left = 10_000 - 10_004 - 1_003;
    });
    assert!(too_much.iter().any(|text| text.contains("not what the caller was told")), "{too_much:?}");
}

#[test]
fn a_wrong_end_is_found() {
    assert!(!found(|it| it.ledger[0].state = "failed".into()).is_empty(), "succeeded here alone");
    assert!(!found(|it| it.ledger[0].state = "pending".into()).is_empty(), "succeeded too early");
    assert!(!found(|it| it.ledger[1].state = "succeeded".into()).is_empty(), "failed here alone");
    assert!(!found(|it| drop(it.ledger.remove(0))).is_empty(), "nothing happened");
    assert!(!found(|it| it.cases.clear()).is_empty(), "nobody was called");
    assert!(!found(|it| it.ledger[0].key = key_of(IDS[2])).is_empty(), "another refund's effect");
    assert!(!found(|it| it.ledger[0].payment = "chg_2".into()).is_empty(), "another payment's effect");
    assert!(!found(|it| it.differences = Some("1 difference".into())).is_empty());
}

#[test]
fn what_nobody_asked_for_is_found() {
    assert!(!found(|it| drop(it.asked.remove(0))).is_empty());
    assert!(!found(|it| drop(it.shown.remove(0))).is_empty());
}

#[test]
fn a_merchant_who_was_told_nothing_or_something_else_is_found() {
    assert!(!found(|it| drop(it.notices.remove(0))).is_empty(), "not told");
    assert!(!found(|it| it.notices[0].acknowledged = false).is_empty(), "not taken");
    assert!(!found(|it| it.notices[0].body.push(' ')).is_empty(), "another body than was signed");
    assert!(!found(|it| it.endpoint_secret = format!("whsec_{}", STANDARD.encode("other"))).is_empty());
    assert!(!found(|it| it.notices.push(notice("refund.failed", IDS[0]))).is_empty(), "both ends");
    assert!(!found(|it| it.notices.push(notice("refund.succeeded", IDS[2]))).is_empty(), "no end yet");
    assert!(!found(|it| it.notices.push(notice("refund.succeeded", "0352VPEX2yr4gb3Yapu3zz"))).is_empty());
}
