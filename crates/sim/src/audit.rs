//! The auditor: judges what a run left behind. It knows the tables, the wire formats and the promises, and shares no
//! code with Redress; of the store it only uses the door to read rows.

use std::collections::BTreeMap;

use redress_store::Row;
use serde::Deserialize;

mod deliveries;
mod own_api;
mod refunds;
mod signatures;
mod turns;
mod withdrawals;

use crate::wire::base32;
use crate::witness::{Received, Submit, Wish, Withdrawal};

/// The statement for [`Evidence::payments`].
pub const PAYMENTS: &str = "SELECT merchant_id, payment_id, order_ref, captured, refunded, reserved, blocked, \
     refunded_before FROM payments";
/// The statement for [`Evidence::refunds`].
pub const REFUNDS: &str = "SELECT merchant_id, refund_id, payment_id, ordinal, amount, state, reason, event_count, \
     failure_code, psp_refund_id, description FROM refunds ORDER BY refund_id";
/// The statement for [`Evidence::events`].
pub const EVENTS: &str = "SELECT refund_id, number, kind, author FROM events WHERE refund_id IS NOT NULL \
     ORDER BY refund_id, number";
/// The statement for [`Evidence::deliveries`].
pub const DELIVERIES: &str = "SELECT refund_id, number, endpoint_id, state, tries FROM deliveries \
     ORDER BY refund_id, number, endpoint_id";
/// The statement for [`Evidence::cases`].
pub const CASES: &str =
    "SELECT kind, refund_id, payment_id, closed_at, blocked, booked FROM cases ORDER BY case_id";

/// A merchant, as the auditor knows it.
pub struct Merchant {
    /// Its id's bytes.
    pub id: [u8; 16],
    /// SGate's merchant id.
    pub code: String,
    /// Signs PortOne's notifications.
    pub portone_secret: String,
    /// Names the SGate secret.
    pub sgate_key: String,
    /// Signs SGate's callbacks.
    pub sgate_secret: String,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Its payments.
    pub payments: Vec<Payment>,
}

/// An endpoint, as the auditor knows it.
pub struct Endpoint {
    /// Its id's bytes.
    pub id: [u8; 16],
    /// `standard`, `portone` or `sgate`.
    pub name: &'static str,
    /// All secrets it ever had.
    pub secrets: Vec<String>,
}

/// A payment, as the merchant and the PSP know it.
pub struct Payment {
    /// The merchant's reference.
    pub order_ref: String,
    /// The PSP's name.
    pub psp: &'static str,
    /// The PSP takes no reference of ours, and shows none.
    pub nameless: bool,
    /// The PSP's id.
    pub psp_payment_id: String,
    /// ISO 4217.
    pub currency: &'static str,
    /// Decimals of the currency.
    pub decimals: u32,
    /// Minor units.
    pub captured: i64,
    /// It has a notification address of its own.
    pub own_address: bool,
}

/// Everything there is to judge by.
pub struct Evidence {
    /// People have closed whatever was left to them, and were right.
    pub closed: bool,
    /// What was given back in a PSP's dashboard: the payment there and minor units.
    pub foreign: Vec<(String, i64)>,
    /// Tries after which a notification may be given up.
    pub tries_max: i64,
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// What clients asked for and were told.
    pub wishes: Vec<Wish>,
    /// What clients withdrew and were told.
    pub withdrawals: Vec<Withdrawal>,
    /// What endpoints received.
    pub received: Vec<Received>,
    /// What was seen broken while it ran.
    pub seen: Vec<String>,
    /// References of refunds that a person closed as failed, or wrongly.
    pub mistakes: Vec<String>,
    /// References of refunds whose submit was doubled on its way to a PSP that makes two refunds of it.
    pub doubled: Vec<String>,
    /// The requests for refunds at PSPs that can tell no two of a payment apart, in the order in which they left.
    pub submits: Vec<Submit>,
    /// When a person closed a refund, in microseconds since 1970, and its reference.
    pub closings: Vec<(String, i64)>,
    /// The PSPs' ids of refunds that Redress was told are done, and said that it heard.
    pub told_done: Vec<String>,
    /// The PSPs' ids of refunds that were done at some time.
    pub once_done: Vec<String>,
    /// Those that failed, and Redress was told so and said that it heard.
    pub told_failed: Vec<String>,
    /// The PSPs' ledger: JSON.
    pub ledger: String,
    /// Rows of [`PAYMENTS`].
    pub payments: Vec<Row>,
    /// Rows of [`REFUNDS`].
    pub refunds: Vec<Row>,
    /// Rows of [`EVENTS`].
    pub events: Vec<Row>,
    /// Rows of [`DELIVERIES`].
    pub deliveries: Vec<Row>,
    /// Rows of [`CASES`].
    pub cases: Vec<Row>,
}

type Id = [u8; 16];

/// One line of the ledger.
#[derive(Clone, Debug, Deserialize)]
struct Effect {
    payment: String,
    refund: String,
    key: String,
    amount_minor: i64,
    currency: String,
    state: String,
}

#[derive(Deserialize)]
struct Ledger {
    effects: Vec<Effect>,
}

#[derive(Clone, Debug)]
struct PaymentRow {
    merchant: Id,
    id: Id,
    order_ref: String,
    captured: i64,
    refunded: i64,
    reserved: i64,
    blocked: i64,
    refunded_before: i64,
}

#[derive(Clone, Debug)]
struct RefundRow {
    merchant: Id,
    id: Id,
    payment: Id,
    psp_refund_id: Option<String>,
    ordinal: i64,
    amount: i64,
    state: String,
    reason: String,
    description: Option<String>,
    event_count: i64,
    failure_code: Option<String>,
}

impl RefundRow {
    fn key(&self) -> String {
        format!("rf-{}", base32(self.id))
    }

    /// The id in Redress' own API.
    fn own_id(&self) -> String {
        format!("rf_{}", base32(self.id))
    }

    /// What its wish is recognised by: the description where there is one, as reasons are a list in the own API.
    fn mark(&self) -> &str {
        self.description.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.reason)
    }

    fn over(&self) -> bool {
        ["succeeded", "failed", "canceled", "reversed"].contains(&self.state.as_str())
    }
}

#[derive(Clone, Debug)]
struct EventRow {
    number: i64,
    kind: String,
    by_person: bool,
}

#[derive(Clone, Debug)]
struct DeliveryRow {
    refund: Id,
    number: i64,
    endpoint: Id,
    state: String,
    tries: i64,
}

#[derive(Clone, Debug)]
struct CaseRow {
    kind: String,
    refund: Option<Id>,
    payment: Option<Id>,
    open: bool,
    blocked: i64,
    booked: i64,
}

/// The evidence, read.
struct Books<'a> {
    evidence: &'a Evidence,
    effects: Vec<Effect>,
    payments: Vec<PaymentRow>,
    refunds: Vec<RefundRow>,
    events: BTreeMap<Id, Vec<EventRow>>,
    deliveries: Vec<DeliveryRow>,
    cases: Vec<CaseRow>,
    found: Vec<String>,
}

/// Every promise that the evidence shows broken.
pub fn judge(evidence: &Evidence) -> Vec<String> {
    let mut books = match read(evidence) {
        Ok(books) => books,
        Err(error) => return vec![format!("the evidence cannot be read: {error}")],
    };
    books.found.extend(evidence.seen.iter().cloned());
    books.name_effects();
    books.judge_turns();
    books.judge_ledger();
    books.judge_strangers();
    books.judge_wishes();
    books.judge_own_answers();
    books.judge_withdrawals();
    books.judge_refunds();
    books.judge_balances();
    if evidence.closed {
        books.judge_end();
    }
    books.judge_events();
    books.judge_deliveries();
    books.judge_signatures();
    books.found
}

fn read(evidence: &Evidence) -> Result<Books<'_>, String> {
    let ledger: Ledger = serde_json::from_str(&evidence.ledger).map_err(|error| error.to_string())?;
    let mut events: BTreeMap<Id, Vec<EventRow>> = BTreeMap::new();
    let rows = |row: &Row| -> Result<(), redress_store::StoreError> {
        let kind = row.text(2)?;
        // Whoever asked for a refund, or withdrew it before it was sent, has said nothing of what the PSP did.
        let closes = !["refund.created", "refund.canceled"].contains(&kind.as_str());
        let by_person = closes && row.opt_text(3)?.is_some();
        let event = EventRow { number: row.int(1)?, kind, by_person };
        events.entry(row.id16(0)?).or_default().push(event);
        Ok(())
    };
    let said = |error: redress_store::StoreError| error.to_string();
    evidence.events.iter().try_for_each(rows).map_err(said)?;
    Ok(Books {
        evidence,
        effects: ledger.effects,
        payments: each(&evidence.payments, |row| {
            Ok(PaymentRow {
                merchant: row.id16(0)?,
                id: row.id16(1)?,
                order_ref: row.text(2)?,
                captured: row.int(3)?,
                refunded: row.int(4)?,
                reserved: row.int(5)?,
                blocked: row.int(6)?,
                refunded_before: row.int(7)?,
            })
        })?,
        refunds: each(&evidence.refunds, |row| {
            Ok(RefundRow {
                merchant: row.id16(0)?,
                id: row.id16(1)?,
                payment: row.id16(2)?,
                ordinal: row.int(3)?,
                amount: row.int(4)?,
                state: row.text(5)?,
                reason: row.text(6)?,
                event_count: row.int(7)?,
                failure_code: row.opt_text(8)?,
                psp_refund_id: row.opt_text(9)?,
                description: row.opt_text(10)?,
            })
        })?,
        events,
        deliveries: each(&evidence.deliveries, |row| {
            Ok(DeliveryRow {
                refund: row.id16(0)?,
                number: row.int(1)?,
                endpoint: row.id16(2)?,
                state: row.text(3)?,
                tries: row.int(4)?,
            })
        })?,
        cases: each(&evidence.cases, |row| {
            Ok(CaseRow {
                kind: row.text(0)?,
                refund: row.opt_id16(1)?,
                payment: row.opt_id16(2)?,
                open: row.opt_int(3)?.is_none(),
                blocked: row.int(4)?,
                booked: row.int(5)?,
            })
        })?,
        found: Vec::new(),
    })
}

fn each<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, redress_store::StoreError>,
) -> Result<Vec<T>, String> {
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

impl Books<'_> {
    fn payment_row(&self, id: Id) -> Option<&PaymentRow> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The merchant's own knowledge of a payment.
    fn known_payment(&self, row: &PaymentRow) -> Option<&Payment> {
        let merchant = self.evidence.merchants.iter().find(|merchant| merchant.id == row.merchant)?;
        merchant.payments.iter().find(|payment| payment.order_ref == row.order_ref)
    }

    /// A person closed it.
    fn closed_by_person(&self, refund: &RefundRow) -> bool {
        self.events.get(&refund.id).is_some_and(|events| events.iter().any(|event| event.by_person))
    }
}
