use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::money::Currency;

use super::*;
use crate::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use crate::ops::fixtures::{MERCHANT, STRANGER, Sql, account, at, audit, id, queued, rf, sql, text, world};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

/// The n-th payment as told, of 20.00 SAR, 2.00 of them given back before.
fn told(n: u32) -> NewPayment {
    NewPayment {
        id: PaymentId::from_bytes(id(0x55, n)),
        environment: Environment::Sandbox,
        order_ref: format!("new-{n}"),
        merchant_order_ref: Some("theirs".to_owned()),
        account: account("flex"),
        psp_payment_id: format!("at-psp-{n}"),
        captured: Amount::new(2000, Currency::from_code("SAR").unwrap()),
        refunded_before: 200,
        captured_at: at(1),
        channel: Some("CARD".to_owned()),
        payment_method: None,
        customer_ref: None,
        notification_url: Some("https://merchant.test/".to_owned()),
    }
}

fn capture(minor: i64) -> NewPayment {
    NewPayment { captured: Amount::new(minor, told(1).captured.currency()), ..told(1) }
}

async fn upsert(store: &Store, rows: Vec<NewPayment>) -> Vec<Upserted> {
    store.run(UpsertPayments { merchant: MERCHANT, rows, now: at(9) }).await.unwrap()
}

#[tokio::test]
async fn the_tables_themselves_refuse_more_than_was_captured() {
    TestStores::each(|store| async move {
        world(&store).await;
        upsert(&store, vec![told(1)]).await;
        let before = dump_all(&store).await;
        for (statement, rule) in [
            ("UPDATE payments SET reserved = 1801 WHERE order_ref = 'new-1'", "payments_never_over_captured"),
            ("UPDATE payments SET refunded = 2001 WHERE order_ref = 'new-1'", "payments_never_over_captured"),
            ("UPDATE payments SET blocked = 1801 WHERE order_ref = 'new-1'", "payments_never_over_captured"),
            ("UPDATE payments SET captured = 199 WHERE order_ref = 'new-1'", "payments_never_over_captured"),
        ] {
            let refused = store.run(Sql(statement, Vec::new())).await.unwrap_err();
            assert!(refused.is_conflict_with(rule), "{statement}: {refused}");
        }
        for statement in [
            "UPDATE payments SET reserved = -1 WHERE order_ref = 'new-1'",
            "UPDATE payments SET refunded = 199 WHERE order_ref = 'new-1'",
        ] {
            let refused = store.run(Sql(statement, Vec::new())).await.unwrap_err();
            assert!(matches!(refused, StoreError::Conflict(_)), "{statement}: {refused}");
        }
        assert_eq!(dump_all(&store).await, before);
        // All of it may be used, and no more.
        sql(&store, "UPDATE payments SET reserved = 1800 WHERE order_ref = 'new-1'", Vec::new()).await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_taken_in_and_the_same_again_changes_nothing() {
    TestStores::each(|store| async move {
        world(&store).await;
        let batch = || UpsertPayments { merchant: MERCHANT, rows: vec![told(1), told(2)], now: at(9) };
        let (made, _) = fail_every_statement(&store, batch).await;
        assert_eq!(made, Ok(vec![Upserted::Created(told(1).id), Upserted::Created(told(2).id)]));
        let before = dump_all(&store).await;
        let again = NewPayment { id: PaymentId::from_bytes([9; 16]), ..told(1) };
        assert_eq!(upsert(&store, vec![again]).await, [Upserted::Unchanged(told(1).id)]);
        assert_eq!(dump_all(&store).await, before);

        let find = FindPayment { merchant: MERCHANT, order_ref: "new-1".to_owned() };
        let found = store.read(find).await.unwrap().unwrap();
        let balance = Balance { captured: 2000, refunded: 200, reserved: 0, blocked: 0 };
        assert_eq!((found.balance, found.refunded_before), (balance, 200));
        assert_eq!((found.refund_count, found.transaction_count), (0, 1));
        assert_eq!(differing_field(&found, &told(1)), None, "every field is kept");
        assert_eq!((found.created_at, found.updated_at), (at(9), at(9)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn other_content_is_a_conflict_that_names_the_field() {
    TestStores::each(|store| async move {
        world(&store).await;
        upsert(&store, vec![told(1), told(2)]).await;
        let before = dump_all(&store).await;
        let some = || Some("other".to_owned());
        let vnd = Amount::new(2000, Currency::from_code("VND").unwrap());
        let others = [
            ("environment", NewPayment { environment: Environment::Live, ..told(1) }),
            ("psp_account", NewPayment { account: account("once"), ..told(1) }),
            ("psp_payment_id", NewPayment { psp_payment_id: "other".to_owned(), ..told(1) }),
            ("merchant_order_ref", NewPayment { merchant_order_ref: None, ..told(1) }),
            ("currency", NewPayment { captured: vnd, ..told(1) }),
            ("refunded_before", NewPayment { refunded_before: 0, ..told(1) }),
            ("captured_at", NewPayment { captured_at: at(2), ..told(1) }),
            ("channel", NewPayment { channel: some(), ..told(1) }),
            ("payment_method", NewPayment { payment_method: some(), ..told(1) }),
            ("customer_ref", NewPayment { customer_ref: some(), ..told(1) }),
            ("notification_url", NewPayment { notification_url: None, ..told(1) }),
            // New references for what the PSP knows as another payment.
            ("psp_payment_id", NewPayment { psp_payment_id: "at-psp-2".to_owned(), ..told(3) }),
        ];
        for (field, other) in others {
            assert_eq!(upsert(&store, vec![other]).await, [Upserted::Conflict { field }]);
        }
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_by_itself_leaves_the_rest_of_its_batch_alone() {
    TestStores::each(|store| async move {
        world(&store).await;
        let rows = vec![
            NewPayment { refunded_before: -1, ..told(1) },
            NewPayment { refunded_before: 2001, ..told(1) },
            NewPayment { refunded_before: 0, ..capture(0) },
            NewPayment { environment: Environment::Live, ..told(1) },
            NewPayment { account: AccountId::from_bytes([9; 16]), ..told(1) },
            told(2),
            told(2),
        ];
        let out = upsert(&store, rows).await;
        let invalid = |field| Upserted::Invalid { field };
        let refused = [
            invalid("refunded_before"),
            invalid("refunded_before"),
            invalid("amount"),
            invalid("environment"),
        ];
        assert_eq!(out[..4], refused);
        let id = told(2).id;
        assert_eq!(out[4..], [Upserted::NoAccount, Upserted::Created(id), Upserted::Unchanged(id)]);

        // Another merchant's account is none.
        let theirs = UpsertPayments { merchant: STRANGER, rows: vec![told(3)], now: at(9) };
        assert_eq!(store.run(theirs).await, Ok(vec![Upserted::NoAccount]));
        let too_many = vec![told(1); UPSERT_PAYMENTS_MAX + 1];
        let too_many = UpsertPayments { merchant: MERCHANT, rows: too_many, now: at(9) };
        assert!(store.run(too_many).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_captured_sum_moves_but_never_below_what_is_used() {
    TestStores::each(|store| async move {
        world(&store).await;
        upsert(&store, vec![told(1)]).await;
        queued(&store, "new-1", "5.00", 1).await;
        let foreign = NewCaseRow {
            merchant: MERCHANT,
            id: CaseId::from_bytes([1; 16]),
            kind: CaseKind::LateSuccess,
            subject: CaseSubject::Refund(rf(1)),
            payment: Some(told(1).id),
            text: String::new(),
            block_minor: 100,
            now: at(9),
        };
        store.run(OpenCase(foreign)).await.unwrap();
        // Used: 200 given back before, 500 reserved, 100 blocked.
        let id = told(1).id;
        let raise = || UpsertPayments { merchant: MERCHANT, rows: vec![capture(3000)], now: at(30) };
        let (raised, _) = fail_every_statement(&store, raise).await;
        assert_eq!(raised, Ok(vec![Upserted::Recaptured(id)]));
        let load = LoadPayment { merchant: MERCHANT, payment: id };
        let found = store.read(load).await.unwrap().unwrap();
        assert_eq!((found.balance.captured, found.updated_at), (3000, at(30)));

        assert_eq!(upsert(&store, vec![capture(799)]).await, [Upserted::Conflict { field: "amount" }]);
        assert_eq!(upsert(&store, vec![capture(800)]).await, [Upserted::Recaptured(id)]);
        let found = store.read(load).await.unwrap().unwrap();
        assert_eq!(found.balance.remaining(), 0);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn payments_are_found_and_listed_within_their_merchant() {
    TestStores::each(|store| async move {
        world(&store).await;
        let same = |n| NewPayment { merchant_order_ref: Some("same".to_owned()), ..told(n) };
        upsert(&store, vec![same(1), same(2), told(3)]).await;
        let find = |merchant, text: &str| FindPayment { merchant, order_ref: text.to_owned() };
        assert!(store.read(find(MERCHANT, "new-1")).await.unwrap().is_some());
        assert!(store.read(find(STRANGER, "new-1")).await.unwrap().is_none());
        let load = |merchant| LoadPayment { merchant, payment: told(1).id };
        assert!(store.read(load(MERCHANT)).await.unwrap().is_some());
        assert!(store.read(load(STRANGER)).await.unwrap().is_none());
        let newest =
            |merchant| NewestPaymentByMerchantOrderRef { merchant, merchant_order_ref: "same".to_owned() };
        let found = store.read(newest(MERCHANT)).await.unwrap().unwrap();
        assert_eq!(found.order_ref, "new-2");
        // Of whichever environment.
        for moved in ["new-1", "new-2"] {
            let to_live = "UPDATE payments SET environment = 'live' WHERE order_ref = $1";
            sql(&store, to_live, vec![text(moved)]).await;
            let found = store.read(newest(MERCHANT)).await.unwrap().unwrap();
            assert_eq!(found.order_ref, "new-2", "{moved}");
        }
        sql(&store, "UPDATE payments SET environment = 'sandbox'", Vec::new()).await;
        assert!(store.read(newest(STRANGER)).await.unwrap().is_none());
        let at_psp = |merchant, psp| FindPaymentAtPsp {
            merchant,
            account: account(psp),
            psp_payment_id: "at-psp-3".to_owned(),
        };
        let found = store.read(at_psp(MERCHANT, "flex")).await.unwrap().unwrap();
        assert_eq!(found.order_ref, "new-3");
        assert!(store.read(at_psp(MERCHANT, "once")).await.unwrap().is_none());
        assert!(store.read(at_psp(STRANGER, "flex")).await.unwrap().is_none());

        let list = async |merchant, environment, before, limit| {
            let page = ListPayments { merchant, environment, before, limit };
            let found = store.read(page).await.unwrap();
            found.into_iter().map(|payment| payment.order_ref).collect::<Vec<_>>()
        };
        let sandbox = Some(Environment::Sandbox);
        assert_eq!(list(MERCHANT, None, None, 2).await, ["new-3", "new-2"]);
        assert_eq!(list(MERCHANT, None, Some(told(2).id), 2).await, ["new-1", "order-1"]);
        assert_eq!(list(MERCHANT, sandbox, Some(told(2).id), 1).await, ["new-1"]);
        assert_eq!(list(MERCHANT, Some(Environment::Live), None, 9).await, [""; 0]);
        assert_eq!(list(STRANGER, None, None, 9).await, [""; 0]);
    })
    .await;
}
