//! Merchants: the owners of everything else.

use redress_core::id::MerchantId;
use redress_core::time::Timestamp;

use super::rows::time;
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
        let Merchant { id, code, name, created_at } = &self.0;
        let inserted = tx
            .exec(
                "INSERT INTO merchants (merchant_id, code, name, created_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (code) DO NOTHING",
                &[id.as_bytes().into(), code.into(), name.into(), created_at.as_micros().into()],
            )
            .await?;
        if inserted == 0 {
            return Ok(Done::Rollback(MerchantAdding::CodeTaken));
        }
        bump(tx).await?;
        Ok(Done::Commit(MerchantAdding::Added))
    }
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
        let sql = "SELECT merchant_id, code, name, created_at FROM merchants WHERE merchant_id = $1";
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
        let sql = "SELECT merchant_id, code, name, created_at FROM merchants WHERE code = $1";
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
        let rows = tx
            .rows(
                "SELECT merchant_id, code, name, created_at FROM merchants WHERE merchant_id > $1 \
                 ORDER BY merchant_id LIMIT $2",
                &[(&after).into(), self.limit.into()],
            )
            .await?;
        rows.iter().map(read).collect()
    }
}

/// Whether there is such a merchant: what belongs to one is not added otherwise.
pub(crate) async fn exists<T: Tx>(tx: &mut T, merchant: MerchantId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM merchants WHERE merchant_id = $1";
    Ok(!tx.rows(sql, &[merchant.as_bytes().into()]).await?.is_empty())
}

/// The same, and locks the row by an update that changes nothing: for what may be added only so often.
pub(crate) async fn lock<T: Tx>(tx: &mut T, merchant: MerchantId) -> Result<bool, StoreError> {
    let sql = "UPDATE merchants SET name = name WHERE merchant_id = $1";
    Ok(tx.exec(sql, &[merchant.as_bytes().into()]).await? == 1)
}

fn read(row: &Row) -> Result<Merchant, StoreError> {
    Ok(Merchant {
        id: MerchantId::from_bytes(row.id16(0)?),
        code: row.text(1)?,
        name: row.text(2)?,
        created_at: time(row, 3)?,
    })
}

#[cfg(test)]
mod tests;
