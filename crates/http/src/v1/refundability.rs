//! GET `/v1/payments/{payment}/refundability`: what of a payment can be refunded now, and why not.

use axum::extract::State;
use redress_core::policy::Refusal;
use redress_core::refundability::Parts;
use redress_engine::admin::cases::Case;
use redress_engine::engine::Engine;
use redress_engine::lookup::Refundable;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Answer;
use super::auth::KeyHolder;
use super::code::Code;
use super::error::OwnError;
use super::time::time;
use crate::body::PathText;

/// So many of the refunds that reserve something are named.
const RESERVED_BY_MAX: usize = 100;

/// So many of the cases that block something are named.
const BLOCKED_BY_MAX: u32 = 100;

/// What of a payment can be refunded now. Sums are in minor units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refundability, example = json!({
        "payment": "pay_01m83wh2jgebxaxzz815mkdcgb",
        "order_ref": "order-3",
        "currency": "SAR",
        "captured": 10000,
        "refunded": 2500,
        "reserved": 1000,
        "reserved_by": [{"refund": "rf_01m83we5bxfvt8aqezdzht621f", "amount": 1000, "status": "pending"}],
        "blocked": 0,
        "blocked_by": [],
        "remaining": 6500,
        "deadline": null,
        "full": {"allowed": true, "code": null, "reason": null},
        "partial": {"allowed": true, "code": null, "reason": null},
        "several": {"allowed": true, "code": null, "reason": null},
        "least": 1,
        "most": 6500,
        "step": 1,
        "one_in_flight": false,
        "expected_speed": {"notification": "signed; the PSP is asked before it counts", "status_query": "by its id"},
    }))]
pub(crate) struct RefundabilityView {
    /// The payment's id.
    payment: String,
    /// The payment's reference.
    order_ref: String,
    /// ISO 4217.
    currency: &'static str,
    /// What was captured.
    captured: i64,
    /// What was given back.
    refunded: i64,
    /// What open refunds reserve.
    reserved: i64,
    /// The open refunds, the oldest first; at most 100.
    reserved_by: Vec<ReservedBy>,
    /// What open cases block.
    blocked: i64,
    /// The open cases that block something, the oldest first; at most 100.
    blocked_by: Vec<BlockedBy>,
    /// What is left: the payment's `refundable`, and what `expected_refundable` of a refund is held to.
    remaining: i64,
    /// When the PSP's time for refunds ends; `null` where it states no end. RFC 3339.
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// All that is left, at once.
    full: Kind,
    /// A part.
    partial: Kind,
    /// More than one refund.
    several: Kind,
    /// The least that may be refunded in part; `null` where no part may be.
    least: Option<i64>,
    /// The most that may be refunded in part; all that was captured is no part.
    most: Option<i64>,
    /// Parts must be multiples of this.
    step: Option<i64>,
    /// Refunds of this payment are sent one after the other.
    one_in_flight: bool,
    /// How the end is learned, in the words of the connector's table: from the answer, a notification, or by asking.
    expected_speed: ExpectedSpeed,
}

/// How the end of a refund is learned; no PSP promises a time here.
#[derive(Debug, Serialize, ToSchema)]
struct ExpectedSpeed {
    /// Whether the PSP tells of the end by itself.
    notification: &'static str,
    /// Whether it can be asked.
    status_query: &'static str,
}

/// A refund that reserves a sum.
#[derive(Debug, Serialize, ToSchema)]
struct ReservedBy {
    /// The refund's id.
    refund: String,
    /// How much, in minor units.
    amount: i64,
    /// Its status.
    status: &'static str,
}

/// A case that blocks a sum.
#[derive(Debug, Serialize, ToSchema)]
struct BlockedBy {
    /// The case's id: closing it says what becomes of the sum.
    #[schema(example = "case_01k00000000000000000000000")]
    case: String,
    /// How much, in minor units.
    amount: i64,
    /// Why a person must look, as `late_success`.
    kind: &'static str,
}

/// Whether a kind of refund is possible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KindAllowed)]
struct Kind {
    /// Whether it is.
    allowed: bool,
    /// Why not: the code that the request would be answered with.
    #[schema(value_type = Option<String>, example = "nothing_left")]
    code: Option<&'static str>,
    /// Why not, in words.
    reason: Option<String>,
}

/// Read what can be refunded
///
/// What is left of a payment and by what the rest is used, which refunds are possible now, and for each that is not the
/// code and the reason that it would be refused with.
#[utoipa::path(
    get,
    path = "/v1/payments/{payment}/refundability",
    operation_id = "getRefundability",
    tag = "Payments",
    params(("payment" = String, Path, description = "The payment's id or its reference.", example = "order-3")),
    responses(
        (status = 200, description = "What is possible now.", body = RefundabilityView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    PathText(payment): PathText,
) -> Result<Answer<RefundabilityView>, OwnError> {
    let none = || OwnError::not_found("payment");
    let named = payment.ok_or_else(none)?;
    let found = engine.refundable_named(holder.merchant, holder.environment, named).await?;
    let found = found.ok_or_else(none)?;
    let blocking = engine.blocking_cases(&found.payment, BLOCKED_BY_MAX).await?;
    Ok(Answer(RefundabilityView::of(found, &blocking)))
}

impl RefundabilityView {
    fn of(found: Refundable, blocking: &[Case]) -> Self {
        let Refundable { payment, open, through } = found;
        let now = through.refundability;
        let parts = now.partial.ok();
        let part = |of: fn(Parts) -> i64| parts.map(of);
        Self {
            payment: payment.id.to_string(),
            order_ref: payment.order_ref,
            currency: payment.currency.code(),
            captured: payment.balance.captured,
            refunded: payment.balance.refunded,
            reserved: payment.balance.reserved,
            reserved_by: open
                .iter()
                .take(RESERVED_BY_MAX)
                .map(|refund| ReservedBy {
                    refund: refund.id.to_string(),
                    amount: refund.amount.minor(),
                    status: refund.state.name().as_str(),
                })
                .collect(),
            blocked: payment.balance.blocked,
            blocked_by: blocking.iter().map(BlockedBy::of).collect(),
            remaining: now.remaining.minor(),
            deadline: now.deadline.map(time),
            full: Kind::of(now.full.err()),
            partial: Kind::of(now.partial.err()),
            several: Kind::of(now.several.err()),
            least: part(|parts| parts.least.minor()),
            most: part(|parts| parts.most.minor()),
            step: part(|parts| parts.step.minor()),
            one_in_flight: now.one_in_flight,
            expected_speed: ExpectedSpeed {
                notification: through.profile.notification,
                status_query: through.profile.status_query,
            },
        }
    }
}

impl BlockedBy {
    fn of(case: &Case) -> Self {
        Self { case: case.id.to_string(), amount: case.blocked, kind: case.kind.as_str() }
    }
}

impl Kind {
    fn of(refusal: Option<Refusal>) -> Self {
        Self {
            allowed: refusal.is_none(),
            code: refusal.map(|refusal| Code::of_refusal(&refusal).entry().name),
            reason: refusal.map(|refusal| refusal.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use serde_json::{Value, json};

    use crate::testing::{Harness, TestMerchant, TestPayment};

    async fn told(harness: &Harness, merchant: &TestMerchant, payment: &str) -> (u16, Value) {
        let request = Request::get(format!("/v1/payments/{payment}/refundability"))
            .header("authorization", format!("Bearer {}", merchant.api_key));
        let answer = harness.send(request.body(Body::empty()).unwrap()).await;
        (answer.status.as_u16(), answer.json())
    }

    #[tokio::test]
    async fn what_is_left_and_what_uses_the_rest_is_told() {
        let harness = Harness::new().await;
        let payment = TestPayment::tap("o1", 10_000);
        harness.payment(payment.clone()).await;
        let (status, fresh) = told(&harness, &harness.merchant, "o1").await;
        let yes = json!({"allowed": true, "code": null, "reason": null});
        assert_eq!(status, 200);
        assert_eq!([&fresh["full"], &fresh["partial"], &fresh["several"]], [&yes; 3]);
        assert_eq!(
            (&fresh["remaining"], &fresh["least"], &fresh["most"]),
            (&json!(10_000), &json!(1), &json!(9_999))
        );
        harness.script(&payment, &["pend"]).await;
        let make = Request::post("/v1/payments/o1/refunds")
            .header("authorization", format!("Bearer {}", harness.merchant.api_key));
        let made = harness.send(make.body(Body::from("{}")).unwrap()).await.json();
        harness.pass(Duration::from_secs(1)).await;
        let id = fresh["payment"].as_str().unwrap();
        let (_, used) = told(&harness, &harness.merchant, id).await;
        let no = json!({"allowed": false, "code": "nothing_left", "reason": "nothing is left to refund"});
        assert_eq!([&used["full"], &used["partial"], &used["several"]], [&no; 3]);
        assert_eq!(
            used["reserved_by"],
            json!([{"refund": made["id"], "amount": 10_000, "status": "pending"}])
        );
        assert_eq!(
            (&used["reserved"], &used["remaining"], &used["most"]),
            (&json!(10_000), &json!(0), &Value::Null)
        );
        for (merchant, payment) in [(&harness.other, "o1"), (&harness.other, id), (&harness.merchant, "o2")] {
            let (status, problem) = told(&harness, merchant, payment).await;
            assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
        }
    }
}
