use std::time::Duration;

use super::*;
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId, RefundId};
use crate::money::{Amount, Currency};
use crate::outcome::Again;
use crate::refund::RefundKind;
use crate::retry::Backoff;

mod late;
mod sends;

const MINOR: i64 = 500;
const SECOND: i64 = 1_000_000;
/// When the refunds below were last changed, and finished if they are.
const THEN: Timestamp = Timestamp::from_micros(1_000 * SECOND);
/// When a word comes.
pub(super) const NOW: Timestamp = Timestamp::from_micros(2_000 * SECOND);

pub(super) fn timing() -> Timing {
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

fn failure() -> Failure {
    Failure::lasting("old", "old")
}

fn state(name: StateName) -> RefundState {
    match name {
        StateName::Held => RefundState::Held,
        StateName::Queued => RefundState::Queued,
        StateName::Submitting => {
            RefundState::Submitting(Lease { owner: ProcessId::from_bytes([9; 16]), until: NOW })
        }
        StateName::Unknown => RefundState::Unknown,
        StateName::Pending => RefundState::Pending,
        StateName::Succeeded => RefundState::Succeeded,
        StateName::Failed => RefundState::Failed(failure()),
        StateName::Canceled => RefundState::Canceled,
        StateName::Reversed => RefundState::Reversed(failure()),
    }
}

/// A refund in that state, sent once where the state implies that it was.
pub(super) fn refund(name: StateName) -> Refund {
    let unsent = matches!(name, StateName::Held | StateName::Queued | StateName::Canceled);
    let sent_at = (!unsent).then_some(THEN);
    let evidence = Evidence {
        first_sent_at: sent_at,
        last_sent_at: sent_at,
        sends: u32::from(!unsent),
        ..Evidence::default()
    };
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
        state: state(name),
        evidence,
        due_at: (!name.is_final() && name != StateName::Held).then_some(NOW),
        event_count: 1,
        created_at: THEN,
        updated_at: THEN,
        finished_at: name.is_final().then_some(THEN),
    }
}

fn refused() -> Outcome {
    Outcome::Refused(PspRefusal {
        code: "1088".to_owned(),
        text: "no".to_owned(),
        again: Again::No,
        psp_refund_id: None,
    })
}

fn succeeded() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some("re_1".to_owned()), arn: Some("7400".to_owned()) }
}

pub(super) fn pending() -> Outcome {
    Outcome::Pending { psp_refund_id: Some("re_1".to_owned()), note: None }
}

fn not_sent() -> Outcome {
    Outcome::NotSent { reason: "refused".to_owned() }
}

fn outcomes() -> Vec<Outcome> {
    let unknown = Finding::ALL.into_iter().map(Outcome::Unknown);
    [not_sent(), refused(), pending(), succeeded()].into_iter().chain(unknown).collect()
}

const VIAS: [Via; 3] = [Via::Submit, Via::Query, Via::Notification];

fn told(refund: Refund, outcome: Outcome, via: Via, started_at: Timestamp) -> Change {
    let send = refund.evidence.send_number();
    told_of(refund, send, outcome, via, started_at)
}

/// An answer to the send of that number, or what answers none.
fn told_of(refund: Refund, send: u32, outcome: Outcome, via: Via, started_at: Timestamp) -> Change {
    settle(refund, &Word { outcome, via, started_at, send, superseded_by: &[] }, &timing(), NOW, 7).unwrap()
}

fn case_kinds(change: &Change) -> Vec<CaseKind> {
    change.cases.iter().map(|case| case.kind).collect()
}

/// The state and the cases that a word of now leads to, judged by hand.
fn judged(from: StateName, outcome: &Outcome, via: Via) -> (StateName, Vec<CaseKind>) {
    use StateName::{Canceled, Failed, Held, Pending, Queued, Reversed, Submitting, Succeeded, Unknown};
    let known = matches!(outcome, Outcome::Pending { .. } | Outcome::Succeeded { .. });
    let found = |to| match outcome {
        Outcome::Unknown(Finding::Mismatch) => (to, vec![CaseKind::Mismatch]),
        Outcome::Unknown(Finding::Ambiguous) => (to, vec![CaseKind::Ambiguous]),
        _ => (to, vec![]),
    };
    match (from, outcome) {
        // Never sent: nothing may be sent any more once the PSP knows it; else nothing was said.
        (Held, _) if known => (Held, vec![CaseKind::Mismatch]),
        (Queued, Outcome::Pending { .. }) => (Pending, vec![]),
        (Queued, Outcome::Succeeded { .. }) => (Succeeded, vec![]),
        // Over, or never sent: records that do not fit together are put before a person all the same.
        (
            Held | Queued | Succeeded | Failed | Canceled | Reversed,
            Outcome::Unknown(Finding::Mismatch | Finding::Ambiguous),
        ) => (from, vec![CaseKind::Mismatch]),
        (Held | Queued, _) => (from, vec![]),
        // Open: the PSP's word decides, whoever brings it.
        (Submitting | Unknown | Pending, Outcome::Succeeded { .. }) => (Succeeded, vec![]),
        (Submitting | Unknown | Pending, Outcome::Refused(_)) => (Failed, vec![]),
        (Submitting | Unknown | Pending, Outcome::Pending { .. }) => (Pending, vec![]),
        (Submitting, Outcome::NotSent { .. }) if via == Via::Submit => (Queued, vec![]),
        (Submitting | Unknown | Pending, Outcome::NotSent { .. }) => (from, vec![]),
        (Submitting, Outcome::Unknown(_)) if via == Via::Submit => found(Unknown),
        // A look-up that ran beside a send says nothing about that send.
        (Submitting, Outcome::Unknown(_)) => (Submitting, vec![]),
        (Unknown, Outcome::Unknown(_)) => found(Unknown),
        (Pending, Outcome::Unknown(Finding::NotFound)) if via == Via::Query => (Unknown, vec![]),
        (Pending, Outcome::Unknown(_)) => found(Pending),
        // Over: a contradiction is kept, and blocks what it may have cost.
        (Succeeded, Outcome::Refused(_)) if via == Via::Submit => (Succeeded, vec![CaseKind::Mismatch]),
        (Succeeded, Outcome::Refused(_)) => (Reversed, vec![CaseKind::Reversed]),
        (Succeeded, _) => (Succeeded, vec![]),
        (Failed | Canceled | Reversed, _) if known => (from, vec![CaseKind::LateSuccess]),
        (Failed | Canceled | Reversed, _) => (from, vec![]),
    }
}

#[test]
fn every_word_in_every_state() {
    for from in StateName::ALL {
        for outcome in outcomes() {
            for via in VIAS {
                let what = format!("{from}, {} by {}", outcome.as_str(), via.as_str());
                let change = told(refund(from), outcome.clone(), via, NOW);
                let to = change.refund.state.name();
                assert_eq!((to, case_kinds(&change)), judged(from, &outcome, via), "{what}");
                assert_eq!(change.balance, BalanceChange::between(from, to, MINOR), "{what}");
                let arrived = from != to;
                assert_eq!(change.event, EventKind::of_state(to).filter(|_| arrived), "{what}");
                assert_eq!(change.refund.event_count, 1 + u32::from(change.event.is_some()), "{what}");
                assert_eq!(change.ends_cases, arrived && to.is_final(), "{what}");
                assert_eq!(change.refund.due_at.is_some(), !to.is_final() && to != StateName::Held, "{what}");
                assert_eq!(change.refund.finished_at.is_some(), to.is_final(), "{what}");
                let blocks = change.cases.iter().any(|case| case.block_minor != 0);
                assert_eq!(blocks, case_kinds(&change) == [CaseKind::LateSuccess], "{what}");
            }
        }
    }
}

#[test]
fn what_the_psp_says_about_the_wait_is_kept() {
    let says = |note: Option<&str>| Outcome::Pending { psp_refund_id: None, note: note.map(str::to_owned) };
    let change = told(refund(StateName::Submitting), says(Some("waits for funds")), Via::Submit, NOW);
    assert_eq!(change.refund.psp_note.as_deref(), Some("waits for funds"));
    let again = Some(EventKind::Pending);
    for (note, kept, event) in [
        (None, "waits for funds", None),
        (Some("waits"), "waits for funds", None),
        (Some("waits for funds"), "waits for funds", None),
        (Some("on its way"), "on its way", again),
    ] {
        let later = told(change.refund.clone(), says(note), Via::Query, NOW);
        assert_eq!((later.refund.psp_note.as_deref(), later.event), (Some(kept), event), "{note:?}");
        assert_eq!(later.refund.event_count, change.refund.event_count + u32::from(event.is_some()));
        assert_eq!((later.refund.state, later.balance), (RefundState::Pending, BalanceChange::default()));
    }
    // A wait of which nothing was said at first.
    let silent = told(refund(StateName::Submitting), says(None), Via::Submit, NOW);
    let later = told(silent.refund, says(Some("waits for funds")), Via::Notification, NOW);
    assert_eq!((later.refund.psp_note.as_deref(), later.event), (Some("waits for funds"), again));
    let done = told(change.refund.clone(), succeeded(), Via::Query, NOW);
    assert_eq!(done.refund.psp_note.as_deref(), Some("waits for funds"), "what was said stays said");
    assert_eq!((change.refund.waits_because(), done.refund.waits_because()), (Some("waits for funds"), None));
    let lost = told(change.refund, Outcome::Unknown(Finding::NotFound), Via::Query, NOW);
    assert_eq!(lost.refund.state, RefundState::Unknown);
    let found = told(lost.refund, says(None), Via::Query, NOW);
    let told_of = (found.event, found.refund.psp_note);
    assert_eq!(told_of, (Some(EventKind::Pending), None), "a new event has no old note");
}

#[test]
fn an_answer_that_is_older_than_what_the_psp_said_of_the_wait_changes_nothing() {
    let says = |note: &str| Outcome::Pending { psp_refund_id: None, note: Some(note.to_owned()) };
    let before = Timestamp::from_micros(NOW.as_micros() - 1);
    // The notification came before the answer to the send.
    let waits = told(refund(StateName::Submitting), says("waits for funds"), Via::Notification, NOW);
    let answered = told(waits.refund, says("received"), Via::Submit, before);
    assert_eq!((answered.refund.psp_note.as_deref(), answered.event), (Some("waits for funds"), None));
    // It is better than nothing.
    let silent = Outcome::Pending { psp_refund_id: None, note: None };
    let waits = told(refund(StateName::Submitting), silent, Via::Notification, NOW);
    let answered = told(waits.refund, says("received"), Via::Submit, before);
    assert_eq!(answered.refund.psp_note.as_deref(), Some("received"));
}

#[test]
fn words_that_go_to_and_fro_are_told_a_bounded_number_of_times() {
    let says = |note: &str| Outcome::Pending { psp_refund_id: None, note: Some(note.to_owned()) };
    let mut waits = told(refund(StateName::Submitting), says("one"), Via::Submit, NOW).refund;
    for _ in 0..EVENTS_OF_WAITS_MAX {
        for note in ["two", "one"] {
            let later = told(waits, says(note), Via::Query, NOW);
            assert_eq!(later.refund.psp_note.as_deref(), Some(note), "the newest is kept all the same");
            waits = later.refund;
        }
    }
    assert_eq!(waits.event_count, EVENTS_OF_WAITS_MAX);
    let done = told(waits, succeeded(), Via::Query, NOW);
    assert_eq!((done.event, done.refund.event_count), (Some(EventKind::Succeeded), EVENTS_OF_WAITS_MAX + 1));
}

#[test]
fn a_refusal_for_now_says_from_when_on_a_new_refund_is_worth_trying() {
    let hour = Duration::from_secs(3_600);
    let says = |again| {
        Outcome::Refused(PspRefusal {
            code: "1080".to_owned(),
            text: "later".to_owned(),
            again,
            psp_refund_id: None,
        })
    };
    for (from, via) in [(StateName::Submitting, Via::Submit), (StateName::Succeeded, Via::Query)] {
        let again_at = |again| {
            let change = told(refund(from), says(again), via, NOW);
            change.refund.state.failure().expect("it is over").again_at
        };
        assert_eq!(again_at(Again::After(hour)), Some(NOW.plus(hour)), "{from}");
        assert_eq!(again_at(Again::No), None, "{from}");
    }
}

#[test]
fn the_turn_is_kept_while_it_may_be_under_way() {
    for from in StateName::ALL {
        for outcome in outcomes() {
            for via in VIAS {
                let what = format!("{from}, {} by {}", outcome.as_str(), via.as_str());
                let free = told(refund(from), outcome.clone(), via, NOW);
                assert_eq!(free.turn, Turn::Kept, "{what}: other PSPs have none");
                let takes = Refund { takes_turns: true, ..refund(from) };
                let change = told(takes, outcome.clone(), via, NOW);
                let to = change.refund.state.name();
                let expected = match (from.may_be_under_way(), to.may_be_under_way()) {
                    (true, false) => Turn::Over,
                    (false, true) => Turn::Taken,
                    (false, false) if from == StateName::Queued && to.is_final() => Turn::Over,
                    _ => Turn::Kept,
                };
                assert_eq!(change.turn, expected, "{what}");
            }
        }
    }
    let takes = |from| Refund { takes_turns: true, ..refund(from) };
    let owner = ProcessId::from_bytes([9; 16]);
    assert_eq!(begin_send(takes(StateName::Queued), owner, &timing(), NOW).unwrap().turn, Turn::Taken);
    assert_eq!(begin_send(takes(StateName::Unknown), owner, &timing(), NOW).unwrap().turn, Turn::Kept);
    assert_eq!(doubt(takes(StateName::Submitting), NOW).unwrap().turn, Turn::Kept);
    assert_eq!(fail_unsent(takes(StateName::Queued), failure(), NOW).unwrap().turn, Turn::Over);
    for verdict in [Verdict::Succeeded, Verdict::Failed] {
        let closed = close_by_person(takes(StateName::Unknown), verdict, "seen", NOW).unwrap();
        assert_eq!(closed.turn, Turn::Over);
    }
}

#[test]
fn what_the_psp_calls_it_is_kept_and_never_changed() {
    let change = told(refund(StateName::Unknown), succeeded(), Via::Query, NOW);
    assert_eq!(change.refund.psp_refund_id.as_deref(), Some("re_1"));
    assert_eq!(change.refund.arn.as_deref(), Some("7400"));
    for from in StateName::ALL {
        for outcome in [succeeded(), pending()] {
            let bound = Refund { psp_refund_id: Some("re_0".to_owned()), ..refund(from) };
            let change = told(bound, outcome, Via::Notification, NOW);
            assert_eq!(change.refund.psp_refund_id.as_deref(), Some("re_0"));
            assert_eq!(change.refund.state, state(from), "{from}");
            assert_eq!(case_kinds(&change), [CaseKind::ForeignRefund]);
            assert_eq!(change.cases[0].block_minor, MINOR, "{from}");
            assert!(!change.refund.evidence.person_called, "{from}: nobody was called about ours");
        }
    }
}

#[test]
fn a_reference_number_that_comes_after_the_end_is_kept_and_tells_nothing() {
    let done = Refund { psp_refund_id: Some("re_1".to_owned()), ..refund(StateName::Succeeded) };
    let change = told(done.clone(), succeeded(), Via::Query, NOW);
    assert_eq!(change, Change::none(Refund { arn: Some("7400".to_owned()), ..done }));
}

#[test]
fn a_case_about_not_knowing_is_opened_once() {
    for finding in [Finding::Ambiguous, Finding::Mismatch] {
        let first = told(refund(StateName::Unknown), Outcome::Unknown(finding), Via::Query, NOW);
        assert!(first.refund.evidence.person_called);
        let again = told(first.refund, Outcome::Unknown(finding), Via::Query, NOW);
        assert!(again.cases.is_empty(), "{finding:?}");
    }
}

#[test]
fn not_sent_undoes_a_send_and_only_that_one() {
    let twice = |name| {
        let mut refund = refund(name);
        refund.evidence.sends = 2;
        refund
    };
    let change = told(twice(StateName::Submitting), not_sent(), Via::Submit, NOW);
    assert_eq!(change.refund.state, RefundState::Unknown, "an earlier one may have arrived");
    assert_eq!((change.refund.evidence.sends, change.refund.evidence.first_sent_at), (1, Some(THEN)));

    let change = told(refund(StateName::Unknown), not_sent(), Via::Submit, NOW);
    assert_eq!(change.refund.state, RefundState::Unknown);
    assert_eq!((change.refund.evidence.sends, change.refund.evidence.first_sent_at), (0, None));

    let mut tired = refund(StateName::Submitting);
    tired.evidence.not_sent = 3;
    let change = told(tired, not_sent(), Via::Submit, NOW);
    let wait = change.refund.due_at.unwrap().since(NOW);
    assert!(wait >= Duration::from_secs(8) && wait < Duration::from_secs(9), "{wait:?}");
}

#[test]
fn a_send_is_evidence_before_it_happens() {
    let owner = ProcessId::from_bytes([5; 16]);
    for from in StateName::ALL {
        let mut before = refund(from);
        before.evidence.finding = Some(Finding::NotFound);
        let sent = begin_send(before, owner, &timing(), NOW);
        let Ok(change) = sent else {
            assert!(!matches!(from, StateName::Queued | StateName::Unknown), "{from}");
            continue;
        };
        assert!(matches!(from, StateName::Queued | StateName::Unknown), "{from}");
        let until = NOW.plus(Duration::from_secs(60));
        assert_eq!(change.refund.state, RefundState::Submitting(Lease { owner, until }));
        assert_eq!(change.refund.due_at, Some(until));
        let evidence = change.refund.evidence;
        assert_eq!(evidence.sends, refund(from).evidence.sends + 1);
        assert_eq!(evidence.last_sent_at, Some(NOW));
        assert_eq!(evidence.finding, None, "what was found before says nothing of this send");
        let first = if from == StateName::Queued { NOW } else { THEN };
        assert_eq!(evidence.first_sent_at, Some(first), "the first send stays the first");
        assert_eq!((change.event, change.balance), (None, BalanceChange::default()));
    }
}

#[test]
fn a_person_decides_only_what_nobody_knows() {
    for from in StateName::ALL {
        for (verdict, to) in
            [(Verdict::Succeeded, StateName::Succeeded), (Verdict::Failed, StateName::Failed)]
        {
            let closed = close_by_person(refund(from), verdict, "seen in the PSP's portal", NOW);
            let open = matches!(from, StateName::Unknown | StateName::Pending);
            assert_eq!(
                closed.as_ref().map(|change| change.refund.state.name()).ok(),
                open.then_some(to),
                "{from}"
            );
            if let Ok(change) = closed {
                assert_eq!(change.balance, BalanceChange::between(from, to, MINOR));
                assert!(change.ends_cases && change.refund.due_at.is_none());
            }
        }
    }
}

#[test]
fn an_expired_lease_is_doubted_and_what_was_sent_never_fails_unsent() {
    for from in StateName::ALL {
        let doubted = doubt(refund(from), NOW);
        assert_eq!(doubted.is_ok(), from == StateName::Submitting, "{from}");
        let failed = fail_unsent(refund(from), failure(), NOW);
        assert_eq!(failed.is_ok(), from == StateName::Queued, "{from}");
    }
    let change = doubt(refund(StateName::Submitting), NOW).unwrap();
    assert_eq!(change.refund.state, RefundState::Unknown);
    assert_eq!(change.refund.evidence.finding, Some(Finding::NoAnswer));
    assert_eq!(change.refund.due_at, Some(NOW));
}

#[test]
fn a_person_is_called_without_a_change_of_state() {
    let change = call_person(refund(StateName::Unknown), CaseKind::Unresolved, "?".into(), &timing(), NOW);
    assert_eq!(change.refund.state, RefundState::Unknown);
    assert!(change.refund.evidence.person_called && !change.ends_cases);
    assert_eq!(change.refund.due_at, Some(NOW.plus(Duration::from_secs(600))));
}

#[test]
fn closing_a_case_of_what_is_open_forgets_that_a_person_was_called() {
    for name in StateName::ALL {
        let mut called = refund(name);
        called.evidence.person_called = true;
        let after = case_closed(called.clone());
        // Also of what waits to be sent: sent later and unanswered, it would be left to nobody.
        assert_eq!(after.evidence.person_called, name.is_final(), "{name}");
        called.evidence.person_called = name.is_final();
        assert_eq!(after, called, "{name}: nothing else changes");
    }
}

#[test]
fn the_same_id_again_is_no_contradiction() {
    let same = Outcome::Succeeded { psp_refund_id: Some("bound".to_owned()), arn: None };
    let (_, _, change) = sends::counted(StateName::Pending, Some("bound"), same, Via::Query);
    assert_eq!((change.refund.state.name(), change.cases.len()), (StateName::Succeeded, 0));
}

#[test]
fn the_ways_of_words_have_their_names() {
    assert_eq!(VIAS.map(Via::as_str), ["submit", "query", "notification"]);
}

#[test]
fn look_ups_are_counted_anew_when_a_refund_becomes_pending_and_when_it_no_longer_is() {
    for (name, outcome, counted) in [
        (StateName::Unknown, pending(), 0),
        // The look-up that did not find it is the first of its uncertainty.
        (StateName::Pending, Outcome::Unknown(Finding::NotFound), 1),
    ] {
        let mut asked = refund(name);
        asked.evidence.queries = 5;
        assert_eq!(told(asked, outcome, Via::Query, NOW).refund.evidence.queries, counted, "{name}");
    }
}
