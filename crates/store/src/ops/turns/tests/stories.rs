//! Random stories of payments whose refunds take turns: whatever happens, one of a payment is under way at most, and when
//! the PSP answers again, all of them go, one after the other. The seed is fixed, so a red run is red again.

use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::{Verdict, Via};
use redress_core::state::StateName;

use super::super::super::accept::{Accept, Accepted};
use super::super::super::claim::Claim;
use super::super::super::fixtures::{
    Hand, Permits, SAME_KEY, accept, at, audit, done, hear, load, not_sent, pay, pending, refused, word,
};
use super::super::super::verify::{LoadBooks, check_payment};
use super::{claim_turns, close, turn_world};
use crate::store::Store;

const STORIES: u32 = 48;
const STEPS_MAX: usize = 50;
const PAYMENTS: u32 = 2;

#[derive(Clone, Debug)]
enum Step {
    Accept { payment: u32, at_once: bool },
    Word { refund: usize, outcome: Outcome, via: Via },
    Claim { sends: u32, window: bool, resend: bool },
    Close { refund: usize, verdict: Verdict },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let accept =
        (0..PAYMENTS, any::<bool>()).prop_map(|(payment, at_once)| Step::Accept { payment, at_once });
    let outcome = prop_oneof![
        Just(done(None)),
        Just(refused()),
        Just(pending(None)),
        Just(not_sent()),
        prop::sample::select(Finding::ALL.to_vec()).prop_map(Outcome::Unknown),
    ];
    let via = prop::sample::select(vec![Via::Submit, Via::Query, Via::Notification]);
    let word =
        (any::<usize>(), outcome, via).prop_map(|(refund, outcome, via)| Step::Word { refund, outcome, via });
    let claim = (0..3_u32, 0..12_u8, any::<bool>()).prop_map(|(sends, twelfth, resend)| Step::Claim {
        sends,
        window: twelfth == 0,
        resend,
    });
    let verdict = prop::sample::select(vec![Verdict::Succeeded, Verdict::Failed]);
    let close = (any::<usize>(), verdict).prop_map(|(refund, verdict)| Step::Close { refund, verdict });
    prop::collection::vec(prop_oneof![4 => accept, 6 => word, 4 => claim, 1 => close], 1..STEPS_MAX)
}

struct Story {
    store: Store,
    refunds: u32,
    second: i64,
}

impl Story {
    async fn new() -> Self {
        let store = Store::in_line_sqlite().expect("in memory");
        store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
        turn_world(&store).await;
        pay(&store, 3, "turns", 1000).await;
        Self { store, refunds: 0, second: 100 }
    }

    async fn step(&mut self, step: &Step) {
        self.second += 7;
        let which =
            |refund: &usize, of: u32| refund.checked_rem(of as usize).map(|n| u32::try_from(n).expect("few"));
        match step {
            Step::Accept { payment, at_once } => {
                let accept = Accept {
                    permits: Arc::new(Hand(Permits::new(u32::from(*at_once)))),
                    now: at(self.second),
                    ..accept(&format!("order-{}", 2 + payment), "0.10", self.refunds)
                };
                let made = self.store.run(accept).await.expect("an answer");
                assert!(matches!(made, Accepted::New { .. }));
                self.refunds += 1;
            }
            Step::Word { refund, outcome, via } => {
                let Some(n) = which(refund, self.refunds) else { return };
                // What a PSP tells of one that was never sent has a test of its own.
                if load(&self.store, n).await.0.state.name() == StateName::Queued {
                    return;
                }
                self.store.run(word(n, outcome.clone(), *via, self.second)).await.expect("settled");
            }
            Step::Claim { sends, window, resend } => {
                let window = window.then_some(std::time::Duration::from_secs(1));
                let mut claim = Claim { sends: *sends, window, ..claim_turns(self.second) };
                if *resend {
                    claim.recipe = &SAME_KEY;
                }
                self.store.run(claim).await.expect("claimed");
            }
            Step::Close { refund, verdict } => {
                let Some(n) = which(refund, self.refunds) else { return };
                self.store.run(close(n, *verdict, self.second)).await.expect("an answer");
            }
        }
        self.check().await;
    }

    async fn check(&self) {
        let books = self.store.read(LoadBooks { after: None, limit: 10 }).await.expect("read");
        let differences: Vec<_> = books.iter().flat_map(check_payment).map(|found| found.what).collect();
        assert_eq!(differences, Vec::<String>::new());
    }

    /// The PSP does all that it is asked. Each round is longer than any pause after a try, and shorter than the net.
    async fn go_on_to_the_end(&mut self) {
        for _ in 0..=self.refunds + 1 {
            self.second += 61;
            self.store.run(claim_turns(self.second)).await.expect("claimed");
            let mut open = 0;
            for n in 0..self.refunds {
                let state = load(&self.store, n).await.0.state.name();
                if state.may_be_under_way() {
                    hear(&self.store, n, done(None), Via::Notification, self.second).await;
                } else if !state.is_final() {
                    open += 1;
                }
            }
            self.check().await;
            if open == 0 {
                return;
            }
        }
        panic!("somebody waits for the net of time");
    }
}

#[test]
fn one_of_a_payment_is_under_way_at_most_and_all_of_them_go() {
    let config = Config { cases: STORIES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tell = |steps: Vec<Step>| {
        let story = async {
            let mut story = Story::new().await;
            for step in &steps {
                story.step(step).await;
            }
            story.go_on_to_the_end().await;
            audit(&story.store).await;
        };
        // In line, nothing waits: one poll tells the whole story.
        Box::pin(story).now_or_never().expect("the store in line never waits");
        Ok(())
    };
    runner.run(&steps(), tell).unwrap_or_else(|error| panic!("{error}"));
}
