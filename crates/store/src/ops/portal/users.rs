//! People of a merchant who may sign in.

mod change;

use std::fmt;

use redress_core::id::{MerchantId, SessionId, UserId};
use redress_core::role::{RefundLimits, Role};
use redress_core::time::Timestamp;

use super::super::audit::{AuditEntry, note};
use super::super::merchants::{Closed, closed};
use super::super::rows::{opt_time, parsed, time};
use super::session_end::{Ending, end};
use super::tries::{Forgiven, forgive};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

pub use change::{ChangeUser, SeenUser, UserChange, UserChanging};

/// A person. No secret among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalUser {
    /// The merchant.
    pub merchant: MerchantId,
    /// The id.
    pub id: UserId,
    /// What the person signs in with, in small letters; unique over all merchants.
    pub email: String,
    /// What others call the person.
    pub name: String,
    /// What the person is to the merchant.
    pub role: Role,
    /// How much of one payment the person may give back, where the role sets no other bound.
    pub limits: RefundLimits,
    /// Somebody else chose the password.
    pub password_temporary: bool,
    /// A second factor is asked for at every sign-in.
    pub has_second_factor: bool,
    /// When the person was added.
    pub created_at: Timestamp,
    /// When anything here but the last sign-in was last changed.
    pub updated_at: Timestamp,
    /// When the person last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// Since when the person may not sign in.
    pub disabled_at: Option<Timestamp>,
}

/// A person with what proves them.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The person.
    pub user: PortalUser,
    /// Argon2id in the PHC string format.
    pub password_hash: String,
    /// The second factor.
    pub totp: Option<Totp>,
    /// A second factor that is being set up, sealed.
    pub new_totp: Option<Vec<u8>>,
}

/// A second factor as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    /// Its secret, sealed.
    pub sealed: Vec<u8>,
    /// The time step of the last code that was taken.
    pub step: i64,
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").field("step", &self.step).finish_non_exhaustive()
    }
}

/// The columns of a person, in the order [`read`] reads them, each after the table's short name where it has one.
macro_rules! user_columns {
    ($u:literal) => {
        concat!(
            $u,
            "merchant_id, ",
            $u,
            "user_id, ",
            $u,
            "email, ",
            $u,
            "name, ",
            $u,
            "role, ",
            $u,
            "refund_limits, ",
            $u,
            "password_temporary, ",
            $u,
            "totp_step, ",
            $u,
            "created_at, ",
            $u,
            "updated_at, ",
            $u,
            "signed_in_at, ",
            $u,
            "disabled_at"
        )
    };
}
pub(super) use user_columns;

/// How many columns [`user_columns`] names.
pub(super) const USER_COLUMNS: usize = 12;

pub(super) fn read(row: &Row) -> Result<PortalUser, StoreError> {
    Ok(PortalUser {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: UserId::from_bytes(row.id16(1)?),
        email: row.text(2)?,
        name: row.text(3)?,
        role: parsed(row, 4, Role::parse)?,
        limits: parsed(row, 5, RefundLimits::parse)?,
        password_temporary: row.bool(6)?,
        has_second_factor: row.opt_int(7)?.is_some(),
        created_at: time(row, 8)?,
        updated_at: time(row, 9)?,
        signed_in_at: opt_time(row, 10)?,
        disabled_at: opt_time(row, 11)?,
    })
}

/// Adds a person without a second factor.
#[derive(Clone)]
pub struct AddUser {
    /// The person.
    pub user: PortalUser,
    /// Argon2id in the PHC string format.
    pub password_hash: String,
    /// For the audit trail.
    pub entry: AuditEntry,
}

/// What came of adding a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserAdding {
    /// It is there now.
    Added,
    /// Somebody has the address, perhaps at another merchant; nothing was changed.
    EmailTaken,
    /// The merchant takes nothing new; nothing was changed.
    Closed(Closed),
}

impl Operation for AddUser {
    type Out = UserAdding;
    const NAME: &'static str = "add_portal_user";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<UserAdding>, StoreError> {
        let new = &self.user;
        if let Some(closed) = closed(tx, new.merchant).await? {
            return Ok(Done::Rollback(UserAdding::Closed(closed)));
        }
        let inserted = tx
            .exec(
                "INSERT INTO portal_users (merchant_id, user_id, email, name, role, refund_limits, password_hash, \
                 password_temporary, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (email) DO NOTHING",
                &[
                    new.merchant.as_bytes().into(),
                    new.id.as_bytes().into(),
                    (&new.email).into(),
                    (&new.name).into(),
                    new.role.as_str().into(),
                    (&new.limits.to_string()).into(),
                    (&self.password_hash).into(),
                    new.password_temporary.into(),
                    new.created_at.as_micros().into(),
                    new.updated_at.as_micros().into(),
                ],
            )
            .await?;
        if inserted == 0 {
            return Ok(Done::Rollback(UserAdding::EmailTaken));
        }
        note(tx, &self.entry).await?;
        Ok(Done::Commit(UserAdding::Added))
    }
}

/// How a person is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserBy {
    /// By the address, in small letters, of whatever merchant.
    Email(String),
    /// By the id, of one merchant.
    Id(MerchantId, UserId),
}

/// A person with what proves them, disabled or not.
#[derive(Clone, Debug)]
pub struct LoadUser(pub UserBy);

macro_rules! select_record {
    ($filter:literal) => {
        concat!(
            "SELECT ",
            user_columns!(""),
            ", password_hash, totp_sealed, new_totp_sealed FROM portal_users WHERE ",
            $filter
        )
    };
}

impl Query for LoadUser {
    type Out = Option<UserRecord>;
    const NAME: &'static str = "load_portal_user";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<UserRecord>, StoreError> {
        let rows = match &self.0 {
            UserBy::Email(email) => tx.rows(select_record!("email = $1"), &[email.into()]).await?,
            UserBy::Id(merchant, user) => {
                let sql = select_record!("merchant_id = $1 AND user_id = $2");
                tx.rows(sql, &[merchant.as_bytes().into(), user.as_bytes().into()]).await?
            }
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let totp = match (row.opt_bytes(USER_COLUMNS + 1)?, row.opt_int(7)?) {
            (Some(sealed), Some(step)) => Some(Totp { sealed, step }),
            (None, None) => None,
            _ => return Err(StoreError::inconsistent("half a second factor in portal_users")),
        };
        Ok(Some(UserRecord {
            user: read(row)?,
            password_hash: row.text(USER_COLUMNS)?,
            totp,
            new_totp: row.opt_bytes(USER_COLUMNS + 2)?,
        }))
    }
}

/// A page of a merchant's people, disabled ones too, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ListUsers {
    /// Whose.
    pub merchant: MerchantId,
    /// The last person of the page before.
    pub after: Option<UserId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListUsers {
    type Out = Vec<PortalUser>;
    const NAME: &'static str = "list_portal_users";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<PortalUser>, StoreError> {
        let sql = concat!(
            "SELECT ",
            user_columns!(""),
            " FROM portal_users WHERE merchant_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3"
        );
        let after = self.after.map_or([0; 16], |id| *id.as_bytes());
        let params = [self.merchant.as_bytes().into(), (&after).into(), self.limit.into()];
        tx.rows(sql, &params).await?.iter().map(read).collect()
    }
}

/// Sets a new password and ends the person's sessions.
#[derive(Clone)]
pub struct SetPassword {
    /// Whose.
    pub merchant: MerchantId,
    /// Which person.
    pub user: UserId,
    /// Argon2id in the PHC string format.
    pub password_hash: String,
    /// The hash that the old password was checked against; one that was changed meanwhile is left as it is. `None`
    /// where nobody showed the old one.
    pub old_hash: Option<String>,
    /// Somebody else chose it.
    pub temporary: bool,
    /// This session goes on.
    pub keep: Option<SessionId>,
    /// The tries that were counted and turned out good.
    pub forgiven: Forgiven,
    /// For the audit trail.
    pub entry: AuditEntry,
    /// The time.
    pub now: Timestamp,
}

impl Operation for SetPassword {
    /// False where the merchant has no such person, or the password was changed meanwhile: nothing was changed.
    type Out = bool;
    const NAME: &'static str = "set_portal_password";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let set = tx
            .exec(
                "UPDATE portal_users SET password_hash = $1, password_temporary = $2, updated_at = $3 \
                 WHERE merchant_id = $4 AND user_id = $5 AND password_hash = COALESCE($6, password_hash)",
                &[
                    (&self.password_hash).into(),
                    self.temporary.into(),
                    self.now.as_micros().into(),
                    self.merchant.as_bytes().into(),
                    self.user.as_bytes().into(),
                    self.old_hash.as_deref().into(),
                ],
            )
            .await?;
        if set == 0 {
            return Ok(Done::Rollback(false));
        }
        end(tx, self.merchant, self.user, self.keep.map_or(Ending::All, Ending::AllBut)).await?;
        forgive(tx, &self.forgiven).await?;
        note(tx, &self.entry).await?;
        Ok(Done::Commit(true))
    }
}

#[cfg(test)]
mod tests;
