//! A test of an endpoint: something is sent now, signed as every notification, and what came back is shown. It is about
//! no refund of the merchant's, and nothing is recorded.

use std::time::Duration;

use redress_core::balance::Balance;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, EndpointId, MerchantId, PaymentId, RefundId};
use redress_core::money::{Amount, Currency};
use redress_core::payment::Payment;
use redress_core::refund::{Evidence, Refund, RefundKind};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_store::ops::deliveries::{DeliveryEvent, DeliveryQueue};
use redress_store::ops::endpoints::{Dialect, Endpoint, FindEndpoint};

use super::attempt::{Tried, judged};
use super::keys::NoKey;
use super::message::{NotSendable, Taken, Told};
use super::schedule::Verdict;
use super::standard;
use crate::admin::AdminError;
use crate::admin::endpoints::revoked;
use crate::engine::Engine;
use crate::error::EngineError;
use redress_psp::transport::HttpRequest;

/// The order that a test in the dialects `portone` and `sgate` speaks of: nobody has it.
pub const TEST_ORDER_REF: &str = "REDRESS-TEST";

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointTest {
    /// What was sent as `webhook-id`.
    pub event_id: String,
    /// Whether the endpoint took it, as it must take a notification of its dialect.
    pub taken: bool,
    /// The HTTP status; `None` when none came.
    pub status: Option<u16>,
    /// What came back or went wrong: its beginning.
    pub answer: String,
    /// How long it took.
    pub took: Duration,
}

impl Engine {
    /// Sends a test to an endpoint now and answers what came back. It has its place among the notifications that may be
    /// under way to the endpoint at once.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the merchant has no such endpoint, [`AdminError::Conflict`] when it is revoked,
    /// [`EngineError::Busy`] when as much is under way to it as may be.
    pub async fn test_endpoint(
        &self,
        merchant: MerchantId,
        endpoint: EndpointId,
    ) -> Result<EndpointTest, AdminError> {
        let found = self.parts.store.read(FindEndpoint { merchant, endpoint }).await?;
        let found = found.ok_or(AdminError::NotFound("endpoint"))?;
        if found.revoked_at.is_some() {
            return Err(revoked());
        }
        let queue = DeliveryQueue { merchant, endpoint: Some(endpoint) };
        let Some(slot) = self.parts.slots.take_one(queue) else {
            let busy = "as many notifications are under way to the endpoint as may be".to_owned();
            return Err(EngineError::Busy(busy).into());
        };
        let started_at = self.now();
        let id = RefundId::new(started_at, self.parts.world.random.bytes10());
        let event_id = format!("evt_test_{id}");
        let tried = match self.test_request(&found, id, &event_id, started_at).await {
            Ok((request, taken)) => judged(self.parts.notify_transport.send(request).await, &taken),
            Err(NoKey::Store(error)) => return Err(error.into()),
            Err(NoKey::NotSendable(why)) => Tried::without_answer(Verdict::NotSendable, why.to_string()),
        };
        let took = self.now().since(started_at);
        tried.teach(&slot, took);
        Ok(EndpointTest {
            event_id,
            taken: tried.verdict == Verdict::Delivered,
            status: tried.status,
            answer: tried.answer,
            took,
        })
    }

    async fn test_request(
        &self,
        endpoint: &Endpoint,
        id: RefundId,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(HttpRequest, Taken), NoKey> {
        let message = if endpoint.dialect == Dialect::Standard {
            standard::test_message(endpoint, now)?
        } else {
            let (event, refund, payment) = sample(endpoint, id, now)?;
            let told = Told { event: &event, refund: &refund, payment: &payment };
            self.to_endpoint(&told, endpoint.dialect, endpoint, now).await?
        };
        Ok(self.with_signature(message, &self.endpoint_keys(endpoint, now)?, event_id, now))
    }
}

/// A refund that never was: the dialects of others have no test of their own. Its order names nothing.
fn sample(
    endpoint: &Endpoint,
    id: RefundId,
    now: Timestamp,
) -> Result<(DeliveryEvent, Refund, Payment), NotSendable> {
    let currency = Currency::from_code("USD").map_err(|error| NotSendable(error.to_string()))?;
    let (merchant, environment) = (endpoint.merchant, endpoint.environment);
    let (payment_id, account) = (PaymentId::from_bytes(*id.as_bytes()), AccountId::from_bytes([0; 16]));
    let event = DeliveryEvent {
        number: 1,
        kind: EventKind::Succeeded,
        amount_minor: 100,
        psp_refund_id: None,
        failure_code: None,
        failure_text: None,
        note: None,
        again_at: None,
        happened_at: now,
    };
    let refund = Refund {
        merchant,
        id,
        payment: payment_id,
        environment,
        ordinal: 1,
        transaction_number: 2,
        amount: Amount::new(100, currency),
        kind: RefundKind::Full,
        reason: "a test of this endpoint".to_owned(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        account,
        takes_turns: false,
        account_version: 1,
        psp_refund_id: None,
        arn: None,
        psp_note: None,
        state: RefundState::Succeeded,
        evidence: Evidence::default(),
        due_at: None,
        event_count: 1,
        created_at: now,
        updated_at: now,
        finished_at: Some(now),
    };
    let payment = Payment {
        merchant,
        id: payment_id,
        environment,
        order_ref: TEST_ORDER_REF.to_owned(),
        merchant_order_ref: None,
        account,
        psp_payment_id: TEST_ORDER_REF.to_owned(),
        currency,
        balance: Balance { captured: 100, refunded: 100, reserved: 0, blocked: 0 },
        refunded_before: 0,
        captured_at: now,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
        disputed_at: None,
        refund_count: 1,
        transaction_count: 2,
        created_at: now,
        updated_at: now,
    };
    Ok((event, refund, payment))
}
