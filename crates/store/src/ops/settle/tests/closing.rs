//! A person's verdict.

use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::{Verdict, Via};
use redress_core::state::StateName;

use super::super::{CloseRefund, Closed};
use crate::ops::fixtures::{
    ENDPOINT, MERCHANT, STRANGER, add_endpoint, at, audit, balance, done, hear, in_state, load, rf, rows,
    world,
};
use crate::ops::write::Author;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn close(n: u32, verdict: Verdict) -> CloseRefund {
    let author = Author { name: "Mai".to_owned(), reason: "seen on the statement".to_owned() };
    CloseRefund { merchant: MERCHANT, refund: rf(n), verdict, author, now: at(50) }
}

#[tokio::test]
async fn a_person_ends_what_nobody_else_knows_and_signs_it() {
    TestStores::each(async |store| {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        let closings = [
            (1, StateName::Unknown, Verdict::Failed, StateName::Failed),
            (2, StateName::Pending, Verdict::Succeeded, StateName::Succeeded),
        ];
        for (n, from, verdict, to) in closings {
            in_state(&store, from, "1", n).await;
            hear(&store, n, Outcome::Unknown(Finding::Mismatch), Via::Notification, 30).await;
            let (closed, _) = fail_every_statement(&store, || close(n, verdict)).await;
            let Ok(Closed::Done(settled)) = closed else { panic!("{closed:?}") };
            assert_eq!((settled.refund.state.name(), settled.refund.finished_at), (to, Some(at(50))));
            assert_eq!(settled.refund, load(&store, n).await.0);
        }
        assert_eq!(balance(&store).await, (100, 0, 0));
        let signed = "SELECT number, kind, failure_code, failure_text, author, reason FROM events WHERE author IS NOT NULL \
                      AND number > 1 ORDER BY refund_id";
        let why = "seen on the statement";
        assert_eq!(rows(&store, signed).await, [
            format!("3 refund.failed closed_by_person {why} Mai {why}"),
            format!("3 refund.succeeded - - Mai {why}")
        ]);
        let delivered = "SELECT number FROM deliveries WHERE number = 3";
        assert_eq!(rows(&store, delivered).await, ["3", "3"], "the merchant hears of it");
        let cases = "SELECT kind, closed_by, close_reason FROM cases";
        assert_eq!(rows(&store, cases).await, [format!("mismatch Mai {why}"), format!("mismatch Mai {why}")]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_known_or_being_sent_needs_no_verdict() {
    TestStores::each(async |store| {
        world(&store).await;
        let states = [
            StateName::Queued,
            StateName::Submitting,
            StateName::Succeeded,
            StateName::Failed,
            StateName::Reversed,
        ];
        for (n, state) in (1..).zip(states) {
            let refund = in_state(&store, state, "0.10", n).await;
            let before = dump_all(&store).await;
            for verdict in [Verdict::Succeeded, Verdict::Failed] {
                let closed = store.run(close(n, verdict)).await.unwrap();
                assert_eq!(closed, Closed::NotOpen(Box::new(refund.clone())));
            }
            let stranger = CloseRefund { merchant: STRANGER, ..close(n, Verdict::Failed) };
            assert_eq!(store.run(stranger).await, Ok(Closed::NoRefund));
            assert_eq!(store.run(close(99, Verdict::Failed)).await, Ok(Closed::NoRefund));
            assert_eq!(before, dump_all(&store).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_psp_that_knows_better_than_the_person_is_heard() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        store.run(close(1, Verdict::Failed)).await.unwrap();
        hear(&store, 1, done(None), Via::Notification, 60).await;
        assert_eq!(rows(&store, "SELECT kind FROM cases WHERE closed_at IS NULL").await, ["late_success"]);
        assert_eq!(balance(&store).await, (0, 0, 100));
        audit(&store).await;
    })
    .await;
}
