use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::testing::Harness;

async fn get(authorization: &str) -> crate::testing::Answer {
    let request = Request::get("/v1/connectors").header("authorization", authorization);
    Harness::new().await.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn what_each_connector_can_do_is_told_to_whoever_has_a_key() {
    let harness = Harness::new().await;
    let key = format!("Bearer {}", harness.merchant.api_key);
    let request = Request::get("/v1/connectors").header("authorization", key).body(Body::empty()).unwrap();
    let answer = harness.send(request).await;
    assert_eq!(answer.status.as_u16(), 200);
    let told = answer.json();
    let all = told["connectors"].as_array().unwrap();
    let momo = all.iter().find(|one| one["name"] == "momo").unwrap();
    let method = &momo["methods"][0];
    assert_eq!((&method["name"], &method["proven_by"]), (&json!("MOMOPAY"), &json!("documents_only")));
    assert!(method["note"].as_str().unwrap().starts_with("path and signed text of the look-up"));
    assert_eq!(momo["methods"].as_array().unwrap().len(), 1);
    let stc_pay = all.iter().find(|one| one["name"] == "stcpay").unwrap();
    assert!(stc_pay["methods"][0]["note"].as_str().unwrap().starts_with("partial and several are inferred"));
    assert_eq!(momo["limits"], json!([{"currency": "VND", "min": 1_000, "max": 50_000_000}]));
    assert_eq!(
        (&momo["partial"], &momo["several"], &momo["window_seconds"]),
        (&json!(true), &json!(true), &json!(null))
    );
    let stripe = all.iter().find(|one| one["name"] == "stripe").unwrap();
    assert_eq!(
        (&stripe["currencies"], &stripe["currencies_excluded"]),
        (&json!(null), &json!(["CLF", "IQD", "LYD", "UYI", "UYW"]))
    );
    let tap = all.iter().find(|one| one["name"] == "tap").unwrap();
    assert!(
        tap["decimals"].as_array().unwrap().contains(&json!({"currency": "JOD", "decimals": 2, "step": 10}))
    );
    for one in all {
        for said in ["idempotency", "status_query", "notification"] {
            assert!(!one[said].as_str().unwrap().is_empty(), "{one}");
        }
        assert!(!one["methods"].as_array().unwrap().is_empty(), "{one}");
    }
    assert_eq!(get("").await.status.as_u16(), 401);
}
