//! MoMo's protocol, every step of a script, and what must never happen: two effects for one `requestId`.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::sign;
use crate::config::SandboxConfig;
use crate::reply::Fault;
use crate::testing::{Got, Harness, post};

const TRANS_ID: i64 = 2_820_086_739;
const CAPTURED: i64 = 1_000_000;

async fn harness() -> Harness {
    let harness = Harness::new();
    harness.payment("momo", "2820086739", "VND", CAPTURED).await;
    harness
}

async fn scripted(steps: &[&str]) -> Harness {
    let harness = harness().await;
    harness.script("momo", "2820086739", steps).await;
    harness
}

fn refund_body(order_id: &str, request_id: &str, amount: i64) -> Value {
    let account = &SandboxConfig::default().momo[0];
    let text = sign::refund_text(account, amount, "because", order_id, request_id, TRANS_ID);
    json!({
        "partnerCode": "MOMO", "orderId": order_id, "requestId": request_id, "amount": amount, "transId": TRANS_ID,
        "lang": "en", "description": "because", "signature": sign::signature(account, &text)
    })
}

fn send(path: &str, body: &Value) -> Request<Body> {
    post(path, &[("content-type", "application/json")], body.to_string())
}

/// A refund whose `requestId` is its `orderId`.
fn refund(id: &str, amount: i64) -> Request<Body> {
    send("/v2/gateway/api/refund", &refund_body(id, id, amount))
}

fn query(path: &str, order_id: &str, request_id: &str) -> Request<Body> {
    let account = &SandboxConfig::default().momo[0];
    let signature = sign::signature(account, &sign::query_text(account, order_id, request_id));
    let body = json!({
        "partnerCode": "MOMO", "orderId": order_id, "requestId": request_id, "lang": "en", "signature": signature
    });
    send(path, &body)
}

async fn ask(harness: &Harness, order_id: &str, request_id: &str) -> Value {
    harness.call(query("/v2/gateway/api/refund/query", order_id, request_id)).await.json()
}

fn code(got: &Got) -> (u16, i64) {
    (got.status.as_u16(), got.json()["resultCode"].as_i64().unwrap())
}

#[tokio::test]
async fn unscripted_a_refund_is_final_at_once_and_a_query_finds_it() {
    let harness = harness().await;
    let got = harness.call(refund("RF-1", 400_000)).await;
    assert_eq!(code(&got), (200, 0));
    let answer = got.json();
    assert_eq!(answer["orderId"], "RF-1");
    assert_eq!(answer["requestId"], "RF-1");
    assert_eq!(answer["amount"], 400_000);
    assert_eq!(answer["responseTime"], crate::testing::START_MS);
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);

    let found = ask(&harness, "RF-1", "Q-1").await;
    assert_eq!(found["resultCode"], 0);
    let row = &found["refundTrans"][0];
    assert_eq!(
        (&row["orderId"], &row["amount"], &row["resultCode"]),
        (&json!("RF-1"), &json!(400_000), &json!(0))
    );
    assert_eq!(row["transId"], answer["transId"]);

    let purchase = harness.call(query("/v2/gateway/api/query", "2820086739", "Q-2")).await.json();
    assert_eq!(purchase["amount"], CAPTURED);
    assert_eq!(purchase["refundTrans"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_query_for_what_is_not_there_is_42() {
    let harness = harness().await;
    let got = harness.call(query("/v2/gateway/api/refund/query", "RF-0", "Q-1")).await;
    assert_eq!(code(&got), (400, 42));
    assert_eq!(got.json()["refundTrans"], json!([]));
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_bytes_and_has_no_second_effect() {
    let harness = harness().await;
    let first = harness.call(refund("RF-1", 400_000)).await;
    harness.tick(5_000);
    assert_eq!(harness.call(refund("RF-1", 400_000)).await, first);
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn a_known_request_id_with_other_content_is_refused() {
    let harness = harness().await;
    harness.call(refund("RF-1", 400_000)).await;
    assert_eq!(code(&harness.call(refund("RF-1", 300_000)).await), (400, 40));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
    // Nor does a query of the same id get the refund's answer.
    assert_eq!(ask(&harness, "RF-1", "RF-1").await["resultCode"], 40);
}

#[tokio::test]
async fn a_known_order_id_under_another_request_id_is_41() {
    let harness = harness().await;
    harness.call(refund("RF-1", 400_000)).await;
    let again = send("/v2/gateway/api/refund", &refund_body("RF-1", "other", 400_000));
    assert_eq!(code(&harness.call(again).await), (400, 41));
    let purchase = send("/v2/gateway/api/refund", &refund_body("2820086739", "another", 400_000));
    assert_eq!(code(&harness.call(purchase).await), (400, 41));
    // Not a final code, so the same again is only a duplicate.
    let again = send("/v2/gateway/api/refund", &refund_body("RF-1", "other", 400_000));
    assert_eq!(code(&harness.call(again).await), (400, 40));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn a_query_under_a_used_request_id_gets_the_old_answer() {
    let harness = scripted(&["pend"]).await;
    harness.call(refund("RF-1", 400_000)).await;
    let before = ask(&harness, "RF-1", "Q-1").await;
    harness.finish("momo", "RF-1", "succeeded").await;
    assert_eq!(ask(&harness, "RF-1", "Q-1").await, before);
    assert_eq!(ask(&harness, "RF-1", "Q-2").await["refundTrans"][0]["resultCode"], 0);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&["pend", "refuse"]).await;
    harness.call(refund("RF-1", 600_000)).await;
    let got = harness.call(refund("RF-2", 400_001)).await;
    assert_eq!(code(&got), (200, 1081));
    // Final, so it stays so, although it would fit now. It took no step: the next submit does.
    harness.finish("momo", "RF-1", "failed").await;
    assert_eq!(harness.call(refund("RF-2", 400_001)).await, got);
    assert_eq!(code(&harness.call(refund("RF-3", 1_000_000)).await), (200, 1088));
    assert_eq!(code(&harness.call(refund("RF-4", 1_000_000)).await), (200, 0));
    assert_eq!(code(&harness.call(refund("RF-5", 1_000)).await), (200, 1081));
    assert_eq!(harness.ledger().await, ["RF-1 600000 failed", "RF-4 1000000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_codes_and_no_effect() {
    let harness = harness().await;
    let good = refund_body("RF-1", "RF-1", 400_000);
    for field in
        ["partnerCode", "orderId", "requestId", "amount", "transId", "lang", "description", "signature"]
    {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let got = harness.call(send("/v2/gateway/api/refund", &body)).await;
        assert_eq!(code(&got), (400, 20), "without {field}");
    }
    let long = "x".repeat(51);
    for (field, value, expected) in [
        ("amount", json!("400000"), 20),
        ("amount", json!(400_000.5), 20),
        ("transId", json!("2820086739"), 20),
        ("orderId", json!("-RF"), 20),
        ("orderId", json!("RF_"), 20),
        ("orderId", json!("RF 1"), 20),
        ("orderId", json!(long), 20),
        ("requestId", json!(""), 20),
        ("lang", json!("fr"), 20),
        ("partnerCode", json!("OTHER"), 11),
        ("amount", json!(400_001), 13),
        ("description", json!("other"), 13),
        ("signature", json!("00"), 13),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let got = harness.call(send("/v2/gateway/api/refund", &body)).await;
        assert_eq!(code(&got), (400, expected), "{field}={value}");
    }
    assert_eq!(code(&harness.call(send("/v2/gateway/api/refund", &json!([]))).await), (400, 20));
    assert_eq!(code(&harness.call(refund("small", 999)).await), (400, 22));
    assert_eq!(code(&harness.call(refund("large", 50_000_001)).await), (400, 22));
    assert_eq!(harness.ledger().await, [""; 0]);
    // None of it has used up the id of the good one.
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 0));
}

#[tokio::test]
async fn a_payment_that_momo_does_not_know_is_42() {
    let harness = Harness::new();
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (400, 42));
}

#[tokio::test]
async fn refuse() {
    let harness = scripted(&["refuse"]).await;
    let got = harness.call(refund("RF-1", 400_000)).await;
    assert_eq!(code(&got), (200, 1088));
    assert_eq!(harness.call(refund("RF-1", 400_000)).await, got);
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["refundTrans"][0]["resultCode"], 1088);
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(harness.finish("momo", "RF-1", "succeeded").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    assert_eq!(code(&harness.call(refund("RF-1", 300_000)).await), (200, 7002));
    assert_eq!(code(&harness.call(refund("RF-1", 300_000)).await), (400, 40));
    let second = harness.call(refund("RF-2", 300_000)).await.json();
    harness.advance(3_600_000).await;
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["refundTrans"][0]["resultCode"], 7002);
    assert_eq!(harness.ledger().await, ["RF-1 300000 pending", "RF-2 300000 pending"]);

    // By our key, and by MoMo's id.
    let trans_id = second["transId"].to_string();
    assert_eq!(harness.finish("momo", "RF-1", "succeeded").await.status, StatusCode::OK);
    assert_eq!(harness.finish("momo", &trans_id, "failed").await.status, StatusCode::OK);
    assert_eq!(ask(&harness, "RF-1", "Q-2").await["refundTrans"][0]["resultCode"], 0);
    assert_eq!(ask(&harness, "RF-2", "Q-3").await["refundTrans"][0]["resultCode"], 1080);
    assert_eq!(harness.ledger().await, ["RF-1 300000 succeeded", "RF-2 300000 failed"]);

    assert_eq!(harness.finish("momo", "RF-1", "succeeded").await.status, StatusCode::OK);
    assert_eq!(harness.finish("momo", "RF-1", "failed").await.status, StatusCode::CONFLICT);
    assert_eq!(harness.finish("momo", "RF-9", "failed").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn timeout_before_effect_leaves_nothing_and_the_same_request_may_come_again() {
    let harness = scripted(&["timeout_before_effect"]).await;
    harness.hang_up(refund("RF-1", 400_000));
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["resultCode"], 42);
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 0));
}

#[tokio::test]
async fn timeout_after_effect_gives_the_answer_to_the_repetition() {
    let harness = scripted(&["timeout_after_effect"]).await;
    harness.hang_up(refund("RF-1", 400_000));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["refundTrans"][0]["resultCode"], 0);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 0));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn a_caller_that_does_not_hang_up_is_let_go_at_last() {
    let harness = scripted(&["timeout_after_effect"]).await;
    let mut held = Box::pin(harness.sandbox.send(refund("RF-1", 400_000)));
    assert!(futures_util::poll!(&mut held).is_pending());
    harness.tick(120_000);
    let got = Got::of(held.await).await;
    assert_eq!(got.fault, Some(Fault::Timeout));
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(refund("RF-1", 400_000));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["resultCode"], 42);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (422, 7000));
    assert_eq!(harness.finish("momo", "RF-1", "failed").await.status, StatusCode::NOT_FOUND);

    harness.advance(1).await;
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
    let got = harness.call(refund("RF-1", 400_000)).await;
    assert_eq!(code(&got), (200, 0));
    let row = ask(&harness, "RF-1", "Q-2").await["refundTrans"][0].clone();
    assert_eq!(row["transId"], got.json()["transId"]);
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_does_not_happen() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(refund("RF-1", 400_000));
    assert_eq!(code(&harness.call(refund("RF-2", CAPTURED)).await), (200, 0));
    harness.advance(1_000).await;
    assert_eq!(harness.ledger().await, ["RF-2 1000000 succeeded"]);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 1081));
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["refundTrans"][0]["resultCode"], 1081);
}

#[tokio::test]
async fn error500_before_and_after_the_effect() {
    let harness = scripted(&["error500_before_effect", "error500_after_effect"]).await;
    assert_eq!(harness.call(refund("RF-1", 400_000)).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(ask(&harness, "RF-1", "Q-1").await["resultCode"], 42);
    assert_eq!(harness.call(refund("RF-1", 400_000)).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 0));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn reset_after_effect() {
    let harness = scripted(&["reset_after_effect"]).await;
    assert_eq!(harness.call(refund("RF-1", 400_000)).await.fault, Some(Fault::Reset));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
    assert_eq!(code(&harness.call(refund("RF-1", 400_000)).await), (200, 0));
}

#[tokio::test]
async fn garbage() {
    let harness = scripted(&["garbage"]).await;
    let got = harness.call(refund("RF-1", 400_000)).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(serde_json::from_str::<Value>(&got.text).is_err());
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded"]);
}

#[tokio::test]
async fn slow_answers_late_and_also_when_nobody_waits() {
    let harness = scripted(&["slow:2000", "slow:2000"]).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("RF-1", 400_000)));
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.tick(1_999);
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.tick(1);
    assert_eq!(code(&Got::of(slow.await).await), (200, 0));
    harness.hang_up(refund("RF-2", 400_000));
    assert_eq!(harness.ledger().await, ["RF-1 400000 succeeded", "RF-2 400000 succeeded"]);
}

#[tokio::test]
async fn a_script_is_used_up_step_by_step_and_only_by_submits() {
    let harness = scripted(&["succeed", "refuse"]).await;
    assert_eq!(code(&harness.call(refund("RF-1", 10_000)).await), (200, 0));
    ask(&harness, "RF-1", "Q-1").await;
    harness.call(refund("RF-1", 10_000)).await;
    assert_eq!(code(&harness.call(refund("RF-2", 10_000)).await), (200, 1088));
    assert_eq!(code(&harness.call(refund("RF-3", 10_000)).await), (200, 0));
}
