//! The tour: the flow of the two source documents, a line a step.
//!
//! A step that held is kept and never done again. A step that was cut off by a kill, or did not hold, is done again with
//! the same references, so that it makes no second refund: an `Idempotency-Key` at PortOne's API, a `merchantRefundId`
//! at SGate's.

mod books;
mod others;
mod portone;
mod sgate;
mod tap;
mod timeouts;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use redress_engine::engine::Engine;
use redress_engine::world::Clock;

use super::backend::Backend;
use super::client::{Client, Control, Effect};
use super::kind::Kind;
use super::payments::Payment;

/// For one step; longer than PortOne's face waits, than it takes until a person is called at Tap, and than a slow disk keeps
/// a commit waiting.
const STEP_SECONDS_MAX: u64 = 45;

/// One of the seconds of which limits are.
const SECOND: Duration = Duration::from_secs(1);

/// Between two looks whether something has happened.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What all steps work with.
pub(super) struct Guide {
    pub(super) client: Client,
    pub(super) control: Control,
    pub(super) backend: Backend,
    /// To recompute the books.
    pub(super) engine: Engine,
    pub(super) payments: Vec<Payment>,
    /// What the references begin with: this directory's own.
    pub(super) seed: String,
}

/// What a step says when it held, or why it did not hold.
type Told = Result<String, String>;

/// One step.
pub(super) struct Step {
    /// Its name in the state file.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) title: &'static str,
    run: for<'a> fn(&'a Guide) -> LocalBoxFuture<'a, Told>,
}

/// All of them, in order.
pub(super) const STEPS: [Step; 15] = [
    Step {
        name: "portone-create",
        title: "PortOne: create a refund",
        run: |guide| Box::pin(portone::create(guide)),
    },
    Step {
        name: "portone-psp",
        title: "MoMo gives the money back",
        run: |guide| Box::pin(portone::at_the_psp(guide)),
    },
    Step {
        name: "portone-webhook",
        title: "PortOne's webhook, verified",
        run: |guide| Box::pin(portone::webhook(guide)),
    },
    Step {
        name: "portone-list",
        title: "PortOne: list the refunds",
        run: |guide| Box::pin(portone::list(guide)),
    },
    Step {
        name: "sgate-create",
        title: "SGate: create a refund",
        run: |guide| Box::pin(sgate::create(guide)),
    },
    Step {
        name: "sgate-psp",
        title: "Tap gives the money back",
        run: |guide| Box::pin(sgate::at_the_psp(guide)),
    },
    Step {
        name: "sgate-callback",
        title: "SGate's callback, verified",
        run: |guide| Box::pin(sgate::callback(guide)),
    },
    Step {
        name: "sgate-query",
        title: "SGate: query the refund",
        run: |guide| Box::pin(sgate::query(guide)),
    },
    Step {
        name: "portone-over",
        title: "PortOne: too much is refused",
        run: |guide| Box::pin(portone::too_much(guide)),
    },
    Step {
        name: "sgate-over",
        title: "SGate: too much is refused",
        run: |guide| Box::pin(sgate::too_much(guide)),
    },
    Step {
        name: "momo-timeout",
        title: "MoMo's answer is lost",
        run: |guide| Box::pin(timeouts::momo(guide)),
    },
    Step { name: "tap-timeout", title: "Tap's answer is lost", run: |guide| Box::pin(timeouts::tap(guide)) },
    Step {
        name: "mpgs",
        title: "Mastercard Gateway refunds a card",
        run: |guide| Box::pin(others::mpgs(guide)),
    },
    Step { name: "stripe", title: "Stripe refunds a card", run: |guide| Box::pin(others::stripe(guide)) },
    Step { name: "books", title: "The books agree", run: |guide| Box::pin(books::verify(guide)) },
];

impl Step {
    /// Does it, within its limit.
    pub(super) async fn run(&self, guide: &Guide) -> Told {
        tokio::select! {
            biased;
            told = (self.run)(guide) => told,
            () = seconds_seen(&*guide.client.clock, STEP_SECONDS_MAX) => {
                Err(format!("it took more than {STEP_SECONDS_MAX} s"))
            }
        }
    }
}

impl Guide {
    /// A payment by its kind and number, from 0 to 4.
    fn payment(&self, kind: Kind, number: usize) -> Result<&Payment, String> {
        let mut of_kind = self.payments.iter().filter(|payment| payment.kind == kind);
        of_kind.nth(number).ok_or_else(|| "the payment is missing".to_owned())
    }

    /// The reference of a step's refund: the same at every try.
    fn reference(&self, step: &str) -> String {
        format!("demo-{}-{step}", self.seed)
    }

    /// Looks until there is something to see. The step's limit ends it.
    async fn wait_for<T>(&self, look: impl AsyncFn() -> Result<Option<T>, String>) -> Result<T, String> {
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            self.client.clock.sleep(LOOK_AGAIN).await;
        }
    }

    /// The one effect on a payment, once it has succeeded there.
    async fn one_effect(&self, payment: &Payment, amount_minor: i64) -> Result<Effect, String> {
        let effect = self
            .wait_for(async || {
                let effects = self.control.effects(payment.psp, &payment.psp_payment_id).await?;
                if effects.len() > 1 {
                    return Err(format!("{} effects in the ledger: {effects:?}", effects.len()));
                }
                Ok(effects.into_iter().find(|effect| effect.state == "succeeded"))
            })
            .await?;
        if effect.amount_minor == amount_minor {
            return Ok(effect);
        }
        Err(format!("the ledger has another sum: {}", effect.amount_minor))
    }
}

/// Lets so many seconds pass, one after the other: a machine that stands still in between says nothing about what it ran.
pub(super) async fn seconds_seen(clock: &dyn Clock, seconds: u64) {
    for _ in 0..seconds {
        clock.sleep(SECOND).await;
    }
}

/// Fails with what was seen, unless it holds.
fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use redress_core::time::Timestamp;
    use redress_engine::testing::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_machine_that_stands_still_uses_up_no_limit() {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let passes = seconds_seen(&clock, 3);
        tokio::pin!(passes);
        for _ in 0..2 {
            assert!(passes.as_mut().now_or_never().is_none());
            clock.advance(Duration::from_secs(60));
        }
        assert!(passes.as_mut().now_or_never().is_none(), "two minutes were two looks");
        clock.advance(SECOND);
        assert!(passes.as_mut().now_or_never().is_some());
    }
}
