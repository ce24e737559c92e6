//! SIGKILL at random moments, with refunds of both faces at both PSPs under way and the PSPs faulty.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use crate::harness::audit::{Asked, Audit};
use crate::harness::merchant::{Merchant, Payment, Psp};
use crate::harness::receiver::Receiver;
use crate::harness::time::{pass, pause, stopwatch, until};
use crate::harness::{Kind, Site, Tuning};

const KILLS: u64 = 10;
const CAPTURED: i64 = 50_000_000;
const PAYMENTS_EACH: usize = 3;
/// Callers of each payment.
const CALLERS_EACH: usize = 3;
/// Sends in flight of each account.
const AT_ONCE: u32 = 8;
/// How long it may take after the last kill.
const END_LIMIT: Duration = Duration::from_secs(30);
/// How long a caller goes on asking while nobody answers.
const CALLER_LIMIT: Duration = Duration::from_secs(20);

/// What the PSPs do, again and again. None of it leaves the end open for ever, and every other refund is an easy one.
const MOMO: [&str; 12] = [
    "succeed",
    "slow:150",
    "succeed",
    "timeout_after_effect",
    "succeed",
    "reset_after_effect",
    "succeed",
    "effect_after:1300",
    "succeed",
    "error500_before_effect",
    "timeout_before_effect",
    "garbage",
];
const TAP: [&str; 12] = [
    "succeed",
    "slow:150",
    "succeed",
    "timeout_after_effect",
    "succeed",
    "reset_after_effect",
    "succeed",
    "effect_after:1300",
    "succeed",
    "duplicate_notification",
    "notify_before_answer",
    "error500_after_effect",
];

#[test]
fn kills_under_load_lose_and_double_nothing_on_sqlite() {
    kills_under_load(Kind::Sqlite);
}

#[test]
fn kills_under_load_lose_and_double_nothing_on_postgres() {
    kills_under_load(Kind::Postgres);
}

fn kills_under_load(kind: Kind) {
    if !kind.is_here() {
        return;
    }
    let site = Site::new(kind, Tuning { max_in_flight: AT_ONCE, face_wait_ms: 2_000, ..Tuning::default() });
    let receiver = Receiver::start();
    let mut server = site.serve(0);
    let merchant = site.merchant(Some(&receiver.url));
    let payments: Vec<Payment> = (0..PAYMENTS_EACH * 2)
        .map(|number| {
            let (psp, steps) = [(Psp::Momo, MOMO), (Psp::Tap, TAP)][number % 2];
            let payment = site.payment(&server, &merchant, psp, CAPTURED);
            site.script(&payment, &steps.repeat(80));
            payment
        })
        .collect();
    let (ends, next) = (AtomicBool::new(false), AtomicI64::new(0));
    let callers = Callers { merchant: &merchant, at: server.at.clone(), ends, next };
    let asked: Vec<(Payment, Asked)> = std::thread::scope(|scope| {
        let threads =
            payments.iter().map(|payment| [(); CALLERS_EACH].map(|()| scope.spawn(|| callers.ask(payment))));
        let threads: Vec<_> = threads.collect();
        for kill in 1..=KILLS {
            // Spread over the phases of what is under way; the same in every run.
            pass(Duration::from_millis(200 + kill * 397 % 600));
            server.kill();
            server = site.serve(0);
        }
        callers.ends.store(true, Relaxed);
        let asked = threads.into_iter().map(|threads| {
            let acknowledged = threads.into_iter().flat_map(|thread| thread.join().unwrap());
            Asked { acknowledged: acknowledged.collect(), ..Asked::default() }
        });
        payments.iter().cloned().zip(asked).collect()
    });
    // MoMo's look-ups may have called a person and go on all the same; what Tap never got stays open.
    for (payment, _) in asked.iter().filter(|(payment, _)| payment.psp == Psp::Momo) {
        until("end of all refunds at MoMo", END_LIMIT, || {
            let (refunds, _) = merchant.refunds(&server, payment);
            refunds.iter().all(|refund| refund.status == "SUCCESS").then_some(())
        });
    }
    let audit = Audit { site: &site, server: &server, merchant: &merchant, receiver: &receiver };
    let ends = audit.pass(&asked);
    let of = |psp| {
        let ours = asked.iter().zip(&ends).filter(move |((payment, _), _)| payment.psp == psp);
        ours.flat_map(|(_, ends)| ends.values()).partition::<Vec<_>, _>(|refund| refund.status == "SUCCESS")
    };
    let ((momo, momo_open), (tap, tap_open)) = (of(Psp::Momo), of(Psp::Tap));
    let counts = [momo.len(), momo_open.len(), tap.len(), tap_open.len()];
    eprintln!("succeeded and open, at MoMo and at Tap: {counts:?}");
    // Enough that the kills met something.
    assert!(momo.len() > 20 && tap.len() > 20, "{counts:?}");
    // Only a request to Tap that never arrived stays open: at MoMo it is sent again under its key.
    assert!(momo_open.is_empty(), "{momo_open:#?}");
    assert!(tap_open.iter().all(|refund| refund.status == "IN_QUEUE"), "{tap_open:#?}");
    let sent_at_kills = AT_ONCE as usize * KILLS as usize;
    assert!(tap_open.len() <= sent_at_kills, "more is open than was ever in flight: {counts:?}");
}

/// Callers that ask again, with the same name for the refund, until they are answered.
struct Callers<'a> {
    merchant: &'a Merchant,
    at: String,
    ends: AtomicBool,
    next: AtomicI64,
}

impl Callers<'_> {
    /// Asks until the end; answers the amounts of the acknowledged refunds.
    fn ask(&self, payment: &Payment) -> Vec<i64> {
        let mut acknowledged = Vec::new();
        while !self.ends.load(Relaxed) {
            let number = self.next.fetch_add(1, Relaxed);
            let amount = 1_000 + number;
            self.insist(payment, amount);
            acknowledged.push(amount);
            pause();
            pause();
        }
        acknowledged
    }

    fn insist(&self, payment: &Payment, amount: i64) {
        let name = format!("{}-{amount}", payment.order_ref);
        let start = stopwatch();
        loop {
            // Signed anew each time: a signature has its time.
            let answer = match amount % 3 {
                0 => self.merchant.portone_refund(payment, amount, &name).call(&self.at),
                _ => self.merchant.sgate_refund(payment, amount, &name).call(&self.at),
            };
            match answer {
                Ok(answer) => {
                    assert_eq!(answer.status, 200, "{answer:?}");
                    return;
                }
                Err(error) => assert!(start.elapsed() < CALLER_LIMIT, "nobody answers: {error}"),
            }
            pause();
        }
    }
}
