//! The description of the own API (OpenAPI 3.1), made from the handlers: what is not described is not served, and the
//! other way round.

use std::collections::BTreeMap;

use axum::Json;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{AnyOf, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::code::Code;
use super::words::Words;
use super::{
    cases, connectors, deliveries, dispute_payment, endpoints, error, events, list_payments, payment_imports,
    payments, read_payment, refund_cancel, refund_close, refund_create, refund_list, refund_read,
    refund_refresh, refund_timeline, refundability,
};

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
    modifiers(&ApiKeyScheme, &AnyEventData, &AnyOperation, &Words),
    security(("api_key" = []))
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

/// Says of every operation what it may be answered with for what it is, from the table of codes, and how every problem
/// looks. An operation says itself only what is its own.
struct AnyOperation;

impl Modify for AnyOperation {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let all = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in all.into_iter().flatten() {
                let mut codes = ANY.to_vec();
                if path.contains('{') {
                    codes.extend(NAMES_A_THING);
                }
                if is_keyed(operation) {
                    codes.extend(KEYED);
                }
                complete(&mut operation.responses.responses, &codes);
            }
        }
    }
}

fn is_keyed(operation: &Operation) -> bool {
    let is_key = |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.name == "Idempotency-Key");
    operation.parameters.as_ref().is_some_and(|all| all.iter().any(is_key))
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
    use super::*;
    use crate::described::tests::{assert_published, assert_whole};

    #[test]
    fn the_published_description_is_this_one() {
        assert_published("v1", &document());
    }

    #[test]
    fn what_is_served_is_described_and_what_is_described_is_served() {
        assert_whole("/v1/", &document());
    }
}
