use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::{CaseId, EndpointId};

use super::{CasePage, CountOpenCases, FindCaseIn, ListCases, OPEN_CASES_COUNTED_MAX, OpenCases};
use crate::ops::cases::{Blocked, CaseSubject, CloseCase, NewCaseRow, OpenCase};
use crate::ops::fixtures::{
    ENDPOINT, MERCHANT, STRANGER, account, add_endpoint, at, bytes, id, payment, queued, rf, sql, world,
};
use crate::store::Store;
use crate::testing::TestStores;

fn case(n: u8, kind: CaseKind, subject: CaseSubject) -> NewCaseRow {
    NewCaseRow {
        merchant: MERCHANT,
        id: CaseId::from_bytes([n; 16]),
        kind,
        payment: matches!(subject, CaseSubject::Refund(_)).then(|| payment(1)),
        subject,
        text: "look at this".to_owned(),
        block_minor: 0,
        now: at(i64::from(n)),
    }
}

fn all() -> ListCases {
    ListCases {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        open: None,
        kind: None,
        before: CaseId::from_bytes([255; 16]),
        limit: 100,
        looked_at_max: 1_000,
    }
}

async fn numbers(store: &Store, list: ListCases) -> (Vec<u8>, Option<u8>) {
    let CasePage { cases, next } = store.read(list).await.unwrap();
    let number = |id: CaseId| id.as_bytes()[0];
    (cases.into_iter().map(|case| number(case.id)).collect(), next.map(number))
}

/// Three about a refund, one about an account, one about an endpoint; the second is closed.
async fn five(store: &Store) {
    world(store).await;
    add_endpoint(store, ENDPOINT).await;
    queued(store, "order-1", "4.00", 1).await;
    let of_refund = || CaseSubject::Refund(rf(1));
    let quarantined = CaseSubject::Notification { account: account("flex"), body_hash: [7; 16] };
    let endpoint = CaseSubject::Endpoint(EndpointId::from_bytes(id(6, 1)));
    for (n, kind, subject) in [
        (1, CaseKind::Unresolved, of_refund()),
        (2, CaseKind::Overdue, of_refund()),
        (3, CaseKind::Reversed, of_refund()),
        (4, CaseKind::Quarantined, quarantined),
        (5, CaseKind::EndpointDisabled, endpoint),
    ] {
        store.run(OpenCase(case(n, kind, subject))).await.unwrap();
    }
    let (author, reason) = ("Ada".to_owned(), "seen".to_owned());
    let close = CloseCase {
        merchant: MERCHANT,
        case: CaseId::from_bytes([2; 16]),
        author,
        reason,
        blocked: Blocked::Released,
        now: at(9),
    };
    store.run(close).await.unwrap();
}

#[tokio::test]
async fn cases_are_listed_by_what_is_known_of_them() {
    TestStores::each(async |store| {
        five(&store).await;
        for (list, expected) in [
            (all(), vec![5, 4, 3, 2, 1]),
            (ListCases { open: Some(true), ..all() }, vec![5, 4, 3, 1]),
            (ListCases { open: Some(false), ..all() }, vec![2]),
            (ListCases { kind: Some(CaseKind::Reversed), ..all() }, vec![3]),
            (ListCases { kind: Some(CaseKind::Overdue), open: Some(true), ..all() }, vec![]),
            (ListCases { environment: Environment::Live, ..all() }, vec![]),
            (ListCases { merchant: STRANGER, ..all() }, vec![]),
        ] {
            assert_eq!(numbers(&store, list).await, (expected, None), "{list:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_meet_and_only_so_many_are_looked_at() {
    TestStores::each(async |store| {
        five(&store).await;
        let page = |before: u8, limit| ListCases { before: CaseId::from_bytes([before; 16]), limit, ..all() };
        assert_eq!(numbers(&store, page(255, 2)).await, (vec![5, 4], Some(4)));
        assert_eq!(numbers(&store, page(4, 3)).await, (vec![3, 2, 1], None));
        let closed = ListCases { open: Some(false), looked_at_max: 2, ..all() };
        assert_eq!(numbers(&store, closed).await, (vec![], Some(4)), "it goes on behind them");
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_one_environment_and_names_nothing_of_the_other() {
    TestStores::each(async |store| {
        five(&store).await;
        for n in [2_u8, 5] {
            let update = "UPDATE cases SET environment = 'live' WHERE case_id = $1";
            sql(&store, update, vec![bytes(&[n; 16])]).await;
        }
        let one = |before: u8| ListCases {
            before: CaseId::from_bytes([before; 16]),
            open: Some(false),
            looked_at_max: 1,
            ..all()
        };
        for (before, next) in [(255, Some(4)), (4, Some(3)), (3, Some(1)), (1, None)] {
            assert_eq!(numbers(&store, one(before)).await, (vec![], next), "before {before}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_case_is_found_in_its_own_environment() {
    TestStores::each(async |store| {
        five(&store).await;
        let find = |n: u8, environment, merchant| FindCaseIn {
            merchant,
            environment,
            case: CaseId::from_bytes([n; 16]),
        };
        for n in 1..=5 {
            let found = store.read(find(n, Environment::Sandbox, MERCHANT)).await.unwrap().unwrap();
            assert_eq!(found.id, CaseId::from_bytes([n; 16]));
            assert_eq!(store.read(find(n, Environment::Live, MERCHANT)).await, Ok(None));
            assert_eq!(store.read(find(n, Environment::Sandbox, STRANGER)).await, Ok(None));
        }
    })
    .await;
}

#[tokio::test]
async fn open_cases_are_counted_by_kind_up_to_a_limit() {
    TestStores::each(async |store| {
        five(&store).await;
        let count = |merchant, environment| CountOpenCases { merchant, environment };
        let one = |kind| OpenCases { kind, count: 1, are_more: false };
        let expected =
            [CaseKind::Unresolved, CaseKind::Reversed, CaseKind::Quarantined, CaseKind::EndpointDisabled]
                .map(one);
        let found = store.read(count(MERCHANT, Environment::Sandbox)).await.unwrap();
        assert_eq!(found, expected, "the second is closed");
        for (merchant, environment) in [(STRANGER, Environment::Sandbox), (MERCHANT, Environment::Live)] {
            assert_eq!(store.read(count(merchant, environment)).await.unwrap(), []);
        }
        for n in 0..OPEN_CASES_COUNTED_MAX {
            let body_hash = [u8::try_from(n + 10).unwrap(); 16];
            let subject = CaseSubject::Notification { account: account("flex"), body_hash };
            let new = case(u8::try_from(n + 10).unwrap(), CaseKind::Quarantined, subject);
            store.run(OpenCase(new)).await.unwrap();
        }
        let found = store.read(count(MERCHANT, Environment::Sandbox)).await.unwrap();
        let quarantined =
            OpenCases { kind: CaseKind::Quarantined, count: OPEN_CASES_COUNTED_MAX, are_more: true };
        assert!(found.contains(&quarantined), "{found:?}");
    })
    .await;
}
