//! The description of SGate's face (OpenAPI 3.1), made from the handlers: what is not described is not served, and the
//! other way round.

use axum::Json;
use redress_engine::signing::sgate::{
    HEADER_KEY, HEADER_SIGN_METHOD, HEADER_SIGN_VERSION, HEADER_SIGNATURE, HEADER_TIMESTAMP,
};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::error::Body;
use super::{merchant_detail, order_detail, order_refund, refund_detail, transaction_detail};

/// What the description is made from: every handler of the face stands here.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Redress: SGate's API",
        description = "SGate's API around refunds, for clients that were written for it. Sums are exact numbers of major \
                       units; times are RFC 3339 in UTC, with milliseconds. An answer has every field that SGate documents; \
                       what only SGate can know is null. Bodies are JSON whatever their content type says."
    ),
    paths(
        order_refund::handle,
        order_detail::handle,
        refund_detail::handle,
        transaction_detail::handle,
        merchant_detail::handle,
    ),
    components(schemas(Body<'static>)),
    modifiers(&Schemes),
    security(("key" = [], "timestamp" = [], "sign_method" = [], "sign_version" = [], "signature" = []))
)]
struct Described;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, header, help) in [
            ("key", HEADER_KEY, "The key. All five headers are needed."),
            ("timestamp", HEADER_TIMESTAMP, "The time of the signature, in whole seconds since 1970."),
            ("sign_method", HEADER_SIGN_METHOD, "The way of signing, as HmacSHA256."),
            ("sign_version", HEADER_SIGN_VERSION, "The version of signing, as 1."),
            (
                "signature",
                HEADER_SIGNATURE,
                "In base64, over key, operation, way, version, time, and the path without /api_v1.",
            ),
        ] {
            let scheme = ApiKey::Header(ApiKeyValue::with_description(header, help));
            components.add_security_scheme(name, SecurityScheme::ApiKey(scheme));
        }
    }
}

/// The description.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// GET `/docs/openapi/sgate.json`: needs no key, and is not SGate's.
pub(crate) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::tests::{assert_published, assert_whole};

    #[test]
    fn the_published_description_is_this_one() {
        assert_published("sgate", &document());
    }

    #[test]
    fn what_is_served_is_described_and_what_is_described_is_served() {
        assert_whole("/api_v1/", &document());
    }
}
