//! Sessions: what a browser shows that has signed in.
//!
//! A session is found by the SHA-256 of its token; who reads the database can show none. How long one lasts is judged
//! where it is looked up, so that shorter limits count at once.

use redress_core::id::{MerchantId, SessionId, UserId};
use redress_core::time::Timestamp;

use super::super::audit::{AuditEntry, note};
use super::super::rows::{opt_time, time};
pub use super::session_end::Ending;
use super::session_end::end;
use super::tries::{Forgiven, forgive};
use super::users::{PortalUser, USER_COLUMNS, read as read_user, user_columns};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

/// A person has so many sessions at most; the oldest end.
pub const SESSIONS_MAX: u32 = 20;

/// Each sign-in takes away so many sessions that are over, whoever's they are.
const PRUNED_AT_ONCE: u32 = 8;

/// SHA-256 of a session's token.
pub type TokenHash = [u8; 32];

/// A session. No secret among it: the hash proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; it stays when the token changes.
    pub id: SessionId,
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// The password was shown, the second factor not yet. So begins each session of a person who has one.
    pub awaits_code: bool,
    /// When a second factor was last shown.
    pub second_factor_at: Option<Timestamp>,
    /// The address it was begun from.
    pub address: String,
    /// The program it was begun with, by its own words.
    pub agent: String,
    /// When the password was shown.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
}

macro_rules! session_columns {
    () => {
        "s.session_id, s.merchant_id, s.user_id, s.awaits_code, s.second_factor_at, s.address, s.agent, s.created_at, \
         s.seen_at"
    };
}

/// Reads a session from a row whose columns from `at` on are [`session_columns`].
fn read(row: &Row, at: usize) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId::from_bytes(row.id16(at)?),
        merchant: MerchantId::from_bytes(row.id16(at + 1)?),
        user: UserId::from_bytes(row.id16(at + 2)?),
        awaits_code: row.bool(at + 3)?,
        second_factor_at: opt_time(row, at + 4)?,
        address: row.text(at + 5)?,
        agent: row.text(at + 6)?,
        created_at: time(row, at + 7)?,
        seen_at: time(row, at + 8)?,
    })
}

/// Begins a session, after a password was found good.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// The session.
    pub session: Session,
    /// What its token is found by.
    pub token_hash: TokenHash,
    /// The hash that the password was checked against: one that was changed meanwhile opens nothing.
    pub password_hash: String,
    /// The session that the browser showed before; it ends.
    pub replaces: Option<TokenHash>,
    /// The tries that were counted and turned out good.
    pub forgiven: Forgiven,
    /// Sessions that began before are over, and taken away.
    pub over_before: Timestamp,
    /// For the audit trail, where the person is signed in now.
    pub entry: Option<AuditEntry>,
}

impl Operation for OpenSession {
    /// False where the person was disabled, the password changed, or a second factor set up or taken away meanwhile:
    /// nothing was begun.
    type Out = bool;
    const NAME: &'static str = "open_portal_session";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let new = &self.session;
        let signed_in_at = (!new.awaits_code).then_some(new.created_at.as_micros());
        let good = tx
            .exec(
                "UPDATE portal_users SET signed_in_at = COALESCE($1, signed_in_at) WHERE merchant_id = $2 \
                 AND user_id = $3 AND password_hash = $4 AND disabled_at IS NULL \
                 AND CASE WHEN totp_step IS NULL THEN 0 ELSE 1 END = $5",
                &[
                    signed_in_at.into(),
                    new.merchant.as_bytes().into(),
                    new.user.as_bytes().into(),
                    (&self.password_hash).into(),
                    new.awaits_code.into(),
                ],
            )
            .await?;
        if good == 0 {
            return Ok(Done::Rollback(false));
        }
        if let Some(replaced) = &self.replaces {
            tx.exec("DELETE FROM portal_sessions WHERE token_hash = $1", &[replaced.into()]).await?;
        }
        self.prune(tx).await?;
        self.insert(tx).await?;
        forgive(tx, &self.forgiven).await?;
        if let Some(entry) = &self.entry {
            note(tx, entry).await?;
        }
        Ok(Done::Commit(true))
    }
}

impl OpenSession {
    async fn insert<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let new = &self.session;
        tx.exec(
            "INSERT INTO portal_sessions (token_hash, session_id, merchant_id, user_id, awaits_code, second_factor_at, \
             address, agent, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                (&self.token_hash).into(),
                new.id.as_bytes().into(),
                new.merchant.as_bytes().into(),
                new.user.as_bytes().into(),
                new.awaits_code.into(),
                new.second_factor_at.map(Timestamp::as_micros).into(),
                (&new.address).into(),
                (&new.agent).into(),
                new.created_at.as_micros().into(),
                new.seen_at.as_micros().into(),
            ],
        )
        .await
        .map(|_| ())
    }

    /// Takes away a few that are over, and the person's oldest beyond [`SESSIONS_MAX`].
    async fn prune<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec(
            "DELETE FROM portal_sessions WHERE token_hash IN (SELECT token_hash FROM portal_sessions \
             WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
            &[self.over_before.as_micros().into(), PRUNED_AT_ONCE.into()],
        )
        .await?;
        tx.exec(
            "DELETE FROM portal_sessions WHERE token_hash IN (SELECT token_hash FROM portal_sessions \
             WHERE merchant_id = $1 AND user_id = $2 ORDER BY created_at DESC, token_hash LIMIT $3 OFFSET $4)",
            &[
                self.session.merchant.as_bytes().into(),
                self.session.user.as_bytes().into(),
                PRUNED_AT_ONCE.into(),
                (SESSIONS_MAX - 1).into(),
            ],
        )
        .await
        .map(|_| ())
    }
}

/// The session of a token, with its person, whether it is over or not: the caller of this judges.
#[derive(Clone, Copy, Debug)]
pub struct FindSession(pub TokenHash);

impl Query for FindSession {
    type Out = Option<(Session, PortalUser)>;
    const NAME: &'static str = "find_portal_session";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<(Session, PortalUser)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            user_columns!("u."),
            ", ",
            session_columns!(),
            " FROM portal_sessions s JOIN portal_users u ON u.merchant_id = s.merchant_id AND u.user_id = s.user_id \
             WHERE s.token_hash = $1"
        );
        let rows = tx.rows(sql, &[(&self.0).into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some((read(row, USER_COLUMNS)?, read_user(row)?)))
    }
}

/// Notes that a session was used.
#[derive(Clone, Copy, Debug)]
pub struct TouchSession {
    /// Which.
    pub token_hash: TokenHash,
    /// The time.
    pub now: Timestamp,
}

impl Operation for TouchSession {
    type Out = ();
    const NAME: &'static str = "touch_portal_session";
    const PATIENT: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "UPDATE portal_sessions SET seen_at = $1 WHERE token_hash = $2 AND seen_at < $1";
        tx.exec(sql, &[self.now.as_micros().into(), (&self.token_hash).into()]).await?;
        Ok(Done::Commit(()))
    }
}

/// A person's sessions, the newest first; those that are over too, until they are taken away.
#[derive(Clone, Copy, Debug)]
pub struct ListSessions {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
}

impl Query for ListSessions {
    type Out = Vec<Session>;
    const NAME: &'static str = "list_portal_sessions";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Session>, StoreError> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            " FROM portal_sessions s WHERE s.merchant_id = $1 AND s.user_id = $2 \
             ORDER BY s.created_at DESC, s.session_id DESC LIMIT $3"
        );
        let params = [self.merchant.as_bytes().into(), self.user.as_bytes().into(), SESSIONS_MAX.into()];
        tx.rows(sql, &params).await?.iter().map(|row| read(row, 0)).collect()
    }
}

/// Ends sessions of a person.
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// Whose: the merchant.
    pub merchant: MerchantId,
    /// Whose: the person.
    pub user: UserId,
    /// Which.
    pub which: Ending,
    /// For the audit trail, where any is ended.
    pub entry: Option<AuditEntry>,
}

impl Operation for EndSessions {
    /// How many were ended.
    type Out = u64;
    const NAME: &'static str = "end_portal_sessions";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        let ended = end(tx, self.merchant, self.user, self.which).await?;
        if ended == 0 {
            return Ok(Done::Rollback(0));
        }
        if let Some(entry) = &self.entry {
            note(tx, entry).await?;
        }
        Ok(Done::Commit(ended))
    }
}

#[cfg(test)]
mod tests;
