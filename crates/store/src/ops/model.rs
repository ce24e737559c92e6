//! Random stories against a model that knows three sums and nothing of states: whatever happens, in whatever order, the
//! books are what it says. The seed is fixed, so a red run is red again.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use redress_core::id::{CaseId, RefundId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::policy::AccountState;
use redress_core::settle::{Verdict, Via};
use redress_core::state::{Share, StateName};

use super::accept::{Accept, Dedupe};
use super::cases::{Blocked, CloseCase, ListOpenCases};
use super::claim::Claim;
use super::fixtures::{
    Hand, MERCHANT, MUTE, Permits, SAME_KEY, accept, at, audit, claim, done, not_sent, pay, payment, pending,
    refused, rf, set_account, sql, told, word, world,
};
use super::refunds::{LoadRefund, RefundBy};
use super::settle::{CloseRefund, Closed};
use super::write::Author;
use crate::store::Store;

/// What the payments captured; the first is the one every world has.
const CAPTURED: [i64; 3] = [1000, 500, 50];
const STORIES: u32 = 48;
const STEPS_MAX: usize = 60;

#[derive(Clone, Debug)]
enum Step {
    Accept { payment: usize, amount: Option<i64>, at_once: bool, key: Option<u8> },
    Word { refund: usize, outcome: Outcome, via: Via },
    Claim { sends: u32, queries: u32, revoked: bool, mute: bool },
    Close { refund: usize, verdict: Verdict },
    CloseCase { which: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let accept = (0..CAPTURED.len(), prop::option::of(1..700_i64), any::<bool>(), prop::option::of(0..4_u8))
        .prop_map(|(payment, amount, at_once, key)| Step::Accept { payment, amount, at_once, key });
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
    let claim = (0..4_u32, 0..4_u32, 0..10_u8, any::<bool>())
        .prop_map(|(sends, queries, tenth, mute)| Step::Claim { sends, queries, revoked: tenth == 0, mute });
    let verdict = prop::sample::select(vec![Verdict::Succeeded, Verdict::Failed]);
    let close = (any::<usize>(), verdict).prop_map(|(refund, verdict)| Step::Close { refund, verdict });
    let close_case = any::<usize>().prop_map(|which| Step::CloseCase { which });
    prop::collection::vec(
        prop_oneof![4 => accept, 6 => word, 3 => claim, 1 => close, 1 => close_case],
        1..STEPS_MAX,
    )
}

/// A refund, as the model sees it.
struct Entry {
    payment: usize,
    amount: i64,
    share: Share,
    /// What an open case about its late success blocks.
    blocked: Option<Block>,
}

/// What an open case blocks: it takes what is left now, and later what becomes free, until it has what it wants.
struct Block {
    wanted: i64,
    got: i64,
    opened: i64,
}

#[derive(Default)]
struct Model {
    refunds: Vec<Entry>,
    /// What was asked under a key, and what came of it.
    keys: BTreeMap<u8, (usize, Option<i64>, usize)>,
}

impl Model {
    /// Refunded, reserved and blocked.
    fn sums(&self, payment: usize) -> [i64; 3] {
        let of = self.refunds.iter().filter(|refund| refund.payment == payment);
        of.fold([0; 3], |[refunded, reserved, blocked], refund| {
            let in_share = |share| if refund.share == share { refund.amount } else { 0 };
            [
                refunded + in_share(Share::Refunded),
                reserved + in_share(Share::Reserved),
                blocked + refund.blocked.as_ref().map_or(0, |block| block.got),
            ]
        })
    }

    fn left(&self, payment: usize) -> i64 {
        CAPTURED[payment] - self.sums(payment).iter().sum::<i64>()
    }

    /// The open cases take what became free, oldest first.
    fn reach(&mut self) {
        for payment in 0..CAPTURED.len() {
            let mut left = self.left(payment);
            let mut blocks: Vec<_> = self
                .refunds
                .iter_mut()
                .filter(|refund| refund.payment == payment)
                .filter_map(|refund| refund.blocked.as_mut())
                .collect();
            blocks.sort_by_key(|block| block.opened);
            for block in blocks {
                let more = left.min(block.wanted - block.got);
                block.got += more;
                left -= more;
            }
        }
    }

    fn hear(&mut self, n: usize, outcome: &Outcome, via: Via, opened: i64) {
        let refund = &mut self.refunds[n];
        match (refund.share, outcome) {
            (Share::Reserved, Outcome::Succeeded { .. }) => refund.share = Share::Refunded,
            (Share::Refunded, Outcome::Refused(_)) if via != Via::Submit => refund.share = Share::Free,
            (Share::Free, Outcome::Succeeded { .. } | Outcome::Pending { .. }) => {
                refund.blocked.get_or_insert(Block { wanted: refund.amount, got: 0, opened });
            }
            _ => {}
        }
    }
}

/// One story: the store, the model, and the time.
struct Story {
    store: Store,
    model: Model,
    second: i64,
}

impl Story {
    async fn new() -> Self {
        let store = Store::in_line_sqlite().expect("in memory");
        store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
        world(&store).await;
        for (n, captured) in (1..).zip(CAPTURED).skip(1) {
            pay(&store, n, "flex", captured).await;
        }
        Self { store, model: Model::default(), second: 100 }
    }

    async fn step(&mut self, step: &Step) {
        self.second += 7;
        match step {
            Step::Accept { payment, amount, at_once, key } => {
                self.accept(*payment, *amount, *at_once, *key).await;
            }
            Step::Word { refund, outcome, via } => self.word(*refund, outcome, *via).await,
            Step::Claim { sends, queries, revoked, mute } => {
                self.claim(*sends, *queries, *revoked, *mute).await;
            }
            Step::Close { refund, verdict } => self.close(*refund, *verdict).await,
            Step::CloseCase { which } => self.close_case(*which).await,
        }
        self.model.reach();
        self.check().await;
    }

    async fn accept(&mut self, payment: usize, amount: Option<i64>, at_once: bool, key: Option<u8>) {
        let n = self.model.refunds.len();
        let asked = amount.map_or("full".to_owned(), |minor| format!("{}.{:02}", minor / 100, minor % 100));
        let mut request_hash = [u8::try_from(payment).expect("few"); 16];
        request_hash[..8].copy_from_slice(&amount.unwrap_or_default().to_be_bytes());
        let accept = Accept {
            named: key.map(|key| Dedupe { key: [key; 16], request_hash }),
            permits: Arc::new(Hand(Permits::new(u32::from(at_once)))),
            now: at(self.second),
            ..accept(&format!("order-{}", payment + 1), &asked, number(n))
        };
        let answer = told(&self.store.run(accept).await.expect("an answer"));
        let known = key.and_then(|key| self.model.keys.get(&key).copied());
        let left = self.model.left(payment);
        let granted = amount.unwrap_or(left);
        let word = answer.split(' ').next().unwrap_or_default();
        match known {
            Some((at, sum, _)) if (at, sum) == (payment, amount) => assert_eq!(word, "repeat"),
            Some(_) => assert_eq!(word, "key"),
            None if left == 0 => assert_eq!(word, "NothingLeft"),
            None if granted > left => assert_eq!(word, "MoreThanLeft"),
            None => {
                assert_eq!(word, "new");
                let entry = Entry { payment, amount: granted, share: Share::Reserved, blocked: None };
                self.model.refunds.push(entry);
                key.map(|key| self.model.keys.insert(key, (payment, amount, n)));
            }
        }
    }

    async fn word(&mut self, refund: usize, outcome: &Outcome, via: Via) {
        let Some(n) = refund.checked_rem(self.model.refunds.len()) else { return };
        let settle = word(number(n), outcome.clone(), via, self.second);
        // Of what was never sent, a refusal tells nothing.
        let by = RefundBy::Id(rf(number(n)));
        let (before, _) =
            self.store.read(LoadRefund { merchant: MERCHANT, by }).await.expect("read").expect("a refund");
        self.store.run(settle).await.expect("settled").expect("a refund");
        let sent = before.state.name() != StateName::Queued;
        self.model.hear(n, outcome, via, self.second);
        if sent && matches!(outcome, Outcome::Refused(_)) && self.model.refunds[n].share == Share::Reserved {
            self.model.refunds[n].share = Share::Free;
        }
    }

    async fn claim(&mut self, sends: u32, queries: u32, revoked: bool, mute: bool) {
        let recipe = if mute { &MUTE } else { &SAME_KEY };
        if revoked {
            set_account(&self.store, "flex", AccountState::Revoked).await;
        }
        let claim = Claim { sends, queries, recipe, ..claim(self.second) };
        let outcome = self.store.run(claim).await.expect("claimed");
        set_account(&self.store, "flex", AccountState::Active).await;
        assert!(outcome.claimed.len() <= (sends + queries) as usize);
        for refund in outcome.changed {
            if refund.state.name() == StateName::Failed {
                let entry = &mut self.model.refunds[index(refund.id)];
                assert_eq!((revoked, entry.share), (true, Share::Reserved));
                entry.share = Share::Free;
            }
        }
    }

    async fn close(&mut self, refund: usize, verdict: Verdict) {
        let Some(n) = refund.checked_rem(self.model.refunds.len()) else { return };
        let author = Author { name: "Mai".to_owned(), reason: "seen".to_owned() };
        let refund = rf(number(n));
        let close = CloseRefund { merchant: MERCHANT, refund, verdict, author, now: at(self.second) };
        if let Closed::Done(_) = self.store.run(close).await.expect("an answer") {
            let entry = &mut self.model.refunds[n];
            assert_eq!(entry.share, Share::Reserved, "what is over needs no verdict");
            entry.share = if verdict == Verdict::Succeeded { Share::Refunded } else { Share::Free };
        }
    }

    async fn close_case(&mut self, which: usize) {
        let list = ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 100 };
        let cases = self.store.read(list).await.expect("read");
        let Some(case) = which.checked_rem(cases.len()).map(|at| &cases[at]) else { return };
        let (author, reason) = ("Mai".to_owned(), "seen".to_owned());
        let id: CaseId = case.id;
        let close = CloseCase {
            merchant: MERCHANT,
            case: id,
            author,
            reason,
            blocked: Blocked::Released,
            now: at(self.second),
        };
        self.store.run(close).await.expect("an answer");
        let late = case.kind == redress_core::case::CaseKind::LateSuccess;
        if let Some(refund) = case.refund.filter(|_| late) {
            let block = self.model.refunds[index(refund)].blocked.take();
            assert_eq!(block.map(|block| block.got), Some(case.blocked));
        }
    }

    async fn check(&self) {
        for (i, captured) in CAPTURED.into_iter().enumerate() {
            let found = "SELECT refunded, reserved, blocked FROM payments WHERE payment_id = $1";
            let n = u32::try_from(i + 1).expect("few");
            let id = super::fixtures::bytes(payment(n).as_bytes());
            let row = &sql(&self.store, found, vec![id]).await[0];
            let stored = [0, 1, 2].map(|column| row.int(column).expect("a sum"));
            assert_eq!(stored, self.model.sums(i), "refunded, reserved, blocked of payment {n}");
            assert!(stored.iter().sum::<i64>() <= captured, "more than was captured: {stored:?}");
        }
    }
}

/// The number of the n-th refund of the model in the store.
fn number(n: usize) -> u32 {
    u32::try_from(n).expect("few")
}

fn index(id: RefundId) -> usize {
    (0..).find(|&n| rf(number(n)) == id).expect("a refund of the story")
}

#[test]
fn whatever_happens_the_books_are_what_the_model_says() {
    let config = Config { cases: STORIES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tell = |steps: Vec<Step>| {
        let story = async {
            let mut story = Story::new().await;
            for step in &steps {
                story.step(step).await;
            }
            audit(&story.store).await;
        };
        // In line, nothing waits: one poll tells the whole story.
        Box::pin(story).now_or_never().expect("the store in line never waits");
        Ok(())
    };
    runner.run(&steps(), tell).unwrap_or_else(|error| panic!("{error}"));
}
