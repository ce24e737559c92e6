//! SIGKILL at every step of a refund, with the sandbox left running, and a new start.

use std::time::Duration;

use crate::harness::audit::{Asked, Audit};
use crate::harness::merchant::{Merchant, listed_refunds};
use crate::harness::payment::{Payment, Psp};
use crate::harness::receiver::Receiver;
use crate::harness::time::{LIMIT, pass, until};
use crate::harness::{Kind, Server, Site, Tuning};

const CAPTURED: i64 = 1_000_000;

/// What is waited for before the kill.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The request's head has been sent.
    HalfSent,
    /// The request has been sent.
    Sent,
    /// The refund was acknowledged; its account is paused, so that it lies in the queue.
    Queued,
    /// The refund was acknowledged, and the PSP has its request and has done nothing yet.
    AtThePsp,
    /// The PSP has done it and has not answered.
    Done,
    /// An event has reached the merchant.
    Told(&'static str),
    /// The caller was told the end.
    Answered,
    /// The notification of the end lies with the merchant, who has not answered.
    Telling,
}

/// One kill: the sandbox's step for the refund, the moment, and how the refund must stand in the end, if it must.
type Kill = (Psp, &'static str, When, &'static str);

const KILLS: [Kill; 17] = [
    (Psp::Momo, "succeed", When::HalfSent, "none"),
    (Psp::Momo, "succeed", When::Sent, "any"),
    (Psp::Tap, "succeed", When::Sent, "any"),
    (Psp::Momo, "succeed", When::Queued, "SUCCESS"),
    (Psp::Tap, "succeed", When::Queued, "SUCCESS"),
    (Psp::Momo, "effect_after:2500", When::AtThePsp, "SUCCESS"),
    (Psp::Tap, "effect_after:2500", When::AtThePsp, "SUCCESS"),
    (Psp::Momo, "timeout_after_effect", When::Done, "SUCCESS"),
    (Psp::Tap, "timeout_after_effect", When::Done, "SUCCESS"),
    (Psp::Momo, "slow:700", When::Done, "SUCCESS"),
    (Psp::Tap, "slow:700", When::Done, "SUCCESS"),
    (Psp::Tap, "notify_before_answer", When::Done, "SUCCESS"),
    (Psp::Momo, "effect_after:2500", When::Told("refund.unknown"), "SUCCESS"),
    (Psp::Tap, "effect_after:2500", When::Told("refund.unknown"), "SUCCESS"),
    (Psp::Momo, "succeed", When::Answered, "SUCCESS"),
    (Psp::Tap, "pend", When::Told("refund.pending"), "SUCCESS"),
    (Psp::Momo, "succeed", When::Telling, "SUCCESS"),
];

#[test]
fn a_kill_at_any_step_loses_and_doubles_nothing_on_sqlite() {
    every_step(Kind::Sqlite);
}

#[test]
fn a_kill_at_any_step_loses_and_doubles_nothing_on_postgres() {
    every_step(Kind::Postgres);
}

fn every_step(kind: Kind) {
    if !kind.is_here() {
        return;
    }
    // Whoever is to be told the end waits for it, however slow the machine is.
    let site = Site::new(kind, Tuning { face_wait_ms: 100_000, ..Tuning::default() });
    let receiver = Receiver::start();
    let mut server = site.serve(0);
    let merchant = site.merchant(Some(&receiver.url));
    let mut asked = Vec::new();
    for kill in KILLS {
        let payment = site.payment(&server, &merchant, kill.0, CAPTURED);
        let scene = Scene { site: &site, merchant: &merchant, receiver: &receiver, payment: &payment };
        asked.push((payment.clone(), scene.play(&mut server, kill)));
    }
    // What a PSP had not done yet when it was asked stands as a case for a while, and ends all the same.
    for ((payment, _), kill) in asked.iter().zip(KILLS).filter(|(_, kill)| kill.3 == "SUCCESS") {
        until(&format!("success of {kill:?}"), LIMIT, || {
            let (refunds, _) = merchant.refunds(&server, payment);
            refunds.iter().any(|refund| refund.minor == AMOUNT && refund.status == kill.3).then_some(())
        });
    }
    let audit = Audit { site: &site, server: &server, merchant: &merchant, receiver: &receiver };
    for (ends, kill) in audit.pass(&asked).iter().zip(KILLS) {
        let end = ends.get(&AMOUNT).map_or("none", |refund| refund.status.as_str());
        assert!(kill.3 == "any" || kill.3 == end, "{kill:?} ended as {end}");
    }
}

/// The amount of every refund here; each has a payment of its own.
const AMOUNT: i64 = 250_000;

/// One payment, about whose refund the server is killed.
struct Scene<'a> {
    site: &'a Site,
    merchant: &'a Merchant,
    receiver: &'a Receiver,
    payment: &'a Payment,
}

impl Scene<'_> {
    /// Plays up to the moment, kills, starts anew; answers what must or may be there.
    fn play(&self, server: &mut Server, (psp, step, when, _): Kill) -> Asked {
        let Self { site, merchant, receiver, payment } = *self;
        site.script(payment, &[step]);
        let account = |word: &str| {
            assert_eq!(site.run(&format!("psp-account {word} {}", merchant.account(psp))).code, Some(0));
        };
        let by_portone = merchant.portone_refund(payment, AMOUNT, &payment.order_ref);
        let mut acknowledged = true;
        match when {
            When::HalfSent => {
                let mut call = by_portone;
                call.body = None;
                call.headers.push(("content-length", "100".to_owned()));
                call.send(&server.at).unwrap();
                acknowledged = false;
            }
            When::Sent => {
                by_portone.send(&server.at).unwrap();
                acknowledged = false;
            }
            When::Queued => {
                account("pause");
                // A running server heeds it within a second.
                pass(Duration::from_millis(1_100));
                self.accept(server);
            }
            When::AtThePsp => {
                self.accept(server);
                // Nothing says that the PSP has it. One that had nothing when the server died would never hear of it. Nor has
                // the server given it up by then.
                pass(Duration::from_millis(900));
            }
            When::Done => {
                self.accept(server);
                until("effect", LIMIT, || (!site.effects(payment).is_empty()).then_some(()));
            }
            When::Told(kind) => {
                self.accept(server);
                self.wait_for(kind);
            }
            When::Answered => {
                let (refunds, _) = listed_refunds(payment, &by_portone.answer(&server.at));
                assert_eq!(refunds[0].status, "SUCCESS");
            }
            When::Telling => {
                receiver.hold();
                self.accept(server);
                self.wait_for("refund.succeeded");
            }
        }
        server.kill();
        receiver.release();
        self.meanwhile(step, when);
        *server = site.serve(0);
        if let When::Queued = when {
            assert!(site.effects(payment).is_empty(), "a paused account sends nothing");
            account("resume");
        }
        let amounts = [AMOUNT].into();
        match acknowledged {
            true => Asked { acknowledged: amounts, ..Asked::default() },
            false => Asked { perhaps: amounts, ..Asked::default() },
        }
    }

    /// Asks by SGate's face, which answers as soon as the refund is on disk.
    fn accept(&self, server: &Server) {
        let answer =
            self.merchant.sgate_refund(self.payment, AMOUNT, &self.payment.order_ref).answer(&server.at);
        assert_eq!(answer.expect(200)["status"], "pending");
    }

    fn wait_for(&self, kind: &str) {
        let ours = Some(self.payment.order_ref.as_str());
        until(kind, LIMIT, || {
            let notices = self.receiver.notices();
            notices.iter().any(|it| it.kind == kind && it.merchant_refund_id.as_deref() == ours).then_some(())
        });
    }

    /// What the PSP does while nobody listens.
    fn meanwhile(&self, step: &str, when: When) {
        if step == "pend" {
            let key = self.site.effects(self.payment)[0].key.clone();
            let end = serde_json::json!({"psp": "tap", "refund": key, "state": "succeeded"});
            self.site.control("finish", &end);
        }
        if let When::Telling = when {
            let told = self.receiver.notices();
            assert!(told.iter().any(|notice| !notice.acknowledged), "the notification was being held");
        }
    }
}
