//! Accepting a refund: judge the payment as it is, reserve, insert the refund and its first event. One transaction.

use std::sync::Arc;

use redress_core::balance::BalanceChange;
use redress_core::capabilities::Capabilities;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, MerchantId, ProcessId, RefundId};
use redress_core::payment::Payment;
use redress_core::policy::{AccountState, Ask, Grant, Refusal, judge};
use redress_core::refund::{Evidence, Refund};
use redress_core::settle::{Timing, begin_send};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_core::turn;

pub use super::dedupe::Dedupe;
use super::rows::{self, PAYMENT_COLUMNS, REFUND_COLUMNS, payment_columns, refund_columns};
use super::turns::turn_wait;
use super::write::{self, Author};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::{Engine, Touches, Tx};

/// The right to send one refund through an account at once; given back when dropped.
pub trait SendPermit: Send + 'static {}

/// Hands out the rights to send. Asked inside the operation, where the payment's account is known; a right that was
/// taken by an operation that is undone or retried is given back by dropping it.
pub trait SendPermits: Send + Sync + 'static {
    /// The right to send one refund now through the account, which sends at most so many at once, if one is free.
    fn try_take(&self, account: AccountId, max_in_flight: u32) -> Option<Box<dyn SendPermit>>;
}

/// What of a request was used for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reused {
    /// Its idempotency key.
    IdempotencyKey,
    /// The merchant's own id of the refund.
    MerchantRefundId,
}

/// What each PSP can do, by its name; `None` where no connector speaks to it.
pub type CapabilitiesOf = Arc<dyn Fn(&str) -> Option<&'static Capabilities> + Send + Sync>;

/// The conflict of a request whose idempotency key another transaction keeps for another refund in the same moment, which only
/// the next run sees. Whoever is told of it runs the operation once more, and hears then that the key is used.
pub const KEY_KEPT_MEANWHILE: &str = "refunds_second_key";

/// Accepts one refund.
#[derive(Clone)]
pub struct Accept {
    /// The caller's merchant.
    pub merchant: MerchantId,
    /// The payment, by its reference.
    pub order_ref: String,
    /// What is asked.
    pub ask: Ask,
    /// The merchant's reason.
    pub reason: String,
    /// The merchant's description.
    pub description: Option<String>,
    /// The merchant's own id of the refund.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: a JSON object of texts.
    pub metadata: Option<String>,
    /// Whoever asks, by name: the author of the refund's first event.
    pub asked_by: String,
    /// Recognises a repeat by the merchant's own id of the refund.
    pub named: Option<Dedupe>,
    /// Recognises a repeat by the request's idempotency key.
    pub keyed: Option<Dedupe>,
    /// The id the refund gets.
    pub refund: RefundId,
    /// This process, which sends it at once where it may.
    pub process: ProcessId,
    /// The spans.
    pub timing: Timing,
    /// What each PSP can do.
    pub capabilities: CapabilitiesOf,
    /// The rights to send.
    pub permits: Arc<dyn SendPermits>,
    /// Whether an endpoint wants to hear of new refunds: only then deliveries are inserted here.
    pub announce: bool,
    /// Now.
    pub now: Timestamp,
}

/// What became of a request for a refund.
pub enum Accepted {
    /// A refund was made.
    New {
        /// The refund; `submitting` where a right to send was free.
        refund: Box<Refund>,
        /// The payment as it is now.
        payment: Box<Payment>,
        /// The right to send, held until the exchange is settled.
        permit: Option<Box<dyn SendPermit>>,
        /// Whether it waits for more than a right to send, the end of a pause or its payment's turn: nobody is to be
        /// woken for it now.
        waits: bool,
    },
    /// The request was made before; nothing changed.
    Repeat {
        /// The refund as it is now.
        refund: Box<Refund>,
        /// The payment as it is now.
        payment: Box<Payment>,
    },
    /// The key was used before for another request; nothing changed.
    KeyReused(Reused),
    /// The merchant has no such payment.
    NoPayment,
    /// The refund may not be made; nothing changed.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The payment as it is.
        payment: Box<Payment>,
    },
}

macro_rules! lock_payment {
    ($locking:literal) => {
        concat!(
            "SELECT ",
            payment_columns!(),
            ", through_psp, through_state, through_version, through_max, turn_refund_id FROM payments JOIN (SELECT ",
            "merchant_id AS through_merchant, account_id AS through_account, psp AS through_psp, ",
            "state AS through_state, version AS through_version, max_in_flight AS through_max FROM psp_accounts) a ",
            "ON through_merchant = merchant_id AND through_account = account_id ",
            "WHERE merchant_id = $1 AND order_ref = $2",
            $locking
        )
    };
}

/// The one writer reads what nobody else can change meanwhile. An `UPDATE … RETURNING` would cost a temporary table.
const READ_PAYMENT: &str = lock_payment!("");

/// Waits for whoever has the payment now, and reads it as they left it. An update would write the row twice. The account is
/// read as it was when the wait began, which lasts some seconds at most: of what was asked for before a pause, a refund may go
/// out that much later, as one may that was under way then. What stays queued is judged once more by the claim.
const LOCK_PAYMENT: &str = lock_payment!(" FOR NO KEY UPDATE OF payments");

/// By the reference, as it was read: the index of ids has its pages elsewhere.
const RESERVE: &str = "UPDATE payments SET reserved = reserved + $1, refund_count = refund_count + 1, \
     transaction_count = transaction_count + 1, updated_at = $2, first_refund_id = COALESCE(first_refund_id, $3) \
     WHERE merchant_id = $4 AND order_ref = $5";

/// The same, where the refund takes the payment's turn: it was free when the payment was read, and still is.
const RESERVE_IN_TURN: &str = "UPDATE payments SET reserved = reserved + $1, refund_count = refund_count + 1, \
     transaction_count = transaction_count + 1, updated_at = $2, first_refund_id = COALESCE(first_refund_id, $3), \
     turn_refund_id = $3 WHERE merchant_id = $4 AND order_ref = $5";

const BY_DEDUPE_KEY: &str =
    concat!("SELECT ", refund_columns!(), ", request_hash FROM refunds WHERE dedupe_key = $1");

/// Where the idempotency key of a refund stands that the merchant named too.
const BY_SECOND_KEY: &str =
    concat!("SELECT ", refund_columns!(), ", second_hash FROM refunds WHERE second_key = $1");

/// The payment's PSP account, as far as accepting needs it.
struct Through {
    state: AccountState,
    version: i64,
    max_in_flight: u32,
    /// Its PSP takes one refund of a payment at a time.
    one_in_flight: bool,
    /// Who has the payment's turn.
    turn: Option<RefundId>,
}

impl Operation for Accept {
    type Out = Accepted;
    const NAME: &'static str = "accept_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Accepted>, StoreError> {
        let sql = match T::ENGINE {
            Engine::Sqlite => READ_PAYMENT,
            Engine::Postgres => LOCK_PAYMENT,
        };
        let locked = tx.rows(sql, &[self.merchant.as_bytes().into(), (&self.order_ref).into()]).await?;
        let Some(row) = locked.first() else {
            return Ok(Done::Rollback(Accepted::NoPayment));
        };
        let payment = rows::payment(row)?;
        let psp = row.text(PAYMENT_COLUMNS)?;
        let capabilities = (self.capabilities)(&psp)
            .ok_or_else(|| StoreError::inconsistent("an account of a PSP this program does not know"))?;
        let through = Through {
            state: rows::parsed(row, PAYMENT_COLUMNS + 1, AccountState::parse)?,
            version: row.int(PAYMENT_COLUMNS + 2)?,
            max_in_flight: rows::count(row, PAYMENT_COLUMNS + 3)?,
            one_in_flight: capabilities.one_in_flight,
            turn: row.opt_id16(PAYMENT_COLUMNS + 4)?.map(RefundId::from_bytes),
        };
        match judge(&payment, through.state, capabilities, &self.ask, self.now) {
            Err(refusal) => self.refused_or_repeat(tx, refusal, payment).await,
            Ok(grant) => self.insert(tx, payment, &through, grant).await,
        }
    }
}

impl Accept {
    async fn insert<T: Tx>(
        &self,
        tx: &mut T,
        mut payment: Payment,
        through: &Through,
        grant: Grant,
    ) -> Result<Done<Accepted>, StoreError> {
        // A conflict would be found by the insert too, but there it waits for whoever settles the first refund, who in
        // turn waits for the payment that is locked here. And no insert finds an idempotency key in the other column.
        let looks = match T::ENGINE {
            Engine::Sqlite => self.looks().filter(|look| look.is_missed_by_the_insert).collect(),
            Engine::Postgres => self.looks().collect::<Vec<_>>(),
        };
        if let Some(answer) = self.find_repeat(tx, &payment, looks).await? {
            return Ok(answer);
        }
        let in_turn = !through.one_in_flight || turn::is_free_for(self.refund, through.turn);
        let permit = match through.state {
            AccountState::Active if in_turn => self.permits.try_take(payment.account, through.max_in_flight),
            AccountState::Active | AccountState::Paused | AccountState::Revoked => None,
        };
        // The next numbers; they are drawn for good with the reservation.
        payment.refund_count += 1;
        payment.transaction_count += 1;
        let mut refund = self.new_refund(&payment, through, grant);
        if !in_turn {
            refund.due_at = Some(self.now.plus(turn_wait(&self.timing)));
        }
        if permit.is_some() {
            refund = begin_send(refund, self.process, &self.timing, self.now)
                .map_err(|error| StoreError::Internal(error.to_string()))?
                .refund;
        }
        if !write::insert_refund(tx, &refund, self.named, self.keyed).await? {
            return self.repeat(tx, undrawn(payment)).await;
        }
        let reserve: i64 = grant.amount.minor();
        let in_its_turn = through.one_in_flight && permit.is_some();
        tx.exec_ahead(
            if in_its_turn { RESERVE_IN_TURN } else { RESERVE },
            &[
                reserve.into(),
                self.now.as_micros().into(),
                refund.id.as_bytes().into(),
                payment.merchant.as_bytes().into(),
                (&payment.order_ref).into(),
            ],
            Touches::One("payments"),
        )
        .await?;
        payment.balance = payment
            .balance
            .changed(BalanceChange { reserved: reserve, refunded: 0 })
            .map_err(|error| StoreError::inconsistent(error.to_string()))?;
        payment.updated_at = self.now;
        let author = Author { name: self.asked_by.clone(), reason: String::new() };
        write::insert_event(tx, &refund, EventKind::Created, Some(&author), self.now).await?;
        if self.announce {
            write::insert_deliveries(tx, &refund, EventKind::Created).await?;
        }
        let waits = !in_turn || through.state == AccountState::Paused;
        let (refund, payment) = (Box::new(refund), Box::new(payment));
        Ok(Done::Commit(Accepted::New { refund, payment, permit, waits }))
    }

    fn new_refund(&self, payment: &Payment, through: &Through, grant: Grant) -> Refund {
        Refund {
            merchant: payment.merchant,
            id: self.refund,
            payment: payment.id,
            environment: payment.environment,
            ordinal: payment.refund_count,
            transaction_number: payment.transaction_count,
            amount: grant.amount,
            kind: grant.kind,
            reason: self.reason.clone(),
            description: self.description.clone(),
            merchant_refund_id: self.merchant_refund_id.clone(),
            metadata: self.metadata.clone(),
            account: payment.account,
            takes_turns: through.one_in_flight,
            account_version: through.version,
            psp_refund_id: None,
            arn: None,
            psp_note: None,
            state: RefundState::Queued,
            evidence: Evidence::default(),
            due_at: Some(self.now),
            event_count: 1,
            created_at: self.now,
            updated_at: self.now,
            finished_at: None,
        }
    }

    /// A repeat must get its refund even where the refund itself left nothing for a new one. A payment of the other
    /// environment was never the first request's: whether its key is taken is not told.
    async fn refused_or_repeat<T: Tx>(
        &self,
        tx: &mut T,
        refusal: Refusal,
        payment: Payment,
    ) -> Result<Done<Accepted>, StoreError> {
        if refusal != Refusal::WrongEnvironment
            && let Some(answer) = self.find_repeat(tx, &payment, self.looks().collect()).await?
        {
            return Ok(answer);
        }
        Ok(Done::Rollback(Accepted::Refused { refusal, payment: Box::new(payment) }))
    }

    async fn repeat<T: Tx>(&self, tx: &mut T, payment: Payment) -> Result<Done<Accepted>, StoreError> {
        let found = self.find_repeat(tx, &payment, self.looks().collect()).await?;
        found.ok_or_else(|| StoreError::inconsistent("a refund's key is taken by no refund"))
    }

    /// Where an earlier request may be found. The idempotency key comes first: it stands for all of the request.
    ///
    /// The two columns do not exclude each other: requests at the same moment with one idempotency key, of which one names
    /// the refund and the other does not, are two requests, and where they are for two payments both may be granted.
    fn looks(&self) -> impl Iterator<Item = Look> {
        let (named, keyed) = (self.named, self.keyed);
        let is_second = named.is_some();
        let keyed = keyed.into_iter().flat_map(move |dedupe| {
            let look = |sql, is_missed_by_the_insert| Look {
                sql,
                dedupe,
                reused: Reused::IdempotencyKey,
                is_missed_by_the_insert,
            };
            [look(BY_DEDUPE_KEY, is_second), look(BY_SECOND_KEY, !is_second)]
        });
        keyed.chain(named.map(|dedupe| Look {
            sql: BY_DEDUPE_KEY,
            dedupe,
            reused: Reused::MerchantRefundId,
            is_missed_by_the_insert: false,
        }))
    }

    async fn find_repeat<T: Tx>(
        &self,
        tx: &mut T,
        payment: &Payment,
        looks: Vec<Look>,
    ) -> Result<Option<Done<Accepted>>, StoreError> {
        for look in looks {
            let found = tx.rows(look.sql, &[(&look.dedupe.key).into()]).await?;
            let Some(row) = found.first() else { continue };
            let (refund, hash) = (rows::refund(row)?, row.opt_bytes(REFUND_COLUMNS)?);
            let same_request = hash.as_deref() == Some(&look.dedupe.request_hash[..]);
            // The hash covers the order's reference, so the refund is one of this payment.
            if !same_request || refund.payment != payment.id {
                return Ok(Some(Done::Rollback(Accepted::KeyReused(look.reused))));
            }
            // What the merchant's own id stands for has no currency: a number of another one is another sum all the same.
            // A refusal, so that the idempotency key that came with it is not kept for this request.
            if self.ask.currency.is_some_and(|asked| asked != payment.currency) {
                let refusal = Refusal::WrongCurrency { currency: payment.currency };
                let payment = Box::new(payment.clone());
                return Ok(Some(Done::Rollback(Accepted::Refused { refusal, payment })));
            }
            let kept = look.reused == Reused::MerchantRefundId && self.keep_key(tx, &refund).await?;
            let repeat = Accepted::Repeat { refund: Box::new(refund), payment: Box::new(payment.clone()) };
            return Ok(Some(if kept { Done::Commit(repeat) } else { Done::Rollback(repeat) }));
        }
        Ok(None)
    }
}

impl Accept {
    /// A refund that the merchant named is asked for again, with an idempotency key that stands nowhere yet: it stands for
    /// this request from now on. A refund has room for one; true where it was there. A conflict, on PostgreSQL, where another
    /// transaction keeps it for another payment's refund just now: see [`KEY_KEPT_MEANWHILE`].
    async fn keep_key<T: Tx>(&self, tx: &mut T, refund: &Refund) -> Result<bool, StoreError> {
        let Some(keyed) = &self.keyed else { return Ok(false) };
        let kept = tx
            .exec(
                "UPDATE refunds SET second_key = $1, second_hash = $2 \
                 WHERE merchant_id = $3 AND refund_id = $4 AND second_key IS NULL",
                &[
                    (&keyed.key).into(),
                    (&keyed.request_hash).into(),
                    refund.merchant.as_bytes().into(),
                    refund.id.as_bytes().into(),
                ],
            )
            .await?;
        Ok(kept == 1)
    }
}

/// One look for an earlier request.
struct Look {
    sql: &'static str,
    dedupe: Dedupe,
    reused: Reused,
    /// The insert would not run into what this finds.
    is_missed_by_the_insert: bool,
}

/// The payment as it is where the next numbers are not drawn after all.
fn undrawn(mut payment: Payment) -> Payment {
    payment.refund_count -= 1;
    payment.transaction_count -= 1;
    payment
}

#[cfg(test)]
mod tests;
