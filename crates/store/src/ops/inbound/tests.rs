use redress_core::case::CaseKind;
use redress_core::id::CaseId;

use super::*;
use crate::ops::cases::CaseSubject;
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
            text: "made elsewhere".to_owned(),
            block_minor: 300,
            now: at(5),
        };
        let with_case = || RecordInbound { case: Some(case.clone()), ..told(1, 1, "flex") };
        let (recorded, statements) = fail_every_statement(&store, with_case).await;
        assert_eq!((recorded, statements), (Ok(InboundRecording::New), 8));
        assert_eq!(balance(&store).await, (0, 0, 300));
        assert_eq!(store.run(with_case()).await, Ok(InboundRecording::Repeat));
        assert_eq!(balance(&store).await, (0, 0, 300));
        audit(&store).await;
    })
    .await;
}
