//! The audit trail of people: who did what, when, from where. What becomes of refunds stands in their events.

use redress_core::audit::Deed;
use redress_core::id::{AuditId, MerchantId, UserId};
use redress_core::time::Timestamp;

use super::rows::{parsed, time};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::{Row, Value};

/// One entry. It is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose trail.
    pub merchant: MerchantId,
    /// Its id; later ones are larger.
    pub id: AuditId,
    /// Who did it; `None` for the operator, at the command line.
    pub user: Option<UserId>,
    /// Who, as they were called then.
    pub actor: String,
    /// What.
    pub deed: Deed,
    /// The name of what it was done to, as the APIs show it.
    pub object: Option<String>,
    /// More about it, for people. No secret.
    pub detail: Option<String>,
    /// The address that it was asked for from.
    pub address: Option<String>,
    /// The program that it was asked for with, by its own words.
    pub agent: Option<String>,
    /// When.
    pub happened_at: Timestamp,
}

/// Adds an entry that no operation of its own writes.
#[derive(Clone, Debug)]
pub struct NoteDeed(pub AuditEntry);

impl Operation for NoteDeed {
    type Out = ();
    const NAME: &'static str = "note_deed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        note(tx, &self.0).await.map(Done::Commit)
    }
}

/// Adds an entry with what it is about.
pub(crate) async fn note<T: Tx>(tx: &mut T, entry: &AuditEntry) -> Result<(), StoreError> {
    tx.exec(
        "INSERT INTO audit_trail (merchant_id, entry_id, user_id, actor, deed, object, detail, address, agent, \
         happened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            entry.merchant.as_bytes().into(),
            entry.id.as_bytes().into(),
            entry.user.as_ref().map(|user| &user.as_bytes()[..]).into(),
            (&entry.actor).into(),
            entry.deed.as_str().into(),
            entry.object.as_deref().into(),
            entry.detail.as_deref().into(),
            entry.address.as_deref().into(),
            entry.agent.as_deref().into(),
            entry.happened_at.as_micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuditOf {
    /// All of them.
    #[default]
    Everybody,
    /// What a person did.
    User(UserId),
    /// What was done to something, by its name.
    Object(String),
}

/// A page of a merchant's audit trail, the newest entries first.
#[derive(Clone, Debug)]
pub struct ListAudit {
    /// Whose.
    pub merchant: MerchantId,
    /// Which entries.
    pub of: AuditOf,
    /// The last entry of the page before.
    pub before: Option<AuditId>,
    /// The length of a page.
    pub limit: u32,
}

macro_rules! page {
    ($filter:literal, $end:literal) => {
        concat!(
            "SELECT merchant_id, entry_id, user_id, actor, deed, object, detail, address, agent, happened_at ",
            "FROM audit_trail WHERE merchant_id = $1 ",
            $filter,
            $end
        )
    };
}

impl Query for ListAudit {
    type Out = Vec<AuditEntry>;
    const NAME: &'static str = "list_audit";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<AuditEntry>, StoreError> {
        let before = self.before.unwrap_or(AuditId::from_bytes([u8::MAX; 16]));
        let merchant: Value<'_> = self.merchant.as_bytes().into();
        let (before, limit): (Value<'_>, Value<'_>) = (before.as_bytes().into(), self.limit.into());
        let rows = match &self.of {
            AuditOf::Everybody => {
                let sql = page!("", "AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3");
                tx.rows(sql, &[merchant, before, limit]).await?
            }
            AuditOf::User(user) => {
                let sql = page!("AND user_id = $2 ", "AND entry_id < $3 ORDER BY entry_id DESC LIMIT $4");
                tx.rows(sql, &[merchant, user.as_bytes().into(), before, limit]).await?
            }
            AuditOf::Object(object) => {
                let sql = page!("AND object = $2 ", "AND entry_id < $3 ORDER BY entry_id DESC LIMIT $4");
                tx.rows(sql, &[merchant, object.into(), before, limit]).await?
            }
        };
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: AuditId::from_bytes(row.id16(1)?),
        user: row.opt_id16(2)?.map(UserId::from_bytes),
        actor: row.text(3)?,
        deed: parsed(row, 4, Deed::parse)?,
        object: row.opt_text(5)?,
        detail: row.opt_text(6)?,
        address: row.opt_text(7)?,
        agent: row.opt_text(8)?,
        happened_at: time(row, 9)?,
    })
}

#[cfg(test)]
mod tests;
