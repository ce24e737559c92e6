//! What is done to people of a merchant because an admin of it wants it, judged again when it is done.

use redress_core::id::{MerchantId, UserId};

use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::merchants;
use crate::tx::Tx;

/// An operation on people of a merchant, with who wants it: one who is no admin any more, or was disabled since the request
/// began, has nothing done.
#[derive(Clone, Debug)]
pub struct WantedBy<O> {
    /// Whose people.
    pub merchant: MerchantId,
    /// Which admin of the merchant wants it; `None` for the operator.
    pub by: Option<UserId>,
    /// What.
    pub op: O,
}

impl<O: Operation> Operation for WantedBy<O> {
    /// `None` where whoever wants it is no admin any more: nothing was changed.
    type Out = Option<O::Out>;
    const NAME: &'static str = O::NAME;
    const PATIENT: bool = O::PATIENT;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<O::Out>>, StoreError> {
        if let Some(by) = self.by {
            let may = merchants::lock(tx, self.merchant).await? && is_admin(tx, self.merchant, by).await?;
            if !may {
                return Ok(Done::Rollback(None));
            }
        }
        Ok(match self.op.run(tx).await? {
            Done::Commit(out) => Done::Commit(Some(out)),
            Done::Rollback(out) => Done::Rollback(Some(out)),
        })
    }
}

/// Whether somebody is an admin of a merchant who can sign in. Where the merchant is locked it stays so until the end of the
/// operation: whatever takes an admin away locks it first.
pub(super) async fn is_admin<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM portal_users WHERE merchant_id = $1 AND user_id = $2 AND role = 'admin' \
               AND disabled_at IS NULL";
    let found = tx.rows(sql, &[merchant.as_bytes().into(), user.as_bytes().into()]).await?;
    Ok(!found.is_empty())
}

#[cfg(test)]
mod tests;
