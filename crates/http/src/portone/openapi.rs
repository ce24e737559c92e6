//! The description of PortOne's face (OpenAPI 3.1), made from the handlers: what is not described is not served, and the
//! other way round.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    add_webhook, auth_token, create_refund, error::Wire, list_refunds, list_webhooks, transaction_details,
    transaction_status,
};

/// What the description is made from: every handler of the face stands here.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Redress: PortOne's API",
        description = "PortOne's API around refunds, for clients that were written for it. Sums are exact numbers of major \
                       units; times are RFC 3339 in UTC. A field that is null counts as missing, one that is not known \
                       is left alone, one that is there twice is refused. Bodies are JSON whatever their content type \
                       says."
    ),
    paths(
        auth_token::handle,
        create_refund::handle,
        list_refunds::handle,
        add_webhook::handle,
        list_webhooks::handle,
        transaction_details::handle,
        transaction_status::handle,
    ),
    components(schemas(Wire<'static>)),
    modifiers(&Schemes),
    security(("client_key" = [], "token" = []), ("older_client_key" = [], "token" = []))
)]
struct Described;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = |header, help| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(header, help)))
        };
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(
            "A JWT, HS256, signed with the text of the secret: iss is PORTONE or CHAIPAY, sub the client key, exp its \
             end. The call that makes one needs neither key nor token.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("client_key", key("X-Portone-Client-Key", "The client key."));
        components.add_security_scheme(
            "older_client_key",
            key(
                "X-Chaipay-Client-Key",
                "The client key, from clients of before; the other header wins over it.",
            ),
        );
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    }
}

/// The description.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// GET `/docs/openapi/portone.json`: needs no key, and is not PortOne's.
pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::tests::{assert_published, assert_whole};

    #[test]
    fn the_published_description_is_this_one() {
        assert_published("portone", &document());
    }

    #[test]
    fn what_is_served_is_described_and_what_is_described_is_served() {
        assert_whole("/api/", &document());
    }
}
