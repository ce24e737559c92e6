//! The PSPs that are played.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// One PSP. Its name is that of its folder, here and in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Psp {
    Adyen,
    Momo,
    Mpgs,
    Oppwa,
    PayPal,
    StcPay,
    Stripe,
    Tap,
}

impl Psp {
    /// Every PSP, in the order of their names.
    pub(crate) const ALL: [Psp; 8] =
        [Psp::Adyen, Psp::Momo, Psp::Mpgs, Psp::Oppwa, Psp::PayPal, Psp::StcPay, Psp::Stripe, Psp::Tap];

    /// That of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Psp::Adyen => "adyen",
            Psp::Momo => "momo",
            Psp::Mpgs => "mpgs",
            Psp::Oppwa => "oppwa",
            Psp::PayPal => "paypal",
            Psp::StcPay => "stcpay",
            Psp::Stripe => "stripe",
            Psp::Tap => "tap",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Psp> {
        Psp::ALL.into_iter().find(|psp| psp.name() == name)
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
