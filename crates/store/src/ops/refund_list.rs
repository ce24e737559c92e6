//! A merchant's refunds by what is known of them, the newest first, a page at a time.
//!
//! The list is walked in the order in which refunds were made, within the bound on what is looked at; filters are judged row
//! by row. No index serves them: a refund changes its state several times, and each change would write another page.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId, RefundId};
use redress_core::money::{Amount, Currency};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::paging::{Count, List, Page, Place, Texts, Turn, WHOLE};
use super::payments::load;
use super::rows::{self, currency, parsed, refund_columns};
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;
use crate::value::{Row, Value};

/// So many refunds are looked at for one page: a rare one must not cost a walk through all there are.
pub const LOOKED_AT_MAX: u32 = 10_000;

/// The same where each one's payment has to be looked at too.
pub const LOOKED_AT_WITH_PAYMENTS_MAX: u32 = 4_000;

/// What the refunds of a list have in common; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundListFilter {
    /// In any of these states; none for all.
    pub states: Vec<StateName>,
    /// Through this PSP account.
    pub account: Option<AccountId>,
    /// Through an account of this PSP.
    pub psp: Option<String>,
    /// With this reason.
    pub reason: Option<String>,
    /// Of payments with this channel key.
    pub channel: Option<String>,
    /// Of payments by this method.
    pub payment_method: Option<String>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// Of so much or more, in minor units.
    pub least: Option<i64>,
    /// Of so much or less, in minor units.
    pub most: Option<i64>,
    /// Made then or later, to the millisecond.
    pub created_from: Option<Timestamp>,
    /// Made before then, to the millisecond.
    pub created_to: Option<Timestamp>,
}

impl RefundListFilter {
    /// How many refunds may be looked at for one page.
    #[must_use]
    pub fn looked_at_max(&self) -> u32 {
        let needs_payments = self.channel.is_some() || self.payment_method.is_some();
        if needs_payments { LOOKED_AT_WITH_PAYMENTS_MAX } else { LOOKED_AT_MAX }
    }
}

/// Reads a page of refunds. An id begins with the time it was made at, so the key's order is the order of time.
#[derive(Clone, Debug)]
pub struct ListRefunds {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// Which.
    pub filter: RefundListFilter,
    /// Which page.
    pub turn: Turn,
    /// The most on the page.
    pub limit: u32,
    /// The most that are looked at: [`RefundListFilter::looked_at_max`], or fewer.
    pub looked_at_max: u32,
}

/// A statement's beginning, and what the refunds have in common. A filter that is not set is one that everything passes: all
/// nine states, all ids of accounts, all sums, and texts that are empty, as no channel and no PSP is.
macro_rules! filtered {
    ($select:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM refunds WHERE merchant_id = $1 AND (environment, refund_id) >= ($2, $3) \
             AND (environment, refund_id) < ($2, $4) AND state IN ($5, $6, $7, $8, $9, $10, $11, $12, $13) \
             AND account_id >= $14 AND account_id <= $15 AND ($16 = '' OR currency = $16) \
             AND amount >= $17 AND amount <= $18 AND ($19 = 0 OR reason = $20) \
             AND ($21 = '' OR account_id IN (SELECT a.account_id FROM psp_accounts a WHERE a.psp = $21)) \
             AND ($22 = '' OR EXISTS (SELECT 1 FROM payments p WHERE p.merchant_id = refunds.merchant_id \
             AND p.payment_id = refunds.payment_id AND p.channel = $22)) \
             AND ($23 = '' OR EXISTS (SELECT 1 FROM payments p WHERE p.merchant_id = refunds.merchant_id \
             AND p.payment_id = refunds.payment_id AND p.payment_method = $23)) ",
            $order,
            " LIMIT $24"
        )
    };
}

/// As pairs: without them SQLite takes the index of the ids, and would read the refunds of the other environment too.
macro_rules! reach {
    ($order:literal) => {
        concat!(
            "SELECT 0, refund_id FROM refunds WHERE merchant_id = $1 AND (environment, refund_id) >= ($2, $3) \
             AND (environment, refund_id) < ($2, $4) ",
            $order,
            " LIMIT 1 OFFSET $5"
        )
    };
}

static PAGES: Texts = Texts {
    by_time: false,
    reach_down: reach!("ORDER BY environment DESC, refund_id DESC"),
    reach_up: reach!("ORDER BY environment, refund_id"),
    down: filtered!(refund_columns!(), "ORDER BY environment DESC, refund_id DESC"),
    up: filtered!(refund_columns!(), "ORDER BY environment, refund_id"),
};

static SUMS: Texts = Texts {
    by_time: false,
    reach_down: reach!("ORDER BY environment DESC, refund_id DESC"),
    reach_up: reach!("ORDER BY environment, refund_id"),
    down: filtered!("refund_id, currency, amount, state", "ORDER BY environment DESC, refund_id DESC"),
    up: filtered!("refund_id, currency, amount, state", "ORDER BY environment, refund_id"),
};

impl Query for ListRefunds {
    /// Each with its payment; never counted.
    type Out = Page<(Refund, Payment)>;
    const NAME: &'static str = "list_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let narrowed = Narrowed::of(&self.merchant, self.environment, &self.filter, self.looked_at_max);
        let read = |row: &Row| {
            let refund = rows::refund(row)?;
            Ok(Some((Place::of_id(*refund.id.as_bytes()), refund)))
        };
        let page = narrowed.list(&PAGES).turn(tx, self.turn, self.limit, self.limit + 1, read).await?;
        let refunds = page.items.into_iter().map(|(_, refund)| refund).collect();
        let items = with_payments(tx, refunds).await?;
        Ok(Page { items, newer: page.newer, older: page.older, count: None })
    }
}

/// Reads who asked for refunds: a key of an API or a person, whom the first event of each names.
#[derive(Clone, Debug)]
pub struct RefundsAskedBy {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub refunds: Vec<RefundId>,
}

const FIRST_AUTHOR: &str =
    "SELECT author FROM events WHERE merchant_id = $1 AND refund_id = $2 AND number = 1";

impl Query for RefundsAskedBy {
    /// In the order in which they were asked about; `None` where nobody is named.
    type Out = Vec<Option<String>>;
    const NAME: &'static str = "refunds_asked_by";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let mut all = Vec::with_capacity(self.refunds.len());
        for refund in &self.refunds {
            let params = [self.merchant.as_bytes().into(), refund.as_bytes().into()];
            let found = tx.rows(FIRST_AUTHOR, &params).await?;
            all.push(found.first().map(|row| row.opt_text(0)).transpose()?.flatten());
        }
        Ok(all)
    }
}

/// Adds up the refunds of a list: all of them, or as many as are looked at.
#[derive(Clone, Debug)]
pub struct SumRefunds {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// Which.
    pub filter: RefundListFilter,
    /// The most that are looked at: [`RefundListFilter::looked_at_max`], or fewer.
    pub looked_at_max: u32,
}

/// What a list of refunds comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundSums {
    /// How many there are.
    pub count: Count,
    /// What they come to, in the order of the currencies' codes.
    pub totals: Vec<RefundTotal>,
    /// `None` where the totals are of all of them. Else they are of those that were made since then: older ones were not
    /// looked at.
    pub back_to: Option<Timestamp>,
}

/// What the refunds in one currency come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundTotal {
    /// How many there are.
    pub count: u32,
    /// Their sum, in whatever state they are.
    pub asked: Amount,
    /// The sum of those that succeeded.
    pub succeeded: Amount,
}

impl RefundTotal {
    /// What refunds come to, each with how it stands; in the order of the currencies' codes. A sum stays at the end of the
    /// numbers: what was mistyped once must not keep people from the list.
    pub fn of(refunds: impl Iterator<Item = (Amount, StateName)>) -> Vec<Self> {
        let plus =
            |sum: Amount, more: Amount| Amount::new(sum.minor().saturating_add(more.minor()), sum.currency());
        let mut totals = BTreeMap::new();
        for (amount, state) in refunds {
            let zero = Amount::new(0, amount.currency());
            let total = totals.entry(amount.currency().code());
            let total = total.or_insert(Self { count: 0, asked: zero, succeeded: zero });
            total.count += 1;
            total.asked = plus(total.asked, amount);
            if state == StateName::Succeeded {
                total.succeeded = plus(total.succeeded, amount);
            }
        }
        totals.into_values().collect()
    }
}

impl Query for SumRefunds {
    type Out = RefundSums;
    const NAME: &'static str = "sum_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RefundSums, StoreError> {
        let narrowed = Narrowed::of(&self.merchant, self.environment, &self.filter, self.looked_at_max);
        let read = |row: &Row| {
            let amount = Amount::new(row.int(2)?, currency(row, 1)?);
            Ok(Some((Place::of_id(row.id16(0)?), (amount, parsed(row, 3, StateName::parse)?))))
        };
        let looked = narrowed.list(&SUMS).newest(tx, self.looked_at_max, read).await?;
        Ok(RefundSums {
            count: Count::of(looked.found.len(), looked.looked_to),
            totals: RefundTotal::of(looked.found.iter().map(|(_, refund)| *refund)),
            back_to: looked.looked_to.map(Place::time),
        })
    }
}

/// A list's filter, in the form of its parameters.
struct Narrowed<'a> {
    merchant: &'a MerchantId,
    environment: Environment,
    filter: &'a RefundListFilter,
    accounts: ([u8; 16], [u8; 16]),
    states: [&'static str; StateName::ALL.len()],
    looked_at_max: u32,
}

impl<'a> Narrowed<'a> {
    fn of(
        merchant: &'a MerchantId,
        environment: Environment,
        filter: &'a RefundListFilter,
        looked_at_max: u32,
    ) -> Self {
        let wanted = if filter.states.is_empty() { &StateName::ALL[..] } else { &filter.states[..] };
        let mut states = [wanted[0].as_str(); StateName::ALL.len()];
        for (place, state) in states.iter_mut().zip(wanted) {
            *place = state.as_str();
        }
        let accounts = filter.account.map_or(([0; 16], [u8::MAX; 16]), |id| (*id.as_bytes(), *id.as_bytes()));
        Self { merchant, environment, filter, accounts, states, looked_at_max }
    }

    fn list(&self, texts: &'static Texts) -> List<'_> {
        let filter = self.filter;
        let text = |text: &'a Option<String>| Value::from(text.as_deref().unwrap_or(""));
        let mut params: Vec<Value<'_>> = self.states.iter().map(|state| Value::from(*state)).collect();
        params.extend([
            (&self.accounts.0).into(),
            (&self.accounts.1).into(),
            filter.currency.map_or("", Currency::code).into(),
            filter.least.unwrap_or(i64::MIN).into(),
            filter.most.unwrap_or(i64::MAX).into(),
            // A reason may be empty.
            filter.reason.is_some().into(),
            text(&filter.reason),
            text(&filter.psp),
            text(&filter.channel),
            text(&filter.payment_method),
        ]);
        let of_id = |place: Place| Place::of_id(place.id);
        List {
            texts,
            of: vec![self.merchant.as_bytes().into(), self.environment.as_str().into()],
            filter: params,
            from: filter.created_from.map_or(of_id(WHOLE.0), Place::made_at),
            to: filter.created_to.map_or(of_id(WHOLE.1), Place::made_at),
            rows_max: self.looked_at_max,
        }
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
