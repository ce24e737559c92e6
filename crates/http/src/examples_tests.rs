//! Every example of the three descriptions is sent. It must be a request as described, be answered with a success that
//! is described, and with a body that is as described.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::CaseId;
use redress_core::policy::AccountState;
use redress_core::right::{Right, Rights};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::signing::sgate;
use redress_store::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, TestPayment};

/// The order of the descriptions' examples, in SGate's.
const SGATE_ORDER: &str = "M948164T2023072607034709567189";

/// The order of the descriptions' examples, in PortOne's.
const PORTONE_ORDER: &str = "order-1";

/// The order of the own API's examples.
const OWN_ORDER: &str = "order-3";

/// The operations of which no example can be sent here, each with its reason.
const WITHOUT_EXAMPLE: [&str; 0] = [];

/// How a request proves whose it is.
#[derive(Clone, Copy)]
enum Caller {
    Portone,
    Sgate,
    ApiKey,
}

/// One request of a description.
#[derive(Clone)]
struct Example {
    operation_id: String,
    /// Whether nobody has to prove who they are.
    open_to_all: bool,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    /// JSON, or a text of another kind.
    body: Option<Value>,
}

impl Example {
    fn of(operation_id: &str, method: Method, path: &str) -> Self {
        let (operation_id, path) = (operation_id.to_owned(), path.to_owned());
        Self { operation_id, open_to_all: false, method, path, headers: Vec::new(), body: None }
    }
}

/// What the examples speak of.
struct Shop {
    harness: Harness,
    /// May do everything that a key may.
    api_key: String,
    /// What stands in the examples for ids that nobody can know beforehand, and the real ones.
    ids: Vec<(&'static str, String)>,
}

impl Shop {
    async fn open() -> Self {
        let harness = Harness::new().await;
        let merchant_order_ref = Some("MERCHANT1647433108462");
        harness
            .payment(TestPayment { merchant_order_ref, ..TestPayment::momo(PORTONE_ORDER, 1_000_000) })
            .await;
        harness.payment(TestPayment::tap(SGATE_ORDER, 10_000)).await;
        let payment = TestPayment::tap(OWN_ORDER, 10_000);
        harness.payment(payment.clone()).await;
        let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
        let (kind, rights) = (CredentialKind::Api, Rights::of(&Right::ALL));
        let key =
            harness.engine.add_key_with(merchant, kind, Some(Environment::Sandbox), rights).await.unwrap();
        let account = ("acc_01k00000000000000000000000", harness.merchant.momo.to_string());
        let mut shop = Self { api_key: key.1.expose_secret().to_owned(), ids: vec![account], harness };
        let of_sgate =
            Example::of("order.refund", Method::POST, &format!("/api_v1/orders/{SGATE_ORDER}/refunds"));
        let of_sgate = Example { body: Some(json!({"amount": 1, "reason": ""})), ..of_sgate };
        assert_eq!(shop.send(Caller::Sgate, &of_sgate).await.status, 200);
        // One is not known to have ended, one cannot leave: an account that is paused sends nothing.
        let endpoint = shop.made("/v1/endpoints", json!({"url": "http://sandbox.test/no/such/path"})).await;
        shop.ids.push(("ep_01k00000000000000000000000", endpoint));
        shop.harness.script(&payment, &["pend"]).await;
        let refunds = format!("/v1/payments/{OWN_ORDER}/refunds");
        let pending = shop.made(&refunds, json!({"amount": 100, "currency": "SAR"})).await;
        shop.ids.push(("rf_01k00000000000000000000000", pending));
        shop.harness.pass(Duration::from_secs(1)).await;
        shop.harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
        let queued = shop.made(&refunds, json!({"amount": 200, "currency": "SAR"})).await;
        shop.ids.push(("rf_01k00000000000000000000001", queued));
        let deliveries =
            shop.send(Caller::ApiKey, &Example::of("", Method::GET, "/v1/deliveries")).await.json();
        let delivery = deliveries["data"][0]["id"].as_str().unwrap().to_owned();
        shop.ids.push(("dlv_01k0000000000000000000000001k000000000000000000000002", delivery));
        let import =
            shop.harness.engine.begin_import(merchant, Environment::Sandbox, true, "Mai").await.unwrap();
        shop.ids.push(("imp_01k00000000000000000000000", import.to_string()));
        let case = CaseId::from_bytes([8; 16]);
        let body_hash = [0; 16];
        let quarantined = NewCaseRow {
            merchant,
            id: case,
            kind: CaseKind::Quarantined,
            subject: CaseSubject::Notification { account: tap, body_hash },
            payment: None,
            text: "a notification names another currency".to_owned(),
            block_minor: 0,
            now: shop.harness.engine.now(),
        };
        shop.harness.store.run(OpenCase(quarantined)).await.unwrap();
        shop.ids.push(("case_01k00000000000000000000000", case.to_string()));
        shop
    }

    /// Makes something with the own API; its id.
    async fn made(&self, path: &str, body: Value) -> String {
        let example = Example { body: Some(body), ..Example::of("", Method::POST, path) };
        let answer = self.send(Caller::ApiKey, &example).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    async fn send(&self, caller: Caller, example: &Example) -> Answer {
        let merchant = &self.harness.merchant;
        let real =
            |text: &str| self.ids.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let path = real(&example.path);
        let mut headers = example.headers.clone();
        let mut header = |name: &str, value: String| headers.push((name.to_owned(), value));
        match caller {
            _ if example.open_to_all => {}
            Caller::Portone => {
                let body =
                    json!({"portone_key": merchant.portone_key, "portone_secret": merchant.portone_secret});
                let asked = Request::post("/api/merchant/auth-token").body(Body::from(body.to_string()));
                let token = self.harness.send(asked.unwrap()).await.json()["content"]["token"].take();
                header("x-portone-client-key", merchant.portone_key.to_owned());
                header("authorization", format!("Bearer {}", token.as_str().unwrap()));
            }
            Caller::Sgate => {
                let path = path.strip_prefix("/api_v1").unwrap();
                let (secret, now) = (merchant.sgate_secret.into(), self.harness.engine.now());
                for (name, value) in
                    sgate::headers(path, &example.operation_id, merchant.sgate_key, &secret, now)
                {
                    header(name, value);
                }
            }
            Caller::ApiKey => header("authorization", format!("Bearer {}", self.api_key)),
        }
        let request = Request::builder().method(&example.method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let body = example.body.as_ref().map(|body| match body {
            Value::String(text) => real(text),
            json => real(&json.to_string()),
        });
        let body = body.unwrap_or_default();
        self.harness.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// The requests of an operation: one for each example of its body.
fn examples(document: &Value, method: &str, path: &str, operation: &Value) -> Vec<Example> {
    let mut address = path.to_owned();
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let needed = parameter["required"] == true;
        let value = match &parameter["example"] {
            Value::Null if needed => panic!("{method} {path}: {name} has no example"),
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match parameter["in"].as_str() {
            Some("path") => address = address.replace(&format!("{{{name}}}"), &value),
            Some("query") => query.push(format!("{name}={value}")),
            _ => headers.push((name.to_owned(), value)),
        }
    }
    if !query.is_empty() {
        address = format!("{address}?{}", query.join("&"));
    }
    let id = operation["operationId"].as_str().unwrap();
    let example = Example {
        headers,
        open_to_all: operation["security"].is_array(),
        ..Example::of(id, method.to_uppercase().parse().unwrap(), &address)
    };
    let Some(contents) = operation["requestBody"]["content"].as_object() else { return vec![example] };
    let mut all = Vec::new();
    for (kind, content) in contents {
        let bodies: Vec<Value> = match (&content["examples"], &content["example"]) {
            (Value::Object(several), _) => several.values().map(|one| one["value"].clone()).collect(),
            (_, Value::Null) => vec![of_schema(document, &content["schema"])],
            (_, one) => vec![one.clone()],
        };
        for body in bodies {
            assert!(!body.is_null(), "{method} {path}: the body has no example");
            let mut one = Example { body: Some(body), ..example.clone() };
            one.headers.push(("content-type".to_owned(), kind.clone()));
            all.push(one);
        }
    }
    all
}

/// The example of a named schema; `null` where there is none.
fn of_schema(document: &Value, schema: &Value) -> Value {
    named(document, schema)["example"].clone()
}

/// The schema that another one refers to, also where a body may be left out; `null` where it refers to none.
fn named<'a>(document: &'a Value, schema: &Value) -> &'a Value {
    let link = schema["oneOf"].as_array().and_then(|some| some.iter().find(|one| one["$ref"].is_string()));
    let name = link.unwrap_or(schema)["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    &document["components"]["schemas"][name.unwrap_or_default()]
}

/// What does not fit a schema of the description.
fn misfit(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    const ADDRESS: &str = "https://redress.test/schema.json";
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
    compiler.enable_format_assertions();
    compiler.add_resource(ADDRESS, whole).unwrap();
    let compiled = compiler.compile(ADDRESS, &mut schemas).unwrap();
    schemas.validate(value, compiled).err().map(|error| format!("{error:#}"))
}

/// Headers that come only where rates are limited, with a repeat, or where a wait was asked for.
const COME_SOMETIMES: [&str; 4] =
    ["RateLimit", "RateLimit-Policy", "Idempotent-Replayed", "Preference-Applied"];

/// Headers that no answer may have without its description saying so.
const NEVER_UNSAID: [&str; 4] = ["Location", "Preference-Applied", "Idempotent-Replayed", "Retry-After"];

/// The headers that are described are there, and those that are there are described.
#[track_caller]
fn assert_headers(what: &str, described: &Value, answer: &Answer) {
    let described: Vec<&str> =
        described["headers"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for name in described.iter().filter(|name| !COME_SOMETIMES.contains(name)) {
        assert!(answer.headers.contains_key(*name), "{what}: {name}");
    }
    for name in NEVER_UNSAID {
        let said = described.contains(&name) || !answer.headers.contains_key(name);
        assert!(said, "{what}: {name} is not described");
    }
}

async fn assert_examples(description: &str, caller: Caller) {
    let published = Request::get(description).body(Body::empty()).unwrap();
    let document = Harness::new().await.send(published).await.json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if WITHOUT_EXAMPLE.contains(&id) {
                continue;
            }
            for example in examples(&document, method, path, operation) {
                let what = format!("{id}: {}", example.body.as_ref().unwrap_or(&Value::Null));
                if let Some(body) = &example.body {
                    let kind = &example.headers.last().unwrap().1;
                    let schema = &operation["requestBody"]["content"][kind]["schema"];
                    assert_eq!(misfit(&document, schema, body), None, "{what}");
                }
                let answer = Shop::open().await.send(caller, &example).await;
                assert!(answer.status.is_success(), "{what}: {answer:?}");
                let described = &operation["responses"][answer.status.as_str()];
                if described["content"].is_object() {
                    let media = answer.headers["content-type"].to_str().unwrap();
                    let schema = &described["content"][media]["schema"];
                    assert!(schema.is_object(), "{what}: {media} is not described");
                    assert_eq!(misfit(&document, schema, &answer.json()), None, "{what}");
                } else {
                    assert!(
                        described.is_object() && answer.body.is_empty(),
                        "{what}: {answer:?} is not described"
                    );
                }
                assert_headers(&what, described, &answer);
            }
        }
    }
}

#[tokio::test]
async fn the_examples_of_the_own_api_are_answered_as_described() {
    assert_examples("/v1/openapi.json", Caller::ApiKey).await;
}

#[tokio::test]
async fn the_examples_of_portones_api_are_answered_as_described() {
    assert_examples("/docs/openapi/portone.json", Caller::Portone).await;
}

#[tokio::test]
async fn the_examples_of_sgates_api_are_answered_as_described() {
    assert_examples("/docs/openapi/sgate.json", Caller::Sgate).await;
}

/// A client that was generated from the description sends `null` for what its caller left out, wherever it may.
#[tokio::test]
async fn null_is_refused_where_the_description_says_so_and_nowhere_else() {
    let published = Request::get("/v1/openapi.json").body(Body::empty()).unwrap();
    let document = Harness::new().await.send(published).await.json();
    let mut refused = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(fields) = named(&document, schema)["properties"].as_object() else { continue };
            let example = examples(&document, method, path, operation).remove(0);
            for field in fields.keys() {
                let mut one = example.clone();
                let body = one.body.as_mut().unwrap();
                body[field] = Value::Null;
                let allowed = misfit(&document, schema, body).is_none();
                let answer = Shop::open().await.send(Caller::ApiKey, &one).await;
                let is_refused = answer.status == 422 && answer.json()["field"] == **field;
                assert!(is_refused || answer.status.is_success(), "{path}: {field}: {answer:?}");
                assert_eq!(allowed, !is_refused, "{path}: {field}: {answer:?}");
                if is_refused {
                    refused.insert(field.as_str());
                }
            }
        }
    }
    assert!(refused.is_superset(&BTreeSet::from(["amount", "currency", "refunded_before"])), "{refused:?}");
}

/// An answer that is shown fits, and lacks nothing that answers have.
#[tokio::test]
async fn the_answers_that_are_shown_are_whole_and_as_described() {
    let published = Request::get("/v1/openapi.json").body(Body::empty()).unwrap();
    let document = Harness::new().await.send(published).await.json();
    let mut shown = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // What takes no other field is the body of a request: those are sent above.
        if schema["additionalProperties"] == false || schema["example"].is_null() {
            continue;
        }
        let link = json!({"$ref": format!("#/components/schemas/{name}")});
        assert_eq!(misfit(&document, &link, &schema["example"]), None, "{name}");
        let names = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&schema["example"]), names(&schema["properties"]), "{name}");
        shown.push(name.as_str());
    }
    assert_eq!(shown, ["Refund", "Refundability"]);
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = json!({"$ref": "#/components/schemas/Thing"});
    let document = json!({"components": {"schemas": {"Thing": {"type": "object", "required": ["at"],
        "properties": {"at": {"type": "string", "format": "date-time"}}}}}});
    assert_eq!(misfit(&document, &schema, &json!({"at": "2026-11-18T15:06:40Z"})), None);
    for wrong in [json!({}), json!({"at": 7}), json!({"at": "yesterday"}), json!([])] {
        assert!(misfit(&document, &schema, &wrong).is_some(), "{wrong}");
    }
}
