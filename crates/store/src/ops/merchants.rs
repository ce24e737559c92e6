//! Merchants: the owners of everything else.

use redress_core::id::MerchantId;
use redress_core::time::Timestamp;

use super::credentials::Revoking;
use super::rows::{expect_one, opt_time, time};
use super::settings_version::bump;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::{Row, Value};

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// SGate's merchant id, as `M948164`; unique.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Since when nothing new is accepted for it.
    pub revoked_at: Option<Timestamp>,
}

/// Adds a merchant.
#[derive(Clone, Debug)]
pub struct AddMerchant(pub Merchant);

/// What came of adding a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MerchantAdding {
    /// It is there now.
    Added,
    /// Another merchant has the code; nothing was changed.
    CodeTaken,
}

impl Operation for AddMerchant {
    type Out = MerchantAdding;
    const NAME: &'static str = "add_merchant";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<MerchantAdding>, StoreError> {
        let Merchant { id, code, name, created_at, revoked_at } = &self.0;
        let inserted = tx
            .exec(
                "INSERT INTO merchants (merchant_id, code, name, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (code) DO NOTHING",
                &[
                    id.as_bytes().into(),
                    code.into(),
                    name.into(),
                    created_at.as_micros().into(),
                    revoked_at.map(Timestamp::as_micros).into(),
                ],
            )
            .await?;
        if inserted == 0 {
            return Ok(Done::Rollback(MerchantAdding::CodeTaken));
        }
        bump(tx).await?;
        Ok(Done::Commit(MerchantAdding::Added))
    }
}

/// Lets nothing new be accepted for a merchant, for ever. Whatever is added to it at the same moment is there when this is
/// done, or is refused.
#[derive(Clone, Copy, Debug)]
pub struct RevokeMerchant {
    /// Which.
    pub merchant: MerchantId,
    /// The time.
    pub now: Timestamp,
}

impl Operation for RevokeMerchant {
    type Out = Revoking;
    const NAME: &'static str = "revoke_merchant";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Revoking>, StoreError> {
        match closed(tx, self.merchant).await? {
            Some(Closed::NoSuch) => return Ok(Done::Rollback(Revoking::NotFound)),
            Some(Closed::Revoked) => return Ok(Done::Rollback(Revoking::Already)),
            None => {}
        }
        let sql = "UPDATE merchants SET revoked_at = $1 WHERE merchant_id = $2";
        let revoked = tx.exec(sql, &[self.now.as_micros().into(), self.merchant.as_bytes().into()]).await?;
        expect_one(revoked, "merchants")?;
        bump(tx).await?;
        Ok(Done::Commit(Revoking::Revoked))
    }
}

macro_rules! merchant_columns {
    () => {
        "merchant_id, code, name, created_at, revoked_at"
    };
}

/// A merchant by its id.
#[derive(Clone, Copy, Debug)]
pub struct FindMerchant(pub MerchantId);

impl Query for FindMerchant {
    type Out = Option<Merchant>;
    const NAME: &'static str = "find_merchant";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Merchant>, StoreError> {
        let sql = concat!("SELECT ", merchant_columns!(), " FROM merchants WHERE merchant_id = $1");
        find(tx, sql, self.0.as_bytes().into()).await
    }
}

/// A merchant by its code.
#[derive(Clone, Debug)]
pub struct FindMerchantByCode(pub String);

impl Query for FindMerchantByCode {
    type Out = Option<Merchant>;
    const NAME: &'static str = "find_merchant_by_code";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Merchant>, StoreError> {
        let sql = concat!("SELECT ", merchant_columns!(), " FROM merchants WHERE code = $1");
        find(tx, sql, (&self.0).into()).await
    }
}

async fn find<T: Tx>(tx: &mut T, sql: &'static str, by: Value<'_>) -> Result<Option<Merchant>, StoreError> {
    tx.rows(sql, &[by]).await?.first().map(read).transpose()
}

/// A page of the merchants, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ListMerchants {
    /// The last merchant of the page before.
    pub after: Option<MerchantId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListMerchants {
    type Out = Vec<Merchant>;
    const NAME: &'static str = "list_merchants";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Merchant>, StoreError> {
        let after = self.after.map_or([0; 16], |id| *id.as_bytes());
        let sql = concat!(
            "SELECT ",
            merchant_columns!(),
            " FROM merchants WHERE merchant_id > $1 ORDER BY merchant_id LIMIT $2"
        );
        let rows = tx.rows(sql, &[(&after).into(), self.limit.into()]).await?;
        rows.iter().map(read).collect()
    }
}

/// Why nothing new is accepted for a merchant that is revoked, for people.
pub const MERCHANT_REVOKED: &str = "the merchant is revoked: nothing new is accepted for it";

/// Why nothing can be added to a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// There is no such merchant.
    NoSuch,
    /// It is revoked.
    Revoked,
}

/// Why nothing can be added to a merchant, `None` where it can: asked first by whatever adds to one what can act for it. The
/// row is locked until the end of the operation, by an update that changes nothing: whoever revokes the merchant waits, and
/// finds what was added.
pub(crate) async fn closed<T: Tx>(tx: &mut T, merchant: MerchantId) -> Result<Option<Closed>, StoreError> {
    let sql = "UPDATE merchants SET name = name WHERE merchant_id = $1 RETURNING revoked_at";
    let rows = tx.rows(sql, &[merchant.as_bytes().into()]).await?;
    let Some(row) = rows.first() else { return Ok(Some(Closed::NoSuch)) };
    Ok(opt_time(row, 0)?.map(|_| Closed::Revoked))
}

/// The same for payments, of which revoking takes nothing, so that none has to be found by it: nobody waits for anybody.
pub(crate) async fn is_revoked<T: Tx>(tx: &mut T, merchant: MerchantId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM merchants WHERE merchant_id = $1 AND revoked_at IS NOT NULL";
    Ok(!tx.rows(sql, &[merchant.as_bytes().into()]).await?.is_empty())
}

/// Whether there is such a merchant, revoked or not, locked in the same way.
pub(crate) async fn lock<T: Tx>(tx: &mut T, merchant: MerchantId) -> Result<bool, StoreError> {
    Ok(closed(tx, merchant).await? != Some(Closed::NoSuch))
}

fn read(row: &Row) -> Result<Merchant, StoreError> {
    Ok(Merchant {
        id: MerchantId::from_bytes(row.id16(0)?),
        code: row.text(1)?,
        name: row.text(2)?,
        created_at: time(row, 3)?,
        revoked_at: opt_time(row, 4)?,
    })
}

#[cfg(test)]
mod tests;
