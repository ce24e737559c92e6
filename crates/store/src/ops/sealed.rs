//! Every secret at rest, wherever it lies: for telling which master keys are needed, and for sealing them anew.

use std::fmt;

use redress_core::id::MerchantId;

use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

struct Statements {
    page: &'static str,
    replace: &'static str,
}

macro_rules! statements {
    ($table:literal, $id:literal, $version:literal, $column:literal) => {
        Statements {
            page: concat!(
                "SELECT merchant_id, ",
                $id,
                ", ",
                $version,
                ", ",
                $column,
                " FROM ",
                $table,
                " WHERE (merchant_id, ",
                $id,
                ", ",
                $version,
                ") > ($1, $2, $3) AND ",
                $column,
                " IS NOT NULL",
                " ORDER BY merchant_id, ",
                $id,
                ", 3 LIMIT $4"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $1 WHERE merchant_id = $2 AND ",
                $id,
                " = $3 AND ",
                $version,
                " = $4 AND ",
                $column,
                " = $5"
            ),
        }
    };
}
/// A column that holds sealed secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedColumn {
    /// The secret of a caller's credential.
    Credential,
    /// What a version of a PSP account proves itself with.
    AccountVersion,
    /// What an endpoint's notifications are signed with.
    Endpoint,
    /// What they were signed with before.
    OldEndpoint,
    /// A person's second factor.
    SecondFactor,
    /// One that is being set up.
    NewSecondFactor,
}

impl SealedColumn {
    /// Every one. A test looks for a column of the tables that is missing here.
    pub const ALL: [Self; 6] = [
        Self::Credential,
        Self::AccountVersion,
        Self::Endpoint,
        Self::OldEndpoint,
        Self::SecondFactor,
        Self::NewSecondFactor,
    ];

    /// The migration that made it: older tables lack it.
    pub const fn since(self) -> i64 {
        match self {
            Self::Credential | Self::AccountVersion | Self::Endpoint | Self::OldEndpoint => 1,
            Self::SecondFactor | Self::NewSecondFactor => 9,
        }
    }

    const fn statements(self) -> Statements {
        match self {
            Self::Credential => {
                statements!("api_credentials", "credential_id", "CAST(0 AS BIGINT)", "secret_sealed")
            }
            Self::AccountVersion => {
                statements!("psp_account_versions", "account_id", "version", "credentials_sealed")
            }
            Self::Endpoint => statements!("endpoints", "endpoint_id", "CAST(0 AS BIGINT)", "secret_sealed"),
            Self::OldEndpoint => {
                statements!("endpoints", "endpoint_id", "CAST(0 AS BIGINT)", "old_secret_sealed")
            }
            Self::SecondFactor => {
                statements!("portal_users", "user_id", "CAST(0 AS BIGINT)", "totp_sealed")
            }
            Self::NewSecondFactor => {
                statements!("portal_users", "user_id", "CAST(0 AS BIGINT)", "new_totp_sealed")
            }
        }
    }
}

/// Where in its column a sealed secret lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealedAt {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The bytes of the row's id: the credential's, the account's, the endpoint's, the
    /// person's.
    pub row: [u8; 16],
    /// The account's version; 0 elsewhere.
    pub version: i64,
}

/// A sealed secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Where it lies.
    pub at: SealedAt,
    /// As it lies there.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret").field("at", &self.at).finish_non_exhaustive()
    }
}

/// A page of a column, revoked and outdated ones too, in the order of its keys.
#[derive(Clone, Copy, Debug)]
pub struct LoadSealed {
    /// Which column.
    pub column: SealedColumn,
    /// The last one of the page before.
    pub after: Option<SealedAt>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for LoadSealed {
    type Out = Vec<SealedSecret>;
    const NAME: &'static str = "load_sealed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<SealedSecret>, StoreError> {
        // Before every row: shorter than any id.
        let (merchant, row, version): (Vec<u8>, Vec<u8>, i64) =
            self.after.map_or((Vec::new(), Vec::new(), 0), |after| {
                (after.merchant.as_bytes().to_vec(), after.row.to_vec(), after.version)
            });
        let params = [(&merchant).into(), (&row).into(), version.into(), self.limit.into()];
        tx.rows(self.column.statements().page, &params).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<SealedSecret, StoreError> {
    let at =
        SealedAt { merchant: MerchantId::from_bytes(row.id16(0)?), row: row.id16(1)?, version: row.int(2)? };
    Ok(SealedSecret { at, sealed: row.bytes(3)? })
}

/// The same secret, sealed anew.
#[derive(Clone)]
pub struct Resealed {
    /// As it was read.
    pub before: SealedSecret,
    /// As it is to lie there.
    pub sealed: Vec<u8>,
}

/// Replaces sealed secrets of one column by the same ones sealed anew. One that was changed since it was read is left as
/// it is: whoever changed it knew better.
pub struct Reseal {
    /// Which column.
    pub column: SealedColumn,
    /// Which secrets.
    pub secrets: Vec<Resealed>,
}

impl Operation for Reseal {
    /// How many were replaced.
    type Out = u64;
    const NAME: &'static str = "reseal";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        let mut replaced = 0;
        for secret in &self.secrets {
            let at = &secret.before.at;
            let params = [
                (&secret.sealed).into(),
                at.merchant.as_bytes().into(),
                (&at.row).into(),
                at.version.into(),
                (&secret.before.sealed).into(),
            ];
            replaced += tx.exec(self.column.statements().replace, &params).await?;
        }
        Ok(Done::Commit(replaced))
    }
}

#[cfg(test)]
mod tests;
