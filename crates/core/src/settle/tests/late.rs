//! Words that come late: after an end that was written meanwhile.

use super::*;

#[test]
fn a_word_that_is_older_than_the_end_reverses_nothing() {
    let before = Timestamp::from_micros(THEN.as_micros() - 1);
    let change = told(refund(StateName::Succeeded), refused(), Via::Query, before);
    assert_eq!(change.refund.state, RefundState::Succeeded);
    assert_eq!(case_kinds(&change), [CaseKind::Mismatch]);
    for over in [StateName::Failed, StateName::Canceled, StateName::Reversed] {
        assert!(told(refund(over), pending(), Via::Query, before).cases.is_empty(), "{over}");
        let late = told(refund(over), succeeded(), Via::Query, before);
        assert_eq!(late.cases.is_empty(), over == StateName::Reversed, "{over}");
    }
}

#[test]
fn a_word_is_older_than_an_end_only_where_it_began_before_it() {
    let before = Timestamp::from_micros(THEN.as_micros() - 1);
    let after = |name, outcome, at| told(refund(name), outcome, Via::Query, at);
    assert_eq!(after(StateName::Succeeded, refused(), THEN).refund.state.name(), StateName::Reversed);
    assert_eq!(after(StateName::Succeeded, refused(), before).refund.state.name(), StateName::Succeeded);
    assert_eq!(after(StateName::Reversed, succeeded(), THEN).cases.len(), 1, "it may be done after all");
    assert_eq!(after(StateName::Reversed, succeeded(), before).cases, Vec::new());
}

#[test]
fn a_failure_that_a_psp_tells_by_itself_is_its_last_word_also_where_it_waited_for_the_success_to_be_written()
{
    let before = Timestamp::from_micros(THEN.as_micros() - 1);
    let change = told(refund(StateName::Succeeded), refused(), Via::Notification, before);
    assert_eq!(change.refund.state.name(), StateName::Reversed);
    assert_eq!(change.balance.refunded, -MINOR);
    assert_eq!((change.event, case_kinds(&change)), (Some(EventKind::Reversed), vec![CaseKind::Reversed]));
}

#[test]
fn what_is_followed_by_the_failure_that_was_written_in_the_same_moment_is_no_contradiction() {
    let followed = |over: &Refund, outcome, superseded_by| {
        let word = Word { outcome, via: Via::Notification, started_at: NOW, send: 0, superseded_by };
        settle(over.clone(), &word, &timing(), NOW, 7).unwrap()
    };
    for name in [StateName::Failed, StateName::Reversed] {
        let mut over = refund(name);
        let (RefundState::Failed(failure) | RefundState::Reversed(failure)) = &over.state else {
            panic!("{name}")
        };
        assert_eq!(failure.code, "old");
        over.psp_refund_id = Some("re_1".to_owned());
        for outcome in [succeeded(), pending()] {
            let change = followed(&over, outcome.clone(), &["x", "old"]);
            assert_eq!((&change.refund, change.cases), (&over, vec![]), "{outcome:?}");
            // Another failure than those that may follow, or another refund of the PSP's, is one.
            assert_eq!(case_kinds(&followed(&over, outcome.clone(), &["x"])), [CaseKind::LateSuccess]);
            let other = Refund { psp_refund_id: Some("re_2".to_owned()), ..over.clone() };
            assert_eq!(case_kinds(&followed(&other, outcome.clone(), &["old"])), [CaseKind::ForeignRefund]);
            let unbound = Refund { psp_refund_id: None, ..over.clone() };
            assert_eq!(case_kinds(&followed(&unbound, outcome, &["old"])), [CaseKind::LateSuccess]);
        }
    }
}
