//! When credentials were last used, noted now and then.

use redress_core::id::{KeyId, MerchantId};
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::ops::rows::time;
use crate::tx::Tx;
use crate::value::Row;

/// One use of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub credential: KeyId,
    /// When.
    pub at: Timestamp,
}

/// Notes uses of credentials. No server reads them, so that none has to notice.
#[derive(Clone, Debug)]
pub struct NoteKeysUsed {
    /// The latest use of each.
    pub uses: Vec<KeyUse>,
    /// A use is not noted where one after this time is: of the same age for all.
    pub unless_after: Timestamp,
}

impl Operation for NoteKeysUsed {
    type Out = ();
    const NAME: &'static str = "note_keys_used";
    const PATIENT: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        for used in &self.uses {
            tx.exec(
                "UPDATE api_credentials SET last_used_at = $1 WHERE merchant_id = $2 AND credential_id = $3 \
                 AND (last_used_at IS NULL OR last_used_at <= $4)",
                &[
                    used.at.as_micros().into(),
                    used.merchant.as_bytes().into(),
                    used.credential.as_bytes().into(),
                    self.unless_after.as_micros().into(),
                ],
            )
            .await?;
        }
        Ok(Done::Commit(()))
    }
}

/// The last noted use of each of a merchant's credentials; those that were not used are left out.
#[derive(Clone, Copy, Debug)]
pub struct KeysUsed {
    /// Whose.
    pub merchant: MerchantId,
    /// So many at most.
    pub limit: u32,
}

impl Query for KeysUsed {
    /// In the order of their ids.
    type Out = Vec<(KeyId, Timestamp)>;
    const NAME: &'static str = "keys_used";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<(KeyId, Timestamp)>, StoreError> {
        let sql = "SELECT credential_id, last_used_at FROM api_credentials WHERE merchant_id = $1 \
                   AND last_used_at IS NOT NULL ORDER BY credential_id LIMIT $2";
        let rows = tx.rows(sql, &[self.merchant.as_bytes().into(), self.limit.into()]).await?;
        let used = |row: &Row| Ok((KeyId::from_bytes(row.id16(0)?), time(row, 1)?));
        rows.iter().map(used).collect()
    }
}
