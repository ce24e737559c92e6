//! `GET /api/refund/{order_ref}`: what is left of a payment, and all of its refunds.
//!
//! <https://docs.portone.cloud/reference/get_api-refund-portone-order-ref>. A payment without refunds has an empty
//! list and all of its amount left.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use redress_engine::engine::Engine;

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::refusals::Refusals;
use super::view::Refunds;
use crate::body::PathText;

/// List a payment's refunds
///
/// What is left of a payment, and all of its refunds.
#[utoipa::path(
    get,
    path = "/api/refund/{order_ref}",
    operation_id = "listRefunds",
    tag = "Refunds",
    params(("order_ref" = String, Path, description = "The reference of the payment.", example = "order-1")),
    responses(
        (status = 200, description = "The refunds, oldest first.", body = Refunds<'static>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(order_ref): PathText,
) -> Result<Response, PortoneError> {
    let order_ref = order_ref.ok_or(PortoneError::NoTransaction)?;
    let order = engine.order(caller.merchant, None, &order_ref).await?.ok_or(PortoneError::NoTransaction)?;
    Ok(Json(Refunds::new(&order.payment, &order.refunds, &caller.merchant_code)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::portone::tests::{assert_error, list};
    use crate::testing::{Harness, TestPayment};

    #[tokio::test]
    async fn a_payment_without_refunds_has_all_of_its_amount_left() {
        let harness = Harness::new().await;
        harness.payment(TestPayment::tap("o1", 10_050)).await;
        let answer = harness.send(list(&harness.merchant, "o1")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, r#"{"amountToRefund":100.5,"refundDetails":[]}"#)
        );
    }

    #[tokio::test]
    async fn what_cannot_be_a_reference_names_nothing() {
        let harness = Harness::new().await;
        harness.payment(TestPayment::momo("o1", 1_000)).await;
        let long = "x".repeat(256);
        for path in ["o2", "O1", "%00", "o1%00", "%ff", "%C3%28", &long, "o1%2F", "..%2Fo1", "o1%20"] {
            assert_error(
                &harness.send(list(&harness.merchant, path)).await,
                400,
                "4096",
                "INVALID_REFERENCE",
            );
        }
    }
}
