//! The description of the own API (OpenAPI 3.1), made from the handlers: what is not described is not served, and the
//! other way round.

use std::collections::BTreeMap;

use axum::Json;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{AnyOf, ArrayItems, Object, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::code::Code;
use super::metadata::MetadataLimits;
use super::words::Words;
use super::{
    cases, connectors, deliveries, dispute_payment, endpoints, error, events, list_payments, payment_imports,
    payments, psp_accounts, read_payment, refund_cancel, refund_close, refund_create, refund_list,
    refund_read, refund_refresh, refund_timeline, refundability,
};
use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;

/// What the description is made from: every handler of the own API stands here.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Redress",
        description = "Gives back captured payments, whole or in part, through any of a merchant's payment providers. Sums \
                       are whole numbers of minor units (ISO 4217); times are RFC 3339 in UTC; errors are RFC 9457."
    ),
    paths(
        connectors::list,
        psp_accounts::list,
        psp_accounts::get,
        payments::handle,
        list_payments::handle,
        payment_imports::create::handle,
        payment_imports::list::handle,
        payment_imports::get::handle,
        payment_imports::rows::handle,
        read_payment::handle,
        dispute_payment::dispute,
        dispute_payment::release,
        refundability::handle,
        refund_create::handle,
        refund_cancel::handle,
        refund_refresh::handle,
        refund_close::handle,
        refund_list::handle,
        refund_read::handle,
        refund_timeline::handle,
        endpoints::list::handle,
        endpoints::create::handle,
        endpoints::get::handle,
        endpoints::change::handle,
        endpoints::revoke::handle,
        endpoints::rotate_secret::handle,
        endpoints::enable::handle,
        endpoints::test::handle,
        endpoints::replay::handle,
        deliveries::list::handle,
        deliveries::get::handle,
        deliveries::resend::handle,
        events::list,
        cases::list::handle,
        cases::get::handle,
        cases::close::handle,
    ),
    components(schemas(error::Body<'static>)),
    modifiers(&ApiKeyScheme, &AnyEventData, &AnyOperation, &PageItems, &Words, &MetadataLimits),
    security(("api_key" = [])),
    tags(
        (name = "Refunds", description = "Make one, follow it, withdraw it, ask the provider about it."),
        (name = "Payments", description = "What can be refunded: register it, by one or many, read it, ask what is left of it, \
                                           mark it as disputed."),
        (name = "Events", description = "Everything that happened, in order, to be fetched."),
        (name = "Endpoints", description = "Where notifications are sent, and with which secret they are signed."),
        (name = "Deliveries", description = "What was sent to an endpoint and what came back; send it again."),
        (name = "Cases", description = "What waits for a person."),
        (name = "PSP accounts", description = "A merchant's accounts at payment providers: each payment was taken through one."),
        (name = "Connectors", description = "What each payment provider can do."),
    )
)]
struct Described;

struct ApiKeyScheme;

impl Modify for ApiKeyScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("rk_…").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// What any operation with a key may be answered with.
const ANY: [Code; 5] = [Code::Unauthorized, Code::Invalid, Code::RateLimited, Code::Internal, Code::Busy];

/// What one whose path names a thing may be answered with besides.
const NAMES_A_THING: [Code; 1] = [Code::NotFound];

/// What one that takes an idempotency key may be answered with besides.
const KEYED: [Code; 1] = [Code::IdempotencyKeyInUse];

/// The operation whose key is kept with what it makes, for ever: a repeat never waits for the first.
const KEEPS_ITS_KEY: &str = "createRefund";

/// The headers that an answer may have for what its operation is; each is described once.
const RETRY_AFTER: &str = "Retry-After";
const RATE_LIMIT: &str = "RateLimit";
const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";
const IDEMPOTENT_REPLAYED: &str = "Idempotent-Replayed";
const PREFERENCE_APPLIED: &str = "Preference-Applied";

/// How they are described.
fn headers() -> [(&'static str, Header); 5] {
    let described = |of: Type, help: &str, example: serde_json::Value| {
        let header = HeaderBuilder::new().schema(Some(Object::with_type(of)));
        header.description(Some(help)).example(Some(example)).build()
    };
    [
        (
            RETRY_AFTER,
            described(
                Type::Integer,
                "When to come back, in seconds; the same request is safe then.",
                1.into(),
            ),
        ),
        (
            RATE_LIMIT,
            described(
                Type::String,
                "What is left of the key's rate: `r` requests now, all of them again after `t` seconds. With every answer to a \
                 good key, where the server limits rates.",
                "\"key\";r=19;t=1".into(),
            ),
        ),
        (
            RATE_LIMIT_POLICY,
            described(
                Type::String,
                "The key's rate: `q` requests in `w` seconds. It comes with `RateLimit`.",
                "\"key\";q=20;w=2".into(),
            ),
        ),
        (
            IDEMPOTENT_REPLAYED,
            described(
                Type::String,
                "`true` where the request was done before: nothing was done now. Else it is not there.",
                "true".into(),
            ),
        ),
        (
            PREFERENCE_APPLIED,
            described(
                Type::String,
                "How long the answer would have waited at most, where the request had `Prefer: wait=N`.",
                "wait=10".into(),
            ),
        ),
    ]
}

/// Says of every operation what it may be answered with for what it is, from the table of codes, how every problem looks, and
/// which headers come with the answers. An operation says itself only what is its own.
struct AnyOperation;

impl Modify for AnyOperation {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let shared = headers().map(|(name, header)| (name.to_owned(), RefOr::T(header)));
        document.components.get_or_insert_default().headers.extend(shared);
        for (path, item) in &mut document.paths.paths {
            let all = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in all.into_iter().flatten() {
                let mut codes = ANY.to_vec();
                if path.contains('{') {
                    codes.extend(NAMES_A_THING);
                }
                let keyed = takes(operation, "Idempotency-Key");
                let waits_for_its_key = keyed && operation.operation_id.as_deref() != Some(KEEPS_ITS_KEY);
                if waits_for_its_key {
                    codes.extend(KEYED);
                }
                let waits = takes(operation, "Prefer");
                asked_in_headers(operation);
                let responses = &mut operation.responses.responses;
                complete(responses, &codes);
                for (status, answer) in responses {
                    let RefOr::T(answer) = answer else { continue };
                    if waits_for_its_key && status == "409" {
                        say(answer, Code::IdempotencyKeyInUse);
                    }
                    add_headers(status, answer, keyed, waits_for_its_key, waits);
                }
            }
        }
    }
}

/// Whether an operation has a parameter, or a header, of this name.
fn takes(operation: &Operation, name: &str) -> bool {
    let is_it = |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.name == name);
    operation.parameters.as_ref().is_some_and(|all| all.iter().any(is_it))
}

/// A header is a text or is not there, never `null`; and what makes a request a repeat has its limits.
fn asked_in_headers(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
            && ["Idempotency-Key", "Prefer"].contains(&parameter.name.as_str())
        {
            schema.schema_type = Type::String.into();
            if parameter.name == "Idempotency-Key" {
                (schema.min_length, schema.max_length) = (Some(1), Some(IDEMPOTENCY_KEY_CHARS_MAX));
            }
        }
    }
}

/// Says of an answer that it may mean this too, where it does not say so already.
fn say(answer: &mut Response, code: Code) {
    let entry = code.entry();
    if !answer.description.contains(entry.name) {
        answer.description = format!("{} {}: `{}`.", answer.description, entry.title, entry.name);
    }
}

/// Links the headers that come with one answer of an operation.
fn add_headers(status: &str, answer: &mut Response, keyed: bool, waits_for_its_key: bool, waits: bool) {
    let good = status.starts_with('2');
    for (name, comes) in [
        (RETRY_AFTER, matches!(status, "429" | "503") || (status == "409" && waits_for_its_key)),
        (RATE_LIMIT, good || status == "429"),
        (RATE_LIMIT_POLICY, good || status == "429"),
        // What is new was not there before.
        (IDEMPOTENT_REPLAYED, keyed && good && status != "201"),
        (PREFERENCE_APPLIED, waits && good),
    ] {
        if comes {
            let link = Ref::new(format!("#/components/headers/{name}"));
            answer.headers.insert(name.to_owned(), RefOr::Ref(link));
        }
    }
}

fn complete(said: &mut BTreeMap<String, RefOr<Response>>, codes: &[Code]) {
    for entry in codes.iter().map(|code| code.entry()) {
        let answer = ResponseBuilder::new().description(format!("{}: `{}`.", entry.title, entry.name));
        said.entry(entry.status.to_string()).or_insert_with(|| answer.into());
    }
    let any_other = ResponseBuilder::new().description("Any other problem.");
    said.entry("default".to_owned()).or_insert_with(|| any_other.into());
    for (status, answer) in said {
        if let RefOr::T(answer) = answer
            && !status.starts_with('2')
            && answer.content.is_empty()
        {
            let body = Content::new(Some(Ref::from_schema_name("Problem")));
            answer.content.insert("application/problem+json".to_owned(), body.into());
        }
    }
}

/// What is told of a payment is part of what is told of a refund: who has the one may have the other, so that what an event
/// is about is not `oneOf`.
struct AnyEventData;

impl Modify for AnyEventData {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        if let Some(schema) = schemas.get_mut("EventData")
            && let RefOr::T(Schema::OneOf(one)) = schema
        {
            let (items, description) = (std::mem::take(&mut one.items), one.description.take());
            *schema = RefOr::T(Schema::AnyOf(AnyOf { items, description, ..AnyOf::new() }));
        }
    }
}

/// What is on a page is what it is elsewhere, with the same words and under the same name: what a page is generic over would
/// be written out in full.
struct PageItems;

impl Modify for PageItems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        for (name, schema) in schemas {
            if let Some(of) = name.strip_prefix("Page_")
                && let RefOr::T(Schema::Object(page)) = schema
                && let Some(RefOr::T(Schema::Array(data))) = page.properties.get_mut("data")
            {
                data.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(of))));
            }
        }
    }
}

/// The description.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// GET `/v1/openapi.json`: needs no key.
pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use redress_engine::admin::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX, URL_BYTES_MAX};
    use serde_json::{Value, json};

    use super::*;
    use crate::described::tests::{assert_published, assert_whole};
    use crate::limits::REASON_CHARS_MAX;

    #[test]
    fn the_published_description_is_this_one() {
        assert_published("v1", &document());
    }

    fn operations(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
        let methods = document["paths"].as_object().unwrap().values();
        let all = methods.flat_map(|methods| methods.as_object().unwrap().values());
        all.map(|operation| (operation["operationId"].as_str().unwrap(), operation))
    }

    /// Who reads the description sends no field that is refused.
    #[test]
    fn every_body_is_described_as_taking_no_other_field() {
        let document = serde_json::to_value(document()).unwrap();
        let mut bodies = 0;
        for (id, operation) in operations(&document) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let choices = schema["oneOf"].as_array().into_iter().flatten();
            for link in choices.chain([schema]).filter_map(|schema| schema["$ref"].as_str()) {
                let name = link.rsplit('/').next().unwrap();
                let body = &document["components"]["schemas"][name];
                assert_eq!(body["additionalProperties"], false, "{id}: {name}");
                bodies += 1;
            }
        }
        assert!(bodies >= 12, "{bodies}");
    }

    /// Generators name the words of a field by its schema and itself, those of `Refund.kind` `RefundKind`. Where a schema has that
    /// name already they fail, or leave one of the two out with all that refers to it.
    #[test]
    fn no_schema_has_the_name_that_generators_give_to_the_words_of_a_field() {
        let document = serde_json::to_value(document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let taken: BTreeSet<_> = schemas.keys().map(|name| plain(name)).collect();
        let mut fields = 0;
        for (name, schema) in schemas {
            // What is made of another one has its own fields in a part of it.
            let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
            for (field, of) in parts.filter_map(|part| part["properties"].as_object()).flatten() {
                if of["enum"].is_array() || of["items"]["enum"].is_array() {
                    let given = plain(&format!("{name}{field}"));
                    let free = !taken.contains(&given) && !taken.contains(&format!("{given}item"));
                    assert!(free, "{name}.{field}");
                    fields += 1;
                }
            }
        }
        assert!(fields > 20, "{fields}");
    }

    /// A text that is longer than its description says is refused. Bytes are counted where the store does: a description can
    /// only count characters, of which each has one at least, and says in words what is counted.
    #[test]
    fn the_limits_of_texts_are_those_that_are_enforced() {
        let document = serde_json::to_value(document()).unwrap();
        let references = [
            "NewPayment.order_ref",
            "NewPayment.merchant_order_ref",
            "NewPayment.psp_payment_id",
            "NewPayment.channel",
            "NewPayment.payment_method",
            "NewPayment.customer_ref",
        ];
        let names = ["NewEndpoint.name", "EndpointChange.name"];
        let urls = ["NewPayment.notification_url", "NewEndpoint.url", "EndpointChange.url"];
        let reasons = [
            "CancelRefund.reason",
            "CloseRefund.reason",
            "CloseCase.reason",
            "Enabling.reason",
            "DisputeReason.reason",
        ];
        for (fields, max, in_bytes) in [
            (&references[..], REFERENCE_BYTES_MAX, true),
            (&names[..], NAME_BYTES_MAX, true),
            (&urls[..], URL_BYTES_MAX, true),
            (&reasons[..], REASON_CHARS_MAX, false),
        ] {
            for place in fields {
                let (schema, field) = place.split_once('.').unwrap();
                let field = &document["components"]["schemas"][schema]["properties"][field];
                assert_eq!((&field["maxLength"], &field["minLength"]), (&json!(max), &json!(1)), "{place}");
                let told = field["description"].as_str().unwrap();
                assert_eq!(told.contains(&format!("At most {max} bytes")), in_bytes, "{place}: {told}");
            }
        }
    }

    /// What a program must know to come back, to see that it was a repeat, or how long it waited, stands at the answer.
    #[test]
    fn the_headers_of_an_answer_stand_at_every_operation_that_has_them() {
        let document = serde_json::to_value(document()).unwrap();
        let has = |operation: &Value, status: &str, name: &str| {
            let link = operation["responses"][status]["headers"][name]["$ref"].as_str();
            let known = &document["components"]["headers"][name]["schema"];
            link == Some(format!("#/components/headers/{name}").as_str()) && known.is_object()
        };
        for (id, operation) in operations(&document) {
            let takes = |name: &str| {
                let parameters = operation["parameters"].as_array();
                parameters.is_some_and(|all| all.iter().any(|one| one["name"] == name))
            };
            for status in ["429", "503"] {
                assert!(has(operation, status, "Retry-After"), "{id} {status}");
            }
            for name in ["RateLimit", "RateLimit-Policy"] {
                assert!(has(operation, "429", name), "{id} {name}");
            }
            let waits_for_its_key = takes("Idempotency-Key") && id != "createRefund";
            assert_eq!(has(operation, "409", "Retry-After"), waits_for_its_key, "{id}");
            let told = operation["responses"]["409"]["description"].as_str().unwrap_or_default();
            assert_eq!(told.contains("`idempotency_key_in_use`"), waits_for_its_key, "{id}: {told}");
            let header = |name: &str| {
                let mut all = operation["parameters"].as_array().into_iter().flatten();
                all.find(|one| one["name"] == name).map(|one| one["schema"].clone())
            };
            let key = json!({"type": "string", "maxLength": 255, "minLength": 1});
            assert!(header("Idempotency-Key").is_none_or(|schema| schema == key), "{id}");
            assert!(header("Prefer").is_none_or(|schema| schema == json!({"type": "string"})), "{id}");
            let statuses = operation["responses"].as_object().unwrap().keys();
            for status in statuses.map(String::as_str).filter(|status| status.starts_with('2')) {
                let repeats = takes("Idempotency-Key") && status != "201";
                assert_eq!(has(operation, status, "Idempotent-Replayed"), repeats, "{id} {status}");
                assert_eq!(has(operation, status, "Preference-Applied"), takes("Prefer"), "{id} {status}");
                assert!(has(operation, status, "RateLimit"), "{id} {status}");
            }
        }
    }

    /// Who generates types from the description gets one for each thing, wherever it is.
    #[test]
    fn what_is_on_a_page_has_its_name() {
        let document = serde_json::to_value(document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let pages = schemas.iter().filter(|(_, schema)| schema["properties"]["next_cursor"].is_object());
        let mut listed = 0;
        for (page, schema) in pages.filter(|(_, schema)| schema["properties"]["data"].is_object()) {
            let item = schema["properties"]["data"]["items"]["$ref"].as_str().unwrap_or_default();
            assert!(schemas.contains_key(item.rsplit('/').next().unwrap()), "{page}: {item}");
            listed += 1;
        }
        assert!(listed >= 9, "{listed}");
    }

    /// In their order they stand on the page for people.
    #[test]
    fn every_group_of_operations_is_described_and_there_is_no_other() {
        let document = serde_json::to_value(document()).unwrap();
        let described = document["tags"].as_array().unwrap().iter();
        let described: BTreeSet<_> = described.map(|tag| tag["name"].as_str().unwrap()).collect();
        let used: BTreeSet<_> =
            operations(&document).map(|(_, operation)| operation["tags"][0].as_str().unwrap()).collect();
        assert_eq!(described, used);
    }

    #[test]
    fn what_is_served_is_described_and_what_is_described_is_served() {
        assert_whole("/v1/", &document());
    }
}
