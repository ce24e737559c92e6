//! POST `/v1/deliveries/{id}/resend`: makes a delivery due now, however it stands.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_engine::engine::Engine;

use super::id;
use super::view::WithAttempts;
use crate::body::{PathText, RawBody};
use crate::json_object::JsonObject;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::Once;

/// Resend a delivery
///
/// It is due now, also where it was taken or given up, and is sent in a moment; its `webhook-id` stays the same. Where
/// its tries were used up one more is made.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{id}/resend",
    operation_id = "resendDelivery",
    tag = "Deliveries",
    params(
        ("id" = String, Path, description = "The delivery's id.", example = "dlv_01k0000000000000000000000001k000000000000000000000002"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key sends nothing again and is answered with the delivery as it is now."),
    ),
    responses(
        (status = 200, description = "The delivery, which is due.", body = WithAttempts),
        (status = 409, description = "Its endpoint is revoked."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    path: PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let (merchant, environment, id) = (holder.merchant, holder.environment, id(path)?);
    JsonObject::parse_optional(&body)?.only(&[])?;
    let first = move |engine: Engine| async move {
        let delivery = engine.resend_delivery(merchant, environment, id).await?;
        Ok((id.to_string(), Json(WithAttempts::of(&delivery))))
    };
    let again = move |engine: Engine, _| async move {
        let delivery = engine.delivery(merchant, environment, id).await?;
        Ok(Json(WithAttempts::of(&delivery)))
    };
    once.run(engine, holder, body, first, again).await
}
