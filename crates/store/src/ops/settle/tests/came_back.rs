//! What a person booked as gone and was taken back, where more is said or done meanwhile.

use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::settle::Via;
use redress_core::state::StateName;

use crate::ops::cases::{
    Blocked, Case, CaseSubject, CloseCase, LeftOwn, ListOpenCases, NewCaseRow, OpenCase,
};
use crate::ops::fixtures::{
    MERCHANT, STRANGER, at, audit, balance, done, hear, id, in_state, payment, queued, refused, rf, rows,
    word, world,
};
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

async fn open(store: &Store) -> Vec<Case> {
    store.read(ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 50 }).await.unwrap()
}

/// The kinds of the open cases and what each blocks, oldest first.
async fn open_cases(store: &Store) -> Vec<(CaseKind, i64)> {
    open(store).await.into_iter().map(|case| (case.kind, case.blocked)).collect()
}

async fn close(store: &Store, case: CaseId, blocked: Blocked, second: i64) {
    let (author, reason) = ("Ada".to_owned(), "seen".to_owned());
    let close = CloseCase { merchant: MERCHANT, case, author, reason, blocked, now: at(second) };
    store.run(close).await.unwrap();
}

async fn book(store: &Store, kind: CaseKind, second: i64) {
    let case = open(store).await.into_iter().find(|case| case.kind == kind).unwrap();
    close(store, case.id, Blocked::Refunded, second).await;
}

#[tokio::test]
async fn what_was_taken_back_is_not_blocked_again_where_the_psp_says_once_more_that_it_left() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        hear(&store, 1, done(None), Via::Notification, 40).await;
        book(&store, CaseKind::LateSuccess, 45).await;
        hear(&store, 1, refused(), Via::Notification, 50).await;
        // A notification that comes a second time, or an answer that is older than the last: which of them holds, the
        // person finds out who has the case of it.
        for (second, said) in [(60, done(None)), (65, refused()), (70, done(None))] {
            hear(&store, 1, said, Via::Notification, second).await;
            assert_eq!(open_cases(&store).await, [(CaseKind::Reversed, 400)]);
            assert_eq!(balance(&store).await, (0, 0, 400), "the same money");
            let text = rows(&store, "SELECT what FROM cases WHERE closed_at IS NULL").await;
            assert!(text[0].contains("says both"), "{text:?}");
            audit(&store).await;
        }
        book(&store, CaseKind::Reversed, 75).await;
        assert_eq!(balance(&store).await, (400, 0, 0), "it left once");
        hear(&store, 1, done(None), Via::Notification, 80).await;
        assert!(open_cases(&store).await.is_empty());
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_booked_in_part_and_taken_back_blocks_the_whole_where_it_left_all_the_same() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        queued(&store, "order-1", "9", 2).await;
        hear(&store, 1, done(None), Via::Notification, 40).await;
        assert_eq!(balance(&store).await, (0, 900, 100), "the rest is in use");
        book(&store, CaseKind::LateSuccess, 45).await;
        hear(&store, 1, refused(), Via::Notification, 50).await;
        assert_eq!(balance(&store).await, (0, 900, 100));
        hear(&store, 1, done(None), Via::Notification, 60).await;
        assert_eq!(open_cases(&store).await, [(CaseKind::Reversed, 100)]);
        let wanted = rows(&store, "SELECT wanted, blocked FROM cases WHERE closed_at IS NULL").await;
        assert_eq!(wanted, ["400 100"], "the rest as soon as it is free");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn who_has_yet_to_look_at_a_late_success_reads_that_it_failed_after_all() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        hear(&store, 1, done(None), Via::Notification, 40).await;
        let text = async || rows(&store, "SELECT what FROM cases WHERE closed_at IS NULL").await;
        let left = text().await;
        assert!(left[0].contains("says succeeded of a refund that was failed"), "{left:?}");
        // The answer to a send, and what is older than the end, say nothing of what the PSP did.
        for (via, second) in [(Via::Submit, 45), (Via::Query, 19)] {
            hear(&store, 1, refused(), via, second).await;
            assert_eq!(text().await, left, "{via:?}");
        }
        let failed = || word(1, refused(), Via::Notification, 50);
        let (told, _) = fail_every_statement(&store, failed).await;
        assert_eq!(told.unwrap().unwrap().cases, 0, "the person was called already");
        for (second, said) in [(60, done(None)), (65, refused())] {
            assert!(text().await[0].contains("says both"), "{:?}", text().await);
            assert_eq!(open_cases(&store).await, [(CaseKind::LateSuccess, 400)]);
            assert_eq!(balance(&store).await, (0, 0, 400), "a person decides");
            hear(&store, 1, said, Via::Notification, second).await;
        }
        // It left: then what is told of it again is no news.
        book(&store, CaseKind::LateSuccess, 70).await;
        hear(&store, 1, done(None), Via::Notification, 80).await;
        assert_eq!((open_cases(&store).await, balance(&store).await), (Vec::new(), (400, 0, 0)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_confirmed_tells_that_the_refund_failed_after_all_where_it_blocks_money() {
    TestStores::each(async |store| {
        world(&store).await;
        for (n, block_minor, says_both) in [(1, 400, true), (2, 0, false)] {
            in_state(&store, StateName::Failed, "4", n).await;
            let told = NewCaseRow {
                merchant: MERCHANT,
                id: CaseId::from_bytes(id(9, n)),
                kind: CaseKind::Quarantined,
                subject: CaseSubject::Refund(rf(n)),
                payment: Some(payment(1)),
                text: "the PSP could not be asked".to_owned(),
                block_minor,
                now: at(40),
            };
            store.run(OpenCase(told)).await.unwrap();
            let case =
                async || open(&store).await.into_iter().find(|case| case.refund == Some(rf(n))).unwrap();
            hear(&store, n, refused(), Via::Query, 50).await;
            assert_eq!(case().await.text.contains("says both"), says_both, "{n}");
            assert_eq!(case().await.blocked, block_minor, "{n}");
        }
        // That it left is told once more: the same case, which goes on telling of both.
        for (second, said) in [(60, done(None)), (65, refused()), (70, done(None))] {
            hear(&store, 1, said, Via::Query, second).await;
            let first = open(&store).await.swap_remove(0);
            assert!(first.text.contains("says both"), "{second}: {first:?}");
            let quarantined = [(CaseKind::Quarantined, 400), (CaseKind::Quarantined, 0)];
            assert_eq!(open_cases(&store).await, quarantined, "{second}");
        }
        assert_eq!(balance(&store).await, (0, 0, 400));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_refunds_own_money_left_from_the_word_on_until_a_person_or_the_psp_says_that_it_did_not() {
    TestStores::each(async |store| {
        world(&store).await;
        let left = async |merchant, n| store.read(LeftOwn { merchant, refund: rf(n) }).await.unwrap();
        in_state(&store, StateName::Failed, "4", 1).await;
        assert!(!left(MERCHANT, 1).await);
        hear(&store, 1, done(None), Via::Notification, 40).await;
        assert!(left(MERCHANT, 1).await, "a person has yet to look");
        let case = open(&store).await[0].id;
        close(&store, case, Blocked::Released, 42).await;
        assert!(!left(MERCHANT, 1).await, "they say that it did not");
        hear(&store, 1, done(None), Via::Notification, 43).await;
        book(&store, CaseKind::LateSuccess, 45).await;
        assert!(left(MERCHANT, 1).await);
        assert!(!left(STRANGER, 1).await);
        // A second one under its reference at the PSP is other money than its own.
        in_state(&store, StateName::Succeeded, "1", 2).await;
        for id in ["p", "q"] {
            hear(&store, 2, done(Some(id)), Via::Notification, 46).await;
        }
        book(&store, CaseKind::ForeignRefund, 47).await;
        assert_eq!((left(MERCHANT, 2).await, balance(&store).await), (false, (600, 0, 0)));
        hear(&store, 1, refused(), Via::Notification, 50).await;
        assert!(!left(MERCHANT, 1).await, "it was taken back");
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_back_is_told_also_while_a_person_closes_an_older_case_of_it() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        for n in 1..=8 {
            // Its first reversal is before a person still, when its money leaves all the same and is booked.
            in_state(&store, StateName::Reversed, "1", n).await;
            hear(&store, n, done(None), Via::Notification, 40).await;
            book(&store, CaseKind::LateSuccess, 45).await;
            assert_eq!(balance(&store).await, (100, 0, 0));
            let older = open(&store).await;
            assert_eq!((older.len(), older[0].kind), (1, CaseKind::Reversed));

            let told = store.run(word(n, refused(), Via::Notification, 50));
            let (told, ()) = tokio::join!(told, close(&store, older[0].id, Blocked::Released, 50));
            told.unwrap();
            // Either the person closed what it blocked, or another case blocks it.
            let blocked: i64 = open(&store).await.iter().map(|case| case.blocked).sum();
            assert_eq!(balance(&store).await, (0, 0, blocked), "{n}");
            audit(&store).await;
            for case in open(&store).await {
                close(&store, case.id, Blocked::Released, 55).await;
            }
        }
    })
    .await;
}
