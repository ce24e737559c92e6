//! Words that contradict what is known: never dropped, and never bending the table.

use redress_core::case::CaseKind;
use redress_core::outcome::{Finding, Outcome, PspRefusal};
use redress_core::settle::Via;
use redress_core::state::{RefundState, StateName};

use super::super::Settle;
use super::NO_ANSWER;
use crate::error::StoreError;
use crate::ops::accept::Accepted;
use crate::ops::cases::{Blocked, CloseCase, ListOpenCases};
use crate::ops::fixtures::{
    MERCHANT, accept, at, audit, balance, claim, done, hear, in_state, load, pay, pending, queued, refused,
    rows, run_claim, sent, told, word, world,
};
use crate::ops::refunds::{LoadRefund, RefundBy};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

/// A word that is kept as an attempt and changes nothing else.
async fn changes_nothing_but_attempts(store: &Store, settle: Settle) {
    let all_else = async || {
        let mut dump = dump_all(store).await;
        dump.retain(|table, _| table != "attempts");
        dump
    };
    let by = RefundBy::Id(settle.refund);
    let (refund, _) = store.read(LoadRefund { merchant: MERCHANT, by }).await.unwrap().unwrap();
    let before = all_else().await;
    let settled = store.run(settle).await.unwrap().unwrap();
    assert_eq!((settled.event, settled.cases, settled.refund), (None, 0, refund));
    assert_eq!(before, all_else().await);
}

/// The kinds of the open cases and what each blocks, oldest first.
async fn open_cases(store: &Store) -> Vec<(CaseKind, i64)> {
    let cases = store.read(ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 10 }).await.unwrap();
    cases.into_iter().map(|case| (case.kind, case.blocked)).collect()
}

#[tokio::test]
async fn a_late_success_of_what_had_failed_blocks_what_is_left_and_waits_for_a_person() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        let settled = hear(&store, 1, done(Some("p")), Via::Notification, 30).await;
        assert_eq!((settled.event, settled.cases), (None, 1));
        assert_eq!(settled.refund.state.name(), StateName::Failed);
        assert_eq!(settled.refund.psp_refund_id.as_deref(), Some("p"), "the evidence is kept");
        assert_eq!(
            (open_cases(&store).await, balance(&store).await),
            (vec![(CaseKind::LateSuccess, 400)], (0, 0, 400))
        );
        let Accepted::Refused { payment, .. } = store.run(accept("order-1", "6.01", 2)).await.unwrap() else {
            panic!("what is blocked can be refunded again")
        };
        assert_eq!(payment.remaining().minor(), 600);
        // Told again, it is the same case.
        hear(&store, 1, done(Some("p")), Via::Query, 40).await;
        assert_eq!((open_cases(&store).await.len(), balance(&store).await), (1, (0, 0, 400)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_late_success_blocks_only_as_far_as_it_reaches() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "8", 1).await;
        queued(&store, "order-1", "7", 2).await;
        hear(&store, 1, done(None), Via::Query, 30).await;
        assert_eq!(balance(&store).await, (0, 700, 300));
        assert_eq!(told(&store.run(accept("order-1", "0.01", 3)).await.unwrap()), "NothingLeft");
        assert_eq!(open_cases(&store).await, [(CaseKind::LateSuccess, 300)]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_refusal_after_success_reverses_and_the_amount_is_refundable_again() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "full", 1).await;
        assert_eq!(told(&store.run(accept("order-1", "1", 2)).await.unwrap()), "NothingLeft");
        hear(&store, 1, refused(), Via::Query, 30).await;
        assert_eq!(open_cases(&store).await, [(CaseKind::Reversed, 0)]);
        assert_eq!(balance(&store).await, (0, 0, 0));
        queued(&store, "order-1", "full", 2).await;
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn an_old_or_weak_refusal_of_what_succeeded_is_a_case_and_no_reversal() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "1", 1).await;
        // The success was recorded at second 20; this exchange began before it.
        hear(&store, 1, refused(), Via::Query, 19).await;
        assert_eq!(load(&store, 1).await.0.state, RefundState::Succeeded);
        assert_eq!(open_cases(&store).await, [(CaseKind::Mismatch, 0)]);
        hear(&store, 1, refused(), Via::Submit, 30).await;
        assert_eq!(
            load(&store, 1).await.0.state,
            RefundState::Succeeded,
            "an answer to a submit is no reversal"
        );
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn words_that_tell_nothing_new_change_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "1", 1).await;
        in_state(&store, StateName::Failed, "1", 2).await;
        for (n, outcome) in [
            (1, done(None)),
            (1, pending(None)),
            (1, NO_ANSWER),
            (1, Outcome::Unknown(Finding::NotFound)),
            (2, refused()),
            (2, NO_ANSWER),
        ] {
            changes_nothing_but_attempts(&store, word(n, outcome.clone(), Via::Query, 30)).await;
        }
        // Pending, said before the end was known.
        changes_nothing_but_attempts(&store, word(2, pending(None), Via::Query, 19)).await;
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_psp_refund_that_is_bound_elsewhere_is_no_match_and_no_error() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        in_state(&store, StateName::Unknown, "1", 2).await;
        hear(&store, 1, done(Some("p")), Via::Query, 30).await;
        let settled = hear(&store, 2, done(Some("p")), Via::Query, 30).await;
        assert_eq!((settled.event, settled.cases), (None, 1));
        assert_eq!(settled.refund.state, RefundState::Unknown, "a person decides");
        assert_eq!(
            (settled.refund.psp_refund_id, settled.refund.evidence.finding),
            (None, Some(Finding::Ambiguous))
        );
        assert_eq!(open_cases(&store).await, [(CaseKind::Ambiguous, 0)]);
        assert_eq!(balance(&store).await, (100, 100, 0));
        let attempts = rows(&store, "SELECT outcome FROM attempts WHERE via = 'query'").await;
        assert_eq!(attempts, ["succeeded", "succeeded"], "what was said is kept as it was said");
        // Its own answer ends the doubt and the case.
        hear(&store, 2, done(Some("q")), Via::Query, 40).await;
        assert_eq!((open_cases(&store).await, balance(&store).await), (Vec::new(), (200, 0, 0)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_success_that_is_bound_elsewhere_did_not_come_late_to_a_failure_of_ours() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        hear(&store, 1, done(Some("p")), Via::Query, 30).await;
        let failed = in_state(&store, StateName::Failed, "1", 2).await;
        let RefundState::Failed(failure) = failed.state else { panic!("{failed:?}") };
        assert_eq!(failure.code, "R1");
        for (id, cases) in [(None, 0), (Some("p"), 1)] {
            let mut told = word(2, done(id), Via::Notification, 40);
            told.word.superseded_by = &["R1"];
            let settled = store.run(told).await.unwrap().unwrap();
            assert_eq!(settled.cases, cases, "{id:?}");
        }
        assert_eq!(open_cases(&store).await, [(CaseKind::Mismatch, 0)]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn the_same_id_at_another_psp_is_another_refund_of_a_psp() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "once", 1000).await;
        for (n, order) in [(1, "order-1"), (2, "order-2")] {
            sent(&store, order, "1", n).await;
            hear(&store, n, NO_ANSWER, Via::Submit, 20).await;
        }
        for n in [1, 2] {
            let settled = hear(&store, n, done(Some("p")), Via::Query, 30).await;
            assert_eq!((settled.refund.state, settled.cases), (RefundState::Succeeded, 0), "{n}");
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_psp_refund_told_of_two_at_once_is_bound_to_one() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        for round in 0..10_u32 {
            let (a, b) = (2 * round, 2 * round + 1);
            for n in [a, b] {
                in_state(&store, StateName::Unknown, "0.10", n).await;
            }
            let psp_refund_id = format!("p-{round}");
            let settle = |n| store.run(word(n, done(Some(&psp_refund_id)), Via::Query, 30));
            let (one, two) = tokio::join!(settle(a), settle(b));
            let mut again = 0;
            for (n, result) in [(a, one), (b, two)] {
                // Where both looked before either wrote, the index refuses the second: whoever repeats it finds out.
                if let Err(StoreError::Conflict(name)) = &result {
                    assert_eq!((name.as_str(), again), ("refunds_psp_refund", 0));
                    again += 1;
                    hear(&store, n, done(Some(&psp_refund_id)), Via::Query, 30).await;
                } else {
                    result.unwrap();
                }
            }
            let states = [load(&store, a).await.0.state.name(), load(&store, b).await.0.state.name()];
            assert!(
                states.contains(&StateName::Succeeded) && states.contains(&StateName::Unknown),
                "{states:?}"
            );
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn another_psp_refund_under_our_reference_is_a_case() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, pending(Some("p")), Via::Submit, 20).await;
        hear(&store, 1, done(Some("q")), Via::Notification, 30).await;
        let refund = load(&store, 1).await.0;
        assert_eq!((refund.state, refund.psp_refund_id.as_deref()), (RefundState::Pending, Some("p")));
        // A second refund at the PSP is money, and stays so when the first one ends.
        assert_eq!(open_cases(&store).await, [(CaseKind::ForeignRefund, 100)]);
        hear(&store, 1, done(Some("p")), Via::Query, 40).await;
        hear(&store, 1, done(Some("q")), Via::Notification, 50).await;
        assert_eq!(
            (open_cases(&store).await, balance(&store).await),
            (vec![(CaseKind::ForeignRefund, 100)], (100, 0, 100))
        );
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn who_has_looked_at_another_refund_under_our_reference_is_called_about_ours_all_the_same() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, pending(Some("p")), Via::Submit, 20).await;
        hear(&store, 1, done(Some("q")), Via::Notification, 30).await;
        let list = ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 10 };
        let case = store.read(list).await.unwrap()[0].id;
        let (author, reason) = ("Mai".to_owned(), "it is gone".to_owned());
        let (blocked, now) = (Blocked::Refunded, at(40));
        store.run(CloseCase { merchant: MERCHANT, case, author, reason, blocked, now }).await.unwrap();
        // The next word about the other one opens nothing any more, and ours is open still.
        hear(&store, 1, done(Some("q")), Via::Notification, 50).await;
        assert!(open_cases(&store).await.is_empty());
        run_claim(&store, claim(4_000)).await;
        assert_eq!(open_cases(&store).await, [(CaseKind::Overdue, 0)]);
        assert_eq!(load(&store, 1).await.0.state, RefundState::Pending);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn cases_about_not_knowing_are_closed_by_the_end_and_others_are_not() {
    TestStores::each(async |store| {
        world(&store).await;
        for (n, finding) in [(1, Finding::Ambiguous), (2, Finding::Mismatch)] {
            in_state(&store, StateName::Unknown, "1", n).await;
            hear(&store, n, Outcome::Unknown(finding), Via::Query, 30).await;
        }
        in_state(&store, StateName::Failed, "1", 3).await;
        hear(&store, 3, done(None), Via::Query, 30).await;
        assert_eq!(open_cases(&store).await.len(), 3);
        hear(&store, 1, done(None), Via::Query, 40).await;
        hear(&store, 2, refused(), Via::Query, 40).await;
        assert_eq!(open_cases(&store).await, [(CaseKind::LateSuccess, 100)]);
        let closed = "SELECT kind, closed_by, closed_at FROM cases WHERE closed_at IS NOT NULL ORDER BY kind";
        let now = at(40).as_micros();
        assert_eq!(
            rows(&store, closed).await,
            [format!("ambiguous redress {now}"), format!("mismatch redress {now}")]
        );
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_word_that_cannot_be_applied_writes_nothing_at_all() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        // The same id for two cases: the second cannot be opened, so neither is the attempt kept.
        hear(&store, 1, Outcome::Unknown(Finding::Ambiguous), Via::Query, 30).await;
        in_state(&store, StateName::Failed, "1", 2).await;
        let taken = word(1, Outcome::Unknown(Finding::Ambiguous), Via::Query, 30).case_ids;
        let before = dump_all(&store).await;
        let clash = Settle { case_ids: taken, ..word(2, done(None), Via::Query, 40) };
        let refused = store.run(clash).await;
        // The engines name another one of the indexes that have the id in them.
        let is_clash = matches!(&refused, Err(StoreError::Conflict(index)) if index.starts_with("cases_"));
        assert!(is_clash, "{refused:?}");
        assert_eq!(before, dump_all(&store).await);
    })
    .await;
}

#[tokio::test]
async fn what_failed_at_the_psp_and_belongs_to_another_refund_decides_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "1", 1).await;
        hear(&store, 1, done(Some("p-1")), Via::Submit, 20).await;
        sent(&store, "order-1", "2", 2).await;
        let Outcome::Refused(refusal) = refused() else { unreachable!() };
        let failed = Outcome::Refused(PspRefusal { psp_refund_id: Some("p-1".to_owned()), ..refusal });
        let settled = hear(&store, 2, failed, Via::Submit, 30).await;
        assert_eq!((settled.refund.state.name(), settled.cases), (StateName::Unknown, 1));
        assert_eq!(settled.refund.psp_refund_id, None);
        assert_eq!(balance(&store).await, (100, 200, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn money_that_was_booked_as_gone_and_came_back_is_put_before_a_person_once() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        // Nobody has booked anything: that it failed is known.
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Query, 30)).await;
        let close = async |blocked, second: i64| {
            let open = ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 10 };
            let case = store.read(open).await.unwrap()[0].id;
            let (author, reason) = ("Ada".to_owned(), "seen".to_owned());
            let close = CloseCase { merchant: MERCHANT, case, author, reason, blocked, now: at(second) };
            store.run(close).await.unwrap();
        };
        hear(&store, 1, done(None), Via::Query, 40).await;
        close(Blocked::Released, 45).await;
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Query, 50)).await;
        hear(&store, 1, done(None), Via::Query, 60).await;
        close(Blocked::Refunded, 65).await;
        assert_eq!(balance(&store).await, (400, 0, 0));
        // The answer to a send, and what is older than the end, say nothing of it.
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Submit, 70)).await;
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Query, 19)).await;

        let (back, _) = fail_every_statement(&store, || word(1, refused(), Via::Notification, 80)).await;
        let back = back.unwrap().unwrap();
        assert_eq!((back.refund.state.name(), back.event, back.cases), (StateName::Failed, None, 1));
        assert_eq!(open_cases(&store).await, [(CaseKind::Reversed, 400)]);
        assert_eq!(balance(&store).await, (0, 0, 400), "only a person can say what becomes of it");
        audit(&store).await;
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Query, 82)).await;
        close(Blocked::Released, 85).await;
        assert_eq!(balance(&store).await, (0, 0, 0), "it can be given back again");
        audit(&store).await;
        changes_nothing_but_attempts(&store, word(1, refused(), Via::Query, 90)).await;
        // What a person had booked, and was taken back, settles nothing: it would be given back twice.
        assert_eq!(hear(&store, 1, done(None), Via::Query, 95).await.cases, 1);
        assert_eq!(open_cases(&store).await, [(CaseKind::LateSuccess, 400)]);
        assert_eq!(balance(&store).await, (0, 0, 400));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn money_of_which_a_person_says_twice_that_it_is_gone_counts_once() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Failed, "4", 1).await;
        let book = async |second: i64| {
            let open = ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 10 };
            let case = store.read(open).await.unwrap()[0].id;
            let (author, reason, blocked) = ("Ada".to_owned(), "seen".to_owned(), Blocked::Refunded);
            let close = CloseCase { merchant: MERCHANT, case, author, reason, blocked, now: at(second) };
            store.run(close).await.unwrap();
        };
        hear(&store, 1, done(None), Via::Query, 40).await;
        book(45).await;
        hear(&store, 1, refused(), Via::Query, 50).await;
        // The rest of the payment is free all the while.
        queued(&store, "order-1", "6", 2).await;
        assert_eq!(balance(&store).await, (0, 600, 400));
        book(55).await;
        assert_eq!(balance(&store).await, (400, 600, 0), "the PSP is mistaken");
        audit(&store).await;
        for (second, said) in [(60, refused()), (65, done(None))] {
            hear(&store, 1, said, Via::Query, second).await;
            assert!(open_cases(&store).await.is_empty(), "what a person has seen is no news");
            assert_eq!(balance(&store).await, (400, 600, 0));
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn that_another_of_the_psps_refunds_failed_reverses_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "4", 1).await;
        hear(&store, 1, done(Some("p-1")), Via::Submit, 20).await;
        // It was read while nothing was bound yet, by another process.
        let Outcome::Refused(refusal) = refused() else { unreachable!() };
        let failed =
            |id: &str| Outcome::Refused(PspRefusal { psp_refund_id: Some(id.to_owned()), ..refusal.clone() });
        changes_nothing_but_attempts(&store, word(1, failed("p-2"), Via::Notification, 30)).await;
        assert_eq!(balance(&store).await, (400, 0, 0));
        let back = hear(&store, 1, failed("p-1"), Via::Notification, 40).await;
        assert_eq!((back.refund.state.name(), balance(&store).await), (StateName::Reversed, (0, 0, 0)));
        audit(&store).await;
    })
    .await;
}
