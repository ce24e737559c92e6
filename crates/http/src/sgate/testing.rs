//! SGate's clients, for the tests of this face.

use axum::body::Body;
use axum::http::{Method, Request};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_engine::admin::accounts::{Credentials, MAX_IN_FLIGHT, NewAccount};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::admin::payments::{Imported, NewPayment};
use redress_engine::signing::sgate;
use secrecy::SecretString;
use serde_json::Value;

use crate::testing::{Answer, Harness, START};

/// The order of the documented samples.
pub(crate) const ORDER: &str = "M948164T2023072607034709567189";

/// An order of the other environment; [`live_client`] makes it.
pub(crate) const LIVE_ORDER: &str = "M948164T2023072607034709500000";

/// Whoever has a key and its secret.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) key: String,
    pub(crate) secret: SecretString,
}

impl Client {
    /// The merchant whose payments the tests make.
    pub(crate) fn of(harness: &Harness) -> Self {
        let merchant = &harness.merchant;
        Self { key: merchant.sgate_key.into(), secret: merchant.sgate_secret.into() }
    }

    /// The other merchant.
    pub(crate) fn of_other(harness: &Harness) -> Self {
        let merchant = &harness.other;
        Self { key: merchant.sgate_key.into(), secret: merchant.sgate_secret.into() }
    }

    /// A signed request.
    pub(crate) fn request(&self, harness: &Harness, call: &Call) -> Request<Body> {
        let headers = sgate::headers(&call.path, call.name, &self.key, &self.secret, harness.engine.now());
        let mut request = Request::builder().method(call.http.clone()).uri(format!("/api_v1{}", call.path));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Body::from(call.body.clone())).unwrap()
    }

    /// Sends a call.
    pub(crate) async fn send(&self, harness: &Harness, call: &Call) -> Answer {
        harness.send(self.request(harness, call)).await
    }

    /// Asks for a refund.
    pub(crate) async fn refund(&self, harness: &Harness, order: &str, body: &str) -> Answer {
        self.send(harness, &Call::refund(order, body)).await
    }

    /// Asks for a refund, which is made; its answer.
    pub(crate) async fn refunded(&self, harness: &Harness, order: &str, body: &str) -> Value {
        let answer = self.refund(harness, order, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// One call of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) http: Method,
    pub(crate) path: String,
    pub(crate) name: &'static str,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn refund(order: &str, body: &str) -> Self {
        let path = format!("/orders/{order}/refunds");
        Self { http: Method::POST, path, name: "order.refund", body: body.into() }
    }

    pub(crate) fn order(order: &str) -> Self {
        Self::get(format!("/orders/{order}"), "order.detail")
    }

    pub(crate) fn refund_detail(id: &str) -> Self {
        Self::get(format!("/refunds/{id}"), "refund.detail")
    }

    pub(crate) fn transaction(id: &str) -> Self {
        Self::get(format!("/transactions/{id}/merchant"), "transaction.detailForMerchant")
    }

    pub(crate) fn merchant(id: &str) -> Self {
        Self::get(format!("/merchants/{id}"), "merchant.detail")
    }

    fn get(path: String, name: &'static str) -> Self {
        Self { http: Method::GET, path, name, body: String::new() }
    }
}

/// Makes [`LIVE_ORDER`] of the tests' merchant and answers who may refund it.
pub(crate) async fn live_client(harness: &Harness) -> Client {
    let (merchant, environment) = (harness.merchant.id, Environment::Live);
    let credentials =
        br#"{"partner_code": "MOMO", "access_key": "F8BBA842ECF85", "secret_key": "K951B6PE1waDMi640xX0"}"#;
    let account = NewAccount {
        merchant,
        psp: "momo".into(),
        name: "live".into(),
        environment,
        max_in_flight: MAX_IN_FLIGHT,
        base_url: None,
        public_url: None,
        credentials: Credentials::from_json(credentials).unwrap(),
    };
    let payment = NewPayment {
        environment,
        order_ref: LIVE_ORDER.into(),
        merchant_order_ref: None,
        account: harness.engine.add_account(account).await.unwrap().id,
        psp_payment_id: "144492817".into(),
        captured: Amount::new(1_000_000, Currency::from_code("VND").unwrap()),
        refunded_before: 0,
        captured_at: START,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    };
    let made = harness.engine.import_payments(merchant, vec![payment]).await.unwrap();
    assert!(matches!(made[..], [Imported::Created(_)]), "{made:?}");
    let (key, secret) =
        harness.engine.add_key(merchant, CredentialKind::Sgate, Some(environment)).await.unwrap();
    Client { key: key.public_key, secret }
}
