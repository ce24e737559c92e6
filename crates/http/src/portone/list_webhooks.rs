//! `GET /api/merchant/{key}/webhook?environment=`: the addresses registered for `refund_status` notifications.
//!
//! <https://docs.portone.cloud/reference/get_api-merchant-key-webhook>. Endpoints in other dialects and revoked ones
//! are not shown.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use redress_engine::admin::endpoints::{Dialect, Endpoint};
use redress_engine::engine::Engine;
use serde::Deserialize;

use super::add_webhook::Webhook;
use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::read;
use super::refusals::Refusals;
use super::view::Enveloped;
use crate::body::PathText;

const MESSAGE: &str = "Webhook fetched successfully!";

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    environment: Option<String>,
}

/// List webhooks
///
/// The addresses that notifications about refunds go to.
#[utoipa::path(
    get,
    path = "/api/merchant/{key}/webhook",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    params(
        ("key" = String, Path, description = "The caller's own client key.", example = "SglffyyZgojEdXWL"),
        ("environment" = String, Query, description = "Which environment's.", pattern = "^(live|sandbox)$",
            example = "sandbox"),
    ),
    responses(
        (status = 200, description = "Those that are registered.", body = Enveloped<'static, Vec<Webhook<'static>>>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(key): PathText,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, PortoneError> {
    caller.is(key.as_deref())?;
    let Query(asked) = asked.map_err(|_| PortoneError::invalid("the query cannot be read"))?;
    let environment = asked.environment.ok_or(PortoneError::FieldMissing("environment"))?;
    let environment = read::environment(&environment)?;
    let endpoints = engine.list_endpoints(caller.merchant, Some(environment)).await?;
    let shown = |endpoint: &&Endpoint| endpoint.dialect == Dialect::Portone && endpoint.revoked_at.is_none();
    let content: Vec<_> = endpoints.iter().filter(shown).map(Webhook::new).collect();
    Ok(Json(Enveloped::success(content, Some(MESSAGE))).into_response())
}

#[cfg(test)]
mod tests {
    use crate::portone::tests::{assert_error, get, post, token};
    use crate::testing::{Harness, TestMerchant};
    use axum::body::Body;
    use axum::http::Request;
    use redress_core::environment::Environment;
    use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
    use serde_json::json;

    fn ask(merchant: &TestMerchant, query: &str) -> Request<Body> {
        let path = format!("/api/merchant/{}/webhook{query}", merchant.portone_key);
        get(&path, merchant.portone_key, &token(merchant))
    }

    #[tokio::test]
    async fn one_sees_ones_own_of_one_environment() {
        let harness = Harness::new().await;
        let path = format!("/api/merchant/{}/webhook", harness.merchant.portone_key);
        for (name, environment) in [("a", "sandbox"), ("b", "live"), ("c", "sandbox")] {
            let body = json!({"name": name, "url": "https://merchant.example/", "type": "refund_status",
                "environment": environment});
            assert_eq!(harness.send(post(&harness.merchant, &path, &body.to_string())).await.status, 200);
        }
        let sgate = NewEndpoint {
            merchant: harness.merchant.id,
            name: "d".into(),
            url: "https://merchant.example/".into(),
            dialect: Dialect::Sgate,
            environment: Environment::Sandbox,
            event_mask: None,
            credential: None,
        };
        harness.engine.add_endpoint(sgate).await.unwrap();
        let all = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
        let revoked = all.iter().find(|endpoint| endpoint.name == "c").unwrap();
        harness.engine.revoke_endpoint(harness.merchant.id, revoked.id).await.unwrap();

        let answer = harness.send(ask(&harness.merchant, "?environment=sandbox")).await.json();
        assert_eq!(answer["message"], "Webhook fetched successfully!");
        let names = answer["content"].as_array().unwrap().iter().map(|webhook| webhook["name"].clone());
        assert_eq!(names.collect::<Vec<_>>(), ["a"]);
        let others = harness.send(ask(&harness.other, "?environment=sandbox")).await.json();
        assert_eq!(others["content"], json!([]));
    }

    #[tokio::test]
    async fn the_environment_must_be_named() {
        let harness = Harness::new().await;
        for query in [
            "",
            "?environment=",
            "?environment=both",
            "?environment=%ff",
            "?environment=live&environment=live",
        ] {
            let answer = harness.send(ask(&harness.merchant, query)).await;
            assert_error(&answer, 400, "4001", "INVALID_REQUEST");
        }
    }
}
