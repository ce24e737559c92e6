//! Refunds that people look for by a reference: one of the refund's own, or one of its payment's.
//!
//! Every reference that is compared has an index, so nothing is walked; what else is asked for is judged refund by refund.

use std::cmp::Reverse;

use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId, RefundId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::time::Timestamp;
use redress_store::ops::accounts::{Account, ListAccounts};
use redress_store::ops::paging::{Count, Page, Place, Turn};
use redress_store::ops::payments::LoadPayment;
use redress_store::ops::payments::search::{PaymentFilter, SEARCH_ROWS_MAX, SearchPayments, Term};
use redress_store::ops::refund_list::{RefundListFilter, RefundSums, RefundTotal};
use redress_store::ops::refunds::{LoadNamedRefund, LoadRefund, RefundAtPsp, RefundBy};

use super::RefundListing;
use crate::accept::named_key;
use crate::engine::Engine;
use crate::error::EngineError;

/// A customer's reference may name many payments: the refunds of so many of them are found, of the newest.
const PAYMENTS_MAX: u32 = 50;

/// So many refunds of them are looked at; no more payments then.
const REFUNDS_MAX: usize = 10_000;

/// At so many accounts a PSP's id of a refund is looked for.
const ACCOUNTS_MAX: u32 = 100;

/// Which refunds are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundSearch {
    /// All of a reference: the refund's id, its reference at the PSP, the merchant's or the PSP's id of it, the payment's id, or any of
    /// the payment's references.
    pub named: Option<String>,
    /// What they have in common.
    pub filter: RefundListFilter,
}

/// What a reference names.
pub(super) struct Named {
    /// Each once, the newest first.
    refunds: Vec<(Refund, Payment)>,
    /// Refunds of payments that were taken in before then were not looked at.
    back_to: Option<Timestamp>,
}

impl Named {
    /// A page of them, and what they all come to.
    pub(super) fn listing(self, turn: Turn, limit: u32) -> RefundListing {
        let found = u32::try_from(self.refunds.len()).unwrap_or(u32::MAX);
        let count = match self.back_to {
            Some(back_to) => Count::Since { found, back_to },
            None => Count::Exact(found),
        };
        let sums = self.refunds.iter().map(|(refund, _)| (refund.amount, refund.state.name()));
        let totals = RefundTotal::of(sums);
        let sums = RefundSums { count, totals, back_to: self.back_to };
        RefundListing { page: Page { count: Some(count), ..self.page(turn, limit) }, sums }
    }

    /// A page of them.
    pub(super) fn page(self, turn: Turn, limit: u32) -> Page<(Refund, Payment)> {
        let (limit, all) = (limit as usize, self.refunds.len());
        // So many are at a place or are newer.
        let down_to =
            |place: Place| self.refunds.partition_point(|(refund, _)| refund.id.as_bytes() >= &place.id);
        let (start, end) = match turn {
            Turn::First => (0, limit),
            Turn::Older(place) => (down_to(place), down_to(place).saturating_add(limit)),
            Turn::Newer(place) => (down_to(place).saturating_sub(limit), down_to(place)),
        };
        let end = end.min(all);
        let place = |at: usize| Place::of_id(*self.refunds[at].0.id.as_bytes());
        let newer = (start > 0).then(|| place(start - 1));
        let older = (start < end && end < all).then(|| place(end - 1));
        let items = self.refunds.into_iter().skip(start).take(end - start).collect();
        Page { items, newer, older, count: None }
    }
}

impl Engine {
    /// What a reference names, of what passes a filter.
    pub(super) async fn named_refunds(
        &self,
        merchant: MerchantId,
        environment: Environment,
        named: &str,
        filter: &RefundListFilter,
    ) -> Result<Named, EngineError> {
        let store = &self.parts.store;
        let accounts = ListAccounts { merchant: Some(merchant), after: None, limit: ACCOUNTS_MAX };
        let accounts = store.read(accounts).await?;
        let mut refunds = self.called(merchant, environment, named, &accounts).await?;
        let (payments, mut back_to) = self.payments_called(merchant, environment, named).await?;
        for payment in payments {
            if refunds.len() >= REFUNDS_MAX {
                back_to = Some(payment.created_at);
                break;
            }
            let Some(order) = self.order(merchant, Some(environment), &payment.order_ref).await? else {
                continue;
            };
            refunds.extend(order.refunds.into_iter().map(|refund| (refund, order.payment.clone())));
        }
        let psp = |id: AccountId| accounts.iter().find(|one| one.id == id).map(|one| one.psp.as_str());
        refunds.retain(|(refund, payment)| {
            refund.environment == environment && passes(filter, refund, payment, psp(refund.account))
        });
        refunds.sort_unstable_by_key(|(refund, _)| Reverse(refund.id));
        refunds.dedup_by_key(|(refund, _)| refund.id);
        Ok(Named { refunds, back_to })
    }

    /// The refunds with this id, this reference at the PSP, this id of the merchant's, or this id of a PSP's; of any environment,
    /// some maybe twice.
    async fn called(
        &self,
        merchant: MerchantId,
        environment: Environment,
        id: &str,
        accounts: &[Account],
    ) -> Result<Vec<(Refund, Payment)>, EngineError> {
        let store = &self.parts.store;
        let mut found = Vec::new();
        // By our id, or as the PSP was told it.
        if let Some(id) = RefundId::parse(id).ok().or_else(|| RefundId::from_psp_key(id)) {
            found.extend(store.read(LoadRefund { merchant, by: RefundBy::Id(id) }).await?);
        }
        // Some faces name refunds without an environment.
        for of in [environment.as_str(), ""] {
            let key = named_key(merchant, of, id);
            found.extend(store.read(LoadNamedRefund { merchant, key }).await?);
        }
        for account in accounts {
            let at_psp = RefundAtPsp { account: account.id, psp_refund_id: id.to_owned() };
            let Some(refund) = store.read(at_psp).await? else { continue };
            let payment = store.read(LoadPayment { merchant, payment: refund.payment }).await?;
            found.extend(payment.map(|payment| (refund, payment)));
        }
        Ok(found)
    }

    /// The payments with this id or this reference, the newest first; and until when they were looked for, where there are
    /// more.
    async fn payments_called(
        &self,
        merchant: MerchantId,
        environment: Environment,
        named: &str,
    ) -> Result<(Vec<Payment>, Option<Timestamp>), EngineError> {
        if let Ok(id) = PaymentId::parse(named) {
            return Ok((self.payment(merchant, id).await?.into_iter().collect(), None));
        }
        let term = Some(Term { text: named.to_owned(), is_beginning: false });
        let search = SearchPayments {
            merchant,
            environment,
            filter: PaymentFilter { term, ..PaymentFilter::default() },
            turn: Turn::First,
            limit: PAYMENTS_MAX,
            is_counted: false,
            rows_max: SEARCH_ROWS_MAX,
        };
        let page = self.parts.store.read(search).await?;
        Ok((page.items, page.older.map(Place::time)))
    }
}

/// Whether a refund, through an account of this PSP, has all that a filter asks for.
fn passes(filter: &RefundListFilter, refund: &Refund, payment: &Payment, psp: Option<&str>) -> bool {
    let minor = refund.amount.minor();
    let is = |wanted: &Option<String>, has: Option<&str>| wanted.is_none() || wanted.as_deref() == has;
    (filter.states.is_empty() || filter.states.contains(&refund.state.name()))
        && filter.account.is_none_or(|account| account == refund.account)
        && is(&filter.psp, psp)
        && is(&filter.reason, Some(refund.reason.as_str()))
        && is(&filter.channel, payment.channel.as_deref())
        && is(&filter.payment_method, payment.payment_method.as_deref())
        && filter.currency.is_none_or(|currency| currency == refund.amount.currency())
        && filter.least.is_none_or(|least| minor >= least)
        && filter.most.is_none_or(|most| minor <= most)
        && filter.created_from.is_none_or(|from| refund.created_at >= from)
        && filter.created_to.is_none_or(|to| refund.created_at < to)
}
