//! Changing what a person is called and may do, and whether the person may sign in.

use redress_core::id::{MerchantId, UserId};
use redress_core::role::{Act, RefundLimits, Role};
use redress_core::time::Timestamp;

use super::{PortalUser, read, user_columns};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::audit::{AuditEntry, note};
use crate::ops::merchants::{Closed, closed};
use crate::ops::portal::session_end::{Ending, end};
use crate::ops::portal::wanted_by::has_role;
use crate::ops::rows::expect_one;
use crate::tx::Tx;

/// What is to be changed of a person; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What others call the person.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The limits.
    pub limits: Option<RefundLimits>,
    /// Whether the person may not sign in.
    pub disabled: Option<bool>,
    /// What whoever wants it was shown: where the person is another by now, nothing is changed. Who says all at once would give
    /// back what somebody else took meanwhile. `None` where nothing was shown.
    pub seen: Option<SeenUser>,
}

/// What somebody who changes a person was shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenUser {
    /// What others call the person.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The limits.
    pub limits: RefundLimits,
}

impl SeenUser {
    /// What there is to be shown of a person now.
    #[must_use]
    pub fn of(user: &PortalUser) -> Self {
        Self { name: user.name.clone(), role: user.role, limits: user.limits.clone() }
    }
}

/// Changes a person. It counts from the next request of each session on; disabling ends them.
#[derive(Clone, Debug)]
pub struct ChangeUser {
    /// Whose.
    pub merchant: MerchantId,
    /// Which person.
    pub user: UserId,
    /// What.
    pub change: UserChange,
    /// Which admin of the merchant wants it: one who is none any more changes nobody, and none leaves the merchant without
    /// an admin who can sign in. `None` for the operator.
    pub by: Option<UserId>,
    /// For the audit trail.
    pub entry: AuditEntry,
    /// The time.
    pub now: Timestamp,
}

/// What came of changing a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserChanging {
    /// As the person is now.
    Changed(PortalUser),
    /// It was so before; nothing was changed.
    Already,
    /// The person is not as was seen; nothing was changed.
    Overtaken,
    /// Whoever wants it is no admin any more; nothing was changed.
    NotAllowed,
    /// Nobody else could set the merchant up; nothing was changed.
    LastAdmin,
    /// The merchant has no such person.
    NotFound,
    /// The person would sign in again, and the merchant takes nobody new; nothing was changed.
    Closed(Closed),
}

impl Operation for ChangeUser {
    type Out = UserChanging;
    const NAME: &'static str = "change_portal_user";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<UserChanging>, StoreError> {
        // Locked first, so that two admins who take each other's role away go one after the other, and the second is none.
        let closed = closed(tx, self.merchant).await?;
        let Some(before) = lock(tx, self.merchant, self.user).await? else {
            return Ok(Done::Rollback(UserChanging::NotFound));
        };
        if let Some(by) = self.by
            && !has_role(tx, self.merchant, by, Act::ManageUsers.least_role()).await?
        {
            return Ok(Done::Rollback(UserChanging::NotAllowed));
        }
        let mut after = self.changed(before.clone());
        if after == before {
            return Ok(Done::Rollback(UserChanging::Already));
        }
        if self.change.seen.as_ref().is_some_and(|seen| *seen != SeenUser::of(&before)) {
            return Ok(Done::Rollback(UserChanging::Overtaken));
        }
        let comes_back = before.disabled_at.is_some() && after.disabled_at.is_none();
        if let Some(closed) = closed.filter(|_| comes_back) {
            return Ok(Done::Rollback(UserChanging::Closed(closed)));
        }
        after.updated_at = self.now;
        let sets_up = |user: &PortalUser| user.role == Role::Admin && user.disabled_at.is_none();
        let loses_one = sets_up(&before) && !sets_up(&after);
        if self.by.is_some() && loses_one && !self.another_admin(tx).await? {
            return Ok(Done::Rollback(UserChanging::LastAdmin));
        }
        self.write(tx, &after).await?;
        if after.disabled_at.is_some() && before.disabled_at.is_none() {
            end(tx, self.merchant, self.user, Ending::All).await?;
        }
        note(tx, &self.entry).await?;
        Ok(Done::Commit(UserChanging::Changed(after)))
    }
}

impl ChangeUser {
    fn changed(&self, mut user: PortalUser) -> PortalUser {
        let UserChange { name, role, limits, disabled, seen: _ } = self.change.clone();
        user.name = name.unwrap_or(user.name);
        user.role = role.unwrap_or(user.role);
        user.limits = limits.unwrap_or(user.limits);
        user.disabled_at = match disabled {
            Some(true) => user.disabled_at.or(Some(self.now)),
            Some(false) => None,
            None => user.disabled_at,
        };
        user
    }

    /// Whether anybody but the person who is changed is an admin who can sign in.
    async fn another_admin<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM portal_users WHERE merchant_id = $1 AND user_id <> $2 AND role = 'admin' \
                   AND disabled_at IS NULL LIMIT 1";
        let found = tx.rows(sql, &[self.merchant.as_bytes().into(), self.user.as_bytes().into()]).await?;
        Ok(!found.is_empty())
    }

    async fn write<T: Tx>(&self, tx: &mut T, user: &PortalUser) -> Result<(), StoreError> {
        let written = tx
            .exec(
                "UPDATE portal_users SET name = $1, role = $2, refund_limits = $3, disabled_at = $4, updated_at = $5 \
                 WHERE merchant_id = $6 AND user_id = $7",
                &[
                    (&user.name).into(),
                    user.role.as_str().into(),
                    (&user.limits.to_string()).into(),
                    user.disabled_at.map(Timestamp::as_micros).into(),
                    user.updated_at.as_micros().into(),
                    user.merchant.as_bytes().into(),
                    user.id.as_bytes().into(),
                ],
            )
            .await?;
        expect_one(written, "portal_users")
    }
}

/// Reads a person, locked until the end of the operation.
async fn lock<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
) -> Result<Option<PortalUser>, StoreError> {
    let sql = concat!(
        "UPDATE portal_users SET updated_at = updated_at WHERE merchant_id = $1 AND user_id = $2 RETURNING ",
        user_columns!("")
    );
    let rows = tx.rows(sql, &[merchant.as_bytes().into(), user.as_bytes().into()]).await?;
    rows.first().map(read).transpose()
}
