//! Every endpoint of the program, called by nobody and by another merchant.

use redress_http::router::{Auth, RouteInfo, routes};

use crate::harness::merchant::Merchant;
use crate::harness::payment::{Payment, Psp};
use crate::harness::wire::{Answer, Call};
use crate::harness::{Kind, Server, Site, Tuning};

const CAPTURED: i64 = 1_000_000;

/// Endpoints whose addresses speak of nobody: the answer is the caller's own, or the same to all.
const NO_SUBJECT: [&str; 5] =
    ["/v1/connectors", "/v1/refunds", "/v1/cases", "/v1/cases/{id}", "/v1/cases/{id}/close"];

/// There is none on this stage; what is another's is tested where the handlers are.
const NO_CASE: &str = "case_00000000000000000000000000";

/// Whom the addresses in a call speak of.
struct Named {
    order_ref: String,
    merchant_order_ref: String,
    client_key: String,
    merchant_code: String,
    account: String,
    /// The id of the client key.
    key: String,
    endpoint: String,
    delivery: String,
    refund: String,
    import: String,
}

impl Named {
    fn of(site: &Site, merchant: &Merchant, payment: &Payment, import: &str) -> Self {
        let code = &merchant.code;
        let first = |words: &str, kind: &str| {
            let all = site.json(words);
            let of_kind = |one: &&serde_json::Value| kind.is_empty() || one["kind"] == kind;
            all.as_array().unwrap().iter().find(of_kind).unwrap().clone()
        };
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let delivery = first(&format!("endpoint deliveries --merchant {code} --environment sandbox"), "");
        Self {
            order_ref: payment.order_ref.clone(),
            merchant_order_ref: format!("shop-{}", payment.order_ref),
            client_key: merchant.portone.key.clone(),
            merchant_code: merchant.code.clone(),
            account: merchant.account(payment.psp).to_owned(),
            key: text(&first(&format!("key list --merchant {code}"), "portone")["id"]),
            endpoint: text(&first(&format!("endpoint list --merchant {code}"), "")["id"]),
            delivery: text(&delivery["id"]),
            refund: text(&delivery["refund"]),
            import: import.to_owned(),
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
            key: "key_00000000000000000000000000".into(),
            endpoint: "ep_00000000000000000000000000".into(),
            delivery: format!("dlv_{}1", "0".repeat(52)),
            refund: "rf_00000000000000000000000000".into(),
            import: "imp_00000000000000000000000000".into(),
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
            ("GET", path @ ("/v1/connectors" | "/v1/refunds" | "/v1/events" | "/v1/psp-accounts")) => {
                (Call::get(path), "")
            }
            ("GET", path @ "/v1/psp-accounts/{id}") => (Call::get(path.replace("{id}", &self.account)), ""),
            (_, path) if path.starts_with("/v1/payment-imports") => (self.call_about_imports(route), ""),
            ("GET", path @ "/v1/cases") => (Call::get(path), ""),
            ("GET", path @ "/v1/cases/{id}") => (Call::get(path.replace("{id}", NO_CASE)), ""),
            ("POST", path @ "/v1/cases/{id}/close") => {
                (Call::post(path.replace("{id}", NO_CASE), r#"{"reason":"r"}"#), "")
            }
            ("GET", path @ "/v1/payments") => (Call::get(path), ""),
            ("GET", "/v1/payments/{payment}") => (Call::get(format!("/v1/payments/{order}")), ""),
            ("POST", "/v1/payments/{payment}/dispute") => {
                (Call::post(format!("/v1/payments/{order}/dispute"), ""), "")
            }
            ("POST", "/v1/payments/{payment}/release-dispute") => {
                (Call::post(format!("/v1/payments/{order}/release-dispute"), ""), "")
            }
            ("POST", "/v1/payments") => (Call::post("/v1/payments", self.foreign_payment()), ""),
            ("POST", "/v1/payments/{payment}/refunds") => (
                Call::post(format!("/v1/payments/{order}/refunds"), r#"{"amount":1000,"currency":"VND"}"#),
                "",
            ),
            ("GET", "/v1/payments/{payment}/refundability") => {
                (Call::get(format!("/v1/payments/{order}/refundability")), "")
            }
            ("POST", path @ ("/v1/refunds/{id}/cancel" | "/v1/refunds/{id}/refresh")) => {
                (Call::post(path.replace("{id}", &self.refund), "{}"), "")
            }
            ("POST", "/v1/refunds/{id}/close") => {
                let body = r#"{"outcome":"failed","reason":"r"}"#;
                (Call::post(format!("/v1/refunds/{}/close", self.refund), body), "")
            }
            ("GET", "/v1/refunds/{id}") => (Call::get(format!("/v1/refunds/{}", self.refund)), ""),
            ("GET", "/v1/refunds/{id}/timeline") => {
                (Call::get(format!("/v1/refunds/{}/timeline", self.refund)), "")
            }
            (_, path) if path.starts_with("/v1/endpoints") || path.starts_with("/v1/deliveries") => {
                (self.call_about_endpoints(route), "")
            }
            ("POST", "/psp/{psp}/{account_id}") => {
                (Call::post(format!("/psp/tap/{}", self.account), r#"{"id":"re_1","object":"refund"}"#), "")
            }
            (method, path) if path.starts_with("/portal") => {
                let path = path.replace("{payment}", order).replace("{id}", &self.refund);
                (if method == "GET" { Call::get(path) } else { Call::post(path, "") }, "")
            }
            ("GET", "/docs/errors/{code}") => (Call::get("/docs/errors/not_found"), ""),
            (
                "GET",
                path @ ("/healthz"
                | "/readyz"
                | "/v1/openapi.json"
                | "/docs"
                | "/docs/api"
                | "/docs/api/portone"
                | "/docs/api/sgate"
                | "/docs/errors"
                | "/docs/openapi/portone.json"
                | "/docs/openapi/sgate.json"
                | "/docs/style.css"),
            ) => (Call::get(path), ""),
            (method, path) => panic!("say here how {method} {path} is called, and who may call it"),
        };
        (call, method)
    }

    fn call_about_endpoints(&self, route: &RouteInfo) -> Call {
        let (endpoint, delivery) = (&self.endpoint, &self.delivery);
        let body = match (route.method.as_str(), route.path) {
            ("POST", "/v1/endpoints") => {
                format!(r#"{{"url":"https://shop.example/h","dialect":"portone","key":"{}"}}"#, self.key)
            }
            ("PATCH", _) => r#"{"name":"stolen"}"#.to_owned(),
            ("POST", "/v1/endpoints/{id}/replay") => r#"{"since":"2026-01-01T00:00:00Z"}"#.to_owned(),
            _ => String::new(),
        };
        let of = if route.path.starts_with("/v1/deliveries") { delivery } else { endpoint };
        let mut path = route.path.replace("{id}", of);
        if path == "/v1/deliveries" {
            path = format!("{path}?refund={}&endpoint={endpoint}", self.refund);
        }
        let mut call = if body.is_empty() { Call::get(path) } else { Call::post(path, body) };
        call.method = match route.method.as_str() {
            "GET" => "GET",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "POST",
        };
        call
    }

    fn call_about_imports(&self, route: &RouteInfo) -> Call {
        if route.method != "POST" {
            return Call::get(route.path.replace("{id}", &self.import));
        }
        let file = format!(
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
             stolen,{},2820099999,VND,1000,2026-01-02T03:04:05Z\n",
            self.account
        );
        Call::post(route.path, file).header("content-type", "text/csv")
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
    /// The id of one of the owner.
    import: String,
}

impl Stage {
    fn set() -> Self {
        let site = Site::new(Kind::Sqlite, Tuning::default());
        let server = site.serve(0);
        let (owner, other) = (site.merchant(None), site.merchant(None));
        let payment = site.payment(&server, &owner, Psp::Momo, CAPTURED);
        let add = "endpoint add --url https://shop.example/h --environment sandbox --merchant";
        site.json(&format!("{add} {}", owner.code));
        let refunded = owner.sgate_refund(&payment, 10_000, "first").answer(&server.at).expect(200);
        assert_eq!(refunded["id"], format!("{}_R1", payment.order_ref));
        let lines = Call::post("/v1/payment-imports", "{}").header("content-type", "application/jsonl");
        let made = owner.by_api_key(lines).answer(&server.at).expect(202);
        let import = made["id"].as_str().unwrap().to_owned();
        Self { site, server, owner, other, payment, import }
    }

    /// Calls an endpoint with a merchant's own credentials of the right kind.
    fn call_as(&self, merchant: &Merchant, route: &RouteInfo, named: &Named) -> Answer {
        let (call, method) = named.call(route);
        let call = match route.auth {
            Auth::Portone => merchant.by_portone(call),
            Auth::Sgate => merchant.by_sgate(call, method),
            Auth::ApiKey => merchant.by_api_key(call),
            Auth::Portal | Auth::InMessage | Auth::Nobody => call,
        };
        call.answer(&self.server.at)
    }

    /// Nothing came of any of it.
    fn nothing_has_changed(&self) {
        let (refunds, left) = self.owner.refunds(&self.server, &self.payment);
        assert_eq!((refunds.len(), left), (1, CAPTURED - 10_000));
        assert_eq!(self.site.effects(&self.payment).len(), 1);
        for (merchant, expected) in [(&self.owner, 1), (&self.other, 0)] {
            let endpoints = self.site.json(&format!("endpoint list --merchant {}", merchant.code));
            let endpoints = endpoints.as_array().unwrap();
            assert_eq!(endpoints.len(), expected);
            assert!(endpoints.iter().all(|one| one["name"] == "endpoint" && one["revoked_at"].is_null()));
        }
        self.site.verify();
    }
}

#[test]
fn every_endpoint_refuses_whoever_proves_nothing() {
    let stage = Stage::set();
    let owners = Named::of(&stage.site, &stage.owner, &stage.payment, &stage.import);
    for route in routes() {
        let (mut call, _) = owners.call(&route);
        if route.auth == Auth::Sgate {
            call.path = format!("/api_v1{}", call.path);
        }
        let answer = call.answer(&stage.server.at);
        let expected: &[u16] = match route.auth {
            Auth::Portone | Auth::Sgate | Auth::ApiKey => &[401],
            Auth::InMessage => &[400, 401, 403, 404],
            // To the page where people sign in; a form that no browser of ours sends is refused before that.
            Auth::Portal if route.method == "GET" => &[303],
            Auth::Portal => &[303, 403],
            Auth::Nobody if route.method == "POST" => &[403],
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
    let (owners, nobodys) =
        (Named::of(&stage.site, &stage.owner, &stage.payment, &stage.import), Named::nobodys());
    for route in routes() {
        // What is no merchant's is the same to all. How the portal answers the people of another merchant is held by the
        // tests of its pages.
        if matches!(route.auth, Auth::Nobody | Auth::InMessage | Auth::Portal)
            || NO_SUBJECT.contains(&route.path)
        {
            continue;
        }
        // A list shows each merchant its own.
        if route.path == "/v1/events" {
            let [own, others] =
                [&stage.owner, &stage.other].map(|whose| stage.call_as(whose, &route, &owners));
            assert_eq!((own.status, others.status), (200, 200), "{own:?} {others:?}");
            assert!(own.body.contains("refund.created") && !others.body.contains("refund."), "{others:?}");
            continue;
        }
        // What is wrong with the account of a row is told with the row.
        if (route.method.as_str(), route.path) == ("POST", "/v1/payment-imports") {
            for named in [&owners, &nobodys] {
                let told = stage.call_as(&stage.other, &route, named).expect(202);
                assert_eq!(
                    (&told["rows"]["total"], &told["rows"]["refused"]),
                    (&1.into(), &1.into()),
                    "{told}"
                );
            }
            continue;
        }
        let listed = match (route.method.as_str(), route.path) {
            ("GET", "/v1/payments") => Some(&owners.order_ref),
            ("GET", "/v1/payment-imports") => Some(&stage.import),
            ("GET", "/v1/psp-accounts") => Some(&owners.account),
            _ => None,
        };
        if let Some(listed) = listed {
            let [own, others] =
                [&stage.owner, &stage.other].map(|whose| stage.call_as(whose, &route, &owners));
            assert_eq!((own.status, others.status), (200, 200), "{own:?} {others:?}");
            let shown = |answer: &Answer| answer.body.contains(listed);
            assert!(shown(&own) && !shown(&others), "{others:?}");
            continue;
        }
        let foreign = stage.call_as(&stage.other, &route, &owners);
        let unknown = stage.call_as(&stage.other, &route, &nobodys);
        assert_eq!(foreign.status, unknown.status, "{route:?}: {foreign:?} {unknown:?}");
        let told = [&foreign, &unknown].map(|answer| without_request_id(&answer.body));
        assert_eq!(told[0], told[1], "{route:?}: foreign and unknown can be told apart");
        if route.method == "GET" && ["/v1/endpoints", "/v1/deliveries"].contains(&route.path) {
            // Everybody has a list: the other one's is empty.
            assert_eq!((foreign.status, &foreign.json()["data"]), (200, &serde_json::json!([])), "{route:?}");
            let own = stage.call_as(&stage.owner, &route, &owners).expect(200);
            assert!(!own["data"].as_array().unwrap().is_empty(), "{route:?}");
            continue;
        }
        assert!((400..500).contains(&foreign.status), "{route:?}: {foreign:?}");
        // The same call is a good one for its owner: it was refused for whose it is, and for nothing else.
        if route.method == "GET" {
            assert_eq!(stage.call_as(&stage.owner, &route, &owners).status, 200, "{route:?}");
        }
    }
    stage.nothing_has_changed();
}
