use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::{Verdict, Via};

use super::*;
use crate::ops::cases::{CaseSubject, NewCaseRow, OpenCase, Opened};
use crate::ops::fixtures::{
    Cell, HERE, MERCHANT, account, at, bytes, hear, id, in_state, load, pay, payment, queued, refused, rf,
    sent, sql, text, world,
};
use crate::ops::settle::{CloseRefund, Closed, Refresh};
use crate::ops::write::Author;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const DAY: i64 = 24 * 3_600;

async fn close(store: &Store, n: u32, verdict: Verdict) {
    let author = Author { name: "Mai".to_owned(), reason: "seen on the statement".to_owned() };
    let close = CloseRefund { merchant: MERCHANT, refund: rf(n), verdict, author, now: at(50) };
    assert!(matches!(store.run(close).await, Ok(Closed::Done(_))));
}

async fn due(store: &Store, second: i64) -> Vec<RefundId> {
    let accounts = store.read(AccountsWithLateChecks { now: at(second) }).await.unwrap();
    let mut all = Vec::new();
    for account in accounts {
        let due = DueLateChecks { account, now: at(second), limit: 10 };
        let found = store.read(due).await.unwrap();
        assert!(!found.is_empty());
        all.extend(found.into_iter().map(|(_, refund)| refund));
    }
    all
}

fn take(n: u32, second: i64) -> TakeLateCheck {
    TakeLateCheck { merchant: MERCHANT, refund: rf(n), now: at(second), seed: 0 }
}

#[tokio::test]
async fn what_a_person_called_failed_is_asked_about_for_a_month_ever_more_rarely() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        in_state(&store, StateName::Pending, "1", 2).await;
        assert_eq!(due(&store, 50).await, []);
        close(&store, 1, Verdict::Failed).await;
        close(&store, 2, Verdict::Succeeded).await;
        assert_eq!(due(&store, 49).await, []);
        assert_eq!(due(&store, 50).await, [rf(1)], "the other one's sum was released to nobody");

        let (refund, payment) = load(&store, 1).await;
        let (taken, _) = fail_every_statement(&store, || take(1, 50)).await;
        let psp_payment_id = payment.psp_payment_id;
        assert_eq!(taken, Ok(Some(LateCheck { refund, psp_payment_id })));
        assert_eq!(store.run(take(1, 50)).await, Ok(None), "another process finds it taken");
        assert_eq!(store.run(take(2, 50)).await, Ok(None));

        let mut asked = Vec::new();
        for minute in 1..=8 {
            let now = 50 + minute * 60;
            if !due(&store, now).await.is_empty() {
                assert!(store.run(take(1, now)).await.unwrap().is_some());
                asked.push(minute);
            }
        }
        assert_eq!(asked, [1, 3, 7], "1, 2 and 4 minutes apart");

        let mut last = 0;
        for day in 1..=60 {
            if !due(&store, 50 + day * DAY).await.is_empty() {
                assert!(store.run(take(1, 50 + day * DAY)).await.unwrap().is_some());
                last = day;
            }
        }
        assert_eq!(last, 29, "the thirtieth would be after its time");
        assert!(dump_all(&store).await["late_checks"].is_empty());
    })
    .await;
}

#[tokio::test]
async fn somebody_who_wants_to_know_has_it_asked_now_and_an_answer_ends_it() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "1", 1).await;
        in_state(&store, StateName::Failed, "1", 2).await;
        queued(&store, "order-1", "1", 3).await;
        close(&store, 1, Verdict::Failed).await;
        assert!(store.run(take(1, 50)).await.unwrap().is_some());
        let refresh = |n: u32, second: i64| Refresh { merchant: MERCHANT, refund: rf(n), now: at(second) };
        assert_eq!(store.run(refresh(1, 55)).await, Ok(true));
        assert_eq!(due(&store, 55).await, [rf(1)]);
        assert_eq!(store.run(refresh(2, 55)).await, Ok(false), "the PSP has said so");
        assert_eq!(due(&store, 55).await, [rf(1)]);

        let end = EndLateCheck { merchant: MERCHANT, refund: rf(1) };
        assert_eq!(fail_every_statement(&store, || end).await.0, Ok(()));
        assert_eq!(due(&store, 60 * DAY).await, []);
        assert_eq!(store.run(take(1, 60 * DAY)).await, Ok(None));
        assert_eq!(store.run(refresh(1, 60)).await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn what_has_an_open_case_is_asked_about_once_where_somebody_wants_to_know() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "1", 1).await;
        let refresh = |second: i64| Refresh { merchant: MERCHANT, refund: rf(1), now: at(second) };
        assert_eq!(store.run(refresh(60)).await, Ok(false), "nothing is open about it");
        // Older than the end: it may be of a time before.
        hear(&store, 1, refused(), Via::Query, 15).await;
        assert_eq!(load(&store, 1).await.0.state.name(), StateName::Succeeded);
        assert_eq!(fail_every_statement(&store, || refresh(60)).await.0, Ok(true));
        assert_eq!(store.run(refresh(60)).await, Ok(true));
        assert_eq!(due(&store, 60).await, [rf(1)]);
        assert!(store.run(take(1, 60)).await.unwrap().is_some());
        assert_eq!(due(&store, 60 * DAY).await, [], "once");
        assert_eq!(store.run(refresh(70)).await, Ok(true), "and again where somebody wants that");
    })
    .await;
}

/// Makes the n-th refund in any state, also in one that nothing brings a refund to yet; it was never exchanged with the PSP.
async fn put(store: &Store, state: StateName, n: u32) {
    queued(store, "order-1", "0.10", n).await;
    let is_leased = state == StateName::Submitting;
    let has_failed = matches!(state, StateName::Failed | StateName::Reversed);
    sql(
        store,
        "UPDATE refunds SET state = $1, failure_code = $2, lease_owner = $3, lease_until = $4, due_at = NULL \
         WHERE refund_id = $5",
        vec![
            text(state.as_str()),
            if has_failed { text("R1") } else { Cell::Null },
            if is_leased { bytes(HERE.as_bytes()) } else { Cell::Null },
            if is_leased { Cell::Int(at(20).as_micros()) } else { Cell::Null },
            bytes(rf(n).as_bytes()),
        ],
    )
    .await;
}

/// Opens a case about the n-th refund, and closes it again unless it is to stay open.
async fn with_case(store: &Store, n: u32, stays_open: bool) {
    let case = NewCaseRow {
        merchant: MERCHANT,
        id: CaseId::from_bytes(id(8, n)),
        kind: CaseKind::LateSuccess,
        subject: CaseSubject::Refund(rf(n)),
        payment: Some(payment(1)),
        text: "look at this".to_owned(),
        block_minor: 0,
        now: at(30),
    };
    assert!(matches!(store.run(OpenCase(case)).await, Ok(Opened::New { .. })));
    if stays_open {
        return;
    }
    let close = "UPDATE cases SET closed_at = 1, closed_by = 'Mai', close_reason = 'seen', open_key = NULL \
                 WHERE refund_id = $1";
    sql(store, close, vec![bytes(rf(n).as_bytes())]).await;
}

#[tokio::test]
async fn what_is_asked_about_once_is_the_same_by_the_rule_and_by_the_database() {
    TestStores::each(async |store| {
        world(&store).await;
        let (mut n, mut asked_once) = (0, Vec::new());
        for state in StateName::ALL {
            for has_open_case in [false, true] {
                n += 1;
                put(&store, state, n).await;
                with_case(&store, n, has_open_case).await;
                let is_open = matches!(state, StateName::Queued | StateName::Unknown | StateName::Pending);
                let is_asked = is_asked_once(state, has_open_case);
                let refresh = Refresh { merchant: MERCHANT, refund: rf(n), now: at(60) };
                let told = format!("{state}, open case: {has_open_case}");
                assert_eq!(store.run(refresh).await, Ok(is_open || is_asked), "{told}");
                assert_eq!(due(&store, 60).await.contains(&rf(n)), is_asked, "{told}");
                asked_once.extend(is_asked.then_some(state));
            }
        }
        assert_eq!(asked_once, [StateName::Succeeded, StateName::Failed, StateName::Reversed]);
    })
    .await;
}

#[tokio::test]
async fn each_account_is_asked_by_itself() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "turns", 1_000).await;
        for n in 1..=3 {
            in_state(&store, StateName::Unknown, "0.10", n).await;
            close(&store, n, Verdict::Failed).await;
        }
        sent(&store, "order-2", "1", 4).await;
        hear(&store, 4, Outcome::Unknown(Finding::NoAnswer), Via::Submit, 20).await;
        close(&store, 4, Verdict::Failed).await;
        let accounts = store.read(AccountsWithLateChecks { now: at(50) }).await.unwrap();
        assert_eq!(accounts.len(), 2, "{accounts:?}");
        let of = |psp| DueLateChecks { account: account(psp), now: at(50), limit: 2 };
        assert_eq!(store.read(of("flex")).await.map(|due| due.len()), Ok(2));
        assert_eq!(store.read(of("turns")).await, Ok(vec![(MERCHANT, rf(4))]), "however many wait elsewhere");
        assert_eq!(store.read(AccountsWithLateChecks { now: at(49) }).await, Ok(vec![]));
    })
    .await;
}
