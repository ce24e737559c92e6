use redress_core::case::CaseKind;
use redress_core::id::CaseId;

use super::*;
use crate::ops::cases::{Blocked, CaseSubject, CloseCase};
use crate::ops::fixtures::{MERCHANT, account, at, audit, balance, payment, sql, world};
use crate::testing::{TestStores, fail_every_statement};

fn told(id: u8, hash: u8, psp: &str) -> RecordInbound {
    RecordInbound {
        merchant: MERCHANT,
        account: account(psp),
        id: [id; 16],
        body_hash: [hash; 16],
        verdict: "another currency".to_owned(),
        body: "{}".to_owned(),
        case: None,
        now: at(5),
    }
}

#[tokio::test]
async fn a_notification_is_kept_once() {
    TestStores::each(|store| async move {
        world(&store).await;
        let (first, _) = fail_every_statement(&store, || told(1, 1, "flex")).await;
        assert_eq!(first, Ok(InboundRecording::New));
        assert_eq!(store.run(told(2, 1, "flex")).await, Ok(InboundRecording::Repeat));
        assert_eq!(store.run(told(3, 2, "flex")).await, Ok(InboundRecording::New));
        assert_eq!(store.run(told(4, 1, "once")).await, Ok(InboundRecording::New), "another account");
        assert_eq!(sql(&store, "SELECT 1 FROM inbound_notifications", Vec::new()).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_notification_is_put_before_a_person_whole_or_not_at_all() {
    TestStores::each(|store| async move {
        world(&store).await;
        let subject = CaseSubject::PspRefund { account: account("flex"), psp_refund_id: "theirs".to_owned() };
        let case = NewCaseRow {
            merchant: MERCHANT,
            id: CaseId::from_bytes([1; 16]),
            kind: CaseKind::ForeignRefund,
            subject,
            payment: Some(payment(1)),
            text: "theirs was made elsewhere".to_owned(),
            block_minor: 300,
            now: at(5),
        };
        let with_case = || RecordInbound { case: Some(case.clone()), ..told(1, 1, "flex") };
        let (recorded, statements) = fail_every_statement(&store, with_case).await;
        assert_eq!((recorded, statements), (Ok(InboundRecording::New), 11));
        assert_eq!(balance(&store).await, (0, 0, 300));
        assert_eq!(store.run(with_case()).await, Ok(InboundRecording::Repeat));
        assert_eq!(balance(&store).await, (0, 0, 300));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn each_variant_of_what_was_told_is_evidence_of_the_case_that_is_open() {
    TestStores::each(|store| async move {
        world(&store).await;
        let of = |refund: &str, id: u8, told_at: i64| NewCaseRow {
            merchant: MERCHANT,
            id: CaseId::from_bytes([id; 16]),
            kind: CaseKind::Quarantined,
            subject: CaseSubject::PspRefund { account: account("flex"), psp_refund_id: refund.to_owned() },
            payment: None,
            text: "not applied".to_owned(),
            block_minor: 0,
            now: at(told_at),
        };
        let tell = async |id: u8, verdict: &str, case: NewCaseRow| {
            let now = case.now;
            let (verdict, case) = (verdict.to_owned(), Some(case));
            let (recorded, statements) = fail_every_statement(&store, || RecordInbound {
                verdict: verdict.clone(),
                case: case.clone(),
                now,
                ..told(id, id, "flex")
            })
            .await;
            assert_eq!((recorded, statements), (Ok(InboundRecording::New), 3));
        };
        tell(1, "another sum", of("re_1", 1, 5)).await;
        tell(2, "another currency", of("re_1", 2, 7)).await;
        tell(3, "another merchant", of("re_1", 3, 6)).await;
        tell(4, "another sum", of("re_2", 4, 8)).await;
        let evidence = async |merchant: MerchantId, case: u8, limit: u32| {
            let case = CaseId::from_bytes([case; 16]);
            let found = store.read(InboundOfCase { merchant, case, limit }).await.unwrap();
            found.into_iter().map(|one| (one.received_at, one.verdict)).collect::<Vec<_>>()
        };
        let newest = (at(7), "another currency".to_owned());
        let all =
            vec![newest.clone(), (at(6), "another merchant".to_owned()), (at(5), "another sum".to_owned())];
        assert_eq!(evidence(MERCHANT, 1, 20).await, all, "the newest first");
        assert_eq!(evidence(MERCHANT, 1, 1).await, [newest], "bounded");
        assert!(evidence(MERCHANT, 2, 20).await.is_empty(), "no second case was opened");
        assert_eq!(evidence(MERCHANT, 4, 20).await, [(at(8), "another sum".to_owned())]);
        assert!(evidence(MerchantId::from_bytes([99; 16]), 1, 20).await.is_empty(), "another merchant's");

        // Once it is closed, what is told belongs to the next.
        let close = CloseCase {
            merchant: MERCHANT,
            case: CaseId::from_bytes([1; 16]),
            author: "Mai".to_owned(),
            reason: "looked at".to_owned(),
            blocked: Blocked::Released,
            now: at(9),
        };
        store.run(close).await.unwrap();
        tell(5, "another account", of("re_1", 5, 10)).await;
        assert_eq!(evidence(MERCHANT, 5, 20).await, [(at(10), "another account".to_owned())]);
        assert_eq!(evidence(MERCHANT, 1, 20).await, all, "it stays with the closed one");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn what_tells_of_money_that_a_person_has_booked_is_evidence_of_the_closed_case() {
    TestStores::each(|store| async move {
        world(&store).await;
        let of = |n: u8| NewCaseRow {
            merchant: MERCHANT,
            id: CaseId::from_bytes([n; 16]),
            kind: CaseKind::ForeignRefund,
            subject: CaseSubject::PspRefund { account: account("flex"), psp_refund_id: "re_1".to_owned() },
            payment: Some(payment(1)),
            text: "of re_1".to_owned(),
            block_minor: 300,
            now: at(5),
        };
        let tell = |n: u8| RecordInbound { case: Some(of(n)), ..told(n, n, "flex") };
        assert_eq!(store.run(tell(1)).await, Ok(InboundRecording::New));
        let close = CloseCase {
            merchant: MERCHANT,
            case: CaseId::from_bytes([1; 16]),
            author: "Mai".to_owned(),
            reason: "made in the dashboard".to_owned(),
            blocked: Blocked::Refunded,
            now: at(6),
        };
        store.run(close).await.unwrap();
        let (recorded, _) = fail_every_statement(&store, || tell(2)).await;
        assert_eq!(recorded, Ok(InboundRecording::Settled));
        assert_eq!(store.run(tell(2)).await, Ok(InboundRecording::Repeat));
        assert_eq!(balance(&store).await, (300, 0, 0));
        let case = CaseId::from_bytes([1; 16]);
        let evidence = store.read(InboundOfCase { merchant: MERCHANT, case, limit: 20 }).await.unwrap();
        assert_eq!(evidence.len(), 2);
        audit(&store).await;
    })
    .await;
}
