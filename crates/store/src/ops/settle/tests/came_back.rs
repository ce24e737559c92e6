//! What a person booked as gone and was taken back, where more is said or done meanwhile.

use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::settle::Via;
use redress_core::state::StateName;

use crate::ops::cases::{Blocked, BookedOwn, Case, CloseCase, ListOpenCases};
use crate::ops::fixtures::{
    MERCHANT, STRANGER, at, audit, balance, done, hear, in_state, queued, refused, rf, rows, word, world,
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
async fn booked_is_what_a_person_said_is_gone_of_a_refunds_own_money_until_it_comes_back() {
    TestStores::each(async |store| {
        world(&store).await;
        let booked = async |merchant, n| store.read(BookedOwn { merchant, refund: rf(n) }).await.unwrap();
        in_state(&store, StateName::Failed, "4", 1).await;
        hear(&store, 1, done(None), Via::Notification, 40).await;
        assert!(!booked(MERCHANT, 1).await, "a person has not looked yet");
        book(&store, CaseKind::LateSuccess, 45).await;
        assert!(booked(MERCHANT, 1).await);
        assert!(!booked(STRANGER, 1).await);
        // A second one under its reference at the PSP is other money than its own.
        in_state(&store, StateName::Succeeded, "1", 2).await;
        for id in ["p", "q"] {
            hear(&store, 2, done(Some(id)), Via::Notification, 46).await;
        }
        book(&store, CaseKind::ForeignRefund, 47).await;
        assert_eq!((booked(MERCHANT, 2).await, balance(&store).await), (false, (600, 0, 0)));
        hear(&store, 1, refused(), Via::Notification, 50).await;
        assert!(!booked(MERCHANT, 1).await, "it was taken back");
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
