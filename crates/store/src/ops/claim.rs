//! Claiming what is due at one PSP account, and doing at once what needs no exchange.
//!
//! What is to be done with each row, core says; this operation carries it out inside the transaction that claims.

mod leased;

use redress_core::case::CaseKind;
use redress_core::id::{AccountId, CaseId, MerchantId, ProcessId, RefundId};
use redress_core::next_step::{Step, is_sent_again, next_step};
use redress_core::policy::AccountState;
use redress_core::recipe::Recipe;
use redress_core::refund::Refund;
use redress_core::settle::{Change, Timing, begin_send, call_person, doubt, fail_unsent};
use redress_core::state::{Failure, RefundState, StateName};
use redress_core::time::Timestamp;
use redress_core::turn::is_free_for;
use std::time::Duration;

pub use leased::LeasedBy;

use super::rows::{self, REFUND_COLUMNS, refund_columns};
use super::settle::illegal;
use super::turns::turn_wait;
use super::write::write_change;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::{Engine, Touches, Tx};
use crate::value::Row;

/// A PSP account with something due, as the loop needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueAccount {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The account.
    pub account: AccountId,
    /// The PSP's name.
    pub psp: String,
    /// Whether it sent when it was found: for one that does not, no rights to send are needed. A claim looks anew.
    pub state: AccountState,
    /// How many refunds it sends at once.
    pub max_in_flight: u32,
}

const DUE_ACCOUNTS: &str = "SELECT a.merchant_id, a.account_id, a.psp, a.state, a.max_in_flight FROM psp_accounts a \
     WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = a.account_id AND r.state = 'submitting' AND r.due_at <= $1) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = a.account_id AND r.state = 'unknown' AND r.due_at <= $1) \
     OR EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = a.account_id AND r.state = 'pending' AND r.due_at <= $1) \
     OR (a.state <> 'paused' AND EXISTS (SELECT 1 FROM refunds r WHERE r.account_id = a.account_id AND r.state = 'queued' \
     AND r.due_at <= $1)) ORDER BY a.account_id";

/// Finds the accounts with something due.
#[derive(Clone, Copy, Debug)]
pub struct DueAccounts {
    /// Now.
    pub now: Timestamp,
}

impl Query for DueAccounts {
    type Out = Vec<DueAccount>;
    const NAME: &'static str = "due_accounts";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<DueAccount>, StoreError> {
        let found = tx.rows(DUE_ACCOUNTS, &[self.now.as_micros().into()]).await?;
        found
            .iter()
            .map(|row| {
                Ok(DueAccount {
                    merchant: MerchantId::from_bytes(row.id16(0)?),
                    account: AccountId::from_bytes(row.id16(1)?),
                    psp: row.text(2)?,
                    state: rows::parsed(row, 3, AccountState::parse)?,
                    max_in_flight: rows::count(row, 4)?,
                })
            })
            .collect()
    }
}

/// Claims up to so many due refunds of one account.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The account.
    pub account: DueAccount,
    /// Who leases what is to be sent: an id that no other claim has, so that what this one leased is known also where the
    /// answer to its commit is lost.
    pub holder: ProcessId,
    /// How many may be sent.
    pub sends: u32,
    /// How many may be looked up.
    pub queries: u32,
    /// The PSP's recipe.
    pub recipe: &'static Recipe,
    /// The PSP's refund window after the capture.
    pub window: Option<Duration>,
    /// The PSP takes one refund of a payment at a time.
    pub one_in_flight: bool,
    /// The spans.
    pub timing: Timing,
    /// Ids for the cases that may be opened: as many as rows may be claimed.
    pub case_ids: Vec<CaseId>,
    /// Now.
    pub now: Timestamp,
}

/// What is to be exchanged with the PSP about a claimed refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Send it: it is `submitting`, leased to this process.
    Send,
    /// Look it up.
    Query,
}

/// A claimed refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// What to do.
    pub task: Task,
    /// The refund as it is now.
    pub refund: Refund,
    /// The PSP's id of its payment.
    pub psp_payment_id: String,
}

/// What a claim did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// What is to be exchanged.
    pub claimed: Vec<Claimed>,
    /// How many refunds changed their state without an exchange: somebody may wait for one.
    pub changed: Vec<Refund>,
    /// How many cases were opened.
    pub cases: usize,
}

/// The account as a claim finds it.
#[derive(Clone, Copy)]
struct AccountNow {
    state: AccountState,
    /// Its newest version: what has never left is sent with it.
    version: i64,
}

/// It was found before, perhaps long ago: whoever paused it since was told that nothing more is sent. No lock is needed for
/// that: what was committed before this is seen here, and what is committed later comes as late as for an exchange that is
/// under way. Nor for the version: what leaves with an older one is asked about with that where the contract is another by then.
const ACCOUNT_NOW: &str =
    "SELECT state, version FROM psp_accounts WHERE merchant_id = $1 AND account_id = $2";

/// A refund that is due, with what is needed of its payment.
struct Due {
    refund: Refund,
    psp_payment_id: String,
    captured_at: Timestamp,
}

macro_rules! due {
    ($locking:literal) => {
        concat!(
            "SELECT ",
            refund_columns!(),
            ", (SELECT p.psp_payment_id FROM payments p WHERE p.merchant_id = refunds.merchant_id ",
            "AND p.payment_id = refunds.payment_id)",
            ", (SELECT p.captured_at FROM payments p WHERE p.merchant_id = refunds.merchant_id ",
            "AND p.payment_id = refunds.payment_id)",
            " FROM refunds WHERE account_id = $1 AND state = $2 AND due_at <= $3 ORDER BY due_at LIMIT $4",
            $locking
        )
    };
}

const DUE: &str = due!("");

/// Leaves what another process is claiming.
const DUE_SKIP_LOCKED: &str = due!(" FOR UPDATE SKIP LOCKED");

const POSTPONE: &str = "UPDATE refunds SET due_at = $1 WHERE merchant_id = $2 AND refund_id = $3";

/// The order in which states are looked at: what frees money or knowledge first, new sends last.
const ORDER: [StateName; 4] =
    [StateName::Submitting, StateName::Unknown, StateName::Pending, StateName::Queued];

impl Operation for Claim {
    type Out = ClaimOutcome;
    const NAME: &'static str = "claim_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<ClaimOutcome>, StoreError> {
        let account = self.account_now(tx).await?;
        let mut out = ClaimOutcome::default();
        let mut ids = self.case_ids.iter().copied();
        for state in ORDER {
            if state == StateName::Queued && account.state == AccountState::Paused {
                continue;
            }
            let limit = match state {
                StateName::Queued if account.state == AccountState::Revoked => ROWS_MAX,
                StateName::Queued if self.left(&out, Task::Send) == 0 => 0,
                // Those whose turn has not come need no right to send.
                StateName::Queued if self.one_in_flight => ROWS_MAX,
                StateName::Queued => self.left(&out, Task::Send).min(ROWS_MAX),
                _ => ROWS_MAX,
            };
            for due in self.due(tx, state, limit).await? {
                self.carry_out(tx, due, account, &mut ids, &mut out).await?;
            }
        }
        Ok(Done::Commit(out))
    }
}

/// The most rows of one state that one claim looks at.
pub const ROWS_MAX: u32 = 64;

impl Claim {
    async fn account_now<T: Tx>(&self, tx: &mut T) -> Result<AccountNow, StoreError> {
        let DueAccount { merchant, account, .. } = &self.account;
        let found = tx.rows(ACCOUNT_NOW, &[merchant.as_bytes().into(), account.as_bytes().into()]).await?;
        let row = found.first().ok_or_else(|| StoreError::inconsistent("a claim at no PSP account"))?;
        Ok(AccountNow { state: rows::parsed(row, 0, AccountState::parse)?, version: row.int(1)? })
    }

    fn left(&self, out: &ClaimOutcome, task: Task) -> u32 {
        let limit = if task == Task::Send { self.sends } else { self.queries };
        let taken = out.claimed.iter().filter(|claimed| claimed.task == task).count();
        limit.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    async fn due<T: Tx>(&self, tx: &mut T, state: StateName, limit: u32) -> Result<Vec<Due>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let sql = match T::ENGINE {
            Engine::Sqlite => DUE,
            Engine::Postgres => DUE_SKIP_LOCKED,
        };
        let found = tx
            .rows(
                sql,
                &[
                    self.account.account.as_bytes().into(),
                    state.as_str().into(),
                    self.now.as_micros().into(),
                    limit.into(),
                ],
            )
            .await?;
        let mut due = Vec::with_capacity(found.len());
        for row in &found {
            match read_due(row) {
                Ok(one) => due.push(one),
                Err(error) => self.set_aside(tx, row, &error).await?,
            }
        }
        Ok(due)
    }

    /// A row that cannot be read must not hold up the others. It comes back, and is complained of, at the slowest pace.
    async fn set_aside<T: Tx>(&self, tx: &mut T, row: &Row, error: &StoreError) -> Result<(), StoreError> {
        let (merchant, refund) = (row.id16(0)?, row.id16(1)?);
        let id = RefundId::from_bytes(refund);
        tracing::error!(refund = %id, %error, "a refund cannot be read; the others go on");
        let until = self.now.plus(self.timing.resolve.max);
        let params = [until.as_micros().into(), (&merchant).into(), (&refund).into()];
        tx.exec_ahead(POSTPONE, &params, Touches::Any).await
    }

    async fn carry_out<T: Tx>(
        &self,
        tx: &mut T,
        due: Due,
        account: AccountNow,
        ids: &mut (dyn Iterator<Item = CaseId> + Send),
        out: &mut ClaimOutcome,
    ) -> Result<(), StoreError> {
        let Due { mut refund, psp_payment_id, captured_at } = due;
        let window_end = self.window.map(|window| captured_at.plus(window));
        match next_step(&refund, self.recipe, account.state, window_end, &self.timing, self.now) {
            Step::Nothing => self.postpone(tx, refund, self.timing.resolve.max).await.map(|_| ()),
            // What cannot be taken now stays due.
            Step::Submit if self.left(out, Task::Send) == 0 => Ok(()),
            // It makes room for those behind it that only want to be looked up.
            Step::Resend if self.left(out, Task::Send) == 0 => {
                self.postpone(tx, refund, self.timing.resolve.first).await.map(|_| ())
            }
            Step::Submit | Step::Resend => {
                refund.takes_turns |= self.one_in_flight;
                match self.turn(tx, &refund).await? {
                    Turn::Mine => self.send(tx, refund, psp_payment_id, account.version, ids, out).await,
                    Turn::Waits => self.postpone(tx, refund, turn_wait(&self.timing)).await.map(|_| ()),
                    Turn::Busy => Ok(()),
                }
            }
            Step::Query if self.left(out, Task::Query) == 0 => Ok(()),
            Step::Query => {
                let refund = self.postpone(tx, refund, self.timing.lease).await?;
                out.claimed.push(Claimed { task: Task::Query, refund, psp_payment_id });
                Ok(())
            }
            Step::Doubt => self.write(tx, doubt(refund, self.now).map_err(illegal)?, ids, out).await,
            Step::CallPerson(kind) => {
                let text = person_text(kind, &refund, self.recipe).to_owned();
                self.write(tx, call_person(refund, kind, text, &self.timing, self.now), ids, out).await
            }
            Step::CloseWindow => {
                let text = "the provider's time for refunds ended before the refund was sent";
                self.write(tx, self.fail(refund, "refund_window_closed", text)?, ids, out).await
            }
            Step::Abandon => {
                let text = "the PSP account was revoked before the refund was sent";
                self.write(tx, self.fail(refund, "account_revoked", text)?, ids, out).await
            }
        }
    }

    async fn turn<T: Tx>(&self, tx: &mut T, refund: &Refund) -> Result<Turn, StoreError> {
        if refund.takes_turns { take_turn(tx, refund).await } else { Ok(Turn::Mine) }
    }

    async fn send<T: Tx>(
        &self,
        tx: &mut T,
        mut refund: Refund,
        psp_payment_id: String,
        version: i64,
        ids: &mut (dyn Iterator<Item = CaseId> + Send),
        out: &mut ClaimOutcome,
    ) -> Result<(), StoreError> {
        if refund.evidence.sends == 0 {
            refund.account_version = version;
        }
        let change = begin_send(refund, self.holder, &self.timing, self.now).map_err(illegal)?;
        write_change(tx, &change, None, ids, self.now).await?;
        out.claimed.push(Claimed { task: Task::Send, refund: change.refund, psp_payment_id });
        Ok(())
    }

    fn fail(&self, refund: Refund, code: &str, text: &str) -> Result<Change, StoreError> {
        fail_unsent(refund, Failure::lasting(code, text), self.now).map_err(illegal)
    }

    async fn write<T: Tx>(
        &self,
        tx: &mut T,
        change: Change,
        ids: &mut (dyn Iterator<Item = CaseId> + Send),
        out: &mut ClaimOutcome,
    ) -> Result<(), StoreError> {
        write_change(tx, &change, None, ids, self.now).await?;
        out.cases += change.cases.len();
        out.changed.push(change.refund);
        Ok(())
    }

    async fn postpone<T: Tx>(
        &self,
        tx: &mut T,
        mut refund: Refund,
        by: Duration,
    ) -> Result<Refund, StoreError> {
        let until = self.now.plus(by);
        refund.due_at = Some(until);
        tx.exec_ahead(
            POSTPONE,
            &[until.as_micros().into(), refund.merchant.as_bytes().into(), refund.id.as_bytes().into()],
            Touches::Any,
        )
        .await?;
        Ok(refund)
    }
}

fn read_due(row: &Row) -> Result<Due, StoreError> {
    Ok(Due {
        refund: rows::refund(row)?,
        psp_payment_id: row.text(REFUND_COLUMNS)?,
        captured_at: rows::time(row, REFUND_COLUMNS + 1)?,
    })
}

fn person_text(kind: CaseKind, refund: &Refund, recipe: &Recipe) -> &'static str {
    match kind {
        CaseKind::Overdue if refund.state == RefundState::Queued => {
            "the refund cannot be sent: the PSP is not reached, or does not let the account in; the trying goes on"
        }
        CaseKind::Overdue => "the PSP accepted the refund and has not said a last word for too long",
        _ if is_sent_again(refund, recipe) => {
            "nobody knows whether the PSP made the refund; it is looked up further, and sent again where the PSP does not have \
             it: before you decide, look there once more after the last send"
        }
        _ => "nobody knows whether the PSP made the refund; it is not sent again without a person",
    }
}

/// Whether a refund got its payment's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It has it.
    Mine,
    /// Another refund has it.
    Waits,
    /// Somebody else is at the payment just now.
    Busy,
}

/// Takes it where nobody has it, and locks the payment in any case: whoever gives the turn back comes after a refund that
/// was put off, and makes it due again.
macro_rules! take_turn {
    ($payment:literal) => {
        concat!(
            "UPDATE payments SET turn_refund_id = COALESCE(turn_refund_id, $1) WHERE merchant_id = $2 AND payment_id = ",
            $payment,
            " RETURNING turn_refund_id"
        )
    };
}

const TAKE_TURN: &str = take_turn!("$3");

/// A claim holds refunds while it comes here, and who holds the payment may want them: it never waits.
const TAKE_TURN_SKIP_LOCKED: &str = take_turn!(
    "(SELECT p.payment_id FROM payments p WHERE p.merchant_id = $2 AND p.payment_id = $3 \
     FOR NO KEY UPDATE SKIP LOCKED)"
);

/// Tries to take the turn for a refund that is about to be sent, inside a claim.
async fn take_turn<T: Tx>(tx: &mut T, refund: &Refund) -> Result<Turn, StoreError> {
    let sql = match T::ENGINE {
        Engine::Sqlite => TAKE_TURN,
        Engine::Postgres => TAKE_TURN_SKIP_LOCKED,
    };
    let params =
        [refund.id.as_bytes().into(), refund.merchant.as_bytes().into(), refund.payment.as_bytes().into()];
    let found = tx.rows(sql, &params).await?;
    let Some(row) = found.first() else {
        return match T::ENGINE {
            Engine::Sqlite => Err(StoreError::inconsistent("a refund of no payment")),
            Engine::Postgres => Ok(Turn::Busy),
        };
    };
    let holder = row.opt_id16(0)?.map(RefundId::from_bytes);
    Ok(if is_free_for(refund.id, holder) { Turn::Mine } else { Turn::Waits })
}

// A leased refund is always due; saying so lets SQLite use the index of what is due.
const TAKE_OVER: &str = "UPDATE refunds SET due_at = $1, lease_until = $1 WHERE account_id IN \
     (SELECT account_id FROM psp_accounts) AND state = 'submitting' AND due_at IS NOT NULL AND lease_until > $1";

// The same for an upload whose rows are being taken in: its lease is the time at which somebody else goes on with it.
const TAKE_OVER_IMPORTS: &str = "UPDATE payment_imports SET due_at = $1 WHERE due_at > $1";

/// Ends every lease at once. Only for a store whose lock proves that every other owner is dead.
#[derive(Clone, Copy, Debug)]
pub struct TakeOverLeases {
    /// Now.
    pub now: Timestamp,
}

/// How many leases ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// Of refunds.
    pub refunds: u64,
    /// Of uploads.
    pub imports: u64,
}

impl Operation for TakeOverLeases {
    type Out = TakenOver;
    const NAME: &'static str = "take_over_leases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<TakenOver>, StoreError> {
        let now = [self.now.as_micros().into()];
        let refunds = tx.exec(TAKE_OVER, &now).await?;
        let imports = tx.exec(TAKE_OVER_IMPORTS, &now).await?;
        Ok(Done::Commit(TakenOver { refunds, imports }))
    }
}

#[cfg(test)]
mod tests;
