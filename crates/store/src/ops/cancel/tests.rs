use redress_core::state::StateName;

use super::{CancelRefund, Canceled};
use crate::ops::fixtures::{
    ASKED_BY, ENDPOINT, MERCHANT, STRANGER, add_endpoint, at, audit, balance, claim, in_state, load, rf,
    rows, world,
};
use crate::ops::write::Author;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn cancel(n: u32) -> CancelRefund {
    let author = Author { name: "key_1".to_owned(), reason: "ordered again".to_owned() };
    CancelRefund { merchant: MERCHANT, refund: rf(n), author, now: at(50) }
}

#[tokio::test]
async fn what_was_not_sent_is_withdrawn_and_its_sum_is_free_again() {
    TestStores::each(async |store| {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Queued, "4", 1).await;
        assert_eq!(balance(&store).await, (0, 400, 0));
        let (canceled, _) = fail_every_statement(&store, || cancel(1)).await;
        let Ok(Canceled::Done(settled)) = canceled else { panic!("{canceled:?}") };
        assert_eq!(
            (settled.refund.state.name(), settled.refund.finished_at),
            (StateName::Canceled, Some(at(50)))
        );
        assert_eq!(settled.refund, load(&store, 1).await.0);
        assert_eq!(balance(&store).await, (0, 0, 0));
        let signed = "SELECT kind, author, reason FROM events WHERE author IS NOT NULL";
        assert_eq!(
            rows(&store, signed).await,
            [format!("refund.created {ASKED_BY} -"), "refund.canceled key_1 ordered again".to_owned()]
        );
        assert_eq!(rows(&store, "SELECT number FROM deliveries WHERE number = 2").await, ["2"]);
        assert!(store.run(claim(100)).await.unwrap().claimed.is_empty(), "nobody sends it");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_sent_is_never_withdrawn() {
    TestStores::each(async |store| {
        world(&store).await;
        let states = [
            StateName::Submitting,
            StateName::Unknown,
            StateName::Pending,
            StateName::Succeeded,
            StateName::Failed,
            StateName::Reversed,
        ];
        for (n, state) in (1..).zip(states) {
            let refund = in_state(&store, state, "0.10", n).await;
            let before = dump_all(&store).await;
            assert_eq!(store.run(cancel(n)).await, Ok(Canceled::TooLate(Box::new(refund))));
            let stranger = CancelRefund { merchant: STRANGER, ..cancel(n) };
            assert_eq!(store.run(stranger).await, Ok(Canceled::NoRefund));
            assert_eq!(before, dump_all(&store).await);
        }
    })
    .await;
}

/// Whoever is first has it: it is sent, or withdrawn, and never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_and_who_withdraws_at_once_exclude_each_other() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        let mut canceled = 0;
        for n in 1..=20 {
            in_state(&store, StateName::Queued, "0.10", n).await;
            let (one, two) = (&store, &store);
            let (claimed, answer) = tokio::join!(one.run(claim(100)), two.run(cancel(n)));
            let (claimed, answer) = (claimed.unwrap().claimed.len(), answer.unwrap());
            let is_canceled = matches!(answer, Canceled::Done(_));
            canceled += usize::from(is_canceled);
            assert_eq!(claimed + usize::from(is_canceled), 1, "{n}: {answer:?}");
            let state = load(&store, n).await.0.state.name();
            assert_eq!(state, if is_canceled { StateName::Canceled } else { StateName::Submitting });
        }
        assert!(canceled <= 20);
        audit(&store).await;
    })
    .await;
}
