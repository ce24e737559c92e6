//! Whole lives of refunds: a PSP that answers late, twice, wrongly or not at all, played against the code that decides.

use super::*;
use crate::balance::BalanceChange;
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId, ProcessId, RefundId};
use crate::money::{Amount, Currency};
use crate::outcome::{Again, Outcome, PspRefusal};
use crate::recipe::Lookup;
use crate::refund::RefundKind;
use crate::retry::Backoff;
use crate::settle::{self, Change, Verdict, Via, Word};
use crate::state::{Failure, Lease, StateName};
use proptest::prelude::*;
use std::time::Duration;

mod heard_of;

const MINOR: i64 = 500;
const START: Timestamp = Timestamp::from_micros(1_000_000_000_000);

const BY_KEY: Recipe = Recipe {
    lookup: Lookup::ByKey,
    resend: Resend::SameKey { window: Duration::from_secs(1_000), source: "test" },
    absence: Absence::ProvesNothing,
};
const BY_LIST: Recipe =
    Recipe { lookup: Lookup::ByList, resend: Resend::Never, absence: Absence::ProvesNothing };
const BLIND: Recipe = Recipe { lookup: Lookup::None, resend: Resend::Never, absence: Absence::ProvesNothing };
const KEY_ONLY: Recipe = Recipe { lookup: Lookup::None, ..BY_KEY };
const BY_ID: Recipe = Recipe { lookup: Lookup::ById, ..BY_KEY };
const BOUNDED: Recipe = Recipe {
    lookup: Lookup::ByList,
    resend: Resend::Never,
    absence: Absence::ProvedAfter { bound: Duration::from_secs(300), source: "test" },
};

fn timing() -> Timing {
    let backoff = |first, max| Backoff { first: Duration::from_secs(first), max: Duration::from_secs(max) };
    Timing {
        lease: Duration::from_secs(60),
        not_sent: backoff(1, 60),
        resolve: backoff(2, 600),
        poll: backoff(5, 3_600),
        person_after_queries: 3,
        overdue: Duration::from_secs(86_400),
    }
}

fn refund(state: RefundState) -> Refund {
    Refund {
        merchant: MerchantId::from_bytes([1; 16]),
        id: RefundId::from_bytes([2; 16]),
        payment: PaymentId::from_bytes([3; 16]),
        environment: Environment::Sandbox,
        ordinal: 1,
        transaction_number: 2,
        amount: Amount::new(MINOR, Currency::from_code("SAR").unwrap()),
        kind: RefundKind::Partial,
        reason: String::new(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        account: AccountId::from_bytes([4; 16]),
        takes_turns: false,
        account_version: 1,
        psp_refund_id: None,
        arn: None,
        psp_note: None,
        state,
        evidence: Evidence::default(),
        due_at: Some(START),
        event_count: 1,
        created_at: START,
        updated_at: START,
        finished_at: None,
    }
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A refund that was sent once at the start, and looked up since.
fn unknown(finding: Option<Finding>, queries: u32, asked: u64) -> Refund {
    let evidence = Evidence {
        first_sent_at: Some(START),
        last_sent_at: Some(START),
        sends: 1,
        queries,
        last_query_at: (queries > 0).then(|| after(asked)),
        finding,
        ..Evidence::default()
    };
    Refund { evidence, ..refund(RefundState::Unknown) }
}

fn step(refund: &Refund, recipe: &Recipe, seconds: u64) -> Step {
    next_step(refund, recipe, AccountState::Active, None, &timing(), after(seconds))
}

#[test]
fn what_is_over_or_held_needs_nothing() {
    let failure = Failure::lasting("", "");
    for state in [
        RefundState::Held,
        RefundState::Succeeded,
        RefundState::Failed(failure.clone()),
        RefundState::Canceled,
        RefundState::Reversed(failure),
    ] {
        for recipe in [BY_KEY, BY_LIST, BLIND, BOUNDED] {
            let end = Some(START);
            assert_eq!(
                next_step(&refund(state.clone()), &recipe, AccountState::Active, end, &timing(), after(9)),
                Step::Nothing
            );
        }
    }
}

#[test]
fn a_queued_refund_is_sent_while_its_window_is_open() {
    let queued = refund(RefundState::Queued);
    let at =
        |end, seconds| next_step(&queued, &BY_LIST, AccountState::Active, end, &timing(), after(seconds));
    assert_eq!(at(None, 1_000_000), Step::Submit);
    assert_eq!(at(Some(after(10)), 9), Step::Submit);
    assert_eq!(at(Some(after(10)), 10), Step::CloseWindow);
}

#[test]
fn a_lease_is_left_alone_until_it_ends() {
    let lease = Lease { owner: ProcessId::from_bytes([9; 16]), until: after(60) };
    let submitting = refund(RefundState::Submitting(lease));
    assert_eq!(step(&submitting, &BY_KEY, 59), Step::Nothing);
    assert_eq!(step(&submitting, &BY_KEY, 60), Step::Doubt);
}

#[test]
fn with_a_key_a_look_up_comes_before_any_second_send() {
    assert_eq!(step(&unknown(Some(Finding::NoAnswer), 0, 0), &BY_KEY, 5), Step::Query);
    // Whoever was not asked has found nothing.
    assert_eq!(step(&unknown(Some(Finding::NotFound), 0, 0), &BY_KEY, 5), Step::Query);
    assert_eq!(step(&unknown(Some(Finding::NotFound), 1, 4), &BY_KEY, 5), Step::Resend);
    assert_eq!(step(&unknown(Some(Finding::NotFound), 1, 4), &BY_KEY, 939), Step::Resend);
    assert_eq!(
        step(&unknown(Some(Finding::NotFound), 1, 4), &BY_KEY, 940),
        Step::Query,
        "it could leave at the lease's end, and the key is forgotten then"
    );
    for finding in Finding::ALL.into_iter().filter(|finding| *finding != Finding::NotFound) {
        assert_eq!(step(&unknown(Some(finding), 1, 4), &BY_KEY, 5), Step::Query, "{finding:?}");
    }
}

#[test]
fn without_a_key_absence_counts_only_past_the_bound() {
    for seconds in [1, 1_000, 100_000_000] {
        assert_eq!(step(&unknown(Some(Finding::NotFound), 1, seconds), &BY_LIST, seconds), Step::Query);
    }
    assert_eq!(
        step(&unknown(Some(Finding::NotFound), 1, 359), &BOUNDED, 400),
        Step::Query,
        "asked too early: it may have left at the lease's end"
    );
    assert_eq!(step(&unknown(Some(Finding::NotFound), 1, 360), &BOUNDED, 400), Step::Resend);
    assert_eq!(step(&unknown(Some(Finding::NoAnswer), 1, 360), &BOUNDED, 400), Step::Query);
}

#[test]
fn what_never_left_is_sent_unless_the_psp_says_that_it_has_it() {
    for recipe in [BY_KEY, BY_LIST, BLIND, BOUNDED, KEY_ONLY] {
        let mut never_left = unknown(Some(Finding::NotFound), 1, 360);
        never_left.evidence.sends = 0;
        assert_eq!(step(&never_left, &recipe, 400), Step::Resend, "{recipe:?}");
        never_left.evidence.accepted = true;
        assert_ne!(step(&never_left, &recipe, 400), Step::Resend, "{recipe:?}");
    }
}

#[test]
fn with_a_key_and_no_look_up_sending_again_is_the_question() {
    let lost = unknown(Some(Finding::NoAnswer), 0, 0);
    let with = |change: fn(&mut Evidence)| {
        let mut refund = lost.clone();
        change(&mut refund.evidence);
        refund
    };
    let person = Step::CallPerson(CaseKind::Unresolved);
    assert_eq!(step(&lost, &KEY_ONLY, 5), Step::Resend);
    assert_eq!(step(&lost, &KEY_ONLY, 939), Step::Resend);
    assert_eq!(step(&lost, &KEY_ONLY, 940), person, "the key would be forgotten");
    assert_eq!(step(&lost, &BLIND, 5), person, "without a key nothing is sent twice");
    assert_eq!(step(&with(|evidence| evidence.sends = 3), &KEY_ONLY, 5), Step::Resend);
    assert_eq!(step(&with(|evidence| evidence.sends = 4), &KEY_ONLY, 5), person, "asked often enough");
    assert_eq!(step(&with(|evidence| evidence.finding = Some(Finding::RefusedAgain)), &KEY_ONLY, 5), person);
    assert_eq!(step(&with(|evidence| evidence.accepted = true), &KEY_ONLY, 5), person);
    assert_eq!(step(&with(|evidence| evidence.person_called = true), &KEY_ONLY, 5), Step::Nothing);
    let in_account = |account, seconds| next_step(&lost, &KEY_ONLY, account, None, &timing(), after(seconds));
    assert_eq!(in_account(AccountState::Paused, 5), Step::Nothing, "there is still time");
    assert_eq!(in_account(AccountState::Paused, 940), person);
    assert_eq!(in_account(AccountState::Revoked, 5), person);
}

#[test]
fn a_question_that_never_leaves_is_put_before_a_person_when_it_is_overdue() {
    let week = Resend::SameKey { window: Duration::from_secs(7 * 86_400), source: "test" };
    let lost = |not_sent| {
        let mut refund = unknown(Some(Finding::NoAnswer), 0, 0);
        refund.evidence.not_sent = not_sent;
        refund
    };
    let person = Step::CallPerson(CaseKind::Unresolved);
    for lookup in [Lookup::None, Lookup::ById] {
        let recipe = Recipe { lookup, resend: week, ..KEY_ONLY };
        assert_eq!(step(&lost(1_000), &recipe, 86_399), Step::Resend);
        assert_eq!(step(&lost(1_000), &recipe, 86_400), person);
    }
}

#[test]
fn a_psp_that_is_asked_by_its_own_id_is_asked_by_the_key_until_it_told_one() {
    let unanswered = unknown(Some(Finding::NoAnswer), 0, 0);
    assert_eq!(step(&unanswered, &BY_ID, 10), Step::Resend);
    let told = Refund { psp_refund_id: Some("a".to_owned()), ..unanswered.clone() };
    assert_eq!(step(&told, &BY_ID, 10), Step::Query);
    // Refused when it was sent again: with an id there is somebody to ask, and a person only without.
    let refused_again = unknown(Some(Finding::RefusedAgain), 0, 0);
    assert_eq!(step(&refused_again, &BY_ID, 10), Step::CallPerson(CaseKind::Unresolved));
    let shown = Refund { psp_refund_id: Some("a".to_owned()), ..refused_again };
    assert_eq!(step(&shown, &BY_ID, 10), Step::Query);
    let mut accepted = unanswered;
    accepted.state = RefundState::Pending;
    assert_eq!(step(&accepted, &BY_ID, 10), Step::Nothing, "nobody can be asked, and it is not overdue");
    let pending = Refund { state: RefundState::Pending, ..told };
    assert_eq!(step(&pending, &BY_ID, 10), Step::Query);
    // Past the window the key is no question any more.
    let late = unknown(Some(Finding::NoAnswer), 0, 0);
    assert_eq!(step(&late, &BY_ID, 2_000), Step::CallPerson(CaseKind::Unresolved));
}

#[test]
fn a_person_is_called_once_and_the_looking_goes_on() {
    let tired = unknown(Some(Finding::NotFound), 3, 9);
    assert_eq!(step(&tired, &BY_LIST, 9), Step::CallPerson(CaseKind::Unresolved));
    assert_eq!(step(&unknown(None, 0, 0), &BLIND, 9), Step::CallPerson(CaseKind::Unresolved));
    let called = |mut refund: Refund| {
        refund.evidence.person_called = true;
        refund
    };
    assert_eq!(step(&called(tired), &BY_LIST, 9), Step::Query);
    assert_eq!(step(&called(unknown(None, 0, 0)), &BLIND, 9), Step::Nothing);
    let pending = Refund { state: RefundState::Pending, ..unknown(None, 0, 0) };
    assert_eq!(step(&pending, &BY_LIST, 86_399), Step::Query);
    assert_eq!(step(&pending, &BY_LIST, 86_400), Step::CallPerson(CaseKind::Overdue));
    assert_eq!(step(&called(pending), &BY_LIST, 86_400), Step::Query);
    // One that could never be sent is somebody's matter too, after so long; the trying goes on.
    let mut queued = refund(RefundState::Queued);
    assert_eq!(step(&queued, &BY_LIST, 86_400), Step::Submit, "nobody has tried");
    queued.evidence.not_sent = 1;
    assert_eq!(step(&queued, &BY_LIST, 86_399), Step::Submit);
    assert_eq!(step(&queued, &BY_LIST, 86_400), Step::CallPerson(CaseKind::Overdue));
    assert_eq!(step(&called(queued), &BY_LIST, 86_400), Step::Submit);
}

/// What happens next in a life.
#[derive(Clone, Debug)]
enum Act {
    /// A worker looks at the refund; a look-up it makes has this outcome.
    Work(Outcome),
    /// One of the sends that are still out there ends so.
    Answer(usize, Outcome),
    /// The PSP notifies.
    Notify(Outcome),
    /// A person decides.
    Person(Verdict),
    /// Time passes, in seconds.
    Wait(u64),
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let refusal =
        PspRefusal { code: "1".to_owned(), text: String::new(), again: Again::No, psp_refund_id: None };
    prop_oneof![
        2 => Just(Outcome::NotSent { reason: String::new() }),
        1 => Just(Outcome::Refused(refusal)),
        2 => Just(Outcome::Pending { psp_refund_id: Some("re_1".to_owned()), note: None }),
        1 => Just(Outcome::Succeeded { psp_refund_id: None, arn: None }),
        1 => Just(Outcome::Succeeded { psp_refund_id: Some("re_2".to_owned()), arn: None }),
        4 => Just(Outcome::Unknown(Finding::NotFound)),
        4 => (0..Finding::ALL.len()).prop_map(|at| Outcome::Unknown(Finding::ALL[at])),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => outcome().prop_map(Act::Work),
        4 => (0usize..3, outcome()).prop_map(|(at, outcome)| Act::Answer(at, outcome)),
        1 => outcome().prop_map(Act::Notify),
        1 => prop_oneof![Just(Verdict::Succeeded), Just(Verdict::Failed)].prop_map(Act::Person),
        6 => prop_oneof![1u64..120, 200u64..2_000, Just(100_000)].prop_map(Act::Wait),
    ]
}

/// One refund and the world around it.
struct Life {
    refund: Refund,
    recipe: Recipe,
    now: Timestamp,
    /// Sends whose word is still to come: when each began, and its number.
    out: Vec<(Timestamp, u32)>,
    /// Sends that may have had an effect: every one but those that provably never left.
    may_have_acted: u32,
    /// All that moved in the balance since it was queued.
    moved: BalanceChange,
}

impl Life {
    fn new(recipe: Recipe) -> Self {
        let refund = refund(RefundState::Queued);
        let moved = BalanceChange::default();
        Self { refund, recipe, now: START, out: Vec::new(), may_have_acted: 0, moved }
    }

    fn live(&mut self, act: Act) {
        match act {
            Act::Wait(seconds) => self.now = self.now.plus(Duration::from_secs(seconds)),
            Act::Work(found) => self.work(found),
            Act::Answer(_, _) if self.out.is_empty() => {}
            Act::Answer(at, outcome) => {
                let (started_at, send) = self.out.remove(at % self.out.len());
                if matches!(outcome, Outcome::NotSent { .. }) {
                    self.may_have_acted -= 1;
                }
                self.word(outcome, Via::Submit, started_at, send);
            }
            Act::Notify(outcome) => self.word(outcome, Via::Notification, self.now, 0),
            Act::Person(verdict) => {
                let open = matches!(self.refund.state, RefundState::Unknown | RefundState::Pending);
                let closed = settle::close_by_person(self.refund.clone(), verdict, "seen", self.now);
                assert_eq!(closed.is_ok(), open, "a person decides what nobody knows, and nothing else");
                if let Ok(change) = closed {
                    self.apply(change);
                }
            }
        }
    }

    fn work(&mut self, found: Outcome) {
        if self.refund.due_at.is_none_or(|due| due > self.now) {
            return;
        }
        let step = next_step(&self.refund, &self.recipe, AccountState::Active, None, &timing(), self.now);
        let refund = self.refund.clone();
        match step {
            Step::Nothing => {
                // Only a PSP that cannot be asked leaves nothing to do but to wait for its word, or a person's.
                let waits = refund.evidence.person_called || refund.state == RefundState::Pending;
                assert!(!self.can_be_asked() && waits, "{refund:?}");
                return;
            }
            Step::Submit | Step::Resend => {
                self.check_send(step);
                let owner = ProcessId::from_bytes([5; 16]);
                self.apply(settle::begin_send(refund, owner, &timing(), self.now).unwrap());
                self.out.push((self.now, self.refund.evidence.send_number()));
                self.may_have_acted += 1;
            }
            Step::Doubt => return self.apply(settle::doubt(refund, self.now).unwrap()),
            Step::Query => self.word(found, Via::Query, self.now, 0),
            Step::CallPerson(kind) => {
                assert!(!refund.evidence.person_called, "once");
                self.apply(settle::call_person(refund, kind, String::new(), &timing(), self.now));
            }
            Step::CloseWindow | Step::Abandon => unreachable!("no window here, and an active account"),
        }
        let later = self.refund.due_at.is_none_or(|due| due > self.now);
        assert!(later, "due again at once after {step:?}: {:?}", self.refund);
    }

    fn can_be_asked(&self) -> bool {
        match self.recipe.lookup {
            Lookup::ByKey | Lookup::ByList => true,
            Lookup::ById => self.refund.psp_refund_id.is_some(),
            Lookup::None => false,
        }
    }

    /// The promise: nothing is sent twice without a key, a bound, or proof that nothing left.
    fn check_send(&self, step: Step) {
        let evidence = &self.refund.evidence;
        assert_eq!(self.refund.state == RefundState::Queued, step == Step::Submit);
        if self.may_have_acted == 0 {
            return;
        }
        assert!(!self.can_be_asked() || evidence.finding == Some(Finding::NotFound), "a look-up comes first");
        let last = evidence.last_sent_at.unwrap();
        let keyed = matches!(self.recipe.resend, Resend::SameKey { window, .. }
            if self.now.plus(timing().lease) < evidence.first_sent_at.unwrap().plus(window));
        let proved = matches!(self.recipe.absence, Absence::ProvedAfter { bound, .. }
            if evidence.last_query_at.unwrap() >= last.plus(timing().lease).plus(bound));
        assert!(keyed || proved, "{:?}", self.refund);
    }

    fn word(&mut self, outcome: Outcome, via: Via, started_at: Timestamp, send: u32) {
        let word = Word { outcome, via, started_at, send, superseded_by: &[] };
        self.apply(settle::settle(self.refund.clone(), &word, &timing(), self.now, 7).unwrap());
    }

    fn apply(&mut self, change: Change) {
        let (from, to) = (self.refund.state.name(), change.refund.state.name());
        // A word about a refund that was still queued takes the step through submitting at once.
        let through = from == StateName::Queued && StateName::Submitting.next().contains(&to);
        assert!(from == to || from.next().contains(&to) || through, "{from} -> {to}");
        self.moved.reserved += change.balance.reserved;
        self.moved.refunded += change.balance.refunded;
        assert_eq!(self.moved, BalanceChange::between(StateName::Queued, to, MINOR), "{from} -> {to}");
        assert_eq!(change.refund.due_at.is_none(), to.is_final(), "{from} -> {to}");
        assert_eq!(change.refund.finished_at.is_some(), to.is_final());
        assert_eq!(change.event.is_some(), change.refund.event_count == self.refund.event_count + 1);
        assert_eq!(change.ends_cases, to.is_final() && from != to);
        if self.refund.psp_refund_id.is_some() {
            assert_eq!(change.refund.psp_refund_id, self.refund.psp_refund_id, "bound for ever");
        }
        if to == StateName::Queued {
            assert_eq!((change.refund.evidence.sends, change.refund.evidence.first_sent_at), (0, None));
        }
        self.refund = change.refund;
    }
}

proptest! {
    #[test]
    fn no_life_breaks_a_promise(which in 0usize..6, acts in proptest::collection::vec(act(), 1..80)) {
        let mut life = Life::new([BY_KEY, BY_LIST, BLIND, BOUNDED, KEY_ONLY, BY_ID][which]);
        for act in acts {
            life.live(act);
        }
    }

    #[test]
    fn time_alone_ends_nothing_that_was_sent(which in 0usize..6, waits in proptest::collection::vec(1u64..1_000_000, 1..60)) {
        // A PSP that never says anything: no wait, however long, is an answer.
        let mut life = Life::new([BY_KEY, BY_LIST, BLIND, BOUNDED, KEY_ONLY, BY_ID][which]);
        life.live(Act::Work(Outcome::Unknown(Finding::NoAnswer)));
        for wait in waits {
            life.live(Act::Wait(wait));
            life.live(Act::Work(Outcome::Unknown(Finding::NoAnswer)));
            prop_assert!(!life.refund.state.name().is_final());
            prop_assert!(life.refund.evidence.sends == 1 || life.recipe == KEY_ONLY);
        }
    }
}

#[test]
fn an_account_that_does_not_send_is_still_asked() {
    let step = |refund: &Refund, account| next_step(refund, &BY_KEY, account, None, &timing(), after(9));
    let queued = refund(RefundState::Queued);
    assert_eq!(step(&queued, AccountState::Paused), Step::Nothing);
    assert_eq!(step(&queued, AccountState::Revoked), Step::Abandon);
    let mut lost = refund(RefundState::Unknown);
    lost.evidence = Evidence {
        first_sent_at: Some(START),
        last_sent_at: Some(START),
        sends: 1,
        queries: 1,
        finding: Some(Finding::NotFound),
        ..Evidence::default()
    };
    assert_eq!(step(&lost, AccountState::Active), Step::Resend);
    for account in [AccountState::Paused, AccountState::Revoked] {
        assert_eq!(step(&lost, account), Step::Query, "{account:?}");
    }
}

#[test]
fn what_the_psp_once_accepted_is_never_sent_again() {
    let mut lost = refund(RefundState::Unknown);
    lost.evidence = Evidence {
        first_sent_at: Some(START),
        last_sent_at: Some(START),
        sends: 1,
        queries: 1,
        finding: Some(Finding::NotFound),
        accepted: true,
        ..Evidence::default()
    };
    assert_eq!(next_step(&lost, &BY_KEY, AccountState::Active, None, &timing(), after(9)), Step::Query);
}
