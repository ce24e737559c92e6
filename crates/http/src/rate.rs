//! The rate limit in front of every request of a proved caller, and the headers that tell of it: `RateLimit-Policy` and
//! `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), `Retry-After`. Whoever is not proved takes nothing from a key.

use axum::http::{HeaderName, HeaderValue, header};
use redress_core::id::KeyId;
use redress_engine::engine::Engine;
use redress_engine::rate::{Allowance, Turn};

use crate::current;
use crate::problem::Problem;

/// What a key may ask for: `"key";q=…;w=…`, so many requests in so many seconds.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is left of it: `"key";r=…;t=…`, so many requests now, all of them again after so many seconds.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Takes one request of what a key may ask for; the answer tells what is left.
pub(crate) fn take(engine: &Engine, key: KeyId) -> Result<(), Problem> {
    match engine.take_turn(key) {
        Turn::Unlimited => Ok(()),
        Turn::Taken(allowance) => {
            tell(allowance);
            Ok(())
        }
        Turn::Wait { allowance, retry_after } => {
            tell(allowance);
            let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
            add(header::RETRY_AFTER, &seconds.to_string());
            Err(Problem::TooMany)
        }
    }
}

fn tell(Allowance { burst, window_seconds, left }: Allowance) {
    add(RATE_LIMIT_POLICY, &format!("\"key\";q={burst};w={window_seconds}"));
    let used = u64::from(burst.saturating_sub(left));
    let full_in = (used * u64::from(window_seconds)).div_ceil(u64::from(burst.max(1)));
    add(RATE_LIMIT, &format!("\"key\";r={left};t={full_in}"));
}

fn add(name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        current::adds(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use redress_engine::config::EngineConfig;
    use redress_engine::rate::RateConfig;
    use serde_json::json;

    use crate::testing::{Answer, Harness};

    async fn limited() -> Harness {
        let of = |n| NonZeroU32::new(n).unwrap();
        let rate = Some(RateConfig { per_second: of(1), burst: of(2) });
        Harness::with(EngineConfig { rate, ..EngineConfig::default() }).await
    }

    async fn get(harness: &Harness, key: &str) -> Answer {
        let request = Request::get("/v1/connectors").header("authorization", format!("Bearer {key}"));
        harness.send(request.body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
        let harness = limited().await;
        let key = harness.merchant.api_key.clone();
        for left in ["\"key\";r=1;t=1", "\"key\";r=0;t=2"] {
            let answer = get(&harness, &key).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["ratelimit-policy"], "\"key\";q=2;w=2");
            assert_eq!(answer.headers["ratelimit"], left);
            assert!(!answer.headers.contains_key("retry-after"));
        }
        let refused = get(&harness, &key).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (429, &json!("rate_limited")));
        assert_eq!(refused.headers["retry-after"], "1");
        assert_eq!(refused.headers["ratelimit"], "\"key\";r=0;t=2");
        assert_eq!(get(&harness, &harness.other.api_key).await.status, 200, "another key");
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(get(&harness, &key).await.status, 200);
    }

    #[tokio::test]
    async fn whoever_is_not_proved_uses_nothing_up_and_learns_nothing() {
        let harness = limited().await;
        let key = harness.merchant.api_key.clone();
        for _ in 0..5 {
            let answer = get(&harness, &format!("{}x", &key[..key.len() - 1])).await;
            assert_eq!(answer.status, 401);
            assert!(!answer.headers.contains_key("ratelimit"));
        }
        assert_eq!(get(&harness, &key).await.headers["ratelimit"], "\"key\";r=1;t=1");
    }

    #[tokio::test]
    async fn every_description_says_what_is_answered_to_a_key_that_asks_too_often() {
        let harness = Harness::new().await;
        for description in ["/v1/openapi.json", "/docs/openapi/portone.json", "/docs/openapi/sgate.json"] {
            let request = Request::get(description).body(Body::empty()).unwrap();
            let document = harness.send(request).await.json();
            for (path, methods) in document["paths"].as_object().unwrap() {
                for (method, operation) in methods.as_object().unwrap() {
                    let headers = &operation["responses"]["429"]["headers"];
                    assert!(headers["Retry-After"].is_object(), "{description}: {method} {path}");
                }
            }
        }
    }

    #[tokio::test]
    async fn without_a_rate_nothing_is_told() {
        let harness = Harness::new().await;
        for _ in 0..20 {
            let answer = get(&harness, &harness.merchant.api_key).await;
            assert!(answer.status == 200 && !answer.headers.contains_key("ratelimit-policy"));
        }
    }
}
