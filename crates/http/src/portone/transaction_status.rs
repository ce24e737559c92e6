//! `GET /api/transaction/{merchant_order_ref}/status`: the state of a payment, by the merchant's own reference.
//!
//! <https://docs.portone.cloud/reference/get_api-transaction-merchantorderref-status>. Redress knows captured payments
//! only, so the state is always `Success`. The merchant's references need not be unique: the newest payment answers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::refusals::Refusals;
use super::view::Enveloped;
use crate::body::PathText;

/// The state of a payment.
#[derive(Serialize, ToSchema)]
#[schema(as = TransactionStatus)]
struct Status<'a> {
    /// The provider's own id of it.
    #[schema(value_type = String)]
    channel_order_ref: &'a str,
    /// The reference by which it is refunded.
    #[schema(value_type = String)]
    order_ref: &'a str,
    /// Only captured payments are known here.
    #[schema(value_type = String, pattern = "^Success$")]
    status: &'static str,
}

/// Read a payment's state
///
/// By the merchant's own reference, which need not be unique: the newest payment answers.
#[utoipa::path(
    get,
    path = "/api/transaction/{merchant_order_ref}/status",
    operation_id = "readTransactionStatus",
    tag = "Payments",
    params(("merchant_order_ref" = String, Path, description = "The merchant's own reference.",
        example = "MERCHANT1647433108462")),
    responses(
        (status = 200, description = "The state.", body = Enveloped<'static, Status<'static>>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(merchant_order_ref): PathText,
) -> Result<Response, PortoneError> {
    let wanted = merchant_order_ref.ok_or(PortoneError::NoTransaction)?;
    let payment =
        engine.newest_payment(caller.merchant, &wanted).await?.ok_or(PortoneError::NoTransaction)?;
    let content = Status {
        channel_order_ref: &payment.psp_payment_id,
        order_ref: &payment.order_ref,
        status: "Success",
    };
    Ok(Json(Enveloped::success(content, None)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::portone::tests::{assert_error, get, token};
    use crate::testing::{Harness, TestPayment};
    use serde_json::json;

    #[tokio::test]
    async fn a_payment_is_found_by_the_merchants_reference() {
        let harness = Harness::new().await;
        let payment =
            TestPayment { merchant_order_ref: Some("MERCHANT1647433108462"), ..TestPayment::momo("o1", 9) };
        harness.payment(payment).await;
        let ask = |path: &str| get(path, harness.merchant.portone_key, &token(&harness.merchant));
        let answer = harness.send(ask("/api/transaction/MERCHANT1647433108462/status")).await.json();
        let known = answer["content"]["channel_order_ref"].as_str().unwrap();
        assert_eq!(
            answer,
            json!({"content": {"channel_order_ref": known, "order_ref": "o1", "status": "Success"},
                "status_code": "2000", "status_reason": "SUCCESS"})
        );
        let by_order_ref = harness.send(ask("/api/transaction/o1/status")).await;
        assert_error(&by_order_ref, 400, "4096", "INVALID_REFERENCE");
    }
}
