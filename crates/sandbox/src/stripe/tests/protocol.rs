//! Keys, parameters, errors and lists.

use super::*;

#[tokio::test]
async fn a_key_gives_the_first_answer_for_a_day() {
    let harness = scripted(&[]).await;
    let first = harness.sandbox.send(refund("RF-1", 1_000)).await;
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first = Got::of(first).await;
    harness.tick(DAY_MS - 1);
    let again = harness.sandbox.send(refund("RF-1", 1_000)).await;
    assert_eq!(again.headers().get("idempotent-replayed").unwrap(), "true");
    assert_eq!(Got::of(again).await, first);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    // The order of the parameters makes no difference, their values do.
    let turned = "metadata%5Bb%5D=%C3%A9&amount=1000&charge=ch_1&metadata%5Border%5D=RF-1";
    assert_eq!(harness.call(send("RF-1", turned)).await, first);
    for other in ["charge=ch_1&amount=1000", "charge=ch_1", "amount=x"] {
        let got = harness.call(send("RF-1", other)).await;
        assert_eq!(error(&got), (400, "idempotency_error".to_owned(), String::new()), "{other}");
    }
    // Then it is forgotten, also with other parameters.
    harness.tick(1);
    assert_eq!(harness.call(send("RF-1", "charge=ch_1&amount=2000")).await.json()["amount"], 2_000);
    assert_eq!(harness.call(send("RF-1", "charge=ch_1&amount=2000")).await.json()["amount"], 2_000);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-1 2000 succeeded"]);
}

#[tokio::test]
async fn refusals_are_given_again_and_invalid_requests_are_forgotten() {
    let harness = scripted(&[]).await;
    assert_eq!(error(&harness.call(refund("RF-1", 10_001)).await), invalid(400, ""));
    assert_eq!(harness.call(refund("RF-2", 10_000)).await.status, StatusCode::OK);
    let id = json!(format!("re_SB{}00000001", START_MS / 1_000));
    assert_eq!(get(&harness, &id).await.status, StatusCode::OK);
    assert_eq!(error(&harness.call(refund("RF-3", 1)).await), invalid(400, "charge_already_refunded"));
    // Of the first only the first answer is told.
    assert_eq!(error(&harness.call(refund("RF-1", 10_001)).await), invalid(400, ""));
    let bad = harness.call(send("RF-4", "charge=ch_1&amount=0")).await;
    assert_eq!(error(&bad), invalid(400, "parameter_invalid_integer"));
    let good = harness.call(send("RF-4", "payment_intent=pi_1&amount=10")).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);
}

#[tokio::test]
async fn without_a_key_every_request_is_one_of_its_own() {
    let harness = scripted(&[]).await;
    let headers = [("authorization", BEARER), ("content-type", "application/x-www-form-urlencoded")];
    for _ in 0..2 {
        let got = harness.call(post("/v1/refunds", &headers, "charge=ch_1&amount=1000")).await;
        assert_eq!(got.status, StatusCode::OK);
    }
    assert_eq!(harness.ledger().await, [" 1000 succeeded"; 2]);
}

#[tokio::test]
async fn a_payment_intent_has_a_charge() {
    let harness = scripted(&[]).await;
    let object = harness.call(send("RF-1", "payment_intent=pi_1&amount=5120")).await.json();
    assert_eq!((&object["charge"], &object["payment_intent"]), (&json!("ch_1"), &json!("pi_1")));
    assert_eq!((&object["amount"], &object["currency"]), (&json!(5_120), &json!("kwd")));
    // All that is left.
    assert_eq!(harness.call(send("RF-2", "payment_intent=pi_1")).await.json()["amount"], 4_880);
    assert_eq!(harness.ledger().await, ["RF-1 5120 succeeded", "RF-2 4880 succeeded"]);
}

#[tokio::test]
async fn sums_are_in_stripes_own_units() {
    let harness = scripted(&[]).await;
    for (payment, currency, minor, good, bad) in [
        ("ch_isk", "ISK", 50, "500", "550"),
        ("ch_ugx", "UGX", 50, "100", "1"),
        ("ch_mga", "MGA", 90_000, "7", "9000"),
        ("ch_kwd", "KWD", 9_000, "5120", "5124"),
    ] {
        harness.payment("stripe", payment, currency, minor).await;
        let got = harness.call(send(payment, &format!("charge={payment}&amount={good}"))).await;
        assert_eq!(got.json()["amount"].to_string(), good, "{}", got.text);
        let got =
            harness.call(send(&format!("{payment}-2"), &format!("charge={payment}&amount={bad}"))).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{currency} {}", got.text);
    }
    let expected =
        ["ch_isk 5 succeeded", "ch_ugx 1 succeeded", "ch_mga 700 succeeded", "ch_kwd 5120 succeeded"];
    assert_eq!(harness.ledger().await, expected);
}

#[tokio::test]
async fn payments_that_stripe_cannot_have_are_not_made_known() {
    let harness = Harness::new();
    for (payment, currency) in [("1", "USD"), ("chg_1", "USD"), ("re_1", "USD"), ("ch_1", "IQD")] {
        let body = json!({"psp": "stripe", "payment": payment, "currency": currency, "amount_minor": 1});
        assert_eq!(harness.control("payment", body).await.status, StatusCode::BAD_REQUEST, "{payment}");
    }
}

#[tokio::test]
async fn bad_requests_have_their_errors_and_no_effect() {
    let harness = scripted(&[]).await;
    let long = format!("charge=ch_1&metadata[{}]=x", "x".repeat(41));
    let many: String = (0..51).map(|n| format!("&metadata[{n}]=x")).collect();
    for (body, expected) in [
        ("", invalid(400, "parameter_missing")),
        ("amount=1", invalid(400, "parameter_missing")),
        ("charge=ch_1&payment_intent=pi_1", invalid(400, "parameters_exclusive")),
        ("charge=ch_none&amount=1", invalid(404, "resource_missing")),
        ("charge=pi_1&amount=1", invalid(404, "resource_missing")),
        ("payment_intent=ch_1&amount=1", invalid(404, "resource_missing")),
        ("charge=ch_1&amount=", invalid(400, "parameter_invalid_integer")),
        ("charge=ch_1&amount=1.5", invalid(400, "parameter_invalid_integer")),
        ("charge=ch_1&amount=%2B5", invalid(400, "parameter_invalid_integer")),
        ("charge=ch_1&amount=-1", invalid(400, "parameter_invalid_integer")),
        ("charge=ch_1&amount=99999999999999999999", invalid(400, "parameter_invalid_integer")),
        ("charge=ch_1&amount=10001", invalid(400, "")),
        ("charge=ch_1&currency=usd", invalid(400, "parameter_unknown")),
        ("charge=ch_1&metadata=x", invalid(400, "parameter_unknown")),
        ("charge=ch_1&reason=broken", invalid(400, "")),
        (&long, invalid(400, "")),
        (&format!("charge=ch_1{many}"), invalid(400, "")),
    ] {
        assert_eq!(error(&harness.call(send(&format!("k {body:.40}"), body)).await), expected, "{body}");
    }
    let json = [("authorization", BEARER), ("content-type", "application/json")];
    let got = harness.call(post("/v1/refunds", &json, r#"{"charge":"ch_1"}"#)).await;
    assert_eq!(error(&got), invalid(400, ""));
    let long_key = harness.call(refund(&"k".repeat(256), 1)).await;
    assert_eq!(error(&long_key), invalid(400, ""));
    assert_eq!(harness.ledger().await, [""; 0]);
    let good = harness.call(send("RF-1", "charge=ch_1&reason=duplicate&expand[]=charge")).await.json();
    assert_eq!((&good["reason"], &good["amount"]), (&json!("duplicate"), &json!(10_000)));
}

#[tokio::test]
async fn every_endpoint_wants_the_secret_key() {
    let harness = scripted(&[]).await;
    for bearer in [
        None,
        Some("sk_test_sandbox"),
        Some("Bearer "),
        Some("Bearer sk_test_other"),
        Some("Bearer pk_test_sandbox"),
    ] {
        for (method, path) in [("POST", "/v1/refunds"), ("GET", "/v1/refunds/re_1"), ("GET", "/v1/refunds")] {
            let mut request = Request::builder().method(method).uri(path);
            request = request.header("content-type", "application/x-www-form-urlencoded");
            if let Some(bearer) = bearer {
                request = request.header("authorization", bearer);
            }
            let got = harness.call(request.body(Body::from("charge=ch_1")).unwrap()).await;
            assert_eq!(error(&got), invalid(401, ""), "{method} {path} with {bearer:?}");
            assert!(!got.text.contains("sandbox\"") && !got.text.contains("sk_test_other"), "{}", got.text);
        }
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn the_list_is_filtered_paged_and_newest_first() {
    let harness = scripted(&[]).await;
    for number in 1..=12 {
        harness.call(refund(&format!("RF-{number}"), 1)).await;
    }
    harness.call(send("RF-13", "payment_intent=pi_1&amount=10&metadata[order]=RF-13")).await;
    assert_eq!(listed_keys(&harness, "?payment_intent=pi_1").await, ["RF-13"]);
    let all = listed_keys(&harness, "?limit=100").await;
    assert_eq!((all.len(), all[0].as_str(), all[12].as_str()), (13, "RF-13", "RF-1"));
    let first = harness.call(asking("?charge=ch_1")).await.json();
    assert_eq!((&first["object"], &first["has_more"]), (&json!("list"), &json!(true)));
    let rows = first["data"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["metadata"]["order"]), (10, &json!("RF-12")));
    let rest = format!("?charge=ch_1&limit=2&starting_after={}", rows[9]["id"].as_str().unwrap());
    assert_eq!(listed_keys(&harness, &rest).await, ["RF-2", "RF-1"]);
    assert_eq!(harness.call(asking(&rest)).await.json()["has_more"], false);
    for (query, expected) in [
        ("?limit=0", invalid(400, "parameter_invalid_integer")),
        ("?limit=101", invalid(400, "parameter_invalid_integer")),
        ("?charges=ch_1", invalid(400, "parameter_unknown")),
        ("?charge=ch_none", invalid(404, "resource_missing")),
        ("?starting_after=re_none", invalid(400, "resource_missing")),
    ] {
        assert_eq!(error(&harness.call(asking(query)).await), expected, "{query}");
    }
}
