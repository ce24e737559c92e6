//! The description of the own API (OpenAPI 3.1), made from the handlers: what is not described is not served, and the
//! other way round.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{connectors, error, payments};

/// What the description is made from: every handler of the own API stands here.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Redress",
        description = "Gives back captured payments, whole or in part, through any of a merchant's payment providers. Sums \
                       are whole numbers of minor units (ISO 4217); times are RFC 3339 in UTC; errors are RFC 9457."
    ),
    paths(connectors::list, payments::handle),
    components(schemas(error::Body<'static>)),
    modifiers(&ApiKeyScheme),
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

    use super::*;
    use crate::router::routes;

    /// The description that was published. A change of it is seen here before anybody's client sees it: what it breaks
    /// is not done, what it adds is written with `REDRESS_WRITE_OPENAPI=1`.
    #[test]
    fn the_published_description_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/v1.json");
        let now = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("REDRESS_WRITE_OPENAPI").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap();
        assert!(published == now, "docs/openapi/v1.json is not what the handlers say");
    }

    #[test]
    fn what_is_served_is_described_and_what_is_described_is_served() {
        let served: BTreeSet<String> = routes()
            .iter()
            .filter(|route| route.path.starts_with("/v1/") && route.path != "/v1/openapi.json")
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let document = serde_json::to_value(document()).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        assert_eq!(described, served);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
