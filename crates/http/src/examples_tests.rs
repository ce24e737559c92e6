//! Every example of the three descriptions is sent. It must be a request as described, be answered with a success that
//! is described, and with a body that is as described.

use axum::body::Body;
use axum::http::{Method, Request};
use redress_engine::signing::sgate;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, TestPayment};

/// The order of the descriptions' examples, in SGate's.
const SGATE_ORDER: &str = "M948164T2023072607034709567189";

/// The order of the descriptions' examples, in PortOne's.
const PORTONE_ORDER: &str = "order-1";

/// What stands in the examples for ids that nobody can know beforehand.
fn placeholders(harness: &Harness) -> [(&'static str, String); 1] {
    [("acc_01k0000000000000000000000", harness.merchant.momo.to_string())]
}

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
struct Example<'a> {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    operation: &'a Value,
    body: Option<Value>,
}

async fn prepared() -> Harness {
    let harness = Harness::new().await;
    let merchant_order_ref = Some("MERCHANT1647433108462");
    harness.payment(TestPayment { merchant_order_ref, ..TestPayment::momo(PORTONE_ORDER, 1_000_000) }).await;
    harness.payment(TestPayment::tap(SGATE_ORDER, 10_000)).await;
    let refund = Example {
        method: Method::POST,
        path: format!("/api_v1/orders/{SGATE_ORDER}/refunds"),
        headers: Vec::new(),
        operation: &json!({"operationId": "order.refund"}),
        body: Some(json!({"amount": 1, "reason": ""})),
    };
    assert_eq!(send(&harness, Caller::Sgate, &refund).await.status, 200);
    harness
}

async fn send(harness: &Harness, caller: Caller, example: &Example<'_>) -> Answer {
    let merchant = &harness.merchant;
    let real = |text: &str| {
        placeholders(harness).iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let path = real(&example.path);
    let mut headers = example.headers.clone();
    let mut header = |name: &str, value: String| headers.push((name.to_owned(), value));
    if !example.operation["security"].is_array() {
        match caller {
            Caller::Portone => {
                let body =
                    json!({"portone_key": merchant.portone_key, "portone_secret": merchant.portone_secret});
                let asked = Request::post("/api/merchant/auth-token").body(Body::from(body.to_string()));
                let token = harness.send(asked.unwrap()).await.json()["content"]["token"].take();
                header("x-portone-client-key", merchant.portone_key.to_owned());
                header("authorization", format!("Bearer {}", token.as_str().unwrap()));
            }
            Caller::Sgate => {
                let operation = example.operation["operationId"].as_str().unwrap();
                let path = path.strip_prefix("/api_v1").unwrap();
                let (secret, now) = (merchant.sgate_secret.into(), harness.engine.now());
                for (name, value) in sgate::headers(path, operation, merchant.sgate_key, &secret, now) {
                    header(name, value);
                }
            }
            Caller::ApiKey => header("authorization", format!("Bearer {}", merchant.api_key)),
        }
    }
    let request = Request::builder().method(&example.method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let body = example.body.as_ref().map(|body| real(&body.to_string())).unwrap_or_default();
    harness.send(request.body(Body::from(body)).unwrap()).await
}

/// The requests of an operation: one for each example of its body.
fn examples<'a>(method: &str, path: &str, operation: &'a Value) -> Vec<Example<'a>> {
    let method: Method = method.to_uppercase().parse().unwrap();
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
    let content = &operation["requestBody"]["content"]["application/json"];
    let bodies: Vec<Option<Value>> = match (&content["examples"], &content["example"]) {
        (Value::Object(several), _) => several.values().map(|one| Some(one["value"].clone())).collect(),
        (_, Value::Null) if operation["requestBody"].is_null() => vec![None],
        (_, Value::Null) => panic!("{method} {path}: the body has no example"),
        (_, one) => vec![Some(one.clone())],
    };
    bodies
        .into_iter()
        .map(|body| Example {
            method: method.clone(),
            path: address.clone(),
            headers: headers.clone(),
            operation,
            body,
        })
        .collect()
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

async fn assert_examples(description: &str, caller: Caller) {
    let published = Request::get(description).body(Body::empty()).unwrap();
    let document = Harness::new().await.send(published).await.json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if WITHOUT_EXAMPLE.contains(&id) {
                continue;
            }
            for example in examples(method, path, operation) {
                let what = format!("{id}: {}", example.body.as_ref().unwrap_or(&Value::Null));
                if let Some(body) = &example.body {
                    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                    assert_eq!(misfit(&document, schema, body), None, "{what}");
                }
                let answer = send(&prepared().await, caller, &example).await;
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
                for (header, _) in described["headers"].as_object().into_iter().flatten() {
                    assert!(answer.headers.contains_key(header.as_str()), "{what}: {header}");
                }
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
