//! A key in place of another, which goes on for a while.

use redress_core::id::KeyId;
use redress_core::time::Timestamp;

use super::{Credential, insert};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::merchants::{Closed, closed};
use crate::ops::settings_version::bump;
use crate::tx::Tx;

/// Adds a credential, and has the one that it replaces end at a time.
#[derive(Clone, Debug)]
pub struct RotateCredential {
    /// The one that ends; of the same merchant.
    pub old: KeyId,
    /// When it ends.
    pub until: Timestamp,
    /// The one in its place.
    pub new: Credential,
}

/// What came of replacing a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotating {
    /// Both count until the old one ends.
    Rotated,
    /// The old one was revoked, or is to end already; nothing was changed.
    Ended,
    /// The merchant has no such credential.
    NotFound,
    /// The merchant takes nothing new; nothing was changed.
    Closed(Closed),
    /// A credential of this kind shows the new key; nothing was changed.
    PublicKeyTaken,
}

impl Operation for RotateCredential {
    type Out = Rotating;
    const NAME: &'static str = "rotate_credential";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Rotating>, StoreError> {
        if let Some(closed) = closed(tx, self.new.merchant).await? {
            return Ok(Done::Rollback(Rotating::Closed(closed)));
        }
        let (merchant, old) = (self.new.merchant.as_bytes(), self.old.as_bytes());
        let ended = tx
            .exec(
                "UPDATE api_credentials SET revoked_at = $1 \
                 WHERE merchant_id = $2 AND credential_id = $3 AND revoked_at IS NULL",
                &[self.until.as_micros().into(), merchant.into(), old.into()],
            )
            .await?;
        if ended == 0 {
            let sql = "SELECT 1 FROM api_credentials WHERE merchant_id = $1 AND credential_id = $2";
            let is_there = !tx.rows(sql, &[merchant.into(), old.into()]).await?.is_empty();
            return Ok(Done::Rollback(if is_there { Rotating::Ended } else { Rotating::NotFound }));
        }
        if !insert(tx, &self.new).await? {
            return Ok(Done::Rollback(Rotating::PublicKeyTaken));
        }
        bump(tx).await?;
        Ok(Done::Commit(Rotating::Rotated))
    }
}
