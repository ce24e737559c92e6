//! Cases and the money that hangs on them: who takes what becomes refundable, and what is touched where none does.

use redress_core::case::CaseKind;
use redress_core::settle::Via;

use super::super::{Blocked, CaseClosing, CaseSubject, CloseCase, NewCaseRow, OpenCase, Opened};
use super::{blocking, case, close, find};
use crate::ops::fixtures::{
    MERCHANT, account, audit, balance, done, hear, pay, payment, refused, sent, world,
};
use crate::testing::{TestStores, dump_all};

/// The n-th word about a refund of the PSP's: told of a payment, where one is known.
fn told(n: u8, psp_refund_id: &str, of: Option<u32>, block_minor: i64) -> OpenCase {
    let account = account("flex");
    let subject = CaseSubject::PspRefund { account, psp_refund_id: psp_refund_id.to_owned() };
    OpenCase(NewCaseRow { subject, payment: of.map(payment), ..case(n, CaseKind::Quarantined, block_minor) })
}

#[tokio::test]
async fn closing_a_case_on_which_no_money_hangs_leaves_its_payment_as_it_was() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, blocked) in [(1, Blocked::Released), (2, Blocked::Refunded)] {
            store.run(OpenCase(case(n, CaseKind::Overdue, 0))).await.unwrap();
            let before = dump_all(&store).await;
            let closed = store.run(CloseCase { blocked, ..close(n) }).await;
            assert_eq!(closed, Ok(CaseClosing::Closed { blocked: 0 }));
            assert_eq!(dump_all(&store).await["payments"], before["payments"], "{blocked:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_blocks_nothing_is_one_case_whatever_payment_it_is_told_of() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        assert_eq!(store.run(told(1, "re_1", Some(1), 300)).await, Ok(Opened::New { blocked: 300 }));
        let before = dump_all(&store).await;
        assert_eq!(store.run(told(2, "re_1", Some(2), 0)).await, Ok(Opened::Already));
        assert_eq!(dump_all(&store).await, before, "there is nothing to give back to the other payment");
    })
    .await;
}

#[tokio::test]
async fn a_case_that_began_without_money_goes_with_the_payment_that_money_has_left() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        for (n, id, at_first) in [(1, "re_1", None), (3, "re_2", Some(1))] {
            assert_eq!(store.run(told(n, id, at_first, 0)).await, Ok(Opened::New { blocked: 0 }));
            assert_eq!(store.run(told(n + 1, id, Some(2), 400)).await, Ok(Opened::Already));
            let found = find(&store, n).await;
            assert_eq!((found.payment, found.blocked), (Some(payment(2)), 400), "{at_first:?}");
            audit(&store).await;
        }
        for n in [1, 3] {
            assert_eq!(store.run(close(n)).await, Ok(CaseClosing::Closed { blocked: 400 }));
            audit(&store).await;
        }
        assert_eq!(balance(&store).await, (0, 0, 0), "the first payment lost nothing and gets nothing back");
    })
    .await;
}

#[tokio::test]
async fn of_two_cases_that_want_more_the_older_takes_first_what_becomes_refundable() {
    TestStores::each(|store| async move {
        world(&store).await;
        sent(&store, "order-1", "10.00", 2).await;
        // Written down in another order than they came to light in.
        for (n, kind) in [(2, CaseKind::Reversed), (1, CaseKind::LateSuccess)] {
            assert_eq!(store.run(OpenCase(case(n, kind, 700))).await, Ok(Opened::New { blocked: 0 }));
        }
        hear(&store, 2, refused(), Via::Submit, 20).await;
        assert_eq!(blocking(&store, MERCHANT).await, [(1, 700), (2, 300)]);
        assert_eq!(balance(&store).await, (0, 0, 1000));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_reversal_makes_refundable_is_blocked_where_a_case_wants_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        sent(&store, "order-1", "10.00", 2).await;
        hear(&store, 2, done(None), Via::Submit, 20).await;
        let late = OpenCase(case(1, CaseKind::LateSuccess, 700));
        assert_eq!(store.run(late).await, Ok(Opened::New { blocked: 0 }), "all of it was given back");
        hear(&store, 2, refused(), Via::Query, 30).await;
        assert_eq!(balance(&store).await, (0, 0, 700), "nothing of it can be given back once more");
        audit(&store).await;
    })
    .await;
}
