//! What the rows of the state are.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::psp::Psp;

/// How far a refund is at the PSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its effect is still due: nobody may see it, and it holds no money.
    Coming,
    Pending,
    Succeeded,
    Failed,
    /// There never was an effect.
    Refused,
}

impl Stage {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Stage::Coming => "coming",
            Stage::Pending => "pending",
            Stage::Succeeded => "succeeded",
            Stage::Failed => "failed",
            Stage::Refused => "refused",
        }
    }
}

impl ToSql for Stage {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.text()))
    }
}

impl FromSql for Stage {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Stage> {
        match value.as_str()? {
            "coming" => Ok(Stage::Coming),
            "pending" => Ok(Stage::Pending),
            "succeeded" => Ok(Stage::Succeeded),
            "failed" => Ok(Stage::Failed),
            "refused" => Ok(Stage::Refused),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A captured payment the PSP knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) currency: String,
    pub(crate) captured_minor: i64,
}

/// A refund before it has its number.
#[derive(Debug, Clone)]
pub(crate) struct NewRefund<'a> {
    pub(crate) psp: Psp,
    /// Which of the PSP's merchants asked for it (never a secret).
    pub(crate) account: &'a str,
    pub(crate) payment: &'a str,
    /// The reference the PSP was given by the merchant.
    pub(crate) key: &'a str,
    pub(crate) amount_minor: i64,
    pub(crate) currency: &'a str,
    pub(crate) stage: Stage,
    /// What only this PSP keeps, JSON.
    pub(crate) detail: String,
}

/// A refund at a PSP.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) seq: i64,
    pub(crate) psp: Psp,
    pub(crate) account: String,
    /// The PSP's id of it.
    pub(crate) refund: String,
    pub(crate) payment: String,
    pub(crate) key: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) stage: Stage,
    pub(crate) created_ms: i64,
    pub(crate) detail: String,
}

/// What [`Refund::read`] reads, in its order.
pub(crate) const REFUND_COLUMNS: &str =
    "seq, psp, account, refund, payment, ref_key, amount_minor, currency, stage, created_ms, detail";

impl Refund {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Refund> {
        Ok(Refund {
            seq: row.get(0)?,
            psp: row.get(1)?,
            account: row.get(2)?,
            refund: row.get(3)?,
            payment: row.get(4)?,
            key: row.get(5)?,
            amount_minor: row.get(6)?,
            currency: row.get(7)?,
            stage: row.get(8)?,
            created_ms: row.get(9)?,
            detail: row.get(10)?,
        })
    }
}

/// What is remembered of a request with an idempotency id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) fingerprint: String,
    pub(crate) state: RequestState,
    pub(crate) answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestState {
    /// Nothing was answered yet.
    Running,
    /// The answer is final and is given again.
    Final,
    /// The answer was not final and is not given again.
    Open,
}

impl RequestState {
    pub(crate) fn text(self) -> &'static str {
        match self {
            RequestState::Running => "running",
            RequestState::Final => "final",
            RequestState::Open => "open",
        }
    }
}

/// What kind of thing is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DueKind {
    /// A refund whose caller has no answer yet takes effect.
    Effect,
    /// A pending refund succeeds.
    Settle,
    /// A refund that had succeeded fails after all.
    FailLater,
    /// The merchant is told.
    Notify,
}

impl DueKind {
    pub(crate) fn text(self) -> &'static str {
        match self {
            DueKind::Effect => "effect",
            DueKind::Settle => "settle",
            DueKind::FailLater => "fail_later",
            DueKind::Notify => "notify",
        }
    }
}

impl FromSql for DueKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<DueKind> {
        match value.as_str()? {
            "effect" => Ok(DueKind::Effect),
            "settle" => Ok(DueKind::Settle),
            "fail_later" => Ok(DueKind::FailLater),
            "notify" => Ok(DueKind::Notify),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// All of time, as a period.
pub(crate) const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

/// One thing that is due.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) seq: i64,
    pub(crate) refund_seq: i64,
    pub(crate) kind: DueKind,
    pub(crate) payload: String,
    pub(crate) attempts: u32,
}
