//! Of which refunds a PSP hears when somebody wants to know now.

use super::*;

/// Nothing is sent again there.
const BY_ID_ALONE: Recipe = Recipe { lookup: Lookup::ById, ..BY_LIST };

/// One that was sent once and not answered.
fn sent(state: RefundState) -> Refund {
    Refund { state, ..unknown(Some(Finding::NoAnswer), 0, 0) }
}

fn heard_of(refund: &Refund, recipe: &Recipe, account: AccountState, seconds: u64) -> bool {
    is_heard_of(refund, recipe, account, &timing(), after(seconds))
}

#[test]
fn a_psp_that_answers_no_look_ups_hears_only_what_may_be_sent() {
    let failure = Failure::lasting("", "");
    let states = [
        RefundState::Pending,
        RefundState::Unknown,
        RefundState::Succeeded,
        RefundState::Failed(failure.clone()),
        RefundState::Reversed(failure),
    ];
    for state in states {
        let mut one = sent(state);
        for (recipe, expected) in [(&BY_LIST, true), (&BY_ID_ALONE, false), (&BLIND, false)] {
            assert_eq!(
                heard_of(&one, recipe, AccountState::Active, 9),
                expected,
                "{:?} {recipe:?}",
                one.state
            );
        }
        one.psp_refund_id = Some("re_1".to_owned());
        assert!(heard_of(&one, &BY_ID_ALONE, AccountState::Active, 9), "{:?}", one.state);
        assert!(!heard_of(&one, &BLIND, AccountState::Active, 9), "{:?}", one.state);
    }
    for account in [AccountState::Active, AccountState::Paused] {
        assert!(heard_of(&sent(RefundState::Queued), &BLIND, account, 9), "{account:?}");
    }
}

#[test]
fn nobody_hears_of_what_is_held_canceled_or_being_sent() {
    let lease = Lease { owner: ProcessId::from_bytes([9; 16]), until: START.plus(Duration::from_secs(60)) };
    for state in [RefundState::Held, RefundState::Canceled, RefundState::Submitting(lease)] {
        let one = sent(state);
        assert!(!heard_of(&one, &BY_LIST, AccountState::Active, 9), "{:?}", one.state);
    }
}

#[test]
fn where_sending_again_is_the_question_it_can_be_put_as_long_as_it_is() {
    let mut one = sent(RefundState::Unknown);
    assert!(heard_of(&one, &KEY_ONLY, AccountState::Active, 9));
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Paused, 9), "an account that does not send");
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Active, 1_000), "the PSP forgets the key");
    one.evidence.person_called = true;
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Active, 9), "it is a person's now");
    // What never left is sent at any PSP.
    let mut unsent = sent(RefundState::Unknown);
    unsent.evidence = Evidence::default();
    assert!(heard_of(&unsent, &BLIND, AccountState::Active, 9));
}
