use super::*;
use crate::environment::Environment;
use crate::event::EventKind;
use crate::id::{AccountId, MerchantId, PaymentId, RefundId};
use crate::money::{Amount, Currency};
use crate::next_step::{Step, next_step};
use crate::outcome::{Again, Outcome, PspRefusal};
use crate::policy::AccountState;
use crate::recipe::{Absence, Lookup, Recipe, Resend};
use crate::refund::{Evidence, RefundKind};
use crate::retry::Backoff;
use crate::settle::{Via, Word, settle};
use crate::state::{Failure, Lease};
use std::time::Duration;

const SECOND: i64 = 1_000_000;
const CREATED: Timestamp = Timestamp::from_micros(1_000 * SECOND);
const COPIED: Timestamp = Timestamp::from_micros(5_000 * SECOND);
const NOW: Timestamp = Timestamp::from_micros(9_000 * SECOND);

const LEASE: Duration = Duration::from_secs(60);
const SPAN: Duration = Duration::from_secs(3_000);

const BY_KEY: Recipe = Recipe {
    lookup: Lookup::ByKey,
    resend: Resend::SameKey { window: SPAN, source: "a test" },
    absence: Absence::ProvesNothing,
};
const BOUNDED: Recipe = Recipe {
    lookup: Lookup::ByKey,
    resend: Resend::Never,
    absence: Absence::ProvedAfter { bound: SPAN, source: "a test" },
};
const NEVER: Recipe = Recipe { absence: Absence::ProvesNothing, ..BOUNDED };

fn timing() -> Timing {
    let backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_secs(600) };
    Timing {
        lease: LEASE,
        not_sent: backoff,
        resolve: backoff,
        poll: backoff,
        person_after_queries: 6,
        overdue: Duration::from_secs(86_400),
    }
}

/// A refund of the copy, sent once where its state implies that it was.
fn refund(state: RefundState) -> Refund {
    let sent = !matches!(state, RefundState::Held | RefundState::Queued | RefundState::Canceled);
    let sent_at = sent.then_some(CREATED);
    let evidence =
        Evidence { first_sent_at: sent_at, last_sent_at: sent_at, sends: sent.into(), ..Evidence::default() };
    Refund {
        merchant: MerchantId::from_bytes([1; 16]),
        id: RefundId::from_bytes([2; 16]),
        payment: PaymentId::from_bytes([3; 16]),
        environment: Environment::Live,
        ordinal: 1,
        transaction_number: 2,
        amount: Amount::new(500, Currency::from_code("SAR").unwrap()),
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
        due_at: (!state.name().is_final()).then_some(COPIED),
        finished_at: state.name().is_final().then_some(CREATED),
        state,
        evidence,
        event_count: 1,
        created_at: CREATED,
        updated_at: CREATED,
    }
}

fn leased() -> RefundState {
    RefundState::Submitting(Lease { owner: ProcessId::from_bytes([9; 16]), until: COPIED.plus(LEASE) })
}

fn restored(state: RefundState) -> Change {
    since_the_copy(refund(state), COPIED, &timing(), NOW).unwrap()
}

fn step(refund: &Refund, recipe: &Recipe, now: Timestamp) -> Step {
    next_step(refund, recipe, AccountState::Active, None, &timing(), now)
}

/// The refund after a look-up that began then and found nothing.
fn not_found(refund: Refund, at: Timestamp) -> Refund {
    let word = Word {
        outcome: Outcome::Unknown(Finding::NotFound),
        via: Via::Query,
        started_at: at,
        send: 0,
        superseded_by: &[],
    };
    settle(refund, &word, &timing(), at, 0).unwrap().refund
}

/// What may not have been sent when the copy was taken, and what may have been.
fn sendable() -> [RefundState; 4] {
    [RefundState::Held, RefundState::Queued, leased(), RefundState::Unknown]
}

#[test]
fn nothing_that_may_have_been_sent_since_the_copy_is_sent_before_it_was_looked_for() {
    for state in sendable() {
        let name = state.name();
        let refund = restored(state).refund;
        assert_eq!((refund.state.name(), refund.due_at), (StateName::Unknown, Some(NOW)), "{name}");
        assert!(refund.evidence.sends >= 1, "{name}");
        for recipe in [BY_KEY, BOUNDED, NEVER] {
            assert_eq!(step(&refund, &recipe, NOW), Step::Query, "{name}");
        }
    }
}

#[test]
fn what_is_over_stays_over_and_what_was_accepted_is_looked_up_soon() {
    let failure = || Failure::lasting("no", "no");
    for state in [
        RefundState::Succeeded,
        RefundState::Failed(failure()),
        RefundState::Canceled,
        RefundState::Reversed(failure()),
    ] {
        assert_eq!(restored(state.clone()), Change::none(refund(state)));
    }
    let mut pending = refund(RefundState::Pending);
    pending.evidence.accepted = true;
    let change = since_the_copy(pending.clone(), COPIED, &timing(), NOW).unwrap();
    assert_eq!(change, Change::none(Refund { due_at: Some(NOW), ..pending }));
    let lost = not_found(change.refund, NOW);
    assert_eq!(lost.state, RefundState::Unknown);
    assert_eq!(step(&lost, &BY_KEY, NOW), Step::Query, "never sent again");
}

#[test]
fn a_key_counts_from_the_earliest_send_and_absence_from_the_latest() {
    for state in [RefundState::Held, RefundState::Queued] {
        let lost = not_found(restored(state.clone()).refund, NOW.plus(Duration::from_secs(1)));
        // It may have been sent right after the copy, so the PSP may have forgotten the key by now.
        assert_eq!(step(&lost, &BY_KEY, NOW), Step::Query);
        let early = COPIED.plus(Duration::from_secs(10));
        let fresh = since_the_copy(refund(state), COPIED, &timing(), early).unwrap().refund;
        let fresh = not_found(fresh, early.plus(Duration::from_secs(1)));
        assert_eq!(step(&fresh, &BY_KEY, early.plus(Duration::from_secs(2))), Step::Resend);
        assert_eq!(step(&fresh, &NEVER, early.plus(Duration::from_secs(2))), Step::Query);
    }
    for state in sendable() {
        // Nor does an old look-up count, or the time of an old send.
        let mut before = refund(state.clone());
        before.evidence.last_query_at = Some(COPIED);
        before.evidence.queries = 1;
        before.evidence.finding = Some(Finding::NotFound);
        let after = since_the_copy(before, COPIED, &timing(), NOW).unwrap().refund;
        let soon = not_found(after.clone(), NOW.plus(Duration::from_secs(10)));
        assert_eq!(step(&soon, &BOUNDED, NOW.plus(SPAN)), Step::Query, "{}", state.name());
        let late = NOW.plus(LEASE).plus(SPAN);
        assert_eq!(step(&not_found(after, late), &BOUNDED, late), Step::Resend, "{}", state.name());
    }
}

#[test]
fn one_whose_last_send_provably_never_left_may_have_been_sent_since() {
    let mut never_left = refund(RefundState::Unknown);
    never_left.evidence = Evidence { not_sent: 1, ..Evidence::default() };
    assert_eq!(step(&never_left, &NEVER, NOW), Step::Resend, "so it was in the copy");
    let change = since_the_copy(never_left, COPIED, &timing(), NOW).unwrap();
    assert_eq!(step(&change.refund, &NEVER, NOW), Step::Query);
    assert_eq!(change.refund.evidence.first_sent_at, Some(COPIED));
}

#[test]
fn a_refusal_of_a_later_send_ends_nothing() {
    for state in sendable() {
        let refund = restored(state).refund;
        let sent = begin_send(refund, ProcessId::from_bytes([8; 16]), &timing(), NOW).unwrap().refund;
        let refusal = PspRefusal {
            code: "no".to_owned(),
            text: "no".to_owned(),
            again: Again::No,
            psp_refund_id: None,
        };
        let send = sent.evidence.send_number();
        let word = Word {
            outcome: Outcome::Refused(refusal),
            via: Via::Submit,
            started_at: NOW,
            send,
            superseded_by: &[],
        };
        let told = settle(sent, &word, &timing(), NOW, 0).unwrap().refund;
        assert_eq!(told.evidence.finding, Some(Finding::RefusedAgain));
        assert_eq!(told.state, RefundState::Unknown);
    }
}

#[test]
fn one_that_waited_is_told_as_unknown_takes_the_turn_and_keeps_its_reservation() {
    let mut waiting = refund(RefundState::Queued);
    waiting.takes_turns = true;
    let change = since_the_copy(waiting, COPIED, &timing(), NOW).unwrap();
    assert_eq!((change.event, change.turn), (Some(EventKind::Unknown), Turn::Taken));
    assert_eq!(change.refund.event_count, 2);
    assert_eq!(change.balance, crate::balance::BalanceChange::default());
    // Of what was unknown before, nothing new is told.
    assert_eq!(restored(RefundState::Unknown).event, None);
}

#[test]
fn a_copy_made_before_the_refund_by_a_clock_that_went_back_makes_it_no_older_than_it_is() {
    let made_later = Refund { created_at: COPIED.plus(SPAN), ..refund(RefundState::Queued) };
    let change = since_the_copy(made_later, COPIED, &timing(), NOW).unwrap();
    assert_eq!(change.refund.evidence.first_sent_at, Some(COPIED.plus(SPAN)));
}

#[test]
fn a_copy_that_is_older_than_was_said_at_first_is_older_when_it_is_treated_again() {
    let said_first = COPIED.plus(SPAN);
    for state in sendable() {
        let name = state.name();
        let first = since_the_copy(refund(state), said_first, &timing(), NOW).unwrap().refund;
        let again = since_the_copy(first, COPIED, &timing(), NOW.plus(LEASE)).unwrap().refund;
        assert!(again.evidence.first_sent_at.is_some_and(|sent_at| sent_at <= COPIED), "{name}");
        let kept = again.evidence.first_sent_at;
        let younger = since_the_copy(again, said_first, &timing(), NOW.plus(SPAN)).unwrap().refund;
        assert_eq!(younger.evidence.first_sent_at, kept, "{name}: never younger than was said before");
        assert_eq!(step(&younger, &BY_KEY, NOW.plus(SPAN)), Step::Query, "{name}");
    }
}
