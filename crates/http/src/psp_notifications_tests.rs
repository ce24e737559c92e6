use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redress_core::decimal::Decimal;
use redress_core::id::{AccountId, KeyId};
use redress_core::policy::{Ask, AskedAmount};
use redress_engine::accept::RefundRequest;
use redress_engine::lookup::RefundBy;
use serde_json::json;

use crate::limits::BODY_BYTES_MAX;
use crate::router::{Auth, routes};
use crate::testing::{Answer, Harness, TestPayment};

async fn post(harness: &Harness, path: &str, body: impl Into<Body>) -> Answer {
    harness.send(Request::post(path).body(body.into()).unwrap()).await
}

/// How a new refund of 1 SAR stands after a while.
async fn refunded(harness: &Harness, span: Duration) -> String {
    let amount = AskedAmount::Exactly(Decimal::from_text("1").unwrap());
    let request = RefundRequest {
        merchant: harness.merchant.id,
        order_ref: "ORDER".into(),
        ask: Ask::of(amount),
        reason: String::new(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        asked_by: KeyId::from_bytes([7; 16]).into(),
        idempotency_key: None,
    };
    harness.engine.make_refund(request).await.unwrap();
    harness.pass(span).await;
    let by = RefundBy::Ordinal("ORDER".into(), 1);
    let (refund, _) = harness.engine.refund(harness.merchant.id, None, by).await.unwrap().unwrap();
    refund.state.name().as_str().to_owned()
}

#[tokio::test]
async fn a_psps_word_ends_a_refund_before_anybody_asks() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("ORDER", 10_000)).await;
    let span = Duration::from_secs(3);
    assert!(span < harness.engine.config().timing.poll.first, "nobody asks so early");
    assert_eq!(refunded(&harness, span).await, "succeeded");
}

#[tokio::test]
async fn whoever_proves_nothing_is_told_nothing() {
    let harness = Harness::new().await;
    let (tap, momo) = (harness.merchant.tap, harness.merchant.momo);
    let notice = json!({"id": "re_TS1", "object": "refund", "status": "REFUNDED"}).to_string();
    let charge = json!({"id": "chg_TS1", "object": "charge", "status": "CAPTURED"}).to_string();
    let before = redress_store::testing::dump_all(&harness.store).await;
    for (path, body, statuses) in [
        (format!("/psp/tap/{tap}"), notice.as_str(), &[400, 401][..]),
        (format!("/psp/tap/{tap}"), &charge, &[200, 400, 401]),
        (format!("/psp/tap/{tap}"), "not JSON", &[400, 401]),
        (format!("/psp/tap/{tap}"), "", &[400, 401]),
        (format!("/psp/tap/{momo}"), &notice, &[404]),
        (format!("/psp/momo/{tap}"), &notice, &[404]),
        (format!("/psp/unknown/{tap}"), &notice, &[404]),
        (format!("/psp/tap/{}", AccountId::from_bytes([9; 16])), &notice, &[404]),
        ("/psp/tap/acc_x".into(), &notice, &[404]),
        ("/psp/tap/%FF".into(), &notice, &[404]),
        ("/psp/%00/x".into(), &notice, &[404]),
    ] {
        let answer = post(&harness, &path, body.to_owned()).await;
        assert!(statuses.contains(&answer.status.as_u16()), "{path} {body}: {answer:?}");
        assert_eq!(answer.text(), "", "{path}");
    }
    let long = post(&harness, &format!("/psp/tap/{tap}"), " ".repeat(BODY_BYTES_MAX + 1)).await;
    assert_eq!(long.status, 413);
    assert_eq!(redress_store::testing::dump_all(&harness.store).await, before);
}

#[tokio::test]
async fn what_cannot_be_kept_now_is_to_be_sent_again() {
    let harness = Harness::new().await;
    redress_store::testing::batch(&harness.store, "ALTER TABLE psp_accounts RENAME TO elsewhere").await;
    let answer = post(&harness, &format!("/psp/tap/{}", harness.merchant.tap), "{}").await;
    assert!(answer.status.is_server_error());
    assert!(!answer.text().contains("psp_accounts"), "{answer:?}");
}

#[test]
fn no_other_route_is_a_psps() {
    let paths: Vec<&str> =
        routes().iter().map(|route| route.path).filter(|path| path.starts_with("/psp")).collect();
    assert_eq!(paths, ["/psp/{psp}/{account_id}"]);
    assert!(routes().iter().any(|route| route.path == paths[0] && route.auth == Auth::InMessage));
}

#[test]
fn any_body_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let harness = runtime.block_on(Harness::new());
    let (tap, momo) = (harness.merchant.tap, harness.merchant.momo);
    let nearly = "\\{(\"(id|object|status|hashstring|signature|orderId|amount|currency)\":(\"[A-Za-z_0-9.]{0,9}\"|[0-9.]{1,5}|null),?){0,6}\\}"
        .prop_map(String::into_bytes);
    let body = prop_oneof![nearly, proptest::collection::vec(any::<u8>(), 0..100)];
    TestRunner::default()
        .run(&(any::<bool>(), body), |(is_tap, body)| {
            let path = if is_tap { format!("/psp/tap/{tap}") } else { format!("/psp/momo/{momo}") };
            let answer = runtime.block_on(post(&harness, &path, body));
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
            Ok(())
        })
        .unwrap();
}
