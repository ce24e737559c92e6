use super::*;
use crate::environment::Environment;
use crate::id::{MerchantId, PaymentId, RefundId};
use crate::money::Currency;
use crate::outcome::{Again, Finding, PspRefusal};
use crate::refund::{Evidence, RefundKind};
use crate::state::{Failure, RefundState};
use crate::time::Timestamp;

const AT: Timestamp = Timestamp::from_micros(1);
const HERE: AccountId = AccountId::from_bytes([4; 16]);

fn sum(minor: i64) -> Amount {
    Amount::new(minor, Currency::from_code("SAR").unwrap())
}

fn refund(state: RefundState, bound: Option<&str>) -> Refund {
    Refund {
        merchant: MerchantId::from_bytes([1; 16]),
        id: RefundId::from_bytes([2; 16]),
        payment: PaymentId::from_bytes([3; 16]),
        environment: Environment::Sandbox,
        ordinal: 1,
        transaction_number: 2,
        amount: sum(500),
        kind: RefundKind::Partial,
        reason: String::new(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        account: HERE,
        takes_turns: false,
        account_version: 1,
        psp_refund_id: bound.map(str::to_owned),
        arn: None,
        psp_note: None,
        state,
        evidence: Evidence::default(),
        due_at: None,
        event_count: 1,
        created_at: AT,
        updated_at: AT,
        finished_at: None,
    }
}

fn failed() -> RefundState {
    RefundState::Failed(Failure::lasting("401", ""))
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: None, arn: None }
}

fn refused() -> Outcome {
    Outcome::Refused(PspRefusal {
        code: "401".to_owned(),
        text: String::new(),
        again: Again::No,
        psp_refund_id: None,
    })
}

fn told<'a>(id: Option<&'a str>, outcome: &'a Outcome) -> Told<'a> {
    Told {
        account: HERE,
        amount: Some(sum(500)),
        psp_refund_id: id,
        outcome,
        must_confirm: true,
        foreign: false,
        superseded_by: &[],
        left: false,
    }
}

#[test]
fn another_account_or_sum_is_put_before_a_person_even_where_it_proves_itself() {
    let (open, done) = (refund(RefundState::Pending, Some("a")), done());
    let elsewhere = AccountId::from_bytes([9; 16]);
    for must_confirm in [true, false] {
        let right = Told { must_confirm, ..told(Some("a"), &done) };
        assert_ne!(take_notice(&open, &right, true), Taking::Quarantine);
        for wrong in [Told { account: elsewhere, ..right }, Told { amount: Some(sum(501)), ..right }] {
            assert_eq!(take_notice(&open, &wrong, true), Taking::Quarantine);
        }
        let silent = Told { amount: None, ..right };
        assert_ne!(take_notice(&open, &silent, true), Taking::Quarantine, "it says nothing of a sum");
    }
}

#[test]
fn each_difference_is_named() {
    let (open, done, refused) = (refund(RefundState::Pending, Some("a")), done(), refused());
    let right = Told { must_confirm: false, ..told(Some("a"), &done) };
    assert!(differences(&open, &right).is_empty());
    let dear = Amount::new(500, Currency::from_code("KWD").unwrap());
    let wrong = Told {
        account: AccountId::from_bytes([9; 16]),
        foreign: true,
        amount: Some(dear),
        psp_refund_id: Some("b"),
        outcome: &refused,
        ..right
    };
    let all = [Differs::Account, Differs::Whose, Differs::Currency(dear), Differs::PspRefund];
    assert_eq!(differences(&open, &wrong), all);
    let other_sum = Told { amount: Some(sum(501)), psp_refund_id: Some("b"), ..right };
    assert_eq!(
        differences(&open, &other_sum),
        [Differs::Sum(sum(501))],
        "a success of another is ours to settle"
    );
}

#[test]
fn what_proves_itself_counts_with_room_or_without() {
    let (open, done) = (refund(RefundState::Pending, Some("a")), done());
    let proved = Told { must_confirm: false, ..told(Some("a"), &done) };
    assert_eq!(take_notice(&open, &proved, true), Taking::Apply);
    assert_eq!(take_notice(&open, &proved, false), Taking::Apply);
}

#[test]
fn the_psp_is_answered_first_only_where_nothing_can_be_lost() {
    let (done, refused) = (done(), refused());
    let ask = |refund: &Refund, told: &Told<'_>| match take_notice(refund, told, true) {
        Taking::Ask(asking) => (asking.about, asking.first_ask_then_answer),
        other => panic!("{other:?}"),
    };
    let pending = refund(RefundState::Pending, Some("a"));
    assert_eq!(ask(&pending, &told(Some("a"), &done)), (About::Ours, false), "it is looked up anyway");
    assert_eq!(ask(&pending, &told(None, &done)), (About::Ours, false));
    let late = "an earlier answer may settle it as a success meanwhile, and then nobody looks again";
    assert_eq!(ask(&pending, &told(Some("a"), &refused)), (About::Ours, true), "{late}");
    assert_eq!(ask(&pending, &told(Some("b"), &done)), (About::Other, true));
    let unbound = refund(RefundState::Unknown, None);
    assert_eq!(ask(&unbound, &told(Some("b"), &done)), (About::ByToldId, true));
    assert_eq!(ask(&unbound, &told(None, &done)), (About::Ours, true));
    for (state, says, contradicts) in [
        (RefundState::Succeeded, &refused, true),
        (RefundState::Succeeded, &done, false),
        (failed(), &done, true),
        (failed(), &refused, false),
        (RefundState::Canceled, &done, true),
    ] {
        let over = refund(state, Some("a"));
        assert_eq!(ask(&over, &told(Some("a"), says)), (About::Ours, contradicts), "{over:?}");
    }
    let left = Told { left: true, ..told(Some("a"), &refused) };
    assert_eq!(ask(&refund(failed(), Some("a")), &left), (About::Ours, true), "what had left came back");
}

#[test]
fn without_room_only_what_is_looked_up_anyway_is_acknowledged() {
    let (done, refused) = (done(), refused());
    let taking = |refund: &Refund, id| take_notice(refund, &told(id, &done), false);
    let pending = refund(RefundState::Pending, Some("a"));
    assert_eq!(taking(&pending, Some("a")), Taking::LookSoon);
    assert_eq!(take_notice(&pending, &told(Some("a"), &refused), false), Taking::TellAgain, "that it failed");
    assert_eq!(taking(&pending, None), Taking::LookSoon);
    assert_eq!(taking(&pending, Some("b")), Taking::TellAgain, "another of the PSP's");
    let unbound = refund(RefundState::Unknown, None);
    assert_eq!(taking(&unbound, Some("b")), Taking::TellAgain, "one of two, perhaps");
    assert_eq!(taking(&unbound, None), Taking::LookSoon);
    assert_eq!(
        taking(&refund(RefundState::Succeeded, Some("a")), Some("a")),
        Taking::TellAgain,
        "it is over"
    );
}

#[test]
fn what_was_asked_in_vain_is_lost_nowhere() {
    let (done, refused) = (done(), refused());
    let after = |refund: &Refund, told: &Told<'_>| after_asking(refund, told, None);
    let pending = refund(RefundState::Pending, Some("a"));
    assert_eq!(after(&pending, &told(Some("a"), &done)), Asked::Done, "it is looked up anyway");
    for id in [Some("a"), None] {
        let may_be_done = "it may be done here before a look";
        assert_eq!(after(&pending, &told(id, &refused)), Asked::TellOnceMore, "{may_be_done}");
    }
    // Nobody knows yet that it is ours, and it is looked up by our reference soon.
    let unbound = refund(RefundState::Unknown, None);
    assert_eq!(after(&unbound, &told(Some("b"), &refused)), Asked::TellAgain);
    assert_eq!(after(&pending, &told(Some("b"), &done)), Asked::Foreign);
    assert_eq!(after(&refund(RefundState::Unknown, None), &told(Some("b"), &done)), Asked::TellAgain);
    assert_eq!(after(&refund(RefundState::Unknown, None), &told(None, &done)), Asked::Done);
    let over = refund(RefundState::Succeeded, Some("a"));
    for id in [Some("a"), None] {
        assert_eq!(after(&over, &told(id, &refused)), Asked::TellOnceMore, "it may be away for a moment");
    }
    assert_eq!(after(&over, &told(Some("a"), &done)), Asked::Done);
    assert_eq!(after(&refund(failed(), None), &told(Some("b"), &done)), Asked::Unconfirmed);
    let other = told(Some("b"), &done);
    assert_eq!(after_asking(&pending, &other, Some(&done)), Asked::Done, "the PSP said a word");
    for bound in [Some("a"), None] {
        let over = refund(failed(), bound);
        assert_eq!(after(&over, &told(Some("a"), &refused)), Asked::Done, "it failed here too");
        let left = Told { left: true, ..told(Some("a"), &refused) };
        assert_eq!(after(&over, &left), Asked::Unconfirmed, "a person counts it as gone, or may");
        assert_eq!(after_asking(&over, &left, Some(&refused)), Asked::Done);
    }
}

#[test]
fn a_failure_that_the_psp_tells_and_denies_is_put_before_a_person_where_nobody_would_look_again() {
    let (done, refused) = (done(), refused());
    let waits = Outcome::Pending { psp_refund_id: None, note: None };
    let succeeded = refund(RefundState::Succeeded, Some("a"));
    let pending = refund(RefundState::Pending, Some("a"));
    let told_failed = |id| told(id, &refused);
    for id in [Some("a"), None] {
        for said in [&done, &waits] {
            assert_eq!(
                after_asking(&succeeded, &told_failed(id), Some(said)),
                Asked::Unconfirmed,
                "{said:?}"
            );
        }
        assert_eq!(
            after_asking(&pending, &told_failed(id), Some(&waits)),
            Asked::TellOnceMore,
            "a later look may say that it is done, and then nobody looks any more"
        );
        assert_eq!(after_asking(&pending, &told(id, &waits), Some(&waits)), Asked::Done, "looked up anyway");
        // What it says of another sum is settled as a case of its own.
        let mismatch = Outcome::Unknown(Finding::Mismatch);
        assert_eq!(after_asking(&succeeded, &told_failed(id), Some(&mismatch)), Asked::Done);
        assert_eq!(
            after_asking(&succeeded, &told_failed(id), Some(&refused)),
            Asked::TellOnceMore,
            "the question was begun before the success was written, and settled nothing"
        );
        assert_eq!(
            after_asking(
                &refund(RefundState::Reversed(Failure::lasting("401", "")), id),
                &told_failed(id),
                Some(&refused)
            ),
            Asked::Done
        );
        assert_eq!(
            after_asking(&succeeded, &told(id, &waits), Some(&done)),
            Asked::Done,
            "an old word of a wait"
        );
        assert_eq!(after_asking(&refund(failed(), id), &told(id, &done), Some(&refused)), Asked::Done);
    }
    assert_eq!(after_asking(&succeeded, &told_failed(Some("b")), Some(&done)), Asked::Done, "it is not ours");
    let left = Told { left: true, ..told_failed(Some("a")) };
    assert_eq!(after_asking(&refund(failed(), Some("a")), &left, Some(&done)), Asked::Unconfirmed);
}

#[test]
fn what_names_another_merchant_is_applied_to_nothing() {
    let (open, done) = (refund(RefundState::Pending, Some("a")), done());
    for must_confirm in [true, false] {
        let foreign = Told { must_confirm, foreign: true, ..told(Some("a"), &done) };
        assert_eq!(take_notice(&open, &foreign, true), Taking::Quarantine);
    }
}

#[test]
fn the_failure_of_another_refund_under_our_reference_is_not_ours() {
    let (done, refused) = (done(), refused());
    let proved = |id, outcome| Told { must_confirm: false, ..told(id, outcome) };
    for state in [RefundState::Pending, RefundState::Succeeded] {
        let bound = refund(state, Some("a"));
        assert_eq!(take_notice(&bound, &proved(Some("b"), &refused), true), Taking::Quarantine);
        assert_eq!(take_notice(&bound, &proved(Some("a"), &refused), true), Taking::Apply);
        assert_eq!(take_notice(&bound, &proved(None, &refused), true), Taking::Apply);
        assert_eq!(
            take_notice(&bound, &proved(Some("b"), &done), true),
            Taking::Apply,
            "settled as a second one"
        );
    }
    let unbound = refund(RefundState::Unknown, None);
    assert_eq!(
        take_notice(&unbound, &proved(Some("b"), &refused), true),
        Taking::Apply,
        "ours, for all we know"
    );
}

#[test]
fn a_success_that_comes_after_its_own_failure_is_no_contradiction() {
    let done = done();
    let late = Told { must_confirm: false, superseded_by: &["401"], ..told(Some("a"), &done) };
    let reversed = RefundState::Reversed(Failure::lasting("401", ""));
    for over in [failed(), reversed] {
        assert_eq!(take_notice(&refund(over, Some("a")), &late, true), Taking::Overtaken);
    }
    // Of another failure, or of a person's word, it is one: that must be settled as such.
    let by_person = RefundState::Failed(Failure::lasting("closed_by_person", ""));
    for state in [by_person, RefundState::Pending, RefundState::Succeeded] {
        assert_eq!(take_notice(&refund(state, Some("a")), &late, true), Taking::Apply);
    }
}

#[test]
fn the_failure_of_ours_overtakes_no_success_of_another_refund_under_our_reference() {
    let (done, waits) = (done(), Outcome::Pending { psp_refund_id: None, note: None });
    let reversed = RefundState::Reversed(Failure::lasting("401", ""));
    for over in [failed(), reversed] {
        for says in [&done, &waits] {
            let late = |id| Told { must_confirm: false, superseded_by: &["401"], ..told(id, says) };
            let bound = refund(over.clone(), Some("a"));
            assert_eq!(take_notice(&bound, &late(Some("a")), true), Taking::Overtaken, "{over:?}");
            assert_eq!(take_notice(&bound, &late(None), true), Taking::Overtaken, "it names no other");
            assert_eq!(take_notice(&bound, &late(Some("b")), true), Taking::Apply, "{over:?}");
            let unbound = refund(over.clone(), None);
            assert_eq!(take_notice(&unbound, &late(Some("b")), true), Taking::Apply, "{over:?}");
        }
    }
}

#[test]
fn what_is_known_of_a_refund_that_is_over_is_not_asked_about_again() {
    let (done, refused) = (done(), refused());
    let with_arn = Outcome::Succeeded { psp_refund_id: None, arn: Some("74537".to_owned()) };
    let waits = Outcome::Pending { psp_refund_id: None, note: None };
    let reversed = RefundState::Reversed(Failure::lasting("401", ""));
    let by_person = RefundState::Failed(Failure::lasting("closed_by_person", ""));
    let known =
        |state: &RefundState, told: &Told<'_>| says_what_is_known(&refund(state.clone(), Some("a")), told);
    for (state, says, is_known) in [
        (RefundState::Succeeded, &done, true),
        (RefundState::Succeeded, &with_arn, false),
        (RefundState::Succeeded, &refused, false),
        (RefundState::Succeeded, &waits, false),
        (failed(), &refused, true),
        (failed(), &done, false),
        (by_person, &refused, false),
        (reversed.clone(), &refused, true),
        (reversed, &done, false),
        (RefundState::Canceled, &refused, false),
        (RefundState::Pending, &waits, false),
        (RefundState::Unknown, &done, false),
    ] {
        for id in [Some("a"), None] {
            assert_eq!(known(&state, &told(id, says)), is_known, "{state:?} {says:?} {id:?}");
        }
        assert!(!known(&state, &told(Some("b"), says)), "of another refund of the PSP's: {state:?}");
        assert!(!says_what_is_known(&refund(state.clone(), None), &told(Some("a"), says)), "{state:?}");
        let dearer = Told { amount: Some(sum(501)), ..told(Some("a"), says) };
        assert!(!known(&state, &dearer), "{state:?}");
        let proved = Told { must_confirm: false, ..told(Some("a"), says) };
        assert!(!known(&state, &proved), "it counts, and is kept as what it is: {state:?}");
    }
    let left = Told { left: true, ..told(Some("a"), &refused) };
    assert!(!known(&failed(), &left), "a person counts it as gone, or may");
    let has_arn = Refund { arn: Some("74537".to_owned()), ..refund(RefundState::Succeeded, Some("a")) };
    assert!(says_what_is_known(&has_arn, &told(Some("a"), &with_arn)));
}
