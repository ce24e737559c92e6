//! What is done with a refund of which nobody knows the end.

use std::time::Duration;

use redress_core::outcome::{Finding, Outcome};
use redress_core::policy::AccountState;
use redress_core::recipe::{Absence, Recipe};
use redress_core::settle::Via;
use redress_core::state::{RefundState, StateName};

use super::super::{Claim, ClaimOutcome, Task};
use super::{set_version, tasks};
use crate::ops::fixtures::{
    ASK_ONLY, MUTE, SAME_KEY, TIMING, at, audit, claim, done, hear, in_state, load, not_sent, rf, rows,
    run_claim, sent, set_account, world,
};
use crate::store::Store;
use crate::testing::TestStores;

const NOT_FOUND: Outcome = Outcome::Unknown(Finding::NotFound);
const PROVED_LATER: Recipe = Recipe {
    absence: Absence::ProvedAfter { bound: Duration::from_secs(100), source: "a test" },
    ..ASK_ONLY
};

/// The first refund is unknown since second 20, and a look-up at 22 found nothing.
async fn not_found(store: &Store) {
    world(store).await;
    in_state(store, StateName::Unknown, "1", 1).await;
    hear(store, 1, NOT_FOUND, Via::Query, 22).await;
}

async fn claimed(store: &Store, claim: Claim) -> Vec<Task> {
    let outcome = run_claim(store, claim).await;
    outcome.claimed.iter().map(|claimed| claimed.task).collect()
}

#[tokio::test]
async fn it_is_sent_again_only_where_the_recipe_takes_the_same_key() {
    TestStores::each(async |store| {
        not_found(&store).await;
        assert_eq!(claimed(&store, claim(30)).await, [Task::Query], "not found proves nothing by itself");
        // First sent at second 10; the PSP keeps the key for 1000 seconds after that, and a lease lasts 10.
        assert_eq!(claimed(&store, Claim { recipe: &SAME_KEY, ..claim(1000) }).await, [Task::Query]);
        let before = load(&store, 1).await.0;
        // The account has been changed meanwhile; what was sent once is sent again as it was.
        set_version(&store, before.account_version + 1).await;
        let resend = Claim { recipe: &SAME_KEY, now: at(999), ..claim(999) };
        hear(&store, 1, NOT_FOUND, Via::Query, 40).await;
        assert_eq!(claimed(&store, resend).await, [Task::Send]);
        let after = load(&store, 1).await.0;
        assert_eq!(
            (after.id.psp_key(), after.account_version),
            (before.id.psp_key(), before.account_version)
        );
        assert_eq!((after.evidence.sends, after.evidence.first_sent_at), (2, Some(at(10))));
        assert_eq!((after.evidence.finding, after.evidence.last_sent_at), (None, Some(at(999))));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn no_answer_alone_is_no_reason_to_send_again() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        assert_eq!(claimed(&store, Claim { recipe: &SAME_KEY, ..claim(30) }).await, [Task::Query]);
    })
    .await;
}

#[tokio::test]
async fn absence_is_proved_only_by_a_look_up_after_the_bound() {
    TestStores::each(async |store| {
        not_found(&store).await;
        assert_eq!(
            claimed(&store, Claim { recipe: &PROVED_LATER, ..claim(500) }).await,
            [Task::Query],
            "the look-up was made at 22; the bound runs from the lease's end at 20"
        );
        hear(&store, 1, NOT_FOUND, Via::Query, 120).await;
        assert_eq!(claimed(&store, Claim { recipe: &PROVED_LATER, ..claim(520) }).await, [Task::Send]);
    })
    .await;
}

#[tokio::test]
async fn what_provably_never_left_is_sent_even_without_a_key() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        // Its lease ran out before the word came that nothing had left.
        run_claim(&store, Claim { queries: 0, ..claim(20) }).await;
        hear(&store, 1, not_sent(), Via::Submit, 21).await;
        assert_eq!(load(&store, 1).await.0.state, RefundState::Unknown);
        assert_eq!(claimed(&store, claim(30)).await, [Task::Send]);
        assert_eq!(load(&store, 1).await.0.evidence.first_sent_at, Some(at(30)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn an_account_that_does_not_send_looks_instead_of_sending_again() {
    for state in [AccountState::Paused, AccountState::Revoked] {
        TestStores::each(async |store| {
            not_found(&store).await;
            set_account(&store, "flex", state).await;
            assert_eq!(claimed(&store, Claim { recipe: &SAME_KEY, ..claim(30) }).await, [Task::Query]);
            assert_eq!(load(&store, 1).await.0.state, RefundState::Unknown);
        })
        .await;
    }
}

#[tokio::test]
async fn a_resend_waits_for_room() {
    TestStores::each(async |store| {
        not_found(&store).await;
        let full = run_claim(&store, Claim { recipe: &SAME_KEY, sends: 0, ..claim(30) }).await;
        assert_eq!(full, ClaimOutcome::default());
        let due = load(&store, 1).await.0.due_at;
        assert_eq!(due, Some(at(30).plus(TIMING.resolve.first)), "it makes room for those behind it");
    })
    .await;
}

#[tokio::test]
async fn a_person_is_called_once_and_the_looking_goes_on() {
    TestStores::each(async |store| {
        not_found(&store).await;
        for second in [30, 40] {
            assert_eq!(claimed(&store, claim(second)).await, [Task::Query]);
            hear(&store, 1, NOT_FOUND, Via::Query, second).await;
        }
        let third = run_claim(&store, claim(100)).await;
        assert_eq!((tasks(&third), third.cases, third.changed.len()), (Vec::new(), 1, 1));
        assert_eq!(rows(&store, "SELECT kind, blocked, closed_at FROM cases").await, ["unresolved 0 -"]);
        let said = rows(&store, "SELECT what FROM cases").await.remove(0);
        assert_eq!(
            said,
            "nobody knows whether the PSP made the refund; it is not sent again without a person"
        );
        let resumed = 100 + i64::try_from(TIMING.resolve.max.as_secs()).unwrap();
        assert_eq!(run_claim(&store, claim(resumed - 1)).await, ClaimOutcome::default());
        let again = run_claim(&store, claim(resumed)).await;
        assert_eq!((tasks(&again), again.cases), (vec![(Task::Query, rf(1))], 0));
        hear(&store, 1, done(None), Via::Query, resumed).await;
        let closed = rows(&store, "SELECT kind, closed_by FROM cases").await;
        assert_eq!(closed, ["unresolved redress"], "the end closes the case about not knowing");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn who_is_called_is_told_where_it_is_sent_again() {
    TestStores::each(async |store| {
        not_found(&store).await;
        for second in [30, 40] {
            assert_eq!(claimed(&store, claim(second)).await, [Task::Query]);
            hear(&store, 1, NOT_FOUND, Via::Query, second).await;
        }
        let keyed = |second| Claim { recipe: &SAME_KEY, ..claim(second) };
        let called = run_claim(&store, keyed(100)).await;
        assert_eq!((tasks(&called), called.cases), (Vec::new(), 1));
        let said = rows(&store, "SELECT what FROM cases").await.remove(0);
        assert!(said.contains("sent again where the PSP does not have it: before you decide"), "{said}");
        let resumed = 100 + i64::try_from(TIMING.resolve.max.as_secs()).unwrap();
        assert_eq!(claimed(&store, keyed(resumed)).await, [Task::Send], "and so it is");
    })
    .await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_a_person_is_called_at_once_and_once() {
    TestStores::each(async |store| {
        not_found(&store).await;
        let first = run_claim(&store, Claim { recipe: &MUTE, ..claim(30) }).await;
        assert_eq!((tasks(&first), first.cases), (Vec::new(), 1));
        assert_eq!(run_claim(&store, Claim { recipe: &MUTE, ..claim(400) }).await, ClaimOutcome::default());
        assert_eq!(load(&store, 1).await.0.due_at, Some(at(400).plus(TIMING.resolve.max)));
        assert_eq!(rows(&store, "SELECT kind FROM cases").await, ["unresolved"]);
    })
    .await;
}

#[tokio::test]
async fn a_last_word_that_is_overdue_is_a_case_and_no_outcome() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Pending, "1", 1).await;
        assert_eq!(claimed(&store, claim(3609)).await, [Task::Query]);
        let overdue = run_claim(&store, claim(3700)).await;
        assert_eq!((tasks(&overdue), overdue.cases), (Vec::new(), 1));
        let case = rows(&store, "SELECT kind, what FROM cases").await.remove(0);
        assert!(case.starts_with("overdue the PSP accepted the refund"), "{case}");
        assert_eq!(load(&store, 1).await.0.state, RefundState::Pending, "time alone never decides");
        assert_eq!(claimed(&store, claim(4000)).await, [Task::Query]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_for_too_long_is_put_before_a_person_who_reads_so() {
    TestStores::each(async |store| {
        world(&store).await;
        // Asked for at second 10; the PSP is not reached.
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, not_sent(), Via::Submit, 20).await;
        assert_eq!(claimed(&store, claim(3609)).await, [Task::Send]);
        hear(&store, 1, not_sent(), Via::Submit, 3609).await;
        let overdue = run_claim(&store, claim(3700)).await;
        assert_eq!((tasks(&overdue), overdue.cases, overdue.changed.len()), (Vec::new(), 1, 1));
        let case = rows(&store, "SELECT kind, what FROM cases").await.remove(0);
        assert!(case.starts_with("overdue the refund cannot be sent"), "{case}");
        assert_eq!(load(&store, 1).await.0.state, RefundState::Queued, "time alone never decides");
        assert_eq!(claimed(&store, claim(4000)).await, [Task::Send], "the trying goes on");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn too_few_ids_for_cases_are_a_defect_that_leaves_nothing() {
    TestStores::each(async |store| {
        not_found(&store).await;
        let short = Claim { recipe: &MUTE, case_ids: Vec::new(), ..claim(30) };
        let failed = store.run(short).await;
        assert!(matches!(failed, Err(crate::StoreError::Internal(_))), "{failed:?}");
        assert_eq!(rows(&store, "SELECT kind FROM cases").await, Vec::<String>::new());
        assert!(!load(&store, 1).await.0.evidence.person_called);
    })
    .await;
}
