//! The Stripe connector against a program of others that plays Stripe, stripe-stateful-mock: one key is one refund.
//! `cargo xtask conformance` starts the mock and runs this; by itself nobody does.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use http::{Method, header};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Finding, Outcome};
use redress_core::time::Timestamp;
use redress_psp::account::AccountConfig;
use redress_psp::connector::{QueryAsk, SubmitAsk};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_psp::registry;
use redress_psp::session::Session;
use redress_psp::transport::{EXCHANGE_TIMEOUT, HttpRequest, Transport};

/// Where the mock is.
const MOCK_URL: &str = "REDRESS_STRIPE_MOCK_URL";

/// The mock takes any that begins like one of Stripe's.
const SECRET_KEY: &str = "sk_test_conformance";

/// The mock, asked directly.
struct Mock {
    client: HttpClient,
    base: String,
}

impl Mock {
    async fn ask(&self, method: Method, path: &str, form: &'static str) -> serde_json::Value {
        let mut request = HttpRequest::new(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {SECRET_KEY}"));
        if !form.is_empty() {
            request = request.body("application/x-www-form-urlencoded", form);
        }
        let answer = self.client.send(request).await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(answer.status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn refunds(&self, charge: &str) -> Vec<serde_json::Value> {
        let list = self.ask(Method::GET, &format!("/v1/refunds?charge={charge}"), "").await;
        list["data"].as_array().unwrap().clone()
    }
}

#[tokio::test]
#[ignore = "needs a mock of others at REDRESS_STRIPE_MOCK_URL"]
async fn one_key_is_one_refund_at_a_stripe_that_others_wrote() {
    let base = std::env::var(MOCK_URL).expect("the mock's address");
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
    let mock = Mock { client, base };
    let connector = registry::by_name("stripe").expect("the connector");
    let account = AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(mock.base.clone()),
        notification_url: None,
        credentials: [("secret_key".to_owned(), SECRET_KEY.to_owned())].into_iter().collect(),
        timeout: EXCHANGE_TIMEOUT,
        session: Session::default(),
    };
    connector.check_account(&account).unwrap();
    let form = "amount=2000&currency=usd&source=tok_visa";
    let charge = mock.ask(Method::POST, "/v1/charges", form).await["id"].as_str().unwrap().to_owned();
    let submit = async |key: &str, minor| {
        let ask = SubmitAsk {
            key: key.to_owned(),
            psp_payment_id: charge.clone(),
            amount: Amount::new(minor, Currency::from_code("USD").unwrap()),
            reason: "requested_by_customer".to_owned(),
        };
        connector.submit(&mock.client, &account, &ask).await.outcome
    };

    let made = submit("rf-1", 500).await;
    assert!(matches!(&made, Outcome::Succeeded { psp_refund_id: Some(_), .. }), "{made:?}");
    assert_eq!(submit("rf-1", 500).await, made, "the same request is one refund");
    assert_eq!(mock.refunds(&charge).await.len(), 1);
    assert_eq!(submit("rf-1", 501).await, Outcome::Unknown(Finding::KeyInUse));
    assert_eq!(mock.refunds(&charge).await.len(), 1, "another sum under the same key moves nothing");

    let other = submit("rf-2", 500).await;
    assert_ne!(other.psp_refund_id(), made.psp_refund_id(), "another key is another refund");
    let shown = mock.refunds(&charge).await;
    let mut sums: Vec<_> = shown.iter().map(|refund| refund["amount"].as_i64().unwrap()).collect();
    sums.sort_unstable();
    assert_eq!(sums, [500, 500]);

    // By its id, and by our key alone: each finds its own.
    for (key, wanted) in [("rf-1", &made), ("rf-2", &other)] {
        for id in [wanted.psp_refund_id().map(str::to_owned), None] {
            let now = shown[0]["created"].as_i64().unwrap() * 1_000_000;
            let ask = QueryAsk {
                key: key.to_owned(),
                psp_payment_id: charge.clone(),
                psp_refund_id: id,
                amount: Amount::new(500, Currency::from_code("USD").unwrap()),
                first_sent_at: Timestamp::from_micros(now),
                now: Timestamp::from_micros(now),
                nonce: [0; 10],
                bound_elsewhere: Vec::new(),
            };
            let found = connector.query(&mock.client, &account, &ask).await.outcome;
            assert_eq!(found.psp_refund_id(), wanted.psp_refund_id(), "{key}: {found:?}");
            assert_eq!(found.as_str(), "succeeded");
        }
    }
    assert_eq!(submit("rf-3", 1_001).await.as_str(), "refused", "more than is left");
}
