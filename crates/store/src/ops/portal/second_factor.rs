//! A person's second factor, and the recovery codes that stand in for it.

use redress_core::id::{MerchantId, SessionId, UserId};
use redress_core::time::Timestamp;

use super::super::audit::{AuditEntry, note};
use super::super::rows::expect_one;
use super::session_end::{Ending, end};
use super::sessions::TokenHash;
use super::tries::{Forgiven, forgive};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;

/// SHA-256 of the person's id and a recovery code.
pub type CodeHash = [u8; 32];

/// Keeps the secret of a second factor that is being set up; the one that is there goes on until a code was shown.
#[derive(Clone)]
pub struct BeginSecondFactor {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// The tries that were counted and turned out good.
    pub forgiven: Forgiven,
}

impl Operation for BeginSecondFactor {
    /// False where the merchant has no such person.
    type Out = bool;
    const NAME: &'static str = "begin_second_factor";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let sql = "UPDATE portal_users SET new_totp_sealed = $1 WHERE merchant_id = $2 AND user_id = $3";
        let params = [(&self.sealed).into(), self.merchant.as_bytes().into(), self.user.as_bytes().into()];
        if tx.exec(sql, &params).await? == 0 {
            return Ok(Done::Rollback(false));
        }
        forgive(tx, &self.forgiven).await?;
        Ok(Done::Commit(true))
    }
}

/// A session that goes on under another token, its second factor just shown.
#[derive(Clone, Copy, Debug)]
pub struct Renewed {
    /// The session.
    pub session: SessionId,
    /// What it was found by.
    pub before: TokenHash,
    /// What it is found by from now on.
    pub after: TokenHash,
}

/// The first code was shown: the new second factor takes the place of the one before, with new recovery codes. The
/// person's other sessions end.
#[derive(Clone)]
pub struct ConfirmSecondFactor {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// The secret that the code was checked against, sealed; one that was changed meanwhile is left as it is.
    pub sealed: Vec<u8>,
    /// The code's time step.
    pub step: i64,
    /// The new recovery codes.
    pub codes: Vec<CodeHash>,
    /// The session that it was shown in; `None` where an operator sets it up, and then every session ends.
    pub renewed: Option<Renewed>,
    /// The tries that were counted and turned out good.
    pub forgiven: Forgiven,
    /// For the audit trail.
    pub entry: AuditEntry,
    /// The time.
    pub now: Timestamp,
}

impl Operation for ConfirmSecondFactor {
    /// False where it is no longer being set up, or the session is over: nothing was changed.
    type Out = bool;
    const NAME: &'static str = "confirm_second_factor";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (merchant, user) = (self.merchant, self.user);
        let confirmed = tx
            .exec(
                "UPDATE portal_users SET totp_sealed = new_totp_sealed, totp_step = $1, new_totp_sealed = NULL, \
                 updated_at = $2 WHERE merchant_id = $3 AND user_id = $4 AND new_totp_sealed = $5 AND disabled_at IS NULL",
                &[
                    self.step.into(),
                    self.now.as_micros().into(),
                    merchant.as_bytes().into(),
                    user.as_bytes().into(),
                    (&self.sealed).into(),
                ],
            )
            .await?;
        if confirmed == 0 {
            return Ok(Done::Rollback(false));
        }
        replace_codes(tx, merchant, user, &self.codes, self.now).await?;
        if let Some(renewed) = &self.renewed
            && !renew(tx, merchant, user, renewed, self.now).await?
        {
            return Ok(Done::Rollback(false));
        }
        let others = self.renewed.map_or(Ending::All, |renewed| Ending::AllBut(renewed.session));
        end(tx, merchant, user, others).await?;
        forgive(tx, &self.forgiven).await?;
        note(tx, &self.entry).await?;
        Ok(Done::Commit(true))
    }
}

/// What was shown.
#[derive(Clone)]
pub enum Shown {
    /// A code of this time step, checked against this secret.
    Code {
        /// The secret, sealed.
        sealed: Vec<u8>,
        /// The code's time step.
        step: i64,
    },
    /// A recovery code.
    Recovery(CodeHash),
}

/// Takes what was shown as the second factor of a session, once.
#[derive(Clone)]
pub struct ShowSecondFactor {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// What.
    pub shown: Shown,
    /// The session.
    pub renewed: Renewed,
    /// The tries that were counted and turned out good.
    pub forgiven: Forgiven,
    /// The person is signed in only now, not before.
    pub signs_in: bool,
    /// For the audit trail.
    pub entries: Vec<AuditEntry>,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// It is taken. So many recovery codes are left.
    Taken {
        /// How many.
        codes_left: u32,
    },
    /// It was taken before, or is older than one that was, or there is no such recovery code.
    NotGood,
    /// The session is over, or the person was disabled.
    Over,
}

impl Operation for ShowSecondFactor {
    type Out = Showing;
    const NAME: &'static str = "show_second_factor";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Showing>, StoreError> {
        let (merchant, user) = (self.merchant, self.user);
        if !self.taken(tx).await? {
            return Ok(Done::Rollback(Showing::NotGood));
        }
        let signed_in_at = self.signs_in.then_some(self.now.as_micros());
        let enabled = tx
            .exec(
                "UPDATE portal_users SET signed_in_at = COALESCE($1, signed_in_at) \
                 WHERE merchant_id = $2 AND user_id = $3 AND disabled_at IS NULL",
                &[signed_in_at.into(), merchant.as_bytes().into(), user.as_bytes().into()],
            )
            .await?;
        if enabled == 0 || !renew(tx, merchant, user, &self.renewed, self.now).await? {
            return Ok(Done::Rollback(Showing::Over));
        }
        forgive(tx, &self.forgiven).await?;
        for entry in &self.entries {
            note(tx, entry).await?;
        }
        Ok(Done::Commit(Showing::Taken { codes_left: codes_left(tx, merchant, user).await? }))
    }
}

impl ShowSecondFactor {
    async fn taken<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let (merchant, user) = (self.merchant.as_bytes().into(), self.user.as_bytes().into());
        let taken = match &self.shown {
            Shown::Code { sealed, step } => {
                let sql = "UPDATE portal_users SET totp_step = $1 WHERE merchant_id = $2 AND user_id = $3 \
                           AND totp_sealed = $4 AND totp_step < $1";
                tx.exec(sql, &[(*step).into(), merchant, user, sealed.into()]).await?
            }
            Shown::Recovery(hash) => {
                let sql = "UPDATE portal_recovery_codes SET used_at = $1 WHERE merchant_id = $2 AND user_id = $3 \
                           AND code_hash = $4 AND used_at IS NULL";
                tx.exec(sql, &[self.now.as_micros().into(), merchant, user, hash.into()]).await?
            }
        };
        Ok(taken == 1)
    }
}

/// Puts a session under its new token; false where it is over.
async fn renew<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
    renewed: &Renewed,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let there = tx
        .exec(
            "UPDATE portal_sessions SET token_hash = $1, awaits_code = 0, second_factor_at = $2, seen_at = $2 \
             WHERE token_hash = $3 AND merchant_id = $4 AND user_id = $5 AND session_id = $6",
            &[
                (&renewed.after).into(),
                now.as_micros().into(),
                (&renewed.before).into(),
                merchant.as_bytes().into(),
                user.as_bytes().into(),
                renewed.session.as_bytes().into(),
            ],
        )
        .await?;
    Ok(there == 1)
}

/// Makes new recovery codes count, and no other.
#[derive(Clone)]
pub struct ReplaceRecoveryCodes {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// The new ones.
    pub codes: Vec<CodeHash>,
    /// For the audit trail.
    pub entry: AuditEntry,
    /// The time.
    pub now: Timestamp,
}

impl Operation for ReplaceRecoveryCodes {
    /// False where the person has no second factor: nothing was changed.
    type Out = bool;
    const NAME: &'static str = "replace_recovery_codes";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (merchant, user) = (self.merchant, self.user);
        let has_one = "UPDATE portal_users SET updated_at = $1 WHERE merchant_id = $2 AND user_id = $3 \
                       AND totp_step IS NOT NULL";
        let params = [self.now.as_micros().into(), merchant.as_bytes().into(), user.as_bytes().into()];
        if tx.exec(has_one, &params).await? == 0 {
            return Ok(Done::Rollback(false));
        }
        replace_codes(tx, merchant, user, &self.codes, self.now).await?;
        note(tx, &self.entry).await?;
        Ok(Done::Commit(true))
    }
}

async fn replace_codes<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    user: UserId,
    codes: &[CodeHash],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (merchant, user) = (merchant.as_bytes(), user.as_bytes());
    let sql = "DELETE FROM portal_recovery_codes WHERE merchant_id = $1 AND user_id = $2";
    tx.exec(sql, &[merchant.into(), user.into()]).await?;
    for code in codes {
        let inserted = tx
            .exec(
                "INSERT INTO portal_recovery_codes (merchant_id, user_id, code_hash, created_at) \
                 VALUES ($1, $2, $3, $4)",
                &[merchant.into(), user.into(), code.into(), now.as_micros().into()],
            )
            .await?;
        expect_one(inserted, "portal_recovery_codes")?;
    }
    Ok(())
}

/// How many recovery codes a person has left.
#[derive(Clone, Copy, Debug)]
pub struct CountRecoveryCodes {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
}

impl Query for CountRecoveryCodes {
    type Out = u32;
    const NAME: &'static str = "count_recovery_codes";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u32, StoreError> {
        codes_left(tx, self.merchant, self.user).await
    }
}

async fn codes_left<T: Tx>(tx: &mut T, merchant: MerchantId, user: UserId) -> Result<u32, StoreError> {
    let sql =
        "SELECT 1 FROM portal_recovery_codes WHERE merchant_id = $1 AND user_id = $2 AND used_at IS NULL";
    let rows = tx.rows(sql, &[merchant.as_bytes().into(), user.as_bytes().into()]).await?;
    u32::try_from(rows.len()).map_err(|_| StoreError::inconsistent("more recovery codes than there can be"))
}

/// Takes a person's second factor away, with its recovery codes, and ends the person's sessions.
#[derive(Clone, Debug)]
pub struct ResetSecondFactor {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// For the audit trail.
    pub entry: AuditEntry,
    /// The time.
    pub now: Timestamp,
}

impl Operation for ResetSecondFactor {
    /// False where there is none: nothing was changed.
    type Out = bool;
    const NAME: &'static str = "reset_second_factor";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (merchant, user) = (self.merchant, self.user);
        let reset = tx
            .exec(
                "UPDATE portal_users SET totp_sealed = NULL, totp_step = NULL, new_totp_sealed = NULL, updated_at = $1 \
                 WHERE merchant_id = $2 AND user_id = $3 AND (totp_step IS NOT NULL OR new_totp_sealed IS NOT NULL)",
                &[self.now.as_micros().into(), merchant.as_bytes().into(), user.as_bytes().into()],
            )
            .await?;
        if reset == 0 {
            return Ok(Done::Rollback(false));
        }
        replace_codes(tx, merchant, user, &[], self.now).await?;
        end(tx, merchant, user, Ending::All).await?;
        note(tx, &self.entry).await?;
        Ok(Done::Commit(true))
    }
}

#[cfg(test)]
mod tests;
