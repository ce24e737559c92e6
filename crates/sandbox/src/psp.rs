//! The PSPs that are played, and the one way to reach what is particular to each.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::state::{Refund, State, StateError};
use crate::{momo, tap};

/// One PSP. Its name is that of its folder, here and in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Psp {
    Momo,
    Tap,
}

impl Psp {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Psp::Momo => "momo",
            Psp::Tap => "tap",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Psp> {
        match name {
            "momo" => Some(Psp::Momo),
            "tap" => Some(Psp::Tap),
            _ => None,
        }
    }

    /// Whether it tells merchants of what becomes of a refund.
    pub(crate) fn notifies(self) -> bool {
        match self {
            Psp::Momo => false,
            Psp::Tap => true,
        }
    }

    /// Why a payment of these particulars cannot be one of this PSP's, if so.
    pub(crate) fn refuses_payment(self, payment: &str, currency: &str) -> Option<&'static str> {
        match self {
            Psp::Momo => momo::refuses_payment(payment, currency),
            Psp::Tap => None,
        }
    }

    /// A refund that was coming takes effect, or does not fit any more.
    pub(crate) fn take_effect(
        self,
        state: &State<'_>,
        refund: Refund,
        now_ms: i64,
    ) -> Result<(), StateError> {
        match self {
            Psp::Momo => momo::take_effect(state, refund, now_ms),
            Psp::Tap => tap::take_effect(state, refund, now_ms),
        }
    }

    /// A refund has changed its stage: queue what the PSP tells of it, `copies` times.
    pub(crate) fn tell(
        self,
        state: &State<'_>,
        refund: &Refund,
        copies: u32,
        now_ms: i64,
    ) -> Result<(), StateError> {
        match self {
            Psp::Momo => Ok(()),
            Psp::Tap => tap::notify::queue(state, refund, copies, now_ms),
        }
    }
}

impl ToSql for Psp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.name()))
    }
}

impl FromSql for Psp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Psp> {
        Psp::named(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}
