//! How much one claim takes hold of: as much as there is room for, and nothing that another process could do meanwhile.

use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::super::{Claim, ClaimOutcome, DueAccount, Task};
use super::tasks;
use crate::ops::accept::Accept;
use crate::ops::fixtures::{
    MUTE, TIMING, accept, account, at, audit, bytes, claim, load, new_one, pay, queued, rf, run_claim, sql,
    world,
};
use crate::store::Store;
use crate::testing::TestStores;

/// The claim at the account whose PSP takes one refund of a payment at a time.
fn in_turns(claim: Claim) -> Claim {
    let account = DueAccount { account: account("turns"), psp: "turns".to_owned(), ..claim.account.clone() };
    Claim { account, one_in_flight: true, recipe: &MUTE, ..claim }
}

/// Makes the n-th refund of an order, due at second 10, and the one after it, due at 11, which nobody can read: whoever
/// comes across it sets it aside.
async fn one_and_an_unreadable_one(store: &Store, order_ref: &str, n: u32) {
    queued(store, order_ref, "0.10", n).await;
    let second = Accept { now: at(11), ..accept(order_ref, "0.10", n + 1) };
    new_one(store.run(second).await.unwrap());
    let spoil = "UPDATE refunds SET currency = 'XQX' WHERE refund_id = $1";
    sql(store, spoil, vec![bytes(rf(n + 1).as_bytes())]).await;
}

async fn due(store: &Store, n: u32) -> Timestamp {
    let text = "SELECT due_at FROM refunds WHERE refund_id = $1";
    let row = sql(store, text, vec![bytes(rf(n).as_bytes())]).await.remove(0);
    Timestamp::from_micros(row.int(0).unwrap())
}

/// What a claim reads, no other process gets at the same time.
#[tokio::test]
async fn a_claim_reads_no_more_queued_refunds_than_it_may_send() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "turns", 1000).await;
        one_and_an_unreadable_one(&store, "order-1", 1).await;
        one_and_an_unreadable_one(&store, "order-2", 3).await;
        for full in [Claim { sends: 0, ..claim(30) }, in_turns(Claim { sends: 0, ..claim(30) })] {
            assert_eq!(run_claim(&store, full).await, ClaimOutcome::default());
        }
        assert_eq!(
            [due(&store, 2).await, due(&store, 4).await],
            [at(11); 2],
            "without a right nothing is read"
        );
        let one = run_claim(&store, Claim { sends: 1, ..claim(30) }).await;
        assert_eq!((tasks(&one), due(&store, 2).await), (vec![(Task::Send, rf(1))], at(11)));
        let aside = at(31).plus(TIMING.resolve.max);
        let next = run_claim(&store, Claim { sends: 1, ..claim(31) }).await;
        assert_eq!((tasks(&next), due(&store, 2).await), (Vec::new(), aside), "its place was free");
        // Whoever waits for a turn needs no right: all of them are looked at.
        let one = run_claim(&store, in_turns(Claim { sends: 1, ..claim(31) })).await;
        assert_eq!((tasks(&one), due(&store, 4).await), (vec![(Task::Send, rf(3))], aside));
    })
    .await;
}

#[tokio::test]
async fn where_refunds_take_turns_no_more_go_than_there_are_rights_to_send() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 2..=4 {
            pay(&store, n, "turns", 1000).await;
            queued(&store, &format!("order-{n}"), "1", n).await;
        }
        // Each of them has its payment's turn for the taking.
        let first = run_claim(&store, in_turns(Claim { sends: 2, ..claim(30) })).await;
        assert_eq!((first.claimed.len(), first.changed.len()), (2, 0));
        let went: Vec<_> = tasks(&first).into_iter().map(|(_, id)| id).collect();
        let waits = (2..=4).find(|&n| !went.contains(&rf(n))).expect("one of three is left");
        let refund = load(&store, waits).await.0;
        assert_eq!((refund.state.name(), refund.due_at), (StateName::Queued, Some(at(10))), "it stays due");
        audit(&store).await;
        let second = run_claim(&store, in_turns(Claim { sends: 2, ..claim(30) })).await;
        assert_eq!(tasks(&second), [(Task::Send, rf(waits))]);
        audit(&store).await;
    })
    .await;
}
