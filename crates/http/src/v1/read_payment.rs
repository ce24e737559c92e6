//! GET `/v1/payments/{payment}`: one payment as it is now.

use axum::extract::State;
use redress_engine::engine::Engine;

use super::answer::Answer;
use super::auth::KeyHolder;
use super::error::OwnError;
use super::payment_view::{PaymentView, named};
use crate::body::PathText;

/// Read a payment
///
/// By its id or, where no payment has this id, by its `order_ref`. Whatever the key cannot see is not there.
#[utoipa::path(
    get,
    path = "/v1/payments/{payment}",
    operation_id = "getPayment",
    tag = "Payments",
    params(("payment" = String, Path, description = "The payment's id, or its `order_ref`.", example = "order-3")),
    responses(
        (status = 200, description = "The payment.", body = PaymentView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    PathText(name): PathText,
) -> Result<Answer<PaymentView>, OwnError> {
    Ok(Answer(named(&engine, &holder, name).await?.into()))
}
