//! Cases and the money that hangs on them: who takes what becomes refundable, and what is touched where none does.

use redress_core::case::CaseKind;
use redress_core::id::PaymentId;
use redress_core::settle::Via;

use super::super::{
    Blocked, CaseClosing, CaseSubject, CloseCase, NewCaseRow, OpenCase, Opened, lock_payment,
};
use super::{blocking, case, close, find};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::fixtures::{
    MERCHANT, account, audit, balance, done, hear, pay, payment, refused, sent, world,
};
use crate::testing::{TestStores, dump_all, fail_every_statement};
use crate::tx::Tx;

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
async fn a_sum_that_came_to_be_blocked_is_not_released_by_whoever_saw_none() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(OpenCase(case(1, CaseKind::LateSuccess, 300))).await.unwrap();
        let unseen = || CloseCase { blocked: Blocked::Nothing, ..close(1) };
        let before = dump_all(&store).await;
        assert_eq!(store.run(unseen()).await, Ok(CaseClosing::Undecided { blocked: 300 }));
        assert_eq!(dump_all(&store).await, before);
        store.run(OpenCase(case(2, CaseKind::Overdue, 0))).await.unwrap();
        let nothing = CloseCase { blocked: Blocked::Nothing, ..close(2) };
        assert_eq!(store.run(nothing).await, Ok(CaseClosing::Closed { blocked: 0 }));
        audit(&store).await;
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
        for (n, kind) in [(2, CaseKind::ForeignRefund), (1, CaseKind::LateSuccess)] {
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

/// As [`told`], in words that name the PSP's refund, as the engine's do.
fn named(n: u8, psp_refund_id: &str, of: Option<u32>, block_minor: i64) -> OpenCase {
    let OpenCase(case) = told(n, psp_refund_id, of, block_minor);
    OpenCase(NewCaseRow { kind: CaseKind::ForeignRefund, text: format!("of {psp_refund_id}"), ..case })
}

fn gone(n: u8) -> CloseCase {
    CloseCase { blocked: Blocked::Refunded, ..close(n) }
}

#[tokio::test]
async fn what_a_person_booked_as_gone_is_not_blocked_by_the_next_word_about_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        assert_eq!(store.run(named(1, "re_1", Some(1), 300)).await, Ok(Opened::New { blocked: 300 }));
        assert_eq!(store.run(gone(1)).await, Ok(CaseClosing::Closed { blocked: 300 }));
        let before = dump_all(&store).await;
        let (again, _) = fail_every_statement(&store, || named(2, "re_1", Some(1), 300)).await;
        assert_eq!(again, Ok(Opened::Settled));
        assert_eq!(dump_all(&store).await, before, "the money left once");
        assert_eq!(balance(&store).await, (300, 0, 0));
        // Another refund, another payment, another sum, and words that do not say of which refund they are.
        for (other, blocked) in [
            (named(3, "re_2", Some(1), 300), 300),
            (named(4, "re_1", Some(2), 300), 300),
            (named(5, "re_1", Some(1), 301), 301),
            (told(6, "re_1", Some(1), 300), 99),
        ] {
            assert_eq!(store.run(other).await, Ok(Opened::New { blocked }));
        }
        audit(&store).await;
        // While one is open that wants another sum, it takes what is told.
        assert_eq!(store.run(named(7, "re_1", Some(1), 300)).await, Ok(Opened::Already));
    })
    .await;
}

#[tokio::test]
async fn words_that_name_no_refund_of_the_psps_are_settled_by_no_closed_case() {
    TestStores::each(|store| async move {
        world(&store).await;
        assert_eq!(store.run(told(1, "re_1", Some(1), 300)).await, Ok(Opened::New { blocked: 300 }));
        store.run(gone(1)).await.unwrap();
        // The same words about another one, whose money left besides.
        assert_eq!(store.run(told(2, "re_2", Some(1), 300)).await, Ok(Opened::New { blocked: 300 }));
        assert_eq!(balance(&store).await, (300, 0, 300));
        audit(&store).await;
    })
    .await;
}

/// Does nothing but lock a payment.
struct Lock(PaymentId);

impl Operation for Lock {
    type Out = ();
    const NAME: &'static str = "lock_a_payment";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        lock_payment(tx, MERCHANT, self.0).await.map(Done::Commit)
    }
}

#[tokio::test]
async fn who_locks_a_payment_changes_nothing_and_finds_it_there() {
    TestStores::each(|store| async move {
        world(&store).await;
        let before = dump_all(&store).await;
        assert_eq!(store.run(Lock(payment(1))).await, Ok(()));
        let missing = store.run(Lock(payment(9))).await;
        assert!(matches!(missing, Err(StoreError::Inconsistent { .. })), "{missing:?}");
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_released_or_could_book_in_part_only_is_blocked_again() {
    TestStores::each(|store| async move {
        world(&store).await;
        sent(&store, "order-1", "8.00", 2).await;
        for (n, blocked) in [(1, Blocked::Released), (3, Blocked::Refunded)] {
            // 300 are wanted, and 200 are left.
            assert_eq!(store.run(named(n, "re_1", Some(1), 300)).await, Ok(Opened::New { blocked: 200 }));
            store.run(CloseCase { blocked, ..close(n) }).await.unwrap();
        }
        let again = store.run(named(5, "re_1", Some(1), 300)).await;
        assert_eq!(again, Ok(Opened::New { blocked: 0 }), "the last 100 may become refundable");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_failure_elsewhere_that_a_person_has_seen_is_no_news_and_a_success_after_it_is() {
    TestStores::each(|store| async move {
        world(&store).await;
        assert_eq!(store.run(named(1, "re_1", Some(1), 0)).await, Ok(Opened::New { blocked: 0 }));
        store.run(close(1)).await.unwrap();
        assert_eq!(store.run(named(2, "re_1", Some(1), 0)).await, Ok(Opened::Settled));
        assert_eq!(store.run(named(3, "re_1", Some(1), 300)).await, Ok(Opened::New { blocked: 300 }));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_case_tells_of_the_money_that_it_blocks_and_is_known_again_by_that() {
    TestStores::each(|store| async move {
        world(&store).await;
        let failed = |n: u8| {
            let OpenCase(case) = named(n, "re_1", Some(1), 0);
            OpenCase(NewCaseRow { text: "of re_1; it says refused".to_owned(), ..case })
        };
        assert_eq!(store.run(failed(1)).await, Ok(Opened::New { blocked: 0 }));
        assert_eq!(store.run(named(2, "re_1", Some(1), 300)).await, Ok(Opened::Already));
        let found = find(&store, 1).await;
        assert_eq!((found.text.as_str(), found.blocked), ("of re_1", 300));
        // What moved no money takes none of that back.
        assert_eq!(store.run(failed(3)).await, Ok(Opened::Already));
        assert_eq!(find(&store, 1).await, found);
        store.run(gone(1)).await.unwrap();
        assert_eq!(store.run(named(4, "re_1", Some(1), 300)).await, Ok(Opened::Settled));
        let back = store.run(failed(5)).await;
        assert_eq!(back, Ok(Opened::New { blocked: 0 }), "that it failed after all is news");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_late_success_that_a_person_booked_is_not_blocked_by_the_next_word_about_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        let late = |n: u8, text: &str| {
            OpenCase(NewCaseRow { text: text.to_owned(), ..case(n, CaseKind::LateSuccess, 400) })
        };
        assert_eq!(
            store.run(late(1, "pending of a refund that failed")).await,
            Ok(Opened::New { blocked: 400 })
        );
        store.run(gone(1)).await.unwrap();
        let before = dump_all(&store).await;
        for n in [2, 3] {
            assert_eq!(store.run(late(n, "succeeded of a refund that failed")).await, Ok(Opened::Settled));
        }
        assert_eq!(dump_all(&store).await, before);
        // A second one of the PSP's under the reference of ours is other money, each one of its own.
        let second = |n: u8, id: &str| {
            OpenCase(NewCaseRow { text: format!("tells of {id}"), ..case(n, CaseKind::ForeignRefund, 400) })
        };
        assert_eq!(store.run(second(4, "re_2")).await, Ok(Opened::New { blocked: 400 }));
        store.run(gone(4)).await.unwrap();
        assert_eq!(store.run(second(5, "re_2")).await, Ok(Opened::Settled));
        assert_eq!(store.run(second(6, "re_3")).await, Ok(Opened::New { blocked: 200 }));
        assert_eq!(balance(&store).await, (800, 0, 200));
        // What blocks nothing says of a refund that is open that a person is needed, again and again.
        for n in [7, 8] {
            assert_eq!(
                store.run(OpenCase(case(n, CaseKind::Overdue, 0))).await,
                Ok(Opened::New { blocked: 0 })
            );
            store.run(close(n)).await.unwrap();
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_tells_of_a_refunds_own_money_in_another_kind_joins_the_case_that_is_open() {
    for kinds in
        [[CaseKind::Quarantined, CaseKind::LateSuccess], [CaseKind::LateSuccess, CaseKind::Quarantined]]
    {
        TestStores::each(|store| async move {
            world(&store).await;
            let told = |n: u8, kind: CaseKind| {
                let text = if kind == CaseKind::LateSuccess { "said when asked" } else { "not confirmed" };
                OpenCase(NewCaseRow { text: text.to_owned(), ..case(n, kind, 400) })
            };
            let [first, second] = kinds;
            assert_eq!(store.run(told(1, first)).await, Ok(Opened::New { blocked: 400 }));
            let (joined, _) = fail_every_statement(&store, || told(2, second)).await;
            assert_eq!(joined, Ok(Opened::Already), "{kinds:?}");
            assert_eq!(balance(&store).await, (0, 0, 400), "the same money");
            assert_eq!(find(&store, 1).await.text, "said when asked", "{kinds:?}");
            store.run(gone(1)).await.unwrap();
            for (n, kind) in [(3, first), (4, second)] {
                assert_eq!(store.run(told(n, kind)).await, Ok(Opened::Settled));
            }
            assert_eq!(balance(&store).await, (400, 0, 0), "it left once");
            audit(&store).await;
        })
        .await;
    }
}
