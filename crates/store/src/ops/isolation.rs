//! Two merchants whose payments, refunds and cases have the same ids and references: whatever happens to the one's, the
//! other's stay as they were. A statement that forgets whose rows it means is noticed here.

use std::sync::Arc;

use redress_core::case::CaseKind;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, CaseId, MerchantId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::settle::{Verdict, Via};
use redress_core::state::StateName;

use super::accept::{Accept, SendPermit, SendPermits};
use super::cancel::{CancelRefund, Canceled};
use super::cases::{Blocked, CaseClosing, CaseSubject, CloseCase, NewCaseRow, OpenCase, Opened};
use super::claim::{Claim, DueAccount};
use super::fixtures::{
    Cell, Hand, MERCHANT, MUTE, Permits, STRANGER, accept, account, at, bytes, claim, id, load, new_one, pay,
    payment, refused, rf, sql, word, world,
};
use super::settle::{CloseRefund, Closed, Refresh};
use super::verify::{LoadBooks, check_payment};
use super::write::Author;
use crate::op::Operation;
use crate::store::Store;
use crate::testing::{Dump, TestStores, dump_all};
use crate::value::Value;

const THEIR_ACCOUNT: AccountId = AccountId::from_bytes([0xee; 16]);
const NO_ANSWER: Outcome = Outcome::Unknown(Finding::NoAnswer);
/// The cases about the first refund of either merchant; their ids are no merchant's.
const CASES: [(u8, CaseKind); 3] =
    [(11, CaseKind::Unresolved), (12, CaseKind::LateSuccess), (13, CaseKind::Reversed)];

/// Lets nobody send at once.
struct NoRight;

impl SendPermits for NoRight {
    fn try_take(&self, _account: AccountId, _max_in_flight: u32) -> Option<Box<dyn SendPermit>> {
        None
    }
}

fn claim_of(merchant: MerchantId, account: AccountId, second: i64) -> Claim {
    let base = claim(second);
    let account = DueAccount { merchant, account, psp: "turns".to_owned(), ..base.account.clone() };
    Claim { account, one_in_flight: true, recipe: &MUTE, ..base }
}

fn case_of(merchant: MerchantId, n: u8, kind: CaseKind) -> OpenCase {
    OpenCase(NewCaseRow {
        merchant,
        id: CaseId::from_bytes([n; 16]),
        kind,
        subject: CaseSubject::Refund(rf(1)),
        payment: Some(payment(2)),
        text: "look at this".to_owned(),
        block_minor: 100,
        now: at(i64::from(n)),
    })
}

/// Nothing has happened to `order-2` of the first merchant. Of the second's, which has the same id, one refund is under way,
/// two wait for its turn, and open cases block a part.
async fn two_merchants(store: &Store) {
    world(store).await;
    pay(store, 2, "turns", 1000).await;
    let stranger = || bytes(STRANGER.as_bytes());
    sql(
        store,
        "INSERT INTO psp_accounts (merchant_id, account_id, psp, name, environment, state, version, max_in_flight, \
         created_at) VALUES ($1, $2, 'turns', 'An account', 'sandbox', 'active', 3, 4, 0)",
        vec![stranger(), bytes(THEIR_ACCOUNT.as_bytes())],
    )
    .await;
    sql(
        store,
        "INSERT INTO payments (merchant_id, payment_id, environment, order_ref, account_id, psp_payment_id, currency, \
         captured, refunded, reserved, blocked, refunded_before, captured_at, channel, refund_count, transaction_count, \
         created_at, updated_at) VALUES ($1, $2, 'sandbox', 'order-2', $3, 'psp-payment-2', 'SAR', 1000, 0, 0, 0, 0, $4, \
         'CARD', 0, 1, $4, $4)",
        vec![
            stranger(),
            bytes(payment(2).as_bytes()),
            bytes(THEIR_ACCOUNT.as_bytes()),
            Cell::Int(at(0).as_micros()),
        ],
    )
    .await;
    sql(
        store,
        "INSERT INTO endpoints (merchant_id, endpoint_id, name, url, dialect, environment, event_mask, secret_sealed, \
         created_at) VALUES ($1, $2, 'E', 'https://other.test/', 'standard', 'sandbox', $3, $4, 0)",
        vec![
            stranger(),
            bytes(&id(6, 9)),
            Cell::Int(EventKind::all_bits()),
            bytes(&id(6, 9)),
        ],
    )
    .await;
    for n in 1..=3_u32 {
        let now = at(9 + i64::from(n));
        let asked = accept("order-2", "1", n);
        new_one(
            store.run(Accept { merchant: STRANGER, permits: Arc::new(NoRight), now, ..asked }).await.unwrap(),
        );
    }
    let sent = store.run(claim_of(STRANGER, THEIR_ACCOUNT, 12)).await.unwrap();
    assert_eq!(sent.claimed.len(), 1);
    for (n, kind) in CASES {
        store.run(case_of(STRANGER, n, kind)).await.unwrap();
    }
    sql(store, "UPDATE refunds SET person_called = 1 WHERE merchant_id = $1", vec![stranger()]).await;
}

/// All rows of the second merchant's.
async fn theirs(store: &Store) -> Dump {
    let mut dump = dump_all(store).await;
    let stranger = Value::Bytes(STRANGER.as_bytes());
    for rows in dump.values_mut() {
        rows.retain(|row| row.values().any(|value| value == stranger));
    }
    dump
}

/// Does something for the first merchant, and sees that the second has what it had.
async fn step<O: Operation>(store: &Store, operation: O) -> O::Out {
    let before = theirs(store).await;
    let out = store.run(operation).await.expect(O::NAME);
    assert_eq!(theirs(store).await, before, "{} reached into the rows of another merchant", O::NAME);
    out
}

#[tokio::test]
async fn what_one_merchant_does_leaves_the_same_ids_of_another_as_they_were() {
    TestStores::each(async |store| {
        two_merchants(&store).await;
        let before = theirs(&store).await;
        assert!(["payments", "refunds", "cases", "events"].iter().all(|table| !before[*table].is_empty()));
        let ours = |second| claim_of(MERCHANT, account("turns"), second);
        let author = || Author { name: "Mai".to_owned(), reason: "seen".to_owned() };
        let at_once = Accept { permits: Arc::new(Hand(Permits::new(1))), ..accept("order-2", "1", 1) };
        let first = new_one(step(&store, at_once).await).0;
        assert_eq!(first.state.name(), StateName::Submitting, "the turn of another's payment keeps nobody");
        for n in 2..=4 {
            new_one(step(&store, accept("order-2", "1", n)).await);
        }
        for (n, kind) in CASES {
            assert_eq!(step(&store, case_of(MERCHANT, n, kind)).await, Opened::New { blocked: 100 });
        }
        step(&store, word(1, NO_ANSWER, Via::Submit, 20)).await;
        assert!(step(&store, Refresh { merchant: MERCHANT, refund: rf(1), now: at(30) }).await);
        step(&store, ours(30)).await;
        step(&store, word(1, refused(), Via::Query, 40)).await;
        assert_eq!(load(&store, 2).await.0.due_at, Some(at(40)), "the next one of the same merchant");
        assert_eq!(step(&store, ours(40)).await.claimed.len(), 1);
        // One that waits for the turn is put off, and withdrawn.
        assert!(step(&store, Refresh { merchant: MERCHANT, refund: rf(3), now: at(41) }).await);
        assert!(step(&store, ours(41)).await.claimed.is_empty());
        let cancel = CancelRefund { merchant: MERCHANT, refund: rf(3), author: author(), now: at(42) };
        assert!(matches!(step(&store, cancel).await, Canceled::Done(_)));
        step(&store, word(2, NO_ANSWER, Via::Submit, 43)).await;
        let verdict = Verdict::Failed;
        let close = CloseRefund { merchant: MERCHANT, refund: rf(2), verdict, author: author(), now: at(44) };
        assert!(matches!(step(&store, close).await, Closed::Done(_)));
        assert_eq!(load(&store, 4).await.0.due_at, Some(at(44)), "again the next one");
        for (n, blocked) in [(12, Blocked::Released), (13, Blocked::Refunded)] {
            let Author { name, reason } = author();
            let case = CaseId::from_bytes([n; 16]);
            let close = CloseCase { merchant: MERCHANT, case, author: name, reason, blocked, now: at(50) };
            assert_eq!(step(&store, close).await, CaseClosing::Closed { blocked: 100 });
        }
        let books = store.read(LoadBooks { after: None, limit: 10 }).await.unwrap();
        assert!(books.iter().all(|of| of.merchant == MERCHANT));
        let differences: Vec<_> = books.iter().flat_map(check_payment).map(|found| found.what).collect();
        assert_eq!(differences, Vec::<String>::new());
    })
    .await;
}
