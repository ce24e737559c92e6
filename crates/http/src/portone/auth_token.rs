//! `POST /api/merchant/auth-token`: a token for whoever knows the secret, as an alternative to signing one.
//!
//! Shapes: <https://docs.portone.cloud/reference/post_api-merchant-auth-token>. What a wrong secret gets is not
//! documented; code 4099 is in PortOne's table of errors.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use redress_engine::engine::Engine;
use secrecy::ExposeSecret;
use serde::Serialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::error::{PortoneError, of_problem};
use super::jwt::{self, ISSUED_FOR_SECONDS};
use super::read;
use super::refusals::Refusals;
use super::view::{Enveloped, no_store};
use crate::body::RawBody;
use crate::limits::REFERENCE_CHARS_MAX;
use crate::{current, rate};

const MESSAGE: &str = "Auth Token generated successfully!";

/// Who wants a token.
#[derive(ToSchema)]
#[schema(as = TokenAsked)]
#[expect(dead_code, reason = "it describes what the handler reads field by field")]
pub(crate) struct Asked {
    /// The client key.
    #[schema(max_length = 255)]
    portone_key: String,
    /// Its secret.
    #[schema(max_length = 255)]
    portone_secret: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
struct Token {
    /// So many seconds from now.
    expires_in: i64,
    /// A JWT, for the header `Authorization`.
    token: String,
}

/// Make a token
///
/// For whoever knows the secret, as an alternative to signing a token with it.
#[utoipa::path(
    post,
    path = "/api/merchant/auth-token",
    operation_id = "createToken",
    tag = "Tokens",
    security(()),
    request_body(content = Asked, example = json!({"portone_key": "SglffyyZgojEdXWL",
        "portone_secret": "portone-test-secret"})),
    responses(
        (status = 200, description = "The token.", body = Enveloped<'static, Token>,
            headers(("Cache-Control" = String, description = "no-store"))),
        Refusals,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    RawBody(body): RawBody,
) -> Result<impl IntoResponse, PortoneError> {
    let body = read::object(&body)?;
    let key = read::text(&body, "portone_key", REFERENCE_CHARS_MAX)?;
    let shown = read::text(&body, "portone_secret", REFERENCE_CHARS_MAX)?;
    let Some(caller) = engine.portone_caller(&key).await? else {
        return Err(PortoneError::MerchantNotFound(key));
    };
    let secret = caller.secret.as_ref().ok_or(PortoneError::SecretInvalid)?;
    let same: bool = secret.expose_secret().as_bytes().ct_eq(shown.as_bytes()).into();
    if !same || shown.is_empty() {
        return Err(PortoneError::SecretInvalid);
    }
    current::is_of(caller.merchant);
    engine.key_used(&caller);
    rate::take(&engine, caller.credential).map_err(of_problem)?;
    let token = jwt::issue(&caller.public_key, secret, engine.now()).map_err(|error| {
        tracing::error!(%error, "a token could not be made");
        PortoneError::Broken
    })?;
    let content = Token { expires_in: ISSUED_FOR_SECONDS, token };
    Ok((no_store(), Json(Enveloped::success(content, Some(MESSAGE)))))
}

#[cfg(test)]
mod tests {
    use crate::portone::tests::{assert_error, get, post_anonymous};
    use crate::testing::Harness;
    use axum::http::StatusCode;
    use redress_engine::config::EngineConfig;
    use redress_engine::rate::RateConfig;
    use serde_json::json;
    use std::num::NonZeroU32;

    const PATH: &str = "/api/merchant/auth-token";

    #[tokio::test]
    async fn whoever_knows_the_secret_gets_a_token_that_works() {
        let harness = Harness::new().await;
        let merchant = harness.merchant.clone();
        let body = json!({"portone_key": merchant.portone_key, "portone_secret": merchant.portone_secret});
        let answer = harness.send(post_anonymous(PATH, &body.to_string())).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let mut answer = answer.json();
        let token = answer["content"]["token"].take();
        assert_eq!(
            answer,
            json!({"content": {"expires_in": 21600, "token": null}, "message": "Auth Token generated successfully!",
                "status_code": "2000", "status_reason": "SUCCESS"})
        );
        let request = get("/api/refund/none", merchant.portone_key, token.as_str().unwrap());
        assert_error(&harness.send(request).await, 400, "4096", "INVALID_REFERENCE");
    }

    #[tokio::test]
    async fn a_token_uses_up_a_request_of_its_key_and_a_wrong_secret_none() {
        let one = NonZeroU32::MIN;
        let rate = Some(RateConfig { per_second: one, burst: one });
        let harness = Harness::with(EngineConfig { rate, ..EngineConfig::default() }).await;
        let merchant = harness.merchant.clone();
        let ask = async |secret: &str| {
            let body = json!({"portone_key": merchant.portone_key, "portone_secret": secret});
            harness.send(post_anonymous(PATH, &body.to_string())).await
        };
        let wrong = ask("x").await;
        assert!(wrong.status == 401 && !wrong.headers.contains_key("ratelimit"));
        let asked = ask(merchant.portone_secret).await;
        assert_eq!(asked.status, StatusCode::OK);
        assert_eq!(asked.headers["ratelimit-policy"], "\"key\";q=1;w=1");
        assert_eq!(asked.headers["ratelimit"], "\"key\";r=0;t=1");
        let refused = ask(merchant.portone_secret).await;
        assert_error(&refused, 429, "4029", "REFUND_SYSTEM_ERROR");
        assert_eq!(refused.headers["retry-after"], "1");
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_as_documented() {
        let harness = Harness::new().await;
        let key = harness.merchant.portone_key;
        let cases = [
            (
                json!({"portone_key": "nobody", "portone_secret": "x"}),
                400,
                "4016",
                "Merchant not found for this key : nobody",
            ),
            (json!({"portone_key": key, "portone_secret": "x"}), 401, "4099", "invalid portone secret"),
            (json!({"portone_key": key, "portone_secret": ""}), 401, "4099", "invalid portone secret"),
            (
                json!({"portone_secret": "x"}),
                400,
                "4001",
                "Invalid Request, err : portone_key is a required field",
            ),
            (
                json!({"portone_key": key}),
                400,
                "4001",
                "Invalid Request, err : portone_secret is a required field",
            ),
            (
                json!({"portone_key": 7, "portone_secret": "x"}),
                400,
                "4001",
                "Invalid Request, err : portone_key must be a string",
            ),
        ];
        for (body, status, code, message) in cases {
            let answer = harness.send(post_anonymous(PATH, &body.to_string())).await;
            assert_eq!(answer.status.as_u16(), status, "{body}");
            assert_eq!(
                (&answer.json()["status_code"], &answer.json()["message"]),
                (&json!(code), &json!(message))
            );
        }
    }
}
