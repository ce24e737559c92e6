//! The books, recomputed: every balance from the refunds and the open cases, every refund's state from its events.
//!
//! Read in batches ordered by primary key, so that millions of payments need little memory, and beside a running server:
//! each batch is one snapshot.

mod strays;

use std::collections::{BTreeMap, BTreeSet};

use redress_core::balance::Balance;
use redress_core::event::EventKind;
use redress_core::id::{MerchantId, PaymentId, RefundId};
use redress_core::state::{Share, StateName};

use super::rows::{count, parsed};
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;
use crate::value::{Row, Value};

pub use strays::{LoadStrays, Strays};

/// What the books say of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentBooks {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: PaymentId,
    /// Its currency's code.
    pub currency: String,
    /// Its balance as it is kept.
    pub balance: Balance,
    /// What had been given back before Redress knew it, in minor units.
    pub refunded_before: i64,
    /// How many refunds it counts.
    pub refund_count: u32,
    /// The last transaction number it gave out.
    pub transaction_count: u32,
    /// What its open cases block, in minor units.
    pub blocked_by_cases: i64,
    /// What closed cases counted as refunded, in minor units.
    pub booked_by_cases: i64,
    /// The refund that has its turn, where its refunds are sent one after the other.
    pub turn: Option<RefundId>,
    /// Its refunds, in the order of their ordinals.
    pub refunds: Vec<RefundBooks>,
}

/// What the books say of one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundBooks {
    /// Its id.
    pub id: RefundId,
    /// The how-manieth of its payment it is, from 1.
    pub ordinal: u32,
    /// Its number among the payment's transactions.
    pub transaction_number: u32,
    /// Its amount in minor units.
    pub amount: i64,
    /// Its currency's code.
    pub currency: String,
    /// Its state as it is kept.
    pub state: StateName,
    /// It is sent in its payment's turn.
    pub takes_turns: bool,
    /// The books were restored from a copy that had it open: it may be under way without the turn.
    pub restored: bool,
    /// How many events it counts.
    pub event_count: u32,
    /// Its events, in the order of their numbers: number, kind, amount in minor units.
    pub events: Vec<(u32, EventKind, i64)>,
}

/// Something in the books that does not agree with the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub merchant: MerchantId,
    /// The payment.
    pub payment: PaymentId,
    /// The refund, where it is about one.
    pub refund: Option<RefundId>,
    /// What does not agree, for people.
    pub what: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.merchant, self.payment)?;
        if let Some(refund) = &self.refund {
            write!(f, " {refund}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A batch of the books.
#[derive(Clone, Copy, Debug)]
pub struct LoadBooks {
    /// The last payment of the batch before.
    pub after: Option<(MerchantId, PaymentId)>,
    /// So many payments at most.
    pub limit: u32,
}

const PAYMENTS: &str = "SELECT merchant_id, payment_id, currency, captured, refunded, reserved, blocked, \
     refunded_before, refund_count, transaction_count, turn_refund_id FROM payments WHERE merchant_id = $1 AND payment_id > $2 \
     ORDER BY payment_id LIMIT $3";

const NEXT_MERCHANT: &str =
    "SELECT merchant_id FROM merchants WHERE merchant_id > $1 ORDER BY merchant_id LIMIT 1";

/// The refunds of a merchant's payments after $2 up to $3: the first of each by the payment's word, the others by their
/// index. SQLite nests the loops of a CROSS JOIN as they are written: it would else read all refunds of the merchant, and
/// all events, for each batch.
macro_rules! of_payments {
    ($columns:literal, $more:literal, $joined:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM payments p CROSS JOIN refunds r",
            $more,
            " WHERE p.merchant_id = $1 AND p.payment_id > $2 AND p.payment_id <= $3 ",
            "AND r.merchant_id = p.merchant_id AND r.refund_id = p.first_refund_id AND r.payment_id = p.payment_id",
            $joined,
            " UNION ALL SELECT ",
            $columns,
            " FROM refunds r",
            $more,
            " WHERE r.ordinal > 1 AND r.merchant_id = $1 AND r.payment_id > $2 AND r.payment_id <= $3",
            $joined,
            " ORDER BY 1, 2, 4, 5"
        )
    };
}

const REFUNDS: &str = of_payments!(
    "r.merchant_id, r.payment_id, r.refund_id, r.ordinal, r.transaction_number, r.amount, r.currency, r.state, \
     r.event_count, r.takes_turns, CASE WHEN r.restored_at IS NULL THEN 0 ELSE 1 END",
    "",
    ""
);

const EVENTS: &str = of_payments!(
    "r.merchant_id, r.payment_id, r.refund_id, r.ordinal, e.number, e.kind, e.amount",
    " CROSS JOIN events e",
    " AND e.merchant_id = r.merchant_id AND e.refund_id = r.refund_id"
);

const CASES: &str = "SELECT merchant_id, payment_id, CASE WHEN closed_at IS NULL THEN blocked ELSE 0 END, booked FROM cases \
     WHERE payment_id IS NOT NULL AND merchant_id = $1 AND payment_id > $2 AND payment_id <= $3";

impl Query for LoadBooks {
    /// Payments of one merchant, in the order of merchants and payments; none only at the end.
    type Out = Vec<PaymentBooks>;
    const NAME: &'static str = "load_books";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<PaymentBooks>, StoreError> {
        // Before every merchant and payment: shorter than any id.
        let (mut merchant, mut after): (Vec<u8>, Vec<u8>) =
            self.after.map_or((Vec::new(), Vec::new()), |(merchant, payment)| {
                (merchant.as_bytes().to_vec(), payment.as_bytes().to_vec())
            });
        let mut books = loop {
            let found = tx.rows(PAYMENTS, &[(&merchant).into(), (&after).into(), self.limit.into()]).await?;
            if !found.is_empty() {
                break found.iter().map(payment).collect::<Result<Vec<_>, _>>()?;
            }
            let next = tx.rows(NEXT_MERCHANT, &[(&merchant).into()]).await?;
            let Some(next) = next.first() else { return Ok(Vec::new()) };
            (merchant, after) = (next.id16(0)?.to_vec(), Vec::new());
        };
        let Some(last) = books.last().map(|last| last.id) else { return Ok(books) };
        let range: [Value<'_>; 3] = [(&merchant).into(), (&after).into(), last.as_bytes().into()];
        let at: BTreeMap<_, _> = books.iter().enumerate().map(|(i, of)| ((of.merchant, of.id), i)).collect();
        for row in tx.rows(REFUNDS, &range).await? {
            let id = RefundId::from_bytes(row.id16(2)?);
            let refund = refund(&row, id).map_err(|error| named(error, id))?;
            books[index(&at, &row)?].refunds.push(refund);
        }
        for row in tx.rows(EVENTS, &range).await? {
            let id = RefundId::from_bytes(row.id16(2)?);
            let refunds = &mut books[index(&at, &row)?].refunds;
            let of = refunds.iter_mut().rfind(|refund| refund.id == id).ok_or_else(torn)?;
            of.events.push(event(&row).map_err(|error| named(error, id))?);
        }
        for row in tx.rows(CASES, &range).await? {
            let of = &mut books[index(&at, &row)?];
            of.booked_by_cases = of.booked_by_cases.saturating_add(row.int(3)?);
            of.blocked_by_cases = of.blocked_by_cases.saturating_add(row.int(2)?);
        }
        Ok(books)
    }
}

fn torn() -> StoreError {
    StoreError::inconsistent("a refund, an event or a case of a payment that is not there")
}

fn index(at: &BTreeMap<(MerchantId, PaymentId), usize>, row: &Row) -> Result<usize, StoreError> {
    let key = (MerchantId::from_bytes(row.id16(0)?), PaymentId::from_bytes(row.id16(1)?));
    at.get(&key).copied().ok_or_else(torn)
}

fn payment(row: &Row) -> Result<PaymentBooks, StoreError> {
    Ok(PaymentBooks {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: PaymentId::from_bytes(row.id16(1)?),
        currency: row.text(2)?,
        balance: Balance {
            captured: row.int(3)?,
            refunded: row.int(4)?,
            reserved: row.int(5)?,
            blocked: row.int(6)?,
        },
        refunded_before: row.int(7)?,
        refund_count: count(row, 8)?,
        transaction_count: count(row, 9)?,
        blocked_by_cases: 0,
        booked_by_cases: 0,
        turn: row.opt_id16(10)?.map(RefundId::from_bytes),
        refunds: Vec::new(),
    })
}

fn refund(row: &Row, id: RefundId) -> Result<RefundBooks, StoreError> {
    Ok(RefundBooks {
        id,
        ordinal: count(row, 3)?,
        transaction_number: count(row, 4)?,
        amount: row.int(5)?,
        currency: row.text(6)?,
        state: parsed(row, 7, StateName::parse)?,
        event_count: count(row, 8)?,
        takes_turns: row.bool(9)?,
        restored: row.bool(10)?,
        events: Vec::new(),
    })
}

fn event(row: &Row) -> Result<(u32, EventKind, i64), StoreError> {
    Ok((count(row, 4)?, parsed(row, 5, EventKind::parse)?, row.int(6)?))
}

/// What cannot be read, with the refund that it is of: somebody must find it among millions.
fn named(error: StoreError, refund: RefundId) -> StoreError {
    match error {
        StoreError::Inconsistent { what } => StoreError::Inconsistent { what: format!("{refund}: {what}") },
        other => other,
    }
}

/// Recomputes a payment from its refunds, its cases and their events; answers whatever does not agree.
#[must_use]
pub fn check_payment(books: &PaymentBooks) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut say = |refund, what| {
        found.push(Difference { merchant: books.merchant, payment: books.id, refund, what });
    };
    for what in check_sums(books).into_iter().chain(check_numbers(books)).chain(check_turn(books)) {
        say(None, what);
    }
    for refund in &books.refunds {
        for what in check_refund(books, refund) {
            say(Some(refund.id), what);
        }
    }
    found
}

fn check_sums(books: &PaymentBooks) -> Vec<String> {
    let sum = |share: Share| -> i128 {
        let of = books.refunds.iter().filter(|refund| refund.state.share() == share);
        of.map(|refund| i128::from(refund.amount)).sum()
    };
    let sums = [
        (
            "refunded",
            books.balance.refunded,
            i128::from(books.refunded_before) + i128::from(books.booked_by_cases) + sum(Share::Refunded),
        ),
        ("reserved", books.balance.reserved, sum(Share::Reserved)),
        ("blocked", books.balance.blocked, i128::from(books.blocked_by_cases)),
    ];
    let mut found: Vec<String> = sums
        .into_iter()
        .filter(|(_, kept, computed)| i128::from(*kept) != *computed)
        .map(|(name, kept, computed)| format!("{name} is kept as {kept}, and adds up to {computed}"))
        .collect();
    if books.balance.check().is_err() {
        found.push("refunded, reserved and blocked are more than was captured, or negative".to_owned());
    }
    found
}

fn check_numbers(books: &PaymentBooks) -> Vec<String> {
    let mut found = Vec::new();
    if !books.refunds.iter().map(|refund| refund.ordinal).eq(1..=books.refund_count) {
        let there = books.refunds.len();
        found.push(format!("its refunds ({there}) are not numbered 1 to {}", books.refund_count));
    }
    let numbers: BTreeSet<u32> = books.refunds.iter().map(|refund| refund.transaction_number).collect();
    let in_range = numbers.iter().all(|number| (2..=books.transaction_count).contains(number));
    if numbers.len() != books.refunds.len() || !in_range {
        found.push(format!("transaction numbers are not distinct within 2 to {}", books.transaction_count));
    }
    found
}

fn check_turn(books: &PaymentBooks) -> Vec<String> {
    let mut found = Vec::new();
    let holder = books.turn.map(|id| (id, books.refunds.iter().find(|refund| refund.id == id)));
    match holder {
        Some((id, None)) => found.push(format!("the turn is held by {id}, which is none of its refunds")),
        Some((id, Some(refund))) if !refund.state.may_be_under_way() => {
            found.push(format!("the turn is held by {id}, which is {}", refund.state));
        }
        _ => {}
    }
    let under_way: Vec<_> =
        books.refunds.iter().filter(|refund| refund.takes_turns && refund.state.may_be_under_way()).collect();
    match under_way.len() {
        0 => {}
        _ if books.turn.is_none() => found.push("a refund is under way without the turn".to_owned()),
        1 => {}
        // Nobody knows which of them had been sent when the books were restored.
        _ if under_way.iter().all(|refund| refund.restored) => {}
        several => {
            found.push(format!("{several} refunds are under way that must be sent one after the other"));
        }
    }
    found
}

fn check_refund(books: &PaymentBooks, refund: &RefundBooks) -> Vec<String> {
    let mut found = Vec::new();
    if refund.currency != books.currency {
        found.push(format!("its currency is {}, the payment's {}", refund.currency, books.currency));
    }
    if !refund.events.iter().map(|event| event.0).eq(1..=refund.event_count) {
        let there = refund.events.len();
        found.push(format!("its events ({there}) are not numbered 1 to {}", refund.event_count));
    }
    if refund.events.iter().any(|event| event.2 != refund.amount) {
        found.push("an event tells of another amount".to_owned());
    }
    if !is_legal_path(refund.events.iter().map(|event| event.1), refund.state) {
        let path: Vec<&str> = refund.events.iter().map(|event| event.1.as_str()).collect();
        found.push(format!("its events ({}) do not lead to {}", path.join(", "), refund.state));
    }
    found
}

/// Whether a refund that told these events, in this order and no others, can be in this state by the table.
fn is_legal_path(events: impl Iterator<Item = EventKind>, end: StateName) -> bool {
    // The states in which a refund may be accepted; all of them are told as the creation.
    let accepted = BTreeSet::from([StateName::Held, StateName::Queued, StateName::Submitting]);
    let mut now: Option<BTreeSet<StateName>> = None;
    for event in events {
        now = match now {
            None if event == EventKind::Created => Some(accepted.clone()),
            None => return false,
            Some(before) => {
                let told = |state: &StateName| EventKind::of_state(*state) == Some(event);
                let next = |state: &StateName| state.next().iter().copied().filter(told);
                // Why it waits is told again where the PSP says it in other words.
                let waits_on = event == EventKind::Pending && before.contains(&StateName::Pending);
                let same = waits_on.then_some(StateName::Pending);
                Some(silently(before).iter().flat_map(next).chain(same).collect())
            }
        };
    }
    now.is_some_and(|states| silently(states).contains(&end))
}

/// These states and all that can be reached from them without an event.
fn silently(mut states: BTreeSet<StateName>) -> BTreeSet<StateName> {
    loop {
        let quiet = |state: &StateName| EventKind::of_state(*state).is_none();
        let next: Vec<_> =
            states.iter().flat_map(|state| state.next().iter().copied().filter(quiet)).collect();
        let before = states.len();
        states.extend(next);
        if states.len() == before {
            return states;
        }
    }
}

#[cfg(test)]
mod tests;
