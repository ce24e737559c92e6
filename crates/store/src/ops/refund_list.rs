//! A merchant's refunds, the newest first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId, RefundId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::StateName;

use super::payments::load;
use super::rows::{self, refund_columns};
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// So many refunds are looked at for one page: a rare one must not cost a walk through all there are.
pub const LOOKED_AT_MAX: u32 = 10_000;

/// Reads a page of refunds. An id begins with the time it was made at, so the key's order is the order of time.
#[derive(Clone, Debug)]
pub struct ListRefunds {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// In which state, where that matters.
    pub state: Option<StateName>,
    /// Only ids from here.
    pub from: RefundId,
    /// Only ids before this one.
    pub before: RefundId,
    /// The most on the page.
    pub limit: u32,
    /// The most that are looked at: [`LOOKED_AT_MAX`], or fewer.
    pub looked_at_max: u32,
}

/// A page of refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPage {
    /// What was found, the newest first, each with its payment.
    pub refunds: Vec<(Refund, Payment)>,
    /// Where the next page begins; `None` where there is none. It may be there although fewer than `limit` were found:
    /// then enough were looked at.
    pub next: Option<RefundId>,
}

/// The last that is looked at. As pairs: without them SQLite takes the index of the ids, and would read the refunds of the
/// other environment too.
const LAST_LOOKED_AT: &str = "SELECT refund_id FROM refunds WHERE merchant_id = $1 \
     AND (environment, refund_id) >= ($2, $3) AND (environment, refund_id) < ($2, $4) \
     ORDER BY environment DESC, refund_id DESC LIMIT 1 OFFSET $5";

const PAGE: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE merchant_id = $1 AND (environment, refund_id) >= ($2, $3) ",
    "AND (environment, refund_id) < ($2, $4) ORDER BY environment DESC, refund_id DESC LIMIT $5"
);

const PAGE_IN_STATE: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE merchant_id = $1 AND (environment, refund_id) >= ($2, $3) ",
    "AND (environment, refund_id) < ($2, $4) AND state = $5 ORDER BY environment DESC, refund_id DESC LIMIT $6"
);

impl Query for ListRefunds {
    type Out = RefundPage;
    const NAME: &'static str = "list_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RefundPage, StoreError> {
        let merchant = self.merchant.as_bytes();
        let bounds = [
            merchant.into(),
            self.environment.as_str().into(),
            self.from.as_bytes().into(),
            self.before.as_bytes().into(),
            self.looked_at_max.saturating_sub(1).into(),
        ];
        let last = tx.rows(LAST_LOOKED_AT, &bounds).await?;
        let last = last.first().map(|row| row.id16(0)).transpose()?.map(RefundId::from_bytes);
        let from = last.unwrap_or(self.from);
        let mut params = vec![
            merchant.into(),
            self.environment.as_str().into(),
            from.as_bytes().into(),
            self.before.as_bytes().into(),
        ];
        if let Some(state) = self.state {
            params.push(state.as_str().into());
        }
        params.push((self.limit + 1).into());
        let found = tx.rows(if self.state.is_some() { PAGE_IN_STATE } else { PAGE }, &params).await?;
        let mut refunds = found.iter().map(rows::refund).collect::<Result<Vec<_>, _>>()?;
        let limit = self.limit as usize;
        let next = if refunds.len() > limit {
            refunds.truncate(limit);
            refunds.last().map(|refund| refund.id)
        } else {
            last
        };
        Ok(RefundPage { refunds: with_payments(tx, refunds).await?, next })
    }
}

async fn with_payments<T: Tx>(
    tx: &mut T,
    refunds: Vec<Refund>,
) -> Result<Vec<(Refund, Payment)>, StoreError> {
    let mut payments: HashMap<PaymentId, Payment> = HashMap::new();
    let mut all = Vec::with_capacity(refunds.len());
    for refund in refunds {
        let payment = match payments.entry(refund.payment) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(unknown) => {
                let found = load(tx, refund.merchant, refund.payment).await?;
                let payment = found.ok_or_else(|| StoreError::inconsistent("a refund of no payment"))?;
                unknown.insert(payment).clone()
            }
        };
        all.push((refund, payment));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
