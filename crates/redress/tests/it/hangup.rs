//! Callers that go, and callers that wait for another PSP than the slow one.

use std::time::Duration;

use crate::harness::audit::{Asked, Audit};
use crate::harness::payment::Psp;
use crate::harness::receiver::Receiver;
use crate::harness::time::{LIMIT, stopwatch, until};
use crate::harness::{Kind, Site, Tuning};

const CAPTURED: i64 = 1_000_000;

/// Callers of each sort.
const CALLERS: i64 = 16;

#[test]
fn a_caller_that_hangs_up_changes_nothing() {
    let site = Site::new(Kind::Sqlite, Tuning { max_in_flight: 32, ..Tuning::default() });
    let receiver = Receiver::start();
    let server = site.serve(0);
    let merchant = site.merchant(Some(&receiver.url));
    let mut asked = Vec::new();
    for psp in Psp::ALL {
        let payment = site.payment(&server, &merchant, psp, CAPTURED);
        site.script(&payment, &["slow:300"; 3 * CALLERS as usize]);
        let mut all = Asked::default();
        // Gone at once: what was read of them is carried out to its end, the rest never was.
        for amount in 1_000..1_000 + CALLERS {
            let name = format!("{}-{amount}", payment.order_ref);
            drop(merchant.portone_refund(&payment, amount, &name).send(&server.at).unwrap());
            let name = format!("{}-{}", payment.order_ref, amount + 1_000);
            drop(merchant.sgate_refund(&payment, amount + 1_000, &name).send(&server.at).unwrap());
            all.perhaps.extend([amount, amount + 1_000]);
        }
        // Gone in the middle of the wait for the PSP: the PSP has it, so the refund is on disk.
        for amount in 3_000..3_000 + CALLERS {
            let name = format!("{}-{amount}", payment.order_ref);
            let waiting = merchant.portone_refund(&payment, amount, &name).send(&server.at).unwrap();
            until("effect", LIMIT, || {
                site.effects(&payment).iter().any(|effect| effect.amount_minor == amount).then_some(())
            });
            drop(waiting);
            all.acknowledged.insert(amount);
        }
        asked.push((payment, all));
    }
    let audit = Audit { site: &site, server: &server, merchant: &merchant, receiver: &receiver };
    for ends in audit.pass(&asked) {
        assert!(ends.values().all(|refund| refund.status == "SUCCESS"), "{ends:#?}");
    }
}

#[test]
fn a_slow_psp_does_not_slow_another() {
    const AT_ONCE: u32 = 4;
    // No answer of the slow one comes while this test runs: nobody here waits that long but for what stands behind it.
    let tuning = Tuning {
        psp_timeout_ms: 600_000,
        face_wait_ms: 100_000,
        max_in_flight: AT_ONCE,
        ..Tuning::default()
    };
    let site = Site::new(Kind::Sqlite, tuning);
    let server = site.serve(0);
    let merchant = site.merchant(None);
    let slow = site.payment(&server, &merchant, Psp::Tap, CAPTURED);
    let quick = site.payment(&server, &merchant, Psp::Momo, CAPTURED);
    site.script(&slow, &["slow:590000"; 100]);
    // Callers that wait for the slow one, and many more refunds there than may be in flight.
    let waiting: Vec<_> = (0..10)
        .map(|number| {
            merchant
                .portone_refund(&slow, 1_000 + number, &format!("waits-{number}"))
                .send(&server.at)
                .unwrap()
        })
        .collect();
    for number in 0..30 {
        let answer =
            merchant.sgate_refund(&slow, 2_000 + number, &format!("slow-{number}")).answer(&server.at);
        assert_eq!(answer.expect(200)["status"], "pending");
    }
    let mut spans = Vec::new();
    for number in 0..20 {
        let call = merchant.portone_refund(&quick, 1_000 + number, &format!("quick-{number}"));
        let start = stopwatch();
        let answer = call.answer(&server.at);
        let took = start.elapsed();
        let refunds = answer.expect(200)["refundDetails"].clone();
        let last = refunds.as_array().unwrap().last().unwrap();
        // After a wait of the face for somebody else it would be IN_QUEUE.
        assert_eq!(last["refund_status"], "SUCCESS");
        spans.push(took);
    }
    // A busy machine holds up some of them, a slow PSP would hold up all, for minutes.
    spans.sort_unstable();
    assert!(spans[spans.len() / 2] < Duration::from_secs(10), "{spans:?}");
    let permits = usize::try_from(AT_ONCE).unwrap();
    let sent = until("effects", LIMIT, || Some(site.effects(&slow).len()).filter(|sent| *sent >= permits));
    assert_eq!(sent, permits, "no more than the account's permits are out");
    drop(waiting);
}
