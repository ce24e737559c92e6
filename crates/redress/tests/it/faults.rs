//! The sandbox's scripted faults over real connections: each ends in the right state, with one effect at most. All of
//! them, under a simulated clock, are in the engine's own tests.

use std::collections::BTreeMap;

use crate::harness::audit::{Audit, shown_id};
use crate::harness::payment::{Payment, Psp};
use crate::harness::receiver::Receiver;
use crate::harness::time::{LIMIT, stopwatch, until};
use crate::harness::{Kind, Site, Tuning};

const CAPTURED: i64 = 1_000_000;
const AMOUNT: i64 = 300_000;

/// What is scripted, and what must come of it.
struct Fault {
    psp: Psp,
    step: &'static str,
    /// As PortOne's face shows it.
    ends: &'static str,
    /// The states of the effects in the ledger.
    effects: &'static [&'static str],
    /// The kind of the open case.
    case: Option<&'static str>,
}

const fn succeeds(psp: Psp, step: &'static str) -> Fault {
    Fault { psp, step, ends: "SUCCESS", effects: &["succeeded"], case: None }
}

/// The PSP timeout is 2 s and look-ups are at most 1 s apart, so what takes longer comes after both.
const FAULTS: [Fault; 21] = [
    succeeds(Psp::Momo, "timeout_before_effect"),
    succeeds(Psp::Momo, "timeout_after_effect"),
    succeeds(Psp::Momo, "effect_after:800"),
    succeeds(Psp::Momo, "effect_after:6000"),
    succeeds(Psp::Momo, "error500_before_effect"),
    succeeds(Psp::Momo, "error500_after_effect"),
    succeeds(Psp::Momo, "reset_after_effect"),
    succeeds(Psp::Momo, "garbage"),
    succeeds(Psp::Momo, "slow:2800"),
    Fault { psp: Psp::Momo, step: "refuse", ends: "FAILED", effects: &[], case: None },
    Fault {
        psp: Psp::Tap,
        step: "timeout_before_effect",
        ends: "IN_QUEUE",
        effects: &[],
        case: Some("unresolved"),
    },
    Fault {
        psp: Psp::Tap,
        step: "error500_before_effect",
        ends: "IN_QUEUE",
        effects: &[],
        case: Some("unresolved"),
    },
    succeeds(Psp::Tap, "timeout_after_effect"),
    // After the look-ups have called a person; they go on, find it, and the case closes.
    succeeds(Psp::Tap, "effect_after:9000"),
    succeeds(Psp::Tap, "reset_after_effect"),
    succeeds(Psp::Tap, "garbage"),
    succeeds(Psp::Tap, "slow:2800"),
    succeeds(Psp::Tap, "duplicate_notification"),
    succeeds(Psp::Tap, "notify_before_answer"),
    Fault { psp: Psp::Tap, step: "refuse", ends: "FAILED", effects: &[], case: None },
    Fault {
        psp: Psp::Tap,
        step: "succeed_then_fail",
        ends: "FAILED",
        effects: &["failed"],
        case: Some("reversed"),
    },
];

#[test]
fn every_fault_ends_in_the_right_state_with_one_effect_at_most() {
    // Long enough for a busy machine: a refusal that comes too late is one that nobody knows.
    let tuning = Tuning { max_in_flight: 32, psp_timeout_ms: 2_000, ..Tuning::default() };
    let site = Site::new(Kind::Sqlite, tuning);
    let receiver = Receiver::start();
    let server = site.serve(0);
    let merchant = site.merchant(Some(&receiver.url));
    let payments: Vec<Payment> = FAULTS
        .iter()
        .map(|fault| {
            let payment = site.payment(&server, &merchant, fault.psp, CAPTURED);
            site.script(&payment, &[fault.step]);
            let asked = merchant.sgate_refund(&payment, AMOUNT, &payment.order_ref);
            assert_eq!(asked.answer(&server.at).expect(200)["status"], "pending");
            payment
        })
        .collect();
    // All of them at once; only together they have come to rest.
    let stands = || -> Vec<Stands> {
        let cases = cases(&site);
        let ledger = site.ledger();
        let one = |payment: &Payment| {
            let (refunds, left) = merchant.refunds(&server, payment);
            assert_eq!(refunds.len(), 1, "{refunds:?}");
            let effects = ledger.iter().filter(|effect| effect.payment == payment.psp_payment_id);
            Stands {
                ends: refunds[0].status.clone(),
                left,
                effects: effects.map(|effect| effect.state.clone()).collect(),
                case: cases.get(&refunds[0].id).cloned(),
            }
        };
        payments.iter().map(one).collect()
    };
    let expected: Vec<_> = FAULTS.iter().map(Fault::stands).collect();
    let start = stopwatch();
    let last = until("answer", LIMIT * 2, || {
        let last = stands();
        assert!(last.iter().all(|it| it.effects.len() <= 1), "two effects of one refund: {last:#?}");
        (last == expected || start.elapsed() > LIMIT).then_some(last)
    });
    for ((fault, last), expected) in FAULTS.iter().zip(&last).zip(&expected) {
        assert_eq!(last, expected, "{} {}", fault.psp.name(), fault.step);
    }
    let audit = Audit { site: &site, server: &server, merchant: &merchant, receiver: &receiver };
    let unresolved = FAULTS.iter().filter(|fault| fault.case == Some("unresolved")).count();
    assert_eq!(audit.waiting_for_a_person().len(), unresolved + 1);
    site.verify();
}

/// How a refund stands, and what is left of its payment.
#[derive(Debug, PartialEq, Eq)]
struct Stands {
    ends: String,
    left: i64,
    effects: Vec<String>,
    case: Option<String>,
}

impl Fault {
    fn stands(&self) -> Stands {
        Stands {
            ends: self.ends.to_owned(),
            left: if self.ends == "FAILED" { CAPTURED } else { CAPTURED - AMOUNT },
            effects: self.effects.iter().map(|&state| state.to_owned()).collect(),
            case: self.case.map(str::to_owned),
        }
    }
}

/// The kinds of open cases by the refund they are about.
fn cases(site: &Site) -> BTreeMap<String, String> {
    let cases = site.json("case list");
    let about = |case: &serde_json::Value| {
        let refund = shown_id(case["refund"].as_str()?);
        Some((refund, case["kind"].as_str()?.to_owned()))
    };
    cases.as_array().unwrap().iter().filter_map(about).collect()
}
