mod money;

use redress_core::settle::{Verdict, Via, case_closed};
use redress_core::state::StateName;

use super::*;
use crate::ops::fixtures::{
    MERCHANT, STRANGER, account, at, audit, balance, done, hear, in_state, load, pay, payment, queued,
    refused, rf, sent, sql, world,
};
use crate::ops::settle::CloseRefund;
use crate::ops::verify::{LoadBooks, check_payment};
use crate::ops::write::Author;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn case(n: u8, kind: CaseKind, block_minor: i64) -> NewCaseRow {
    NewCaseRow {
        merchant: MERCHANT,
        id: CaseId::from_bytes([n; 16]),
        kind,
        subject: CaseSubject::Refund(rf(1)),
        payment: Some(payment(1)),
        text: "look at this".to_owned(),
        block_minor,
        now: at(i64::from(n)),
    }
}

fn close(n: u8) -> CloseCase {
    CloseCase {
        merchant: MERCHANT,
        case: CaseId::from_bytes([n; 16]),
        author: "Ada".to_owned(),
        reason: "seen".to_owned(),
        blocked: Blocked::Released,
        now: at(100),
    }
}

/// What of the payment is blocked by which cases.
async fn blocking(store: &Store, merchant: MerchantId) -> Vec<(u8, i64)> {
    let blocking = BlockingCases { merchant, payment: payment(1), limit: 10 };
    let found = store.read(blocking).await.unwrap();
    found.iter().map(|case| (case.id.as_bytes()[0], case.blocked)).collect()
}

/// Which cases hold how much of the payment, in their order.
async fn holding(store: &Store, merchant: MerchantId) -> Vec<(u8, i64)> {
    let found = store.read(HoldingCases { merchant, payment: payment(1), limit: 10 }).await.unwrap();
    found.iter().map(|case| (case.id.as_bytes()[0], case.blocked)).collect()
}

async fn find(store: &Store, n: u8) -> Case {
    let case = CaseId::from_bytes([n; 16]);
    store.read(FindCase { merchant: MERCHANT, case }).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_case_blocks_what_it_reaches_and_releases_it_when_closed() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "4.00", 1).await;
        let late = || OpenCase(case(1, CaseKind::LateSuccess, 700));
        let (opened, _) = fail_every_statement(&store, late).await;
        assert_eq!(opened, Ok(Opened::New { blocked: 600 }), "700 wanted, 600 left");
        assert_eq!(balance(&store).await, (0, 400, 600));
        audit(&store).await;

        let before = dump_all(&store).await;
        let again = OpenCase(case(2, CaseKind::LateSuccess, 700));
        assert_eq!(store.run(again).await, Ok(Opened::Already), "the same refund and kind");
        assert_eq!(dump_all(&store).await, before);
        // Another kind is another case; nothing is left for it to block.
        let other = OpenCase(case(3, CaseKind::ForeignRefund, 5));
        assert_eq!(store.run(other).await, Ok(Opened::New { blocked: 0 }));

        let (closed, _) = fail_every_statement(&store, || close(1)).await;
        assert_eq!(closed, Ok(CaseClosing::Closed { blocked: 600 }));
        assert_eq!(balance(&store).await, (0, 400, 5), "what was freed goes to the case that still wants it");
        assert_eq!(blocking(&store, MERCHANT).await, [(3, 5)], "what is closed blocks nothing");
        audit(&store).await;
        let said = CaseClosed {
            at: at(100),
            by: "Ada".to_owned(),
            reason: "seen".to_owned(),
            decision: CaseDecision::Released,
        };
        let found = find(&store, 1).await;
        assert_eq!((found.blocked, found.closed.as_ref()), (600, Some(&said)));
        assert_eq!((found.refund, found.payment, found.account), (Some(rf(1)), Some(payment(1)), None));

        let before = dump_all(&store).await;
        let second = CloseCase { author: "Bob".to_owned(), ..close(1) };
        assert_eq!(store.run(second).await, Ok(CaseClosing::Already(said)));
        assert_eq!(store.run(close(9)).await, Ok(CaseClosing::NotFound));
        let strange = CloseCase { merchant: STRANGER, ..close(3) };
        assert_eq!(store.run(strange).await, Ok(CaseClosing::NotFound));
        assert_eq!(dump_all(&store).await, before);

        // Once closed, the same thing opens a new case.
        assert_eq!(
            store.run(OpenCase(case(4, CaseKind::LateSuccess, 1))).await,
            Ok(Opened::New { blocked: 1 })
        );
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_case_changes_its_refund_as_core_says() {
    let can_be = |name: &StateName| !matches!(name, StateName::Held | StateName::Canceled);
    for name in StateName::ALL.into_iter().filter(can_be) {
        TestStores::each(|store| async move {
            world(&store).await;
            in_state(&store, name, "4.00", 1).await;
            store.run(OpenCase(case(1, CaseKind::Unresolved, 0))).await.unwrap();
            sql(&store, "UPDATE refunds SET person_called = 1", Vec::new()).await;
            let before = load(&store, 1).await.0;
            assert!(before.evidence.person_called);
            store.run(close(1)).await.unwrap();
            assert_eq!(load(&store, 1).await.0, case_closed(before), "{name}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_sum_is_held_while_it_is_blocked_and_for_ever_where_it_was_booked() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        for (n, kind, wanted, blocked) in [
            (1, CaseKind::LateSuccess, 400, 400),
            (2, CaseKind::ForeignRefund, 300, 300),
            (3, CaseKind::Overdue, 0, 0),
            (4, CaseKind::Mismatch, 500, 200),
            (5, CaseKind::Unresolved, 10, 0),
        ] {
            assert_eq!(store.run(OpenCase(case(n, kind, wanted))).await, Ok(Opened::New { blocked }), "{n}");
        }
        // What wants a sum that is in use holds it too; what wants none does not.
        assert_eq!(holding(&store, MERCHANT).await, [(1, 400), (2, 300), (4, 200), (5, 0)]);
        store.run(CloseCase { blocked: Blocked::Refunded, ..close(1) }).await.unwrap();
        store.run(close(2)).await.unwrap();
        // What was released is not held, but by the case that wanted it; what was booked is, behind what is open.
        assert_eq!(holding(&store, MERCHANT).await, [(4, 500), (5, 0), (1, 400)]);
        assert_eq!(find(&store, 1).await.closed.map(|closed| closed.decision), Some(CaseDecision::Refunded));
        assert!(holding(&store, STRANGER).await.is_empty());
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn cases_about_different_things_do_not_hide_each_other() {
    TestStores::each(|store| async move {
        world(&store).await;
        let foreign = |n: u8, psp, refund: &str| {
            let subject = CaseSubject::PspRefund { account: account(psp), psp_refund_id: refund.to_owned() };
            OpenCase(NewCaseRow { subject, ..case(n, CaseKind::ForeignRefund, 0) })
        };
        let told = |n: u8, hash: u8| {
            let subject = CaseSubject::Notification { account: account("flex"), body_hash: [hash; 16] };
            OpenCase(NewCaseRow { subject, payment: None, ..case(n, CaseKind::Quarantined, 50) })
        };
        for new in [
            foreign(1, "flex", "a"),
            foreign(2, "flex", "b"),
            foreign(3, "once", "a"),
            told(4, 1),
            told(5, 2),
        ] {
            assert_eq!(store.run(new).await, Ok(Opened::New { blocked: 0 }));
        }
        let strangers = NewCaseRow { merchant: STRANGER, payment: None, ..told(6, 1).0 };
        assert_eq!(store.run(OpenCase(strangers)).await, Ok(Opened::New { blocked: 0 }));
        for again in [foreign(7, "flex", "a"), told(8, 2)] {
            assert_eq!(store.run(again).await, Ok(Opened::Already));
        }
        assert_eq!(find(&store, 1).await.account, Some(account("flex")));
        let of = CasesOfPayment { merchant: MERCHANT, payment: payment(1), limit: 2 };
        let newest: Vec<_> = store.read(of).await.unwrap().into_iter().map(|case| case.id).collect();
        assert_eq!(newest, [find(&store, 3).await.id, find(&store, 2).await.id]);
        assert_eq!(store.read(CasesOfPayment { merchant: STRANGER, ..of }).await, Ok(Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn what_is_about_not_knowing_ends_with_the_refund() {
    TestStores::each(|store| async move {
        world(&store).await;
        in_state(&store, StateName::Unknown, "4.00", 1).await;
        // Of several that tell of the refund's own money one blocks it.
        let tells_too = |kind| matches!(kind, CaseKind::Reversed | CaseKind::Quarantined);
        for (n, kind) in (1..).zip(CaseKind::ALL) {
            let wanted = if tells_too(kind) { 0 } else { 10 };
            let opened = store.run(OpenCase(case(n, kind, wanted))).await;
            assert_eq!(opened, Ok(Opened::New { blocked: wanted }), "{kind:?}");
        }
        assert_eq!(balance(&store).await, (0, 400, 70));
        let of = OpenCasesOfRefund { merchant: MERCHANT, refund: rf(1), limit: 10 };
        assert_eq!(store.read(of).await.unwrap().len(), CaseKind::ALL.len());
        assert_eq!(store.read(OpenCasesOfRefund { limit: 2, ..of }).await.unwrap().len(), 2);
        assert_eq!(store.read(OpenCasesOfRefund { merchant: STRANGER, ..of }).await, Ok(Vec::new()));
        hear(&store, 1, done(None), Via::Query, 60).await;
        for (n, kind) in (1..).zip(CaseKind::ALL) {
            let closed = find(&store, n).await.closed;
            assert_eq!(closed.is_some(), kind.ends_with_the_refund(), "{kind:?}");
        }
        let left = CaseKind::ALL.iter().filter(|kind| !kind.ends_with_the_refund()).count();
        assert_eq!(balance(&store).await, (400, 0, 10 * (i64::try_from(left).unwrap() - 2)));
        assert_eq!(store.read(of).await.unwrap().len(), left);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_failure_that_was_told_and_not_confirmed_needs_no_person_once_the_refund_failed() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, blocked, said, ends) in
            [(1_u8, 0, refused(), true), (2, 0, done(None), false), (3, 10, refused(), false)]
        {
            in_state(&store, StateName::Unknown, "1.00", n.into()).await;
            let subject = CaseSubject::Refund(rf(n.into()));
            let told = NewCaseRow { subject, ..case(n, CaseKind::Quarantined, blocked) };
            store.run(OpenCase(told)).await.unwrap();
            hear(&store, n.into(), said, Via::Query, 60).await;
            assert_eq!(find(&store, n).await.closed.is_some(), ends, "{n}");
        }
        assert_eq!(balance(&store).await, (100, 0, 10));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_person_ends_the_cases_under_their_own_name() {
    TestStores::each(|store| async move {
        world(&store).await;
        in_state(&store, StateName::Unknown, "4.00", 1).await;
        store.run(OpenCase(case(1, CaseKind::Unresolved, 0))).await.unwrap();
        let author = Author { name: "Ada".to_owned(), reason: "the PSP's statement".to_owned() };
        let verdict =
            CloseRefund { merchant: MERCHANT, refund: rf(1), verdict: Verdict::Failed, author, now: at(70) };
        store.run(verdict).await.unwrap();
        let closed = find(&store, 1).await.closed.unwrap();
        assert_eq!((closed.by.as_str(), closed.reason.as_str()), ("Ada", "the PSP's statement"));
        assert_eq!(closed.at, at(70));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn open_cases_are_listed_by_pages_oldest_first() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, kind) in [(3, CaseKind::Overdue), (1, CaseKind::Mismatch), (2, CaseKind::Reversed)] {
            store.run(OpenCase(case(n, kind, 0))).await.unwrap();
        }
        // As old as the third, and of another merchant.
        let strange =
            NewCaseRow { merchant: STRANGER, payment: None, now: at(3), ..case(9, CaseKind::Overdue, 0) };
        store.run(OpenCase(strange)).await.unwrap();
        store.run(close(2)).await.unwrap();
        let list = async |merchant, after: Option<(i64, u8)>, limit| {
            let after = after.map(|(second, n)| (at(second), CaseId::from_bytes([n; 16])));
            let found = store.read(ListOpenCases { merchant, after, limit }).await.unwrap();
            found.iter().map(|case| case.id.as_bytes()[0]).collect::<Vec<_>>()
        };
        assert_eq!(list(None, None, 10).await, [1, 3, 9]);
        assert_eq!(list(None, None, 2).await, [1, 3]);
        assert_eq!(list(None, Some((3, 3)), 2).await, [9]);
        assert_eq!(list(Some(MERCHANT), None, 10).await, [1, 3]);
        assert_eq!(list(Some(MERCHANT), Some((1, 1)), 10).await, [3]);
        assert_eq!(list(Some(STRANGER), None, 10).await, [9]);
        assert_eq!(sql(&store, "SELECT 1 FROM cases", Vec::new()).await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn money_that_left_unasked_is_blocked_as_soon_as_it_becomes_refundable() {
    TestStores::each(|store| async move {
        world(&store).await;
        // All of it is in flight when the contradiction comes to light.
        sent(&store, "order-1", "10.00", 2).await;
        let late = OpenCase(case(1, CaseKind::LateSuccess, 700));
        assert_eq!(store.run(late).await, Ok(Opened::New { blocked: 0 }));
        hear(&store, 2, refused(), Via::Submit, 20).await;
        assert_eq!(balance(&store).await, (0, 0, 700), "nothing of it can be given back a second time");
        audit(&store).await;
        // A later word about the same thing may ask for more.
        let more = OpenCase(case(2, CaseKind::LateSuccess, 900));
        assert_eq!(store.run(more).await, Ok(Opened::Already));
        assert_eq!(balance(&store).await, (0, 0, 900));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn money_that_is_gone_counts_as_refunded_once_a_person_said_so() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(OpenCase(case(1, CaseKind::LateSuccess, 700))).await.unwrap();
        let gone = || CloseCase { blocked: Blocked::Refunded, ..close(1) };
        let (closed, _) = fail_every_statement(&store, gone).await;
        assert_eq!(closed, Ok(CaseClosing::Closed { blocked: 700 }));
        assert_eq!(balance(&store).await, (700, 0, 0), "it is not refundable again");
        assert_eq!(find(&store, 1).await.closed.unwrap().decision, CaseDecision::Refunded);
        // No money hangs on this one, whatever is said of it.
        store.run(OpenCase(case(2, CaseKind::Overdue, 0))).await.unwrap();
        store.run(CloseCase { blocked: Blocked::Refunded, ..close(2) }).await.unwrap();
        assert_eq!(find(&store, 2).await.closed.unwrap().decision, CaseDecision::Nothing);
        let books = store.read(LoadBooks { after: None, limit: 10 }).await.unwrap();
        assert!(books.iter().all(|of| check_payment(of).is_empty()), "the books say where it went");
    })
    .await;
}

#[tokio::test]
async fn what_one_refund_of_a_psp_is_told_to_have_taken_of_two_payments_is_two_cases() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        let told = |n: u8, of: u32, block_minor: i64| {
            let subject =
                CaseSubject::PspRefund { account: account("flex"), psp_refund_id: "re_1".to_owned() };
            let payment = Some(payment(of));
            OpenCase(NewCaseRow { subject, payment, ..case(n, CaseKind::Quarantined, block_minor) })
        };
        assert_eq!(store.run(told(1, 1, 300)).await, Ok(Opened::New { blocked: 300 }));
        // More, and of another payment: what the first case blocks stays where it is.
        let (second, _) = fail_every_statement(&store, || told(2, 2, 400)).await;
        assert_eq!(second, Ok(Opened::New { blocked: 400 }));
        audit(&store).await;
        for again in [told(3, 1, 350), told(4, 2, 100), told(5, 2, 0)] {
            assert_eq!(store.run(again).await, Ok(Opened::Already));
        }
        audit(&store).await;
        for (n, of, blocked) in [(1, 1, 350), (2, 2, 400)] {
            let found = find(&store, n).await;
            assert_eq!((found.payment, found.blocked), (Some(payment(of)), blocked));
        }
        assert!(matches!(store.run(close(1)).await, Ok(CaseClosing::Closed { .. })));
        // The second stands on its own now, and is still the same.
        for again in [told(6, 2, 450), told(7, 2, 0)] {
            assert_eq!(store.run(again).await, Ok(Opened::Already));
        }
        assert_eq!(find(&store, 2).await.blocked, 450);
        audit(&store).await;
        assert!(matches!(store.run(close(2)).await, Ok(CaseClosing::Closed { .. })));
        audit(&store).await;
        assert_eq!(balance(&store).await, (0, 0, 0), "each gave back its own");
    })
    .await;
}
