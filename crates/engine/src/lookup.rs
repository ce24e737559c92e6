//! Reading payments and refunds for a caller. Everything is looked up within the caller's merchant: what belongs to
//! another does not exist.

use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId, RefundId};
use redress_core::payment::Payment;
use redress_core::policy::{AccountState, Ask, Grant, Refusal, judge};
use redress_core::refund::Refund;
use redress_core::refundability::{Refundability, refundability};
use redress_core::state::{RefundState, StateName};
use redress_core::time::Timestamp;
use redress_psp::profile::Profile;
use redress_store::ops::paging::{Place, Turn};
use redress_store::ops::payments::search::{PaymentFilter as Narrowed, SearchPayments};
use redress_store::ops::payments::{FindPayment, LoadPayment, NewestPaymentByMerchantOrderRef};
use redress_store::ops::refund_list::{LOOKED_AT_MAX, ListRefunds, RefundListFilter};
use redress_store::ops::refunds::refundable::{LoadRefundable, PaymentBy};
use redress_store::ops::refunds::shown::ShowRefund;
use redress_store::ops::refunds::{LoadNamedRefund, LoadRefund};

use crate::accept::{named_key, request_key};
use crate::engine::Engine;
use crate::error::EngineError;

pub use redress_store::ops::payments::search::SEARCH_ROWS_MAX;
pub use redress_store::ops::refunds::shown::OrderRefs;
pub use redress_store::ops::refunds::{AttemptRow, LoadOrder, Order, RefundBy, Timeline, TimelineEvent};
pub use redress_store::ops::write::Author;

impl Engine {
    /// A payment by its reference, with its refunds. `environment` is that of a caller who belongs to one.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn order(
        &self,
        merchant: MerchantId,
        environment: Option<Environment>,
        order_ref: &str,
    ) -> Result<Option<Order>, EngineError> {
        let found = self.parts.store.read(LoadOrder { merchant, order_ref: order_ref.to_owned() }).await?;
        Ok(found.filter(|order| environment.is_none_or(|of| of == order.payment.environment)))
    }

    /// A refund with its payment.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refund(
        &self,
        merchant: MerchantId,
        environment: Option<Environment>,
        by: RefundBy,
    ) -> Result<Option<(Refund, Payment)>, EngineError> {
        let found = self.parts.store.read(LoadRefund { merchant, by }).await?;
        Ok(found.filter(|(refund, _)| environment.is_none_or(|of| of == refund.environment)))
    }

    /// The refund of one environment that a request with this idempotency key made; of those that the merchant named
    /// none is found.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refund_of_request(
        &self,
        merchant: MerchantId,
        environment: Environment,
        key: &str,
    ) -> Result<Option<Refund>, EngineError> {
        let key = request_key(merchant, key);
        let found = self.parts.store.read(LoadNamedRefund { merchant, key }).await?;
        Ok(found.map(|(refund, _)| refund).filter(|refund| refund.environment == environment))
    }

    /// A refund of one environment with its payment's names, for whoever shows it.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refund_shown(
        &self,
        merchant: MerchantId,
        environment: Environment,
        id: RefundId,
    ) -> Result<Option<(Refund, OrderRefs)>, EngineError> {
        let found = self.parts.store.read(ShowRefund { merchant, refund: id }).await?;
        Ok(found.filter(|(refund, _)| refund.environment == environment))
    }

    /// A page of refunds, the newest first, from behind `after`.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn list_refunds(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: RefundFilter,
        after: Option<RefundId>,
        limit: u32,
    ) -> Result<RefundPage, EngineError> {
        let from = filter.created_from.map_or(RefundId::from_bytes([0; 16]), RefundId::first_of);
        let end = filter.created_to.map_or(RefundId::from_bytes([u8::MAX; 16]), RefundId::first_of);
        let before = after.map_or(end, |after| after.min(end));
        let few = if let Some(id) = &filter.merchant_refund_id {
            let key = named_key(merchant, environment.as_str(), id);
            let found = self.parts.store.read(LoadNamedRefund { merchant, key }).await?;
            found
                .into_iter()
                .filter(|(_, payment)| filter.payment.is_none_or(|of| of == payment.id))
                .collect()
        } else if let Some(payment) = filter.payment {
            let payment = self.payment(merchant, payment).await?;
            let order = match payment {
                Some(payment) => self.order(merchant, Some(environment), &payment.order_ref).await?,
                None => None,
            };
            order.map_or_else(Vec::new, |Order { payment, refunds }| {
                refunds.into_iter().map(|refund| (refund, payment.clone())).collect()
            })
        } else {
            let RefundFilter { states, created_from, created_to, .. } = filter;
            let filter = RefundListFilter { states, created_from, created_to, ..RefundListFilter::default() };
            let turn = after.map_or(Turn::First, |after| Turn::Older(Place::of_id(*after.as_bytes())));
            let looked_at_max = LOOKED_AT_MAX;
            let list = ListRefunds { merchant, environment, filter, turn, limit, looked_at_max };
            let page = self.parts.store.read(list).await?;
            let next = page.older.map(|place| RefundId::from_bytes(place.id));
            return Ok(RefundPage { refunds: page.items, next });
        };
        Ok(page_of_few(few, &filter.states, (from, before), limit))
    }

    /// A payment by its id.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payment(&self, merchant: MerchantId, id: PaymentId) -> Result<Option<Payment>, EngineError> {
        Ok(self.parts.store.read(LoadPayment { merchant, payment: id }).await?)
    }

    /// The reference of the payment that a caller names by its id or its reference. What has the form of an id is one and
    /// never a reference, whether a payment has it or not: so a name never comes to mean another payment. No new payment
    /// gets a reference of that form ([`crate::admin::payments`]).
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn order_ref_named(
        &self,
        merchant: MerchantId,
        named: String,
    ) -> Result<Option<String>, EngineError> {
        match PaymentId::parse(&named) {
            Ok(id) => Ok(self.payment(merchant, id).await?.map(|payment| payment.order_ref)),
            Err(_) => Ok(Some(named)),
        }
    }

    /// A payment of one environment by its id or its reference, as [`Engine::order_ref_named`] tells them apart.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payment_named(
        &self,
        merchant: MerchantId,
        environment: Environment,
        id_or_order_ref: &str,
    ) -> Result<Option<Payment>, EngineError> {
        let found = match PaymentId::parse(id_or_order_ref) {
            Ok(id) => self.payment(merchant, id).await?,
            Err(_) => {
                let order_ref = id_or_order_ref.to_owned();
                self.parts.store.read(FindPayment { merchant, order_ref }).await?
            }
        };
        Ok(found.filter(|payment| payment.environment == environment))
    }

    /// A page of a merchant's payments of one environment, newest first; `before` is the `next` of the page before.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payments(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: PaymentFilter,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<PaymentsFound, EngineError> {
        let (is_counted, rows_max) = (false, SEARCH_ROWS_MAX);
        let turn = before.map_or(Turn::First, |before| Turn::Older(Place::of_id(*before.as_bytes())));
        let filter = filter.narrowed();
        let search = SearchPayments { merchant, environment, filter, turn, limit, is_counted, rows_max };
        let page = self.parts.store.read(search).await?;
        let next = page.older.map(|place| PaymentId::from_bytes(place.id));
        Ok(PaymentsFound { payments: page.items, next })
    }

    /// The newest payment with the merchant's own order reference.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn newest_payment(
        &self,
        merchant: MerchantId,
        merchant_order_ref: &str,
    ) -> Result<Option<Payment>, EngineError> {
        let merchant_order_ref = merchant_order_ref.to_owned();
        Ok(self.parts.store.read(NewestPaymentByMerchantOrderRef { merchant, merchant_order_ref }).await?)
    }

    /// What happened to a refund, and every exchange about it.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn timeline(
        &self,
        refund: &Refund,
    ) -> Result<(Vec<TimelineEvent>, Vec<AttemptRow>), EngineError> {
        Ok(self.parts.store.read(Timeline { merchant: refund.merchant, refund: refund.id }).await?)
    }

    /// Whether a refund failed because the PSP does not know its payment.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn failed_for_unknown_payment(&self, refund: &Refund) -> Result<bool, EngineError> {
        let RefundState::Failed(failure) = &refund.state else { return Ok(false) };
        let found = self.parts.store.read(redress_store::ops::accounts::FindAccount(refund.account)).await?;
        let connector = found.and_then(|account| (self.parts.connectors)(&account.psp));
        Ok(connector.is_some_and(|psp| psp.payment_not_known_codes().contains(&failure.code.as_str())))
    }

    /// What of a payment can be refunded now; `None` where its account is gone.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refundable_through(&self, payment: &Payment) -> Result<Option<Through>, EngineError> {
        let found = self.parts.store.read(redress_store::ops::accounts::FindAccount(payment.account)).await?;
        Ok(found.and_then(|account| self.through(payment, &account.psp, account.state)))
    }

    /// The same of a payment of one environment by its id or its reference, as [`Engine::order_ref_named`] tells them apart,
    /// with the payment and its open refunds; `None` where there is no such payment.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refundable_named(
        &self,
        merchant: MerchantId,
        environment: Environment,
        id_or_order_ref: String,
    ) -> Result<Option<Refundable>, EngineError> {
        let by =
            PaymentId::parse(&id_or_order_ref).map_or(PaymentBy::OrderRef(id_or_order_ref), PaymentBy::Id);
        let found = self.parts.store.read(LoadRefundable { merchant, by }).await?;
        Ok(found.filter(|found| found.payment.environment == environment).and_then(|found| {
            let through = self.through(&found.payment, &found.psp, found.account)?;
            Some(Refundable { payment: found.payment, open: found.open, through })
        }))
    }

    fn through(&self, payment: &Payment, psp: &str, state: AccountState) -> Option<Through> {
        let connector = (self.parts.connectors)(psp)?;
        let capabilities = connector.capabilities();
        let refundability = refundability(payment, state, capabilities, self.now());
        Some(Through { state, refundability, capabilities, profile: connector.profile() })
    }
}

impl Engine {
    /// What would be decided now about a refund of a payment, as it was read: nothing is written. When the refund is made,
    /// the payment is judged anew.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn judge_refund(
        &self,
        payment: &Payment,
        ask: &Ask,
    ) -> Result<Result<Grant, Refusal>, EngineError> {
        let found = self.parts.store.read(redress_store::ops::accounts::FindAccount(payment.account)).await?;
        let Some(account) = found else { return Ok(Err(Refusal::NotRefundable)) };
        let Some(connector) = (self.parts.connectors)(&account.psp) else {
            return Ok(Err(Refusal::NotRefundable));
        };
        Ok(judge(payment, account.state, connector.capabilities(), ask, self.now()))
    }
}

/// Which payments are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// The reference by which the faces find it. At most one payment has it.
    pub order_ref: Option<String>,
    /// The PSP's id of it. At most one payment of each account has it.
    pub psp_payment_id: Option<String>,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// PortOne's channel key.
    pub channel: Option<String>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// Taken in then or later.
    pub created_from: Option<Timestamp>,
    /// Taken in before then.
    pub created_to: Option<Timestamp>,
}

impl PaymentFilter {
    fn narrowed(self) -> Narrowed {
        Narrowed {
            order_ref: self.order_ref,
            psp_payment_id: self.psp_payment_id,
            merchant_order_ref: self.merchant_order_ref,
            channel: self.channel,
            payment_method: self.payment_method,
            created_from: self.created_from,
            created_to: self.created_to,
            ..Narrowed::default()
        }
    }
}

/// A page of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentsFound {
    /// What was found, the newest first.
    pub payments: Vec<Payment>,
    /// Where the next page begins, a payment of the same environment; `None` at the end of the list. It may be there although
    /// fewer than asked for were found: then enough were looked at.
    pub next: Option<PaymentId>,
}

/// A page of refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPage {
    /// What was found, the newest first, each with its payment.
    pub refunds: Vec<(Refund, Payment)>,
    /// Where the next page begins; `None` where there is none. It may be there although fewer than asked for were found: then
    /// enough were looked at.
    pub next: Option<RefundId>,
}

/// Which refunds are wanted; what is `None` or empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundFilter {
    /// Those of one payment.
    pub payment: Option<PaymentId>,
    /// Those that stand in any of these ways, each of which is there once.
    pub states: Vec<StateName>,
    /// The one with this id of the merchant's own.
    pub merchant_refund_id: Option<String>,
    /// Those made then or later.
    pub created_from: Option<Timestamp>,
    /// Those made before.
    pub created_to: Option<Timestamp>,
}

/// A page of refunds that were all read.
fn page_of_few(
    mut few: Vec<(Refund, Payment)>,
    states: &[StateName],
    (from, before): (RefundId, RefundId),
    limit: u32,
) -> RefundPage {
    few.retain(|(refund, _)| {
        (from..before).contains(&refund.id) && (states.is_empty() || states.contains(&refund.state.name()))
    });
    few.sort_by_key(|(refund, _)| std::cmp::Reverse(refund.id));
    let is_longer = few.len() > limit as usize;
    few.truncate(limit as usize);
    RefundPage { next: few.last().filter(|_| is_longer).map(|(refund, _)| refund.id), refunds: few }
}

/// A payment, what of it can be refunded, and by what the rest is reserved.
#[derive(Clone, Debug)]
pub struct Refundable {
    /// The payment.
    pub payment: Payment,
    /// Its open refunds, in the order they were accepted.
    pub open: Vec<Refund>,
    /// What can be refunded.
    pub through: Through,
}

/// What of a payment can be refunded, and what its PSP can do.
#[derive(Clone, Copy, Debug)]
pub struct Through {
    /// Whether its PSP account sends.
    pub state: AccountState,
    /// What can be refunded now.
    pub refundability: Refundability,
    /// What the PSP can do.
    pub capabilities: &'static Capabilities,
    /// What is said of the PSP to people.
    pub profile: &'static Profile,
}
