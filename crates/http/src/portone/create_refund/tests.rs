use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use redress_engine::config::EngineConfig;
use redress_store::testing::FaultOnce;
use redress_store::{Done, Fault, Faults, Operation, StoreError, Tx};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::portone::tests::{assert_error, full, list, partial, refund};
use crate::testing::{Answer, Harness, TestPayment, settle_down};

const INVALID: (u16, &str, &str) = (400, "4001", "INVALID_REQUEST");

async fn with_momo(minor: i64) -> (Harness, TestPayment) {
    let harness = Harness::new().await;
    let payment = TestPayment::momo("o1", minor);
    harness.payment(payment.clone()).await;
    (harness, payment)
}

async fn make(harness: &Harness, body: &str) -> Answer {
    harness.send(refund(&harness.merchant, "o1", body)).await
}

async fn make_keyed(harness: &Harness, key: &str, body: &str) -> Answer {
    let mut request = refund(&harness.merchant, "o1", body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    harness.send(request).await
}

async fn listed(harness: &Harness) -> Value {
    harness.send(list(&harness.merchant, "o1")).await.json()
}

fn statuses(answer: &Value) -> Vec<&str> {
    let refunds = answer["refundDetails"].as_array().unwrap().iter();
    refunds.map(|refund| refund["refund_status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_guides_two_refunds_are_shown_as_the_guide_shows_them() {
    // https://docs.portone.cloud/docs/refund: 200000 and 700000 of 1000000 leave 100000.
    let (harness, _) = with_momo(1_000_000).await;
    let first = make(&harness, &partial("200000")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.json()["amountToRefund"], 800_000);
    harness.clock.advance(Duration::from_micros(1_500_001));
    let second = make(&harness, &partial("700000")).await;
    assert_eq!(second.status, StatusCode::OK);
    let ids: Vec<String> = ["refund_id", "psp_refund_id"]
        .iter()
        .flat_map(|id| (0..2).map(|at| second.json()["refundDetails"][at][*id].as_str().unwrap().to_owned()))
        .collect();
    assert!(ids.iter().all(|id| !id.is_empty()) && ids[0].len() == 22 && ids[0] != ids[1], "{ids:?}");
    let detail = |at: usize, date: &str, amount: u32| {
        let (refund_id, psp_refund_id) = (&ids[at], &ids[2 + at]);
        format!(
            r#"{{"refund_date":"{date}","refund_id":"{refund_id}","psp_refund_id":"{psp_refund_id}","amount":{amount},"currency":"VND","refund_status":"SUCCESS","refund_type":"partial","refund_reason":"customer request","merchant_id":"{}"}}"#,
            harness.merchant.code
        )
    };
    let expected = format!(
        r#"{{"amountToRefund":100000,"refundDetails":[{},{}]}}"#,
        detail(0, "2026-11-18T15:06:40.123456Z", 200_000),
        detail(1, "2026-11-18T15:06:41.623457Z", 700_000)
    );
    assert_eq!(second.text(), expected);
    assert_eq!(harness.send(list(&harness.merchant, "o1")).await.text(), expected);
}

#[tokio::test]
async fn full_is_what_is_left_whatever_the_amount_says() {
    for amount in ["0", "\"x\"", "-3.7", "null", "999999999999"] {
        let (harness, _) = with_momo(1_000_000).await;
        make(&harness, &partial("1.0E5")).await;
        let body = full().replace("\"amount\":0", &format!("\"amount\":{amount}"));
        let answer = make(&harness, &body).await.json();
        let last = &answer["refundDetails"][1];
        assert_eq!(
            (&answer["amountToRefund"], &last["amount"], &last["refund_type"]),
            (&json!(0), &json!(900_000), &json!("full"))
        );
    }
    let (harness, _) = with_momo(1_000_000).await;
    let absent = full().replace("\"amount\":0,", "");
    assert_eq!(make(&harness, &absent).await.json()["refundDetails"][0]["amount"], 1_000_000);
    let again = make(&harness, &absent).await;
    assert_error(&again, 400, "4070", "INVALID_PAYMENT_REQUEST_REFUND_NOT_ALLOWED");
}

#[tokio::test]
async fn what_the_psp_has_not_ended_is_in_queue_and_reserved() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_050)).await;
    let body = partial("0.51").replace("MOMOPAY", "TAP");
    let answer = make(&harness, &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().starts_with(r#"{"amountToRefund":99.99,"#), "{}", answer.text());
    assert_eq!(statuses(&answer.json()), ["IN_QUEUE"]);
    harness.pass(Duration::from_secs(30)).await;
    assert_eq!(statuses(&listed(&harness).await), ["SUCCESS"]);
}

#[tokio::test]
async fn when_nobody_knows_the_answer_says_in_queue_in_time() {
    let (harness, payment) = with_momo(1_000_000).await;
    harness.script(&payment, &["timeout_after_effect"]).await;
    let asked_at = harness.engine.now();
    let answer = make(&harness, &partial("400000")).await;
    assert_eq!(harness.engine.now().since(asked_at), EngineConfig::default().face_wait);
    assert_eq!((answer.status, &answer.json()["amountToRefund"]), (StatusCode::OK, &json!(600_000)));
    assert_eq!(statuses(&answer.json()), ["IN_QUEUE"]);
    harness.pass(Duration::from_secs(120)).await;
    assert_eq!(statuses(&listed(&harness).await), ["SUCCESS"]);
}

#[tokio::test]
async fn a_refusal_of_the_psp_is_told_and_stays_listed() {
    let (harness, payment) = with_momo(1_000_000).await;
    harness.script(&payment, &["refuse"]).await;
    let answer = make(&harness, &partial("400000")).await;
    assert_error(&answer, 400, "4080", "PAYMENT_SERVICE_PROVIDER_ERROR");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    let why = message.strip_prefix("The refund failed at the payment provider: ");
    assert!(why.is_some_and(|why| !why.is_empty()), "{message}");
    let listed = listed(&harness).await;
    assert_eq!((statuses(&listed), &listed["amountToRefund"]), (vec!["FAILED"], &json!(1_000_000)));
}

#[tokio::test]
async fn a_caller_who_hangs_up_changes_nothing() {
    let (harness, payment) = with_momo(1_000_000).await;
    harness.script(&payment, &["slow:2000"]).await;
    let call = harness.router.clone().oneshot(refund(&harness.merchant, "o1", &partial("400000")));
    tokio::select! {
        biased;
        answer = call => panic!("the PSP is slow: {answer:?}"),
        () = settle_down() => {}
    }
    assert_eq!(statuses(&listed(&harness).await), ["IN_QUEUE"]);
    harness.pass(Duration::from_secs(3)).await;
    assert_eq!(statuses(&listed(&harness).await), ["SUCCESS"]);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let (harness, _) = with_momo(1_000_000).await;
    let mut good: Value = serde_json::from_str(&partial("400000")).unwrap();
    for field in ["amount", "channel", "description", "environment", "refund_type", "refund_reason"] {
        let mut body = good.clone();
        body[field] = Value::Null;
        let null = make(&harness, &body.to_string()).await;
        body.as_object_mut().unwrap().remove(field);
        let absent = make(&harness, &body.to_string()).await;
        for answer in [null, absent] {
            assert_error(&answer, INVALID.0, INVALID.1, INVALID.2);
            let message = format!("Invalid Request, err : {field} is a required field");
            assert_eq!(answer.json()["message"], message);
        }
    }
    let long = "x".repeat(1_001);
    for (field, wrong) in [
        ("amount", json!("400000")),
        ("amount", json!(true)),
        ("amount", json!([1])),
        ("amount", json!({})),
        ("amount", json!("9".repeat(80))),
        ("channel", json!(7)),
        ("description", json!(7)),
        ("description", json!(long)),
        ("description", json!("a\u{0}b")),
        ("environment", json!("Live")),
        ("environment", json!(1)),
        ("refund_type", json!("FULL")),
        ("refund_type", json!(["full"])),
        ("refund_reason", json!({})),
        ("refund_reason", json!(long)),
        ("refund_reason", json!("\u{0}")),
    ] {
        let mut body = good.clone();
        body[field] = wrong;
        let answer = make(&harness, &body.to_string()).await;
        assert_error(&answer, INVALID.0, INVALID.1, INVALID.2);
        assert!(answer.json()["message"].as_str().unwrap().contains(field), "{answer:?}");
    }
    for body in
        ["", "{", "null", "7", "[]", "{}x", "{\"amount\":1,\"amount\":2}", "\u{feff}{}", &"[".repeat(60_000)]
    {
        let answer = make(&harness, body).await;
        assert_error(&answer, INVALID.0, INVALID.1, INVALID.2);
    }
    assert_eq!(
        listed(&harness).await,
        json!({"amountToRefund": 1_000_000, "refundDetails": []}),
        "nothing changed"
    );
    // What clients also send.
    good["unknown"] = json!({"a": [1]});
    good["refund_reason"] = json!("");
    good["description"] = json!("é".repeat(1_000));
    let mut request = refund(&harness.merchant, "o1", &good.to_string());
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(harness.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_payment_refuses_with_the_code_that_fits() {
    let (harness, _) = with_momo(1_000_000).await;
    let not_allowed = "INVALID_PAYMENT_REQUEST_REFUND_NOT_ALLOWED";
    for (body, code, name) in [
        (partial("0"), "4041", "INVALID_AMOUNT"),
        (partial("-1"), "4041", "INVALID_AMOUNT"),
        (partial("5000.5"), "4041", "INVALID_AMOUNT"),
        (partial("1000001"), "4041", "INVALID_AMOUNT"),
        (partial("999"), "4041", "INVALID_AMOUNT"),
        (partial("1e300"), "4041", "INVALID_AMOUNT"),
        (partial(&"9".repeat(100)), "4041", "INVALID_AMOUNT"),
        (partial("9223372036854775808"), "4041", "INVALID_AMOUNT"),
        (partial("5000").replace("MOMOPAY", "momopay"), "4046", "INVALID_PAYMENT_CHANNEL_KEY"),
        (partial("5000").replace("MOMOPAY", ""), "4046", "INVALID_PAYMENT_CHANNEL_KEY"),
        (partial("5000").replace("sandbox", "live"), "4034", "INVALID_ENVIRONMENT"),
    ] {
        assert_error(&make(&harness, &body).await, 400, code, name);
    }
    assert_eq!(listed(&harness).await["refundDetails"], json!([]), "a refusal leaves nothing behind");
    assert_eq!(
        make(&harness, &partial("1000000.00")).await.status,
        StatusCode::OK,
        "excess zeros are no decimals"
    );
    assert_error(&make(&harness, &partial("5000")).await, 400, "4070", not_allowed);
    assert_error(&make(&harness, &full()).await, 400, "4070", not_allowed);
}

#[tokio::test]
async fn an_unknown_payment_is_told_after_what_is_wrong_with_the_request_itself() {
    let (harness, _) = with_momo(1_000_000).await;
    // Else a wrong request would tell whether a payment of another merchant exists.
    for body in
        [partial("-1"), partial("1e30"), full(), partial("5000").replace("sandbox", "live"), "{}".to_owned()]
    {
        let ask = async |order_ref: &str| {
            let answer = harness.send(refund(&harness.other, order_ref, &body)).await;
            (answer.status, answer.body)
        };
        assert_eq!(ask("o1").await, ask("o2").await, "{body}");
    }
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_the_same_refund() {
    let (harness, payment) = with_momo(1_000_000).await;
    let first = make_keyed(&harness, "k1", &partial("100000")).await;
    let second = make_keyed(&harness, "k1", &partial("100000")).await;
    assert_eq!((first.status, first.body), (second.status, second.body));
    let reused = make_keyed(&harness, "k1", &partial("100001")).await;
    assert_error(&reused, INVALID.0, INVALID.1, INVALID.2);
    assert_eq!(statuses(&make_keyed(&harness, "k2", &partial("100000")).await.json()).len(), 2);

    // As it is by then: refused the first time, so refused the second.
    harness.script(&payment, &["refuse"]).await;
    for _ in 0..2 {
        let answer = make_keyed(&harness, "k3", &partial("100000")).await;
        assert_error(&answer, 400, "4080", "PAYMENT_SERVICE_PROVIDER_ERROR");
    }
    // Also when nothing is left to refund any more.
    let last = make_keyed(&harness, "k4", &full()).await;
    let again = make_keyed(&harness, "k4", &full()).await;
    assert_eq!((last.status, &last.body), (StatusCode::OK, &again.body));
    assert_eq!(statuses(&listed(&harness).await), ["SUCCESS", "SUCCESS", "FAILED", "SUCCESS"]);
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_given_once() {
    let (harness, _) = with_momo(1_000_000).await;
    for key in ["", "a b", "caf\u{e9}", &"x".repeat(256)] {
        let mut request = refund(&harness.merchant, "o1", &partial("5000"));
        let value = http::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        request.headers_mut().insert("idempotency-key", value);
        assert_error(&harness.send(request).await, INVALID.0, INVALID.1, INVALID.2);
    }
    let mut request = refund(&harness.merchant, "o1", &partial("5000"));
    for key in ["a", "b"] {
        request.headers_mut().append("idempotency-key", key.parse().unwrap());
    }
    assert_error(&harness.send(request).await, INVALID.0, INVALID.1, INVALID.2);
    assert_eq!(make_keyed(&harness, &"x".repeat(255), &partial("5000")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_a_key_two_equal_requests_are_two_refunds() {
    let (harness, _) = with_momo(1_000_000).await;
    make(&harness, &partial("100000")).await;
    let answer = make(&harness, &partial("100000")).await.json();
    assert_eq!((statuses(&answer).len(), &answer["amountToRefund"]), (2, &json!(800_000)));
}

#[tokio::test]
async fn many_at_once_never_pass_what_was_captured() {
    let (harness, _) = with_momo(1_000_000).await;
    let calls =
        (0..50).map(|_| harness.router.clone().oneshot(refund(&harness.merchant, "o1", &partial("30000"))));
    let answers = async { join_all(calls).await };
    let answers = tokio::select! {
        biased;
        answers = answers => answers,
        () = async { loop { harness.pass(Duration::from_secs(1)).await } } => unreachable!("time does not end"),
    };
    let made = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == 200).count();
    let refused = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == 400).count();
    assert_eq!((made, refused), (33, 17));
    harness.pass(Duration::from_secs(60)).await;
    let listed = listed(&harness).await;
    assert_eq!((statuses(&listed), &listed["amountToRefund"]), (vec!["SUCCESS"; 33], &json!(10_000)));
}

/// Takes the refunds away, or brings them back: reading them fails in between.
struct Rename(&'static str);

impl Operation for Rename {
    type Out = ();
    const NAME: &'static str = "rename_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec(self.0, &[]).await?;
        Ok(Done::Commit(()))
    }
}

#[tokio::test]
async fn an_accepted_refund_is_a_success_even_when_it_cannot_be_read_any_more() {
    // An error would invite the caller to make a second one.
    let (harness, payment) = with_momo(1_000_000).await;
    harness.script(&payment, &["slow:2000"]).await;
    let away = harness.store.run(Rename("ALTER TABLE refunds RENAME TO refunds_away"));
    let body = partial("400000");
    let (answer, renamed) = tokio::join!(biased; make(&harness, &body), away);
    renamed.unwrap();
    assert_eq!((answer.status, &answer.json()["amountToRefund"]), (StatusCode::OK, &json!(600_000)));
    assert_eq!(statuses(&answer.json()), ["IN_QUEUE"]);
    harness.store.run(Rename("ALTER TABLE refunds_away RENAME TO refunds")).await.unwrap();
    harness.pass(Duration::from_secs(200)).await;
    let listed = listed(&harness).await;
    assert_eq!(statuses(&listed), ["SUCCESS"]);
    assert_eq!(listed["refundDetails"][0]["refund_id"], answer.json()["refundDetails"][0]["refund_id"]);
}

/// Refuses one kind of operation while it is on.
struct Refusing(AtomicBool, StoreError);

impl Faults for Refusing {
    fn next(&self, operation: &'static str) -> Fault {
        let refuse = operation == "accept_refund" && self.0.load(Ordering::SeqCst);
        if refuse { Fault::Refuse(self.1.clone()) } else { Fault::None }
    }
}

#[tokio::test]
async fn a_full_queue_is_a_503_that_says_when_to_come_back() {
    let faults = Arc::new(Refusing(AtomicBool::new(true), StoreError::Full));
    let harness = Harness::with_faults(Arc::<Refusing>::clone(&faults)).await;
    harness.payment(TestPayment::momo("o1", 1_000_000)).await;
    let answer = make(&harness, &partial("5000")).await;
    assert_error(&answer, 503, "4029", "REFUND_SYSTEM_ERROR");
    assert_eq!(answer.headers["retry-after"], "1");
    faults.0.store(false, Ordering::SeqCst);
    assert_eq!(make(&harness, &partial("5000")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refund_that_was_kept_without_our_hearing_of_it_is_answered_and_no_repeat_is_asked_for() {
    // PortOne has no key by which a repeat is known: it would be a second refund.
    let harness = Harness::with_faults(Arc::new(FaultOnce::new("accept_refund", Fault::LoseAnswer))).await;
    harness.payment(TestPayment::momo("o1", 1_000_000)).await;
    let body = partial("400000");
    let (answer, ()) = tokio::join!(make(&harness, &body), harness.pass(Duration::from_secs(5)));
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(statuses(&answer.json()), ["SUCCESS"]);
    assert_eq!(statuses(&listed(&harness).await), ["SUCCESS"]);
}

#[tokio::test]
async fn where_nobody_knows_whether_a_refund_was_kept_no_repeat_is_asked_for() {
    let lost = StoreError::Unavailable { reason: "gone".to_owned(), maybe_committed: true };
    let harness = Harness::with_faults(Arc::new(Refusing(AtomicBool::new(true), lost))).await;
    harness.payment(TestPayment::momo("o1", 1_000_000)).await;
    let answer = make(&harness, &partial("5000")).await;
    assert_error(&answer, 503, "4029", "REFUND_SYSTEM_ERROR");
    assert!(answer.headers.get("retry-after").is_none(), "{answer:?}");
    let told = "It is not known whether this was done, please look before you repeat the request";
    assert_eq!(answer.json()["message"], told);
}

#[tokio::test]
async fn a_fault_of_ours_shows_nothing_of_its_inside() {
    let inside = StoreError::Internal("table refunds is on fire".to_owned());
    let harness = Harness::with_faults(Arc::new(Refusing(AtomicBool::new(true), inside))).await;
    harness.payment(TestPayment::momo("o1", 1_000_000)).await;
    let answer = make(&harness, &partial("5000")).await;
    assert_error(&answer, 500, "4029", "REFUND_SYSTEM_ERROR");
    assert!(!answer.text().contains("fire"));
}

#[tokio::test]
async fn a_payment_that_the_psp_does_not_know_has_its_own_code() {
    let harness = Harness::new().await;
    harness.payment_of_which_the_psp_does_not_know(&TestPayment::momo("o1", 1_000_000)).await;
    let answer = make(&harness, &partial("400000")).await;
    assert_error(&answer, 400, "4003", "TRANSACTION_NOT_EXIST_ON_PSP");
    assert_eq!(statuses(&listed(&harness).await), ["FAILED"]);
}

#[tokio::test]
async fn a_disputed_payment_is_not_refunded_and_what_was_accepted_stays() {
    let (harness, _) = with_momo(1_000_000).await;
    assert_eq!(make(&harness, &partial("200000")).await.status, StatusCode::OK);
    let (merchant, sandbox) = (harness.merchant.id, redress_core::environment::Environment::Sandbox);
    let payment = harness.engine.payment_named(merchant, sandbox, "o1").await.unwrap().unwrap().id;
    let mark = async |disputed| {
        let by = redress_engine::admin::disputes::Sayer { name: "Ada".to_owned(), reason: None };
        harness.engine.mark_disputed(merchant, sandbox, payment, disputed, by).await.unwrap();
    };
    mark(true).await;
    let refused = make(&harness, &partial("100000")).await;
    assert_error(&refused, 400, "4070", "INVALID_PAYMENT_REQUEST_REFUND_NOT_ALLOWED");
    assert_eq!(statuses(&listed(&harness).await).len(), 1);
    mark(false).await;
    assert_eq!(make(&harness, &partial("100000")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_so_in_this_apis_shape() {
    let one = std::num::NonZeroU32::MIN;
    let rate = Some(redress_engine::rate::RateConfig { per_second: one, burst: one });
    let harness = Harness::with(EngineConfig { rate, ..Default::default() }).await;
    assert_error(&make(&harness, &partial("1000")).await, 400, "4096", "INVALID_REFERENCE");
    let refused = make(&harness, &partial("1000")).await;
    assert_error(&refused, 429, "4029", "REFUND_SYSTEM_ERROR");
    assert_eq!(refused.headers["retry-after"], "1");
}
