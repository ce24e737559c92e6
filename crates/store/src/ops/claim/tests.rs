mod resolving;
mod room;

use std::collections::BTreeSet;
use std::time::Duration;

use redress_core::id::{ProcessId, RefundId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::policy::AccountState;
use redress_core::settle::Via;
use redress_core::state::{Lease, RefundState, StateName};
use tokio::task::JoinSet;

use super::{Claim, ClaimOutcome, DueAccounts, ROWS_MAX, TakeOverLeases, TakenOver, Task};
use crate::ops::accept::Accept;
use crate::ops::fixtures::{
    Cell, HERE, MERCHANT, MUTE, TIMING, accept, account, at, audit, balance, bytes, claim, done, hear,
    in_state, load, pay, queued, rf, rows, run_claim, sent, set_account, sql, world,
};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

/// The account `flex` gets another version.
async fn set_version(store: &Store, version: i64) {
    let text = "UPDATE psp_accounts SET version = $1 WHERE account_id = $2";
    sql(store, text, vec![Cell::Int(version), bytes(account("flex").as_bytes())]).await;
}

/// What was claimed, in order.
fn tasks(outcome: &ClaimOutcome) -> Vec<(Task, RefundId)> {
    outcome.claimed.iter().map(|claimed| (claimed.task, claimed.refund.id)).collect()
}

#[tokio::test]
async fn what_is_in_doubt_comes_first_then_what_is_longest_due() {
    TestStores::each(async |store| {
        world(&store).await;
        for (n, second) in [(1, 12), (2, 11), (3, 31)] {
            store.run(Accept { now: at(second), ..accept("order-1", "0.10", n) }).await.unwrap();
        }
        for (n, state) in [(4, StateName::Pending), (5, StateName::Unknown), (6, StateName::Succeeded)] {
            in_state(&store, state, "0.10", n).await;
        }
        sent(&store, "order-1", "0.10", 7).await;
        let outcome = run_claim(&store, claim(30)).await;
        let due = [(Task::Query, 5), (Task::Query, 7), (Task::Query, 4), (Task::Send, 2), (Task::Send, 1)];
        assert_eq!(tasks(&outcome), due.map(|(task, n)| (task, rf(n))));
        assert_eq!(outcome.changed.iter().map(|refund| refund.id).collect::<Vec<_>>(), [rf(7)]);
        for claimed in &outcome.claimed {
            assert_eq!(claimed.refund.due_at, Some(at(40)), "nobody else looks while this process does");
            assert_eq!(claimed.psp_payment_id, "psp-payment-1");
        }
        let lease = RefundState::Submitting(Lease { owner: HERE, until: at(40) });
        assert_eq!(load(&store, 1).await.0.state, lease);
        assert_eq!(run_claim(&store, claim(30)).await, ClaimOutcome::default(), "all is taken");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn no_more_is_taken_than_there_is_room_for() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=3 {
            queued(&store, "order-1", "0.10", n).await;
            in_state(&store, StateName::Unknown, "0.10", n + 3).await;
        }
        let none = run_claim(&store, Claim { sends: 0, queries: 0, ..claim(30) }).await;
        assert_eq!(none, ClaimOutcome::default());
        let (sends, queries) = (2, 1);
        let first = run_claim(&store, Claim { sends, queries, ..claim(30) }).await;
        let mut kinds: Vec<Task> = tasks(&first).into_iter().map(|(task, _)| task).collect();
        assert_eq!(kinds, [Task::Query, Task::Send, Task::Send]);
        let second = run_claim(&store, Claim { sends, queries, ..claim(30) }).await;
        kinds = tasks(&second).into_iter().map(|(task, _)| task).collect();
        assert_eq!(kinds, [Task::Query, Task::Send]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_never_left_is_sent_with_the_account_as_it_is_now() {
    TestStores::each(async |store| {
        world(&store).await;
        let before = queued(&store, "order-1", "0.10", 1).await.account_version;
        set_version(&store, before + 1).await;
        let claimed = run_claim(&store, claim(30)).await.claimed;
        assert_eq!(claimed[0].refund.account_version, before + 1);
        assert_eq!(load(&store, 1).await.0.account_version, before + 1);
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_cannot_be_read_holds_up_nobody_and_comes_back_late() {
    TestStores::each(async |store| {
        world(&store).await;
        queued(&store, "order-1", "0.10", 1).await;
        queued(&store, "order-1", "0.10", 2).await;
        // No currency that this program knows.
        let spoil = "UPDATE refunds SET currency = 'XQX' WHERE refund_id = $1";
        sql(&store, spoil, vec![bytes(rf(1).as_bytes())]).await;
        let outcome = run_claim(&store, claim(30)).await;
        assert_eq!(tasks(&outcome), [(Task::Send, rf(2))]);
        let due = "SELECT due_at FROM refunds WHERE refund_id = $1";
        let row = sql(&store, due, vec![bytes(rf(1).as_bytes())]).await.remove(0);
        assert_eq!(row.int(0).unwrap(), at(30).plus(TIMING.resolve.max).as_micros());
    })
    .await;
}

#[tokio::test]
async fn other_accounts_are_left_alone() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "once", 1000).await;
        queued(&store, "order-2", "1", 1).await;
        let before = dump_all(&store).await;
        assert_eq!(run_claim(&store, claim(30)).await, ClaimOutcome::default());
        assert_eq!(before, dump_all(&store).await);
    })
    .await;
}

#[tokio::test]
async fn accounts_with_something_due_are_found() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "once", 1000).await;
        let due = async |store: &Store, second| -> Vec<(String, AccountState)> {
            let found = store.read(DueAccounts { now: at(second) }).await.unwrap();
            assert!(found.iter().all(|due| due.merchant == MERCHANT && due.max_in_flight == 4));
            assert!(found.iter().all(|due| due.account == account(&due.psp)));
            found.into_iter().map(|due| (due.psp, due.state)).collect()
        };
        let named = |names: &[&str], state| -> Vec<(String, AccountState)> {
            names.iter().map(|name| ((*name).to_owned(), state)).collect()
        };
        assert_eq!(due(&store, 1000).await, []);
        queued(&store, "order-2", "1", 1).await;
        sent(&store, "order-1", "1", 2).await;
        assert_eq!(due(&store, 9).await, []);
        assert_eq!(due(&store, 10).await, named(&["once"], AccountState::Active));
        assert_eq!(due(&store, 20).await, named(&["flex", "once"], AccountState::Active));
        set_account(&store, "once", AccountState::Paused).await;
        assert_eq!(due(&store, 20).await, named(&["flex"], AccountState::Active));
        set_account(&store, "flex", AccountState::Paused).await;
        for outcome in
            [Outcome::Unknown(Finding::NoAnswer), Outcome::Pending { psp_refund_id: None, note: None }]
        {
            hear(&store, 2, outcome, Via::Submit, 20).await;
            assert_eq!(due(&store, 19).await, []);
            assert_eq!(due(&store, 30).await, named(&["flex"], AccountState::Paused), "look-ups go on");
        }
        hear(&store, 2, done(None), Via::Query, 30).await;
        assert_eq!(due(&store, 9000).await, []);
        set_account(&store, "once", AccountState::Revoked).await;
        assert_eq!(due(&store, 30).await, named(&["once"], AccountState::Revoked));
    })
    .await;
}

/// A pass finds the accounts once and claims at one after the other: what was answered to whoever paused one holds from then
/// on.
#[tokio::test]
async fn a_claim_goes_by_the_account_as_it_is_and_not_as_it_was_found() {
    TestStores::each(async |store| {
        world(&store).await;
        let version = queued(&store, "order-1", "0.10", 1).await.account_version;
        let found = store.read(DueAccounts { now: at(30) }).await.unwrap().remove(0);
        assert_eq!((found.psp.as_str(), found.state), ("flex", AccountState::Active));
        let late = || Claim { account: found.clone(), ..claim(30) };
        set_account(&store, "flex", AccountState::Paused).await;
        assert_eq!(run_claim(&store, late()).await, ClaimOutcome::default(), "nothing is sent");
        assert_eq!(load(&store, 1).await.0.state, RefundState::Queued);
        set_account(&store, "flex", AccountState::Active).await;
        set_version(&store, version + 1).await;
        let claimed = run_claim(&store, late()).await.claimed;
        assert_eq!((claimed[0].task, claimed[0].refund.account_version), (Task::Send, version + 1));
        queued(&store, "order-1", "0.10", 2).await;
        set_account(&store, "flex", AccountState::Revoked).await;
        let revoked = run_claim(&store, late()).await;
        assert_eq!((tasks(&revoked), revoked.changed.len()), (Vec::new(), 1), "it fails unsent");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_paused_account_sends_nothing_and_goes_on_looking() {
    TestStores::each(async |store| {
        world(&store).await;
        queued(&store, "order-1", "0.10", 1).await;
        in_state(&store, StateName::Unknown, "0.10", 2).await;
        in_state(&store, StateName::Pending, "0.10", 3).await;
        set_account(&store, "flex", AccountState::Paused).await;
        let outcome = run_claim(&store, claim(30)).await;
        assert_eq!(tasks(&outcome), [(Task::Query, rf(2)), (Task::Query, rf(3))]);
        let waiting = load(&store, 1).await.0;
        let as_it_was = (RefundState::Queued, Some(at(10)));
        assert_eq!((waiting.state, waiting.due_at), as_it_was, "sent at once when the account goes on");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_revoked_account_fails_what_was_never_sent_and_releases_it() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=3 {
            queued(&store, "order-1", "1", n).await;
        }
        in_state(&store, StateName::Pending, "1", 4).await;
        set_account(&store, "flex", AccountState::Revoked).await;
        let (outcome, _) = fail_every_statement(&store, || Claim { sends: 0, ..claim(30) }).await;
        let outcome = outcome.unwrap();
        assert_eq!(tasks(&outcome), [(Task::Query, rf(4))], "what was sent is followed to its end");
        assert_eq!(outcome.changed.len(), 3, "waiting for a right to send would be waiting for ever");
        for n in 1..=3 {
            let refund = load(&store, n).await.0;
            assert_eq!(refund.state.failure().map(|failure| failure.code.as_str()), Some("account_revoked"));
            assert_eq!((refund.due_at, refund.finished_at), (None, Some(at(30))));
        }
        assert_eq!(balance(&store).await, (0, 100, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_not_sent_before_its_window_closed_fails() {
    TestStores::each(async |store| {
        world(&store).await;
        queued(&store, "order-1", "1", 1).await;
        queued(&store, "order-1", "1", 2).await;
        let window = Some(Duration::from_secs(1000));
        let before = run_claim(&store, Claim { window, sends: 1, ..claim(999) }).await;
        assert_eq!(tasks(&before).len(), 1);
        let after = run_claim(&store, Claim { window, ..claim(1000) }).await;
        assert_eq!((tasks(&after), after.changed.len()), (Vec::new(), 1));
        let failure = after.changed[0].state.failure().cloned().unwrap();
        assert_eq!(failure.code, "refund_window_closed");
        let told = rows(&store, "SELECT kind, failure_code FROM events WHERE number = 2").await;
        assert_eq!(told, ["refund.failed refund_window_closed"]);
        assert_eq!(balance(&store).await, (0, 100, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ran_out_is_doubt_and_never_a_second_send() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        assert_eq!(
            run_claim(&store, claim(19)).await,
            ClaimOutcome::default(),
            "its sender may still be at it"
        );
        let (outcome, _) = fail_every_statement(&store, || claim(20)).await;
        let outcome = outcome.unwrap();
        assert_eq!(tasks(&outcome), [(Task::Query, rf(1))]);
        assert_eq!(outcome.changed[0].state, RefundState::Unknown);
        assert_eq!(outcome.changed[0].evidence.finding, Some(Finding::NoAnswer));
        assert_eq!(
            rows(&store, "SELECT number, kind FROM events ORDER BY number").await,
            ["1 refund.created", "2 refund.unknown"]
        );
        assert_eq!(balance(&store).await, (0, 100, 0), "nobody knows: the amount stays reserved");
        // The answer of the first sender comes after all.
        let settled = hear(&store, 1, done(Some("psp-1")), Via::Submit, 25).await;
        assert_eq!(settled.refund.state, RefundState::Succeeded);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_start_takes_over_every_lease() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "once", 1000).await;
        sent(&store, "order-1", "1", 1).await;
        sent(&store, "order-2", "1", 2).await;
        queued(&store, "order-1", "1", 3).await;
        in_state(&store, StateName::Pending, "1", 4).await;
        let (ended, _) = fail_every_statement(&store, || TakeOverLeases { now: at(12) }).await;
        assert_eq!(ended, Ok(TakenOver { refunds: 2, imports: 0 }));
        let again = store.run(TakeOverLeases { now: at(12) }).await;
        assert_eq!(again, Ok(TakenOver { refunds: 0, imports: 0 }), "no lease ends later than now");
        let taken = load(&store, 1).await.0;
        let lease = RefundState::Submitting(Lease { owner: HERE, until: at(12) });
        assert_eq!((taken.state, taken.due_at), (lease, Some(at(12))));
        let outcome = run_claim(&store, Claim { sends: 0, ..claim(12) }).await;
        assert_eq!(tasks(&outcome), [(Task::Query, rf(1))]);
        assert_eq!(load(&store, 4).await.0.due_at, Some(at(25)), "only leases are taken over");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn two_claims_one_after_another_share_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=ROWS_MAX + 8 {
            queued(&store, "order-1", "0.10", n).await;
        }
        let mut seen = BTreeSet::new();
        for taken in [ROWS_MAX as usize, 8, 0] {
            let outcome = run_claim(&store, Claim { sends: 100, ..claim(30) }).await;
            assert_eq!(outcome.claimed.len(), taken, "one claim looks at a bounded number of rows");
            assert!(tasks(&outcome).into_iter().all(|(_, id)| seen.insert(id)));
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimers_at_once_never_get_the_same_refund() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        for n in 1..=24 {
            queued(&store, "order-1", "0.10", n).await;
        }
        for n in 25..=36 {
            in_state(&store, StateName::Unknown, "0.10", n).await;
        }
        let mut claims = JoinSet::new();
        for process in 1..=6_u8 {
            let store = store.clone();
            let holder = ProcessId::from_bytes([process; 16]);
            let claim = Claim { holder, sends: 7, queries: 4, ..claim(30) };
            claims.spawn(async move { store.run(claim).await.expect("claimed") });
        }
        let mut seen = BTreeSet::new();
        let mut sends = 0;
        for claimed in claims.join_all().await.into_iter().flat_map(|outcome| outcome.claimed) {
            assert!(seen.insert(claimed.refund.id), "claimed twice");
            sends += u32::from(claimed.task == Task::Send);
        }
        assert_eq!(sends, 24, "who is in the way of one claimer is left to another");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_claim_failed_anywhere_leaves_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        queued(&store, "order-1", "1", 1).await;
        in_state(&store, StateName::Unknown, "1", 2).await;
        in_state(&store, StateName::Pending, "1", 3).await;
        sent(&store, "order-1", "1", 4).await;
        let make = || Claim { recipe: &MUTE, ..claim(30) };
        let (outcome, statements) = fail_every_statement(&store, make).await;
        let outcome = outcome.unwrap();
        assert_eq!((tasks(&outcome), outcome.cases), (vec![(Task::Send, rf(1))], 2));
        assert!(statements > 8, "{statements}");
        assert_eq!(
            load(&store, 3).await.0.due_at,
            Some(at(30).plus(TIMING.resolve.max)),
            "it cannot be asked"
        );
        audit(&store).await;
    })
    .await;
}
