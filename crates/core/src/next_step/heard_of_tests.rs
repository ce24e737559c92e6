//! Of which refunds a PSP hears when somebody wants to know now.

use std::time::Duration;

use super::*;
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId, ProcessId, RefundId};
use crate::money::{Amount, Currency};
use crate::recipe::Lookup;
use crate::refund::RefundKind;
use crate::retry::Backoff;
use crate::state::{Failure, Lease};

const START: Timestamp = Timestamp::from_micros(1_000_000_000_000);

const BY_KEY: Recipe =
    Recipe { lookup: Lookup::ByKey, resend: Resend::Never, absence: Absence::ProvesNothing };
const BY_ID: Recipe = Recipe { lookup: Lookup::ById, ..BY_KEY };
const BLIND: Recipe = Recipe { lookup: Lookup::None, ..BY_KEY };
const KEY_ONLY: Recipe =
    Recipe { resend: Resend::SameKey { window: Duration::from_secs(1_000), source: "test" }, ..BLIND };

fn refund(state: RefundState) -> Refund {
    let evidence = Evidence {
        first_sent_at: Some(START),
        last_sent_at: Some(START),
        sends: 1,
        finding: Some(Finding::NoAnswer),
        ..Evidence::default()
    };
    Refund {
        merchant: MerchantId::from_bytes([1; 16]),
        id: RefundId::from_bytes([2; 16]),
        payment: PaymentId::from_bytes([3; 16]),
        environment: Environment::Sandbox,
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
        state,
        evidence,
        due_at: Some(START),
        event_count: 1,
        created_at: START,
        updated_at: START,
        finished_at: None,
    }
}

fn heard_of(refund: &Refund, recipe: &Recipe, account: AccountState, seconds: u64) -> bool {
    let backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(60) };
    let timing = Timing {
        lease: Duration::from_secs(60),
        not_sent: backoff,
        resolve: backoff,
        poll: backoff,
        person_after_queries: 3,
        overdue: Duration::from_secs(86_400),
    };
    is_heard_of(refund, recipe, account, &timing, START.plus(Duration::from_secs(seconds)))
}

#[test]
fn a_psp_that_answers_no_look_ups_hears_only_what_may_be_sent() {
    let failure = Failure::lasting("", "");
    let sent = [
        RefundState::Pending,
        RefundState::Unknown,
        RefundState::Succeeded,
        RefundState::Failed(failure.clone()),
        RefundState::Reversed(failure),
    ];
    for state in sent {
        let mut one = refund(state);
        for (recipe, expected) in [(&BY_KEY, true), (&BY_ID, false), (&BLIND, false)] {
            assert_eq!(
                heard_of(&one, recipe, AccountState::Active, 9),
                expected,
                "{:?} {recipe:?}",
                one.state
            );
        }
        one.psp_refund_id = Some("re_1".to_owned());
        assert!(heard_of(&one, &BY_ID, AccountState::Active, 9), "{:?}", one.state);
        assert!(!heard_of(&one, &BLIND, AccountState::Active, 9), "{:?}", one.state);
    }
    for account in [AccountState::Active, AccountState::Paused] {
        assert!(heard_of(&refund(RefundState::Queued), &BLIND, account, 9), "{account:?}");
    }
}

#[test]
fn nobody_hears_of_what_is_held_canceled_or_being_sent() {
    let lease = Lease { owner: ProcessId::from_bytes([9; 16]), until: START.plus(Duration::from_secs(60)) };
    for state in [RefundState::Held, RefundState::Canceled, RefundState::Submitting(lease)] {
        let one = refund(state);
        assert!(!heard_of(&one, &BY_KEY, AccountState::Active, 9), "{:?}", one.state);
    }
}

#[test]
fn where_sending_again_is_the_question_it_can_be_put_as_long_as_it_is() {
    let mut one = refund(RefundState::Unknown);
    assert!(heard_of(&one, &KEY_ONLY, AccountState::Active, 9));
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Paused, 9), "an account that does not send");
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Active, 1_000), "the PSP forgets the key");
    one.evidence.person_called = true;
    assert!(!heard_of(&one, &KEY_ONLY, AccountState::Active, 9), "it is a person's now");
    // What never left is sent at any PSP.
    let mut unsent = refund(RefundState::Unknown);
    unsent.evidence = Evidence::default();
    assert!(heard_of(&unsent, &BLIND, AccountState::Active, 9));
}
