//! What is done about a merchant because a person of it wants it, judged again when it is done: to its people, keys, PSP accounts
//! and endpoints.

use redress_core::id::{MerchantId, UserId};
use redress_core::role::Role;

use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::merchants;
use crate::ops::rows::parsed;
use crate::tx::Tx;

/// An operation on what is a merchant's, with who wants it: one who has not the role for it any more, or was disabled since
/// the request began, has nothing done.
#[derive(Clone, Debug)]
pub struct WantedBy<O> {
    /// Whose.
    pub merchant: MerchantId,
    /// Which person of the merchant wants it; `None` for the operator, and for a caller with a key.
    pub by: Option<UserId>,
    /// The least role that may want it.
    pub least: Role,
    /// What.
    pub op: O,
}

impl<O: Operation> Operation for WantedBy<O> {
    /// `None` where whoever wants it may not any more: nothing was changed.
    type Out = Option<O::Out>;
    const NAME: &'static str = O::NAME;
    const PATIENT: bool = O::PATIENT;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<O::Out>>, StoreError> {
        if let Some(by) = self.by {
            let may = merchants::lock(tx, self.merchant).await?
                && has_role(tx, self.merchant, by, self.least).await?;
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

/// Whether somebody is a person of a merchant who can sign in, of this role or a greater one. Where the merchant is locked it
/// stays so until the end of the operation: whatever takes a role away locks it first.
pub(super) async fn has_role<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
    least: Role,
) -> Result<bool, StoreError> {
    let sql = "SELECT role FROM portal_users WHERE merchant_id = $1 AND user_id = $2 AND disabled_at IS NULL";
    let found = tx.rows(sql, &[merchant.as_bytes().into(), user.as_bytes().into()]).await?;
    let role = found.first().map(|row| parsed(row, 0, Role::parse)).transpose()?;
    Ok(role.is_some_and(|role| role >= least))
}

#[cfg(test)]
mod tests;
