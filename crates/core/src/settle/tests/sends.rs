//! Several sends and look-ups of one refund: which answer says something about which.

use super::*;

#[test]
fn a_refusal_of_a_later_send_proves_nothing_about_an_earlier_one() {
    let mut again = refund(StateName::Submitting);
    again.evidence.sends = 2;
    let change = told(again, refused(), Via::Submit, NOW);
    assert_eq!(change.refund.state.name(), StateName::Unknown);
    assert_eq!(change.refund.evidence.finding, Some(Finding::RefusedAgain));
    assert_eq!(change.balance, BalanceChange::default(), "nothing is released");
    // The PSP's own record of the refund decides.
    assert_eq!(told(change.refund, refused(), Via::Query, NOW).refund.state.name(), StateName::Failed);
    assert_eq!(
        told(refund(StateName::Submitting), refused(), Via::Submit, NOW).refund.state.name(),
        StateName::Failed
    );
}

#[test]
fn a_refund_that_the_psp_shows_to_have_failed_is_asked_about_by_its_id() {
    let of = |id: &str| {
        let Outcome::Refused(refusal) = refused() else { unreachable!() };
        Outcome::Refused(PspRefusal { psp_refund_id: Some(id.to_owned()), ..refusal })
    };
    let mut again = refund(StateName::Submitting);
    again.evidence.sends = 2;
    let shown = told(again, of("re_1"), Via::Submit, NOW);
    assert_eq!(shown.refund.state.name(), StateName::Unknown, "the word of a re-send decides nothing");
    assert_eq!(shown.refund.evidence.finding, Some(Finding::RefusedAgain));
    assert_eq!(shown.refund.psp_refund_id.as_deref(), Some("re_1"));
    assert_eq!((shown.balance, shown.cases.len()), (BalanceChange::default(), 0));
    // It is not taken for another, and another is not taken for it.
    let mut bound = shown.refund.clone();
    bound.state = refund(StateName::Submitting).state;
    bound.evidence.sends = 3;
    let other = told(bound, of("re_2"), Via::Submit, NOW);
    assert_eq!(other.refund.psp_refund_id.as_deref(), Some("re_1"));
    assert_eq!(other.cases.len(), 0, "what failed moved no money");
    let ends = told(shown.refund, of("re_1"), Via::Query, NOW).refund;
    assert_eq!(ends.state.name(), StateName::Failed, "the PSP's own record of it does");
    // Also what failed at once is known by its id.
    let at_once = told(refund(StateName::Submitting), of("re_1"), Via::Submit, NOW).refund;
    assert_eq!((at_once.state.name(), at_once.psp_refund_id.as_deref()), (StateName::Failed, Some("re_1")));
}

#[test]
fn that_another_of_the_psps_refunds_failed_releases_nothing_of_ours() {
    let failed = |id: &str| {
        let Outcome::Refused(refusal) = refused() else { unreachable!() };
        Outcome::Refused(PspRefusal { psp_refund_id: Some(id.to_owned()), ..refusal })
    };
    for from in StateName::ALL {
        for via in [Via::Submit, Via::Query, Via::Notification] {
            let bound = Refund { psp_refund_id: Some("re_1".to_owned()), ..refund(from) };
            let change = told(bound, failed("re_2"), via, NOW);
            let answered = from == StateName::Submitting && via == Via::Submit;
            let to = if answered { StateName::Unknown } else { from };
            assert_eq!(change.refund.state.name(), to, "{from:?} {via:?}");
            assert_eq!(
                (change.balance, change.cases.len()),
                (BalanceChange::default(), 0),
                "{from:?} {via:?}"
            );
            assert_eq!(change.refund.psp_refund_id.as_deref(), Some("re_1"));
        }
    }
    // Nor did ours come back whose money was booked.
    let over = Refund { psp_refund_id: Some("re_1".to_owned()), ..refund(StateName::Failed) };
    let back = |id| {
        came_back(
            &over,
            &Word { outcome: failed(id), via: Via::Query, started_at: NOW, send: 0, superseded_by: &[] },
        )
    };
    assert!(back("re_2").is_none() && back("re_1").is_some());
}

#[test]
fn booked_money_comes_back_only_by_a_later_word_about_a_refund_that_is_over() {
    let says = |state, via, started_at| {
        let over = Refund { finished_at: Some(NOW), ..refund(state) };
        came_back(&over, &Word { outcome: refused(), via, started_at, send: 0, superseded_by: &[] }).is_some()
    };
    for state in [StateName::Failed, StateName::Canceled, StateName::Reversed] {
        assert!(says(state, Via::Query, NOW) && says(state, Via::Notification, NOW), "{state:?}");
        assert!(!says(state, Via::Submit, NOW), "{state:?}: an answer is of a request");
        let before = Timestamp::from_micros(NOW.as_micros() - 1);
        assert!(!says(state, Via::Query, before), "{state:?}: asked before its end");
    }
    for state in [StateName::Queued, StateName::Unknown, StateName::Pending, StateName::Succeeded] {
        assert!(!says(state, Via::Query, NOW), "{state:?}: settling says what becomes of it");
    }
}

#[test]
fn what_only_a_failure_made_known_is_asked_about_by_our_reference_where_that_can_be() {
    use crate::next_step::asks_for_all;
    use crate::recipe::{Absence, Lookup, Recipe, Resend};

    let recipe = |lookup| Recipe { lookup, resend: Resend::Never, absence: Absence::ProvesNothing };
    let shown = Refund { psp_refund_id: Some("re_1".to_owned()), ..refund(StateName::Unknown) };
    for lookup in [Lookup::ByKey, Lookup::ByList] {
        assert!(asks_for_all(&shown, &recipe(lookup)), "{lookup:?}");
    }
    assert!(!asks_for_all(&shown, &recipe(Lookup::ById)), "there is no other question");
    let mut accepted = shown;
    accepted.evidence.accepted = true;
    assert!(!asks_for_all(&accepted, &recipe(Lookup::ByList)), "the PSP called that one ours");
    let pending = Refund { psp_refund_id: Some("re_1".to_owned()), ..refund(StateName::Pending) };
    assert!(!asks_for_all(&pending, &recipe(Lookup::ByList)));
}

#[test]
fn sending_again_does_not_put_off_calling_a_person() {
    let mut stands = refund(StateName::Unknown);
    stands.evidence.queries = 2;
    let sent = begin_send(stands, ProcessId::from_bytes([9; 16]), &timing(), NOW).unwrap().refund;
    let silent = told(sent, Outcome::Unknown(Finding::NoAnswer), Via::Submit, NOW).refund;
    assert_eq!((silent.state.name(), silent.evidence.queries), (StateName::Unknown, 2));
}

#[test]
fn the_number_of_a_send_only_grows() {
    let owner = ProcessId::from_bytes([9; 16]);
    let send = |refund| begin_send(refund, owner, &timing(), NOW).unwrap().refund;
    let first = send(refund(StateName::Queued));
    assert_eq!(first.evidence.send_number(), 1);
    let back = told(first, not_sent(), Via::Submit, NOW).refund;
    assert_eq!((back.evidence.sends, back.evidence.send_number()), (0, 1), "a number is not given out twice");
    assert_eq!(send(back).evidence.send_number(), 2);
}

#[test]
fn an_answer_to_an_older_send_says_nothing_about_the_newer() {
    let mut twice = refund(StateName::Submitting);
    twice.evidence.sends = 2;
    let lease = (twice.state.clone(), twice.due_at);
    let unknown = Finding::ALL.into_iter().map(Outcome::Unknown);
    for outcome in [refused(), not_sent()].into_iter().chain(unknown) {
        let after = told_of(twice.clone(), 1, outcome.clone(), Via::Submit, THEN);
        assert_eq!((after.refund.state.clone(), after.refund.due_at), lease, "{outcome:?}");
        assert_eq!(after.refund.evidence.finding, None, "{outcome:?}");
        let sends = 2 - u32::from(matches!(outcome, Outcome::NotSent { .. }));
        assert_eq!(after.refund.evidence.sends, sends, "{outcome:?}");
        let told_to_a_person = matches!(outcome, Outcome::Unknown(Finding::Ambiguous | Finding::Mismatch));
        assert_eq!(after.cases.len(), usize::from(told_to_a_person), "{outcome:?}");
    }
    // What the PSP did, it did, whichever send it answers.
    assert_eq!(
        told_of(twice.clone(), 1, succeeded(), Via::Submit, THEN).refund.state,
        RefundState::Succeeded
    );
    assert_eq!(told_of(twice, 1, pending(), Via::Submit, THEN).refund.state, RefundState::Pending);
}

#[test]
fn an_answer_to_an_older_send_does_not_hide_what_a_look_up_found() {
    let mut twice = refund(StateName::Unknown);
    twice.evidence = Evidence { sends: 2, queries: 1, finding: Some(Finding::NotFound), ..twice.evidence };
    let after = told_of(twice.clone(), 1, refused(), Via::Submit, THEN);
    assert_eq!(after.refund.evidence.finding, Some(Finding::NotFound));
    // The only one that may have left was refused; the newer provably never left.
    twice.evidence = Evidence { sends: 1, not_sent: 1, ..twice.evidence };
    let after = told_of(twice, 1, refused(), Via::Submit, THEN);
    assert_eq!(after.refund.state.name(), StateName::Failed);
}

/// What is left of two look-ups, and when the next is due, after a word.
pub(super) fn counted(
    from: StateName,
    bound: Option<&str>,
    outcome: Outcome,
    via: Via,
) -> (u32, Option<Timestamp>, Change) {
    let mut refund = refund(from);
    refund.evidence.queries = 2;
    refund.psp_refund_id = bound.map(str::to_owned);
    let word = Word { outcome, via, started_at: THEN, send: 0, superseded_by: &[] };
    let change = settle(refund, &word, &timing(), NOW, 7).unwrap();
    (change.refund.evidence.queries, change.refund.evidence.last_query_at, change)
}

#[test]
fn every_look_up_counts_and_nothing_else_does() {
    let lost = || Outcome::Unknown(Finding::NotFound);
    let other = || Outcome::Succeeded { psp_refund_id: Some("other".to_owned()), arn: None };
    let other_pending = pending;
    for (from, outcome) in [
        (StateName::Unknown, lost()),
        (StateName::Unknown, not_sent()),
        (StateName::Pending, Outcome::Pending { psp_refund_id: None, note: None }),
        (StateName::Pending, other_pending()),
        (StateName::Unknown, other()),
    ] {
        let (queries, _, change) = counted(from, Some("bound"), outcome.clone(), Via::Query);
        assert_eq!(queries, 3, "{from:?} {outcome:?}");
        let pace = if from == StateName::Pending { timing().poll } else { timing().resolve };
        // One more than were made for what is pending; for what is unknown, those made and the sends.
        assert_eq!(change.refund.due_at, Some(NOW.plus(pace.jittered(4, 7))), "{from:?} {outcome:?}");
    }
    for outcome in [lost(), other()] {
        let (queries, asked, _) =
            counted(StateName::Unknown, Some("bound"), outcome.clone(), Via::Notification);
        assert_eq!((queries, asked), (2, None), "{outcome:?}");
    }
    assert_eq!(counted(StateName::Unknown, None, lost(), Via::Query).1, Some(THEN));
}

#[test]
fn that_it_is_unknown_still_after_a_send_is_told_a_bounded_number_of_times() {
    let unclear = || Outcome::Unknown(Finding::NoAnswer);
    let not_let_in = || Outcome::NotSent { reason: "not let in".to_owned() };
    let first = told(refund(StateName::Submitting), unclear(), Via::Submit, NOW).refund;
    let after_many = |word: &dyn Fn() -> Outcome| {
        let mut unknown = first.clone();
        for _ in 0..3 * EVENTS_OF_WAITS_MAX {
            unknown.state = refund(StateName::Submitting).state;
            unknown.evidence.sends += 1;
            let change = told(unknown, word(), Via::Submit, NOW);
            assert_eq!(change.refund.state, RefundState::Unknown);
            unknown = change.refund;
        }
        assert_eq!(unknown.event_count, EVENTS_OF_WAITS_MAX);
        unknown
    };
    after_many(&not_let_in);
    let unknown = after_many(&unclear);
    let waits = told(unknown, Outcome::Pending { psp_refund_id: None, note: None }, Via::Query, NOW);
    assert_eq!(waits.event, Some(EventKind::Pending), "what it comes to is told");
    // That what was pending is not known any more is news, however much was told.
    let mut lost = waits.refund;
    lost.evidence.sends = 9;
    let lost = told(lost, Outcome::Unknown(Finding::NotFound), Via::Query, NOW);
    assert_eq!((lost.refund.state, lost.event), (RefundState::Unknown, Some(EventKind::Unknown)));
}
