//! Every endpoint of the program, called by nobody and by another merchant.

use redress_http::router::{Auth, RouteInfo, routes};

use crate::harness::merchant::{Merchant, Payment, Psp};
use crate::harness::wire::{Answer, Call};
use crate::harness::{Kind, Server, Site, Tuning};

const CAPTURED: i64 = 1_000_000;

/// Whom the addresses in a call speak of.
struct Named {
    order_ref: String,
    merchant_order_ref: String,
    client_key: String,
    merchant_code: String,
    account: String,
}

impl Named {
    fn of(merchant: &Merchant, payment: &Payment) -> Self {
        Self {
            order_ref: payment.order_ref.clone(),
            merchant_order_ref: format!("shop-{}", payment.order_ref),
            client_key: merchant.portone.key.clone(),
            merchant_code: merchant.code.clone(),
            account: merchant.account(payment.psp).to_owned(),
        }
    }

    /// What nobody has.
    fn nobodys() -> Self {
        Self {
            order_ref: "order-0".into(),
            merchant_order_ref: "shop-order-0".into(),
            client_key: "k".repeat(32),
            merchant_code: "M000000".into(),
            account: "acc_00000000000000000000000000".into(),
        }
    }

    /// The call of an endpoint, without credentials. A new endpoint must be told here how it is called.
    fn call(&self, route: &RouteInfo) -> (Call, &'static str) {
        let (order, merchant_order) = (&self.order_ref, &self.merchant_order_ref);
        let refund = concat!(
            r#"{"amount":1000,"channel":"MOMOPAY","description":"d","environment":"sandbox","#,
            r#""refund_type":"partial","refund_reason":"r"}"#
        );
        let webhook =
            r#"{"name":"n","url":"https://shop.example/h","type":"refund_status","environment":"sandbox"}"#;
        let (call, method) = match (route.method.as_str(), route.path) {
            ("POST", "/api/refund/{order_ref}") => (Call::post(format!("/api/refund/{order}"), refund), ""),
            ("GET", "/api/refund/{order_ref}") => (Call::get(format!("/api/refund/{order}")), ""),
            ("POST", "/api/merchant/{key}/webhook") => {
                (Call::post(format!("/api/merchant/{}/webhook", self.client_key), webhook), "")
            }
            ("GET", "/api/merchant/{key}/webhook") => {
                (Call::get(format!("/api/merchant/{}/webhook?environment=sandbox", self.client_key)), "")
            }
            ("POST", "/api/{key}/transaction-details") => {
                let body = format!(r#"{{"order_ref":"{order}"}}"#);
                (Call::post(format!("/api/{}/transaction-details", self.client_key), body), "")
            }
            ("GET", "/api/transaction/{merchant_order_ref}/status") => {
                (Call::get(format!("/api/transaction/{merchant_order}/status")), "")
            }
            ("POST", "/api/merchant/auth-token") => {
                let body = format!(r#"{{"portone_key":"{}","portone_secret":"wrong"}}"#, self.client_key);
                (Call::post("/api/merchant/auth-token", body), "")
            }
            ("POST", "/api_v1/orders/{id}/refunds") => {
                let body = r#"{"amount":"1000","reason":"r"}"#;
                (Call::post(format!("/orders/{order}/refunds"), body), "order.refund")
            }
            ("GET", "/api_v1/orders/{id}") => (Call::get(format!("/orders/{order}")), "order.detail"),
            ("GET", "/api_v1/refunds/{id}") => (Call::get(format!("/refunds/{order}_R1")), "refund.detail"),
            ("GET", "/api_v1/transactions/{id}/merchant") => {
                (Call::get(format!("/transactions/{order}_1/merchant")), "transaction.detailForMerchant")
            }
            ("GET", "/api_v1/merchants/{id}") => {
                (Call::get(format!("/merchants/{}", self.merchant_code)), "merchant.detail")
            }
            ("GET", path @ "/v1/connectors") => (Call::get(path), ""),
            ("POST", "/v1/payments") => (Call::post("/v1/payments", self.foreign_payment()), ""),
            ("POST", "/psp/{psp}/{account_id}") => {
                (Call::post(format!("/psp/tap/{}", self.account), r#"{"id":"re_1","object":"refund"}"#), "")
            }
            ("GET", "/docs/errors/{code}") => (Call::get("/docs/errors/not_found"), ""),
            (
                "GET",
                path @ ("/healthz" | "/readyz" | "/v1/openapi.json" | "/docs/api" | "/docs/errors"
                | "/docs/style.css"),
            ) => (Call::get(path), ""),
            (method, path) => panic!("say here how {method} {path} is called, and who may call it"),
        };
        (call, method)
    }

    /// A payment through an account that may be another merchant's.
    fn foreign_payment(&self) -> String {
        format!(
            r#"{{"order_ref":"stolen","psp_account":"{}","psp_payment_id":"2820099999","currency":"VND","amount":1000,"captured_at":"2026-01-02T03:04:05Z"}}"#,
            self.account
        )
    }
}

struct Stage {
    site: Site,
    server: Server,
    owner: Merchant,
    other: Merchant,
    payment: Payment,
}

impl Stage {
    fn set() -> Self {
        let site = Site::new(Kind::Sqlite, Tuning::default());
        let server = site.serve(0);
        let (owner, other) = (site.merchant(None), site.merchant(None));
        let payment = site.payment(&server, &owner, Psp::Momo, CAPTURED);
        let refunded = owner.sgate_refund(&payment, 10_000, "first").answer(&server.at).expect(200);
        assert_eq!(refunded["id"], format!("{}_R1", payment.order_ref));
        Self { site, server, owner, other, payment }
    }

    /// Calls an endpoint with a merchant's own credentials of the right kind.
    fn call_as(&self, merchant: &Merchant, route: &RouteInfo, named: &Named) -> Answer {
        let (call, method) = named.call(route);
        let call = match route.auth {
            Auth::Portone => merchant.by_portone(call),
            Auth::Sgate => merchant.by_sgate(call, method),
            Auth::ApiKey => merchant.by_api_key(call),
            Auth::InMessage | Auth::Nobody => call,
        };
        call.answer(&self.server.at)
    }

    /// Nothing came of any of it.
    fn nothing_has_changed(&self) {
        let (refunds, left) = self.owner.refunds(&self.server, &self.payment);
        assert_eq!((refunds.len(), left), (1, CAPTURED - 10_000));
        assert_eq!(self.site.effects(&self.payment).len(), 1);
        for merchant in [&self.owner, &self.other] {
            let endpoints = self.site.json(&format!("endpoint list --merchant {}", merchant.code));
            assert_eq!(endpoints.as_array().unwrap().len(), 0);
        }
        self.site.verify();
    }
}

#[test]
fn every_endpoint_refuses_whoever_proves_nothing() {
    let stage = Stage::set();
    for route in routes() {
        let (mut call, _) = Named::of(&stage.owner, &stage.payment).call(&route);
        if route.auth == Auth::Sgate {
            call.path = format!("/api_v1{}", call.path);
        }
        let answer = call.answer(&stage.server.at);
        let expected: &[u16] = match route.auth {
            Auth::Portone | Auth::Sgate | Auth::ApiKey => &[401],
            Auth::InMessage => &[400, 401, 403, 404],
            Auth::Nobody => &[200],
        };
        assert!(expected.contains(&answer.status), "{} {}: {answer:?}", route.method, route.path);
        for shown in [&stage.payment.psp_payment_id, &stage.owner.sgate.secret, &stage.owner.portone.secret] {
            assert!(!answer.body.contains(shown.as_str()), "{route:?}: {answer:?}");
        }
    }
    stage.nothing_has_changed();
}

/// An error of the own API carries the id of its request, which is another each time.
fn without_request_id(body: &str) -> String {
    let Ok(mut told) = serde_json::from_str::<serde_json::Value>(body) else { return body.to_owned() };
    if let Some(told) = told.as_object_mut() {
        told.remove("request_id");
    }
    told.to_string()
}

#[test]
fn every_endpoint_answers_another_merchant_as_if_nothing_were_there() {
    let stage = Stage::set();
    let (owners, nobodys) = (Named::of(&stage.owner, &stage.payment), Named::nobodys());
    for route in routes() {
        // What is no merchant's is the same to all.
        if matches!(route.auth, Auth::Nobody | Auth::InMessage) || route.path == "/v1/connectors" {
            continue;
        }
        let foreign = stage.call_as(&stage.other, &route, &owners);
        let unknown = stage.call_as(&stage.other, &route, &nobodys);
        assert_eq!(foreign.status, unknown.status, "{route:?}: {foreign:?} {unknown:?}");
        let told = [&foreign, &unknown].map(|answer| without_request_id(&answer.body));
        assert_eq!(told[0], told[1], "{route:?}: foreign and unknown can be told apart");
        assert!((400..500).contains(&foreign.status), "{route:?}: {foreign:?}");
        // The same call is a good one for its owner: it was refused for whose it is, and for nothing else.
        if route.method == "GET" {
            assert_eq!(stage.call_as(&stage.owner, &route, &owners).status, 200, "{route:?}");
        }
    }
    stage.nothing_has_changed();
}
