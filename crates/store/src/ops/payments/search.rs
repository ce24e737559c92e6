//! A merchant's payments by what is known of them, a page at a time.
//!
//! What is searched for decides how it is found. A reference, or what one begins with, is looked up in the indexes of the
//! references: where few have it, those are read and put in order. Else the list is walked by the index that serves one of
//! the filters best, within the bound on what is looked at; the other filters are judged row by row. The order is that in
//! which payments were taken in, or, where the time of capture narrows the list, that of capture; the newest come first.

mod texts;

use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::money::Currency;
use redress_core::payment::Payment;
use redress_core::payment_status::PaymentStatus;
use redress_core::time::Timestamp;

use self::texts::FEW;
use super::load;
use crate::error::StoreError;
use crate::op::Query;
use crate::ops::paging::{COUNT_MAX, Count, List, Looked, Page, Place, TextRange, Turn, WHOLE, page};
use crate::tx::Tx;
use crate::value::{Row, Value};

/// One page looks at no more payments: filters that no index serves end it early, and the next one goes on from there.
pub const SEARCH_ROWS_MAX: u32 = 10_000;

/// A reference that more payments have is too common to put them in order: the list is walked instead.
pub(super) const FEW_ROWS_MAX: u32 = 1_000;

/// What a person looks for: in the order reference, the merchant's own, the PSP's id, and the customer's reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The text. Upper and lower case differ.
    pub text: String,
    /// The reference begins with it; else it is all of it.
    pub is_beginning: bool,
}

/// What the payments of a list have in common; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Any of its references.
    pub term: Option<Term>,
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
    /// Any of these; none for all.
    pub statuses: Vec<PaymentStatus>,
    /// The currency.
    pub currency: Option<Currency>,
    /// So much was captured or more, in minor units.
    pub least: Option<i64>,
    /// So much was captured or less, in minor units.
    pub most: Option<i64>,
    /// Captured then or later.
    pub captured_from: Option<Timestamp>,
    /// Captured before then.
    pub captured_to: Option<Timestamp>,
    /// Taken in then or later.
    pub created_from: Option<Timestamp>,
    /// Taken in before then.
    pub created_to: Option<Timestamp>,
}

impl PaymentFilter {
    /// Whether what it lists is in the order of the time of capture, and not in that in which payments were taken in.
    pub const fn is_by_capture(&self) -> bool {
        self.captured_from.is_some() || self.captured_to.is_some()
    }
}

/// A page of a merchant's payments of one environment that pass a filter, newest first.
#[derive(Clone, Debug)]
pub struct SearchPayments {
    /// Whose.
    pub merchant: MerchantId,
    /// Where they were taken.
    pub environment: Environment,
    /// Which.
    pub filter: PaymentFilter,
    /// Which page.
    pub turn: Turn,
    /// The length of a page.
    pub limit: u32,
    /// Whether all are counted too.
    pub is_counted: bool,
    /// The most payments that are looked at: [`SEARCH_ROWS_MAX`].
    pub rows_max: u32,
}

impl Query for SearchPayments {
    type Out = Page<Payment>;
    const NAME: &'static str = "search_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Page<Payment>, StoreError> {
        if self.asks_for_nothing() {
            let count = self.is_counted.then_some(Count::Exact(0));
            return Ok(Page { items: Vec::new(), newer: None, older: None, count });
        }
        let found = match self.few(tx).await? {
            Some(few) => few,
            None => self.walk(tx).await?,
        };
        let mut items = Vec::with_capacity(found.items.len());
        for (place, _) in found.items {
            let payment = load(tx, self.merchant, PaymentId::from_bytes(place.id)).await?;
            items.push(payment.ok_or_else(|| StoreError::inconsistent("an index names no payment"))?);
        }
        Ok(Page { items, newer: found.newer, older: found.older, count: found.count })
    }
}

impl SearchPayments {
    /// No reference is empty or has a control character, and PostgreSQL takes no NUL.
    fn asks_for_nothing(&self) -> bool {
        let filter = &self.filter;
        let texts = [
            filter.term.as_ref().map(|term| &term.text),
            filter.order_ref.as_ref(),
            filter.psp_payment_id.as_ref(),
            filter.merchant_order_ref.as_ref(),
            filter.channel.as_ref(),
            filter.payment_method.as_ref(),
        ];
        texts.into_iter().flatten().any(|text| text.is_empty() || text.chars().any(char::is_control))
    }

    /// What has the reference that is searched for, where few have it.
    async fn few<T: Tx>(&self, tx: &mut T) -> Result<Option<Page<(Place, ())>>, StoreError> {
        let filter = &self.filter;
        let (range, fields) = match (&filter.order_ref, &filter.psp_payment_id, &filter.term) {
            (Some(text), _, _) => (TextRange::exactly(text), &FEW[..1]),
            (None, Some(text), _) => (TextRange::exactly(text), &FEW[1..2]),
            (None, None, Some(term)) => (term.range(), &FEW[..]),
            (None, None, None) => return Ok(None),
        };
        let of = [
            self.merchant.as_bytes().into(),
            self.environment.as_str().into(),
            (&range.from).into(),
            (&range.to).into(),
        ];
        for field in fields {
            let [merchant, environment, from, to] = of;
            let most = (FEW_ROWS_MAX + 1).into();
            let rows = if field.is_of_both_environments {
                tx.rows(field.count, &[merchant, from, to, most]).await?
            } else {
                tx.rows(field.count, &[merchant, environment, from, to, most]).await?
            };
            let row = rows.first().ok_or_else(|| StoreError::inconsistent("a count without a row"))?;
            if row.int(0)? > i64::from(FEW_ROWS_MAX) {
                return Ok(None);
            }
        }
        let held = Held::of(filter);
        let mut params = of.to_vec();
        params.extend(held.filter(filter));
        params.push((FEW_ROWS_MAX + 1).into());
        let mut found = Vec::new();
        for field in fields {
            for row in tx.rows(field.rows, &params).await? {
                found.extend(self.seen(&row, self.is_by_capture())?);
            }
        }
        Ok(Some(self.page_of(found)))
    }

    /// Puts what was all read in order, and cuts the page out.
    fn page_of(&self, mut found: Vec<(Place, ())>) -> Page<(Place, ())> {
        let (from, to) = self.bounds();
        found.retain(|(place, _)| (from..to).contains(place));
        found.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        // A payment may have the term in several of its references.
        found.dedup_by_key(|(place, _)| *place);
        let count = self.is_counted.then(|| Count::of(found.len(), None));
        match self.turn {
            Turn::First => {}
            Turn::Older(end) => found.retain(|(place, _)| *place < end),
            Turn::Newer(start) => {
                found.retain(|(place, _)| *place >= start);
                found.reverse();
            }
        }
        Page { count, ..page(Looked { found, looked_to: None }, self.turn, self.limit) }
    }

    /// The list in its order.
    async fn walk<T: Tx>(&self, tx: &mut T) -> Result<Page<(Place, ())>, StoreError> {
        let (filter, held) = (&self.filter, Held::of(&self.filter));
        let mut of: Vec<Value<'_>> = vec![self.merchant.as_bytes().into(), self.environment.as_str().into()];
        let texts = if self.is_by_capture() {
            &texts::BY_CAPTURE
        } else if let Some(theirs) = &filter.merchant_order_ref {
            of.push(theirs.into());
            &texts::BY_MERCHANT_ORDER_REF
        } else if filter.statuses == [PaymentStatus::Disputed] {
            &texts::DISPUTED
        } else if let Some(channel) = &filter.channel {
            of.push(channel.into());
            &texts::BY_CHANNEL
        } else if let Some(method) = &filter.payment_method {
            of.push(method.into());
            &texts::BY_METHOD
        } else {
            &texts::ALL
        };
        let (from, to) = self.bounds();
        let list = List { texts, of, filter: held.filter(filter), from, to, rows_max: self.rows_max };
        let read = |row: &Row| self.seen(row, texts.by_time);
        // Where a status is asked for, what passes is known only here.
        let wanted = |rows: u32| if filter.statuses.is_empty() { rows + 1 } else { self.rows_max };
        let all = if self.is_counted {
            Some(list.newest(tx, wanted(COUNT_MAX.max(self.limit)), read).await?)
        } else {
            None
        };
        let count = all.as_ref().map(|all| Count::of(all.found.len(), all.looked_to));
        let found = match (all, self.turn) {
            (Some(all), Turn::First) => page(all, Turn::First, self.limit),
            _ => list.turn(tx, self.turn, self.limit, wanted(self.limit), read).await?,
        };
        Ok(Page { count, ..found })
    }

    /// Reads one of the rows that [`texts`] select, where its status is one that is wanted.
    fn seen(&self, row: &Row, by_time: bool) -> Result<Option<(Place, ())>, StoreError> {
        let status = PaymentStatus::of_sums(row.int(2)?, row.int(3)?, row.int(4)?, row.opt_int(5)?.is_some());
        let place = Place { micros: if by_time { row.int(0)? } else { 0 }, id: row.id16(1)? };
        let is_wanted = self.filter.statuses.is_empty() || self.filter.statuses.contains(&status);
        Ok(is_wanted.then_some((place, ())))
    }

    fn is_by_capture(&self) -> bool {
        self.filter.is_by_capture()
    }

    /// The least place of the list, and the first that is behind it.
    fn bounds(&self) -> (Place, Place) {
        let PaymentFilter { captured_from, captured_to, created_from, created_to, .. } = &self.filter;
        if self.is_by_capture() {
            let start =
                |time: &Option<Timestamp>| time.map(|time| Place { micros: time.as_micros(), id: [0; 16] });
            return (start(captured_from).unwrap_or(WHOLE.0), start(captured_to).unwrap_or(WHOLE.1));
        }
        let end = created_to.map(|to| Place::made_at(to.plus(MILLISECOND)));
        let of_id = |place: Place| Place::of_id(place.id);
        (created_from.map_or(of_id(WHOLE.0), Place::made_at), end.unwrap_or(of_id(WHOLE.1)))
    }
}

/// Ids count milliseconds; the filter itself counts microseconds.
const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

impl Term {
    fn range(&self) -> TextRange {
        if self.is_beginning { TextRange::beginning(&self.text) } else { TextRange::exactly(&self.text) }
    }
}

/// What of a filter has to be held while its parameters are.
struct Held {
    term: Option<TextRange>,
}

impl Held {
    fn of(filter: &PaymentFilter) -> Self {
        Self { term: filter.term.as_ref().map(Term::range) }
    }

    /// The parameters of the filter, in the order in which [`texts`] has them. A text that nobody set is empty, and a bound
    /// that nobody set is the end of the numbers.
    fn filter<'a>(&'a self, filter: &'a PaymentFilter) -> Vec<Value<'a>> {
        let text = |text: &'a Option<String>| Value::from(text.as_deref().unwrap_or(""));
        let from = |time: Option<Timestamp>| Value::from(time.map_or(i64::MIN, Timestamp::as_micros));
        let to = |time: Option<Timestamp>| Value::from(time.map_or(i64::MAX, Timestamp::as_micros));
        vec![
            text(&filter.channel),
            text(&filter.payment_method),
            filter.currency.map_or("", Currency::code).into(),
            filter.least.unwrap_or(i64::MIN).into(),
            filter.most.unwrap_or(i64::MAX).into(),
            from(filter.captured_from),
            to(filter.captured_to),
            from(filter.created_from),
            to(filter.created_to),
            text(&filter.order_ref),
            text(&filter.psp_payment_id),
            text(&filter.merchant_order_ref),
            self.term.as_ref().map_or("", |range| &range.from).into(),
            self.term.as_ref().map_or("", |range| &range.to).into(),
        ]
    }
}

#[cfg(test)]
mod tests;
