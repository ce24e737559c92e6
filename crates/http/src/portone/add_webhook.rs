//! `POST /api/merchant/{key}/webhook`: registers an address for `refund_status` notifications.
//!
//! <https://docs.portone.cloud/reference/post_api-merchant-key-webhook>. PortOne's other types are about things that
//! Redress does not do; registering one is refused rather than kept and never served.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use redress_engine::admin::AdminError;
use redress_engine::admin::endpoints::{Dialect, Endpoint, NewEndpoint};
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::read;
use super::refusals::Refusals;
use super::view::{Enveloped, environment_words, rfc3339};
use crate::body::{PathText, RawBody};
use crate::described;

/// The one type that is served.
const REFUND_STATUS: &str = "refund_status";

const MESSAGE: &str = "Webhook added successfully!";

/// A registered address, as it is shown when it is added and when it is listed.
#[derive(Serialize, ToSchema)]
pub(super) struct Webhook<'a> {
    #[schema(value_type = String)]
    name: &'a str,
    #[schema(format = "uuid")]
    uuid: String,
    #[schema(value_type = String)]
    url: &'a str,
    enabled: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(schema_with = type_words)]
    r#type: &'static str,
}

/// An address to be told at.
#[derive(ToSchema)]
#[schema(as = WebhookAsked)]
#[expect(dead_code, reason = "it describes what the handler reads field by field")]
pub(crate) struct Asked {
    /// For people.
    #[schema(min_length = 1)]
    name: String,
    /// Where notifications go; without user and password.
    #[schema(min_length = 1)]
    url: String,
    #[schema(schema_with = type_words)]
    r#type: String,
    /// Of which environment's refunds it is told.
    #[schema(schema_with = environment_words)]
    environment: String,
}

fn type_words() -> Object {
    described::words(
        "What is told; PortOne's other types are about things that are not done here.",
        [REFUND_STATUS],
    )
}

impl<'a> Webhook<'a> {
    pub(super) fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            name: &endpoint.name,
            uuid: uuid(endpoint.id.as_bytes()),
            url: &endpoint.url,
            enabled: endpoint.revoked_at.is_none(),
            created_at: rfc3339(endpoint.created_at),
            r#type: REFUND_STATUS,
        }
    }
}

/// An id's bytes in the form of RFC 9562, section 4.
fn uuid(bytes: &[u8; 16]) -> String {
    let number = u128::from_be_bytes(*bytes);
    let part = |shift: u32, digits: u32| (number >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    )
}

impl From<AdminError> for PortoneError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Engine(error) => error.into(),
            AdminError::Invalid { .. } | AdminError::NotFound(_) | AdminError::Conflict(_) => {
                Self::invalid(error.to_string())
            }
        }
    }
}

/// Register a webhook
///
/// Notifications about refunds go to this address from now on.
#[utoipa::path(
    post,
    path = "/api/merchant/{key}/webhook",
    operation_id = "addWebhook",
    tag = "Webhooks",
    params(("key" = String, Path, description = "The caller's own client key.", example = "SglffyyZgojEdXWL")),
    request_body(content = Asked, example = json!({"name": "refunds", "url": "https://merchant.example/hook",
        "type": "refund_status", "environment": "sandbox"})),
    responses(
        (status = 200, description = "It is registered.", body = Enveloped<'static, Webhook<'static>>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(key): PathText,
    RawBody(body): RawBody,
) -> Result<Response, PortoneError> {
    caller.is(key.as_deref())?;
    let fields = read::object(&body)?;
    // The engine bounds name and address; here only the body's size does.
    let text = |field| read::text(&fields, field, body.len());
    let (name, url) = (text("name")?, text("url")?);
    if text("type")? != REFUND_STATUS {
        return Err(PortoneError::invalid("type must be refund_status"));
    }
    let environment = read::environment(&text("environment")?)?;
    let (merchant, credential) = (caller.merchant, Some(caller.credential));
    let dialect = Dialect::Portone;
    let new = NewEndpoint { merchant, name, url, dialect, environment, event_mask: None, credential };
    // The other secret, of the Standard Webhooks headers, has no place in this answer; a rotation shows a new one.
    let (endpoint, _) = engine.add_endpoint(new).await?;
    Ok(Json(Enveloped::success(Webhook::new(&endpoint), Some(MESSAGE))).into_response())
}

#[cfg(test)]
mod tests {
    use super::uuid;
    use crate::portone::tests::{assert_error, post};
    use crate::testing::Harness;
    use serde_json::{Value, json};

    fn sample() -> Value {
        json!({"name": "webhook test", "url": "https://merchant.example/hook?x=1", "type": "refund_status",
            "environment": "live"})
    }

    #[tokio::test]
    async fn an_address_is_registered() {
        let harness = Harness::new().await;
        let path = format!("/api/merchant/{}/webhook", harness.merchant.portone_key);
        let answer = harness.send(post(&harness.merchant, &path, &sample().to_string())).await;
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        let uuid = answer["content"]["uuid"].as_str().unwrap();
        assert_eq!((uuid.len(), uuid.split('-').count()), (36, 5));
        let content = json!({"name": "webhook test", "uuid": uuid, "url": "https://merchant.example/hook?x=1",
            "enabled": true, "created_at": "2026-11-18T15:06:40.123456Z", "type": "refund_status"});
        assert_eq!(
            answer,
            json!({"content": content, "message": "Webhook added successfully!", "status_code": "2000",
                "status_reason": "SUCCESS"})
        );
    }

    #[tokio::test]
    async fn what_is_wrong_registers_nothing() {
        let harness = Harness::new().await;
        let path = format!("/api/merchant/{}/webhook", harness.merchant.portone_key);
        for (field, wrong) in [
            ("name", json!(null)),
            ("name", json!("")),
            ("name", json!("x".repeat(3_000))),
            ("url", json!(null)),
            ("url", json!("ftp://merchant.example/")),
            ("url", json!("merchant.example")),
            ("url", json!("https://a:b@merchant.example/")),
            ("url", json!(7)),
            ("type", json!(null)),
            ("type", json!("payment_status")),
            ("environment", json!(null)),
            ("environment", json!("LIVE")),
        ] {
            let mut body = sample();
            body[field] = wrong;
            let answer = harness.send(post(&harness.merchant, &path, &body.to_string())).await;
            assert_error(&answer, 400, "4001", "INVALID_REQUEST");
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(message.contains(field), "{message}");
        }
        let kept = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
        assert!(kept.is_empty());
    }

    #[test]
    fn an_id_is_shown_as_rfc_9562_has_it() {
        let bytes =
            [0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        assert_eq!(uuid(&bytes), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }
}
