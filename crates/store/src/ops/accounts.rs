//! PSP accounts: a merchant's contracts, in versions that never change.

mod contract_use;

use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId};
use redress_core::policy::AccountState;
use redress_core::time::Timestamp;

use self::contract_use::was_used;
use super::merchants::{Closed, closed};
use super::rows::{self, count, expect_one, parsed, time};
use super::settings_version::{AsOf, bump, version_column};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

/// A PSP account without what is in its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id; unique over all merchants.
    pub id: AccountId,
    /// The connector's name.
    pub psp: String,
    /// What people call it.
    pub name: String,
    /// Where its payments are.
    pub environment: Environment,
    /// Whether it sends.
    pub state: AccountState,
    /// The newest version; new refunds are sent with it.
    pub version: i64,
    /// How many refunds are sent through it at once.
    pub max_in_flight: u32,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What a submit through an account depends on. Never changed once written, so that a re-send has equal bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountVersion {
    /// Where the PSP is; `None` for the connector's own address of the environment.
    pub base_url: Option<String>,
    /// Where the PSP sends its notifications.
    pub notification_url: Option<String>,
    /// The credentials at the PSP, encrypted. What they are bound to must not include the version: an unchanged
    /// ciphertext goes over into the next one.
    pub credentials_sealed: Vec<u8>,
}

impl std::fmt::Debug for AccountVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountVersion")
            .field("base_url", &self.base_url)
            .field("notification_url", &self.notification_url)
            .finish_non_exhaustive()
    }
}

/// Adds an account, active, with its first version.
#[derive(Clone, Debug)]
pub struct AddAccount {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: AccountId,
    /// The connector's name.
    pub psp: String,
    /// What people call it.
    pub name: String,
    /// Where its payments are.
    pub environment: Environment,
    /// How many refunds are sent through it at once; at least 1.
    pub max_in_flight: u32,
    /// Its first version.
    pub first: AccountVersion,
    /// The time.
    pub now: Timestamp,
}

/// What came of adding an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAdding {
    /// It is there now.
    Added,
    /// The merchant takes nothing new; nothing was changed.
    Closed(Closed),
}

impl Operation for AddAccount {
    type Out = AccountAdding;
    const NAME: &'static str = "add_account";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<AccountAdding>, StoreError> {
        if let Some(closed) = closed(tx, self.merchant).await? {
            return Ok(Done::Rollback(AccountAdding::Closed(closed)));
        }
        tx.exec(
            "INSERT INTO psp_accounts (merchant_id, account_id, psp, name, environment, state, version, max_in_flight, \
             created_at) VALUES ($1, $2, $3, $4, $5, 'active', 1, $6, $7)",
            &[
                self.merchant.as_bytes().into(),
                self.id.as_bytes().into(),
                (&self.psp).into(),
                (&self.name).into(),
                self.environment.as_str().into(),
                self.max_in_flight.into(),
                self.now.as_micros().into(),
            ],
        )
        .await?;
        insert_version(tx, self.merchant, self.id, 1, &self.first, self.now).await?;
        bump(tx).await?;
        Ok(Done::Commit(AccountAdding::Added))
    }
}

async fn insert_version<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    account: AccountId,
    number: i64,
    version: &AccountVersion,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec(
        "INSERT INTO psp_account_versions (merchant_id, account_id, version, base_url, notification_url, \
         credentials_sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            merchant.as_bytes().into(),
            account.as_bytes().into(),
            number.into(),
            version.base_url.as_deref().into(),
            version.notification_url.as_deref().into(),
            (&version.credentials_sealed).into(),
            now.as_micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Changes an account: writes a new version. What was sent keeps its own for being sent again; all else goes by the newest.
#[derive(Clone)]
pub struct ChangeAccount {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub account: AccountId,
    /// The version that the caller compared with; a change in between is not overwritten.
    pub seen_version: i64,
    /// The new name.
    pub name: String,
    /// The new limit of refunds at once; at least 1.
    pub max_in_flight: u32,
    /// The new address.
    pub base_url: Option<String>,
    /// The new address for the PSP's notifications.
    pub notification_url: Option<String>,
    /// New credentials, encrypted; `None` keeps the old ones.
    pub credentials_sealed: Option<Vec<u8>>,
    /// The new address has the same scheme, host and port as the seen one. Otherwise new credentials are needed: the
    /// old ones must not go to another host.
    pub same_host: bool,
    /// The new credentials name another contract at the PSP than the seen ones. What was refunded under the old one is not known
    /// under another: where anything was, or may have been, nothing is changed.
    pub other_contract: bool,
    /// The time.
    pub now: Timestamp,
}

impl std::fmt::Debug for ChangeAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeAccount").field("account", &self.account).finish_non_exhaustive()
    }
}

/// What came of changing an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountChanging {
    /// This is its version now.
    Changed(i64),
    /// The host changes, so new credentials are needed; nothing was changed.
    NeedsCredentials,
    /// The contract changes, and a refund had an effect under the old one, or may have had; nothing was changed.
    ContractUsed,
    /// Somebody changed it since the caller looked; nothing was changed.
    Outdated,
    /// It is revoked; nothing was changed.
    Revoked,
    /// This merchant has no such account.
    NotFound,
}

impl Operation for ChangeAccount {
    type Out = AccountChanging;
    const NAME: &'static str = "change_account";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<AccountChanging>, StoreError> {
        let Some((state, version)) = lock(tx, self.merchant, self.account).await? else {
            return Ok(Done::Rollback(AccountChanging::NotFound));
        };
        if state == AccountState::Revoked {
            return Ok(Done::Rollback(AccountChanging::Revoked));
        }
        if version != self.seen_version {
            return Ok(Done::Rollback(AccountChanging::Outdated));
        }
        if self.other_contract && was_used(tx, self.merchant, self.account).await? {
            return Ok(Done::Rollback(AccountChanging::ContractUsed));
        }
        let old = load_version(tx, self.merchant, self.account, version)
            .await?
            .ok_or_else(|| StoreError::inconsistent("an account without its version"))?;
        let same_host = self.same_host || old.base_url == self.base_url;
        let credentials_sealed = match &self.credentials_sealed {
            Some(new) => new.clone(),
            None if same_host => old.credentials_sealed,
            None => return Ok(Done::Rollback(AccountChanging::NeedsCredentials)),
        };
        let next = AccountVersion {
            base_url: self.base_url.clone(),
            notification_url: self.notification_url.clone(),
            credentials_sealed,
        };
        insert_version(tx, self.merchant, self.account, version + 1, &next, self.now).await?;
        let updated = tx
            .exec(
                "UPDATE psp_accounts SET version = $1, name = $2, max_in_flight = $3 \
                 WHERE merchant_id = $4 AND account_id = $5",
                &[
                    (version + 1).into(),
                    (&self.name).into(),
                    self.max_in_flight.into(),
                    self.merchant.as_bytes().into(),
                    self.account.as_bytes().into(),
                ],
            )
            .await?;
        expect_one(updated, "psp_accounts")?;
        bump(tx).await?;
        Ok(Done::Commit(AccountChanging::Changed(version + 1)))
    }
}

/// Pauses an account (refunds stay queued), lets it send again, or revokes it for ever. The queued refunds of a revoked
/// account are failed by the loop that claims what is due.
#[derive(Clone, Copy, Debug)]
pub struct SetAccountState {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub account: AccountId,
    /// What it becomes.
    pub to: AccountState,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStateSetting {
    /// It is so now.
    Set,
    /// It was so before; nothing was changed.
    Already,
    /// It is revoked and stays so; nothing was changed.
    Revoked,
    /// This merchant has no such account.
    NotFound,
}

impl Operation for SetAccountState {
    type Out = AccountStateSetting;
    const NAME: &'static str = "set_account_state";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<AccountStateSetting>, StoreError> {
        let refused = match lock(tx, self.merchant, self.account).await? {
            None => Some(AccountStateSetting::NotFound),
            Some((state, _)) if state == self.to => Some(AccountStateSetting::Already),
            Some((AccountState::Revoked, _)) => Some(AccountStateSetting::Revoked),
            Some(_) => None,
        };
        if let Some(refused) = refused {
            return Ok(Done::Rollback(refused));
        }
        let (merchant, account) = (self.merchant.as_bytes(), self.account.as_bytes());
        let updated = tx
            .exec(
                "UPDATE psp_accounts SET state = $1 WHERE merchant_id = $2 AND account_id = $3",
                &[self.to.as_str().into(), merchant.into(), account.into()],
            )
            .await?;
        expect_one(updated, "psp_accounts")?;
        bump(tx).await?;
        Ok(Done::Commit(AccountStateSetting::Set))
    }
}

/// Locks the account's row by an update that changes nothing; answers its state and version.
async fn lock<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    account: AccountId,
) -> Result<Option<(AccountState, i64)>, StoreError> {
    let rows = tx
        .rows(
            "UPDATE psp_accounts SET version = version WHERE merchant_id = $1 AND account_id = $2 \
             RETURNING state, version",
            &[merchant.as_bytes().into(), account.as_bytes().into()],
        )
        .await?;
    rows.first().map(|row| Ok((parsed(row, 0, AccountState::parse)?, row.int(1)?))).transpose()
}

macro_rules! account_columns {
    () => {
        "merchant_id, account_id, psp, name, environment, state, version, max_in_flight, created_at"
    };
}

/// An account by its id alone, of whatever merchant: a PSP's notification names no more.
#[derive(Clone, Copy, Debug)]
pub struct FindAccount(pub AccountId);

impl Query for FindAccount {
    type Out = Option<Account>;
    const NAME: &'static str = "find_account";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Account>, StoreError> {
        let sql = concat!("SELECT ", account_columns!(), " FROM psp_accounts WHERE account_id = $1");
        tx.rows(sql, &[self.0.as_bytes().into()]).await?.first().map(read).transpose()
    }
}

/// Which version of an account is its newest, whoever's it is.
#[derive(Clone, Copy, Debug)]
pub struct NewestVersion(pub AccountId);

impl Query for NewestVersion {
    type Out = Option<AsOf<i64>>;
    const NAME: &'static str = "newest_account_version";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<AsOf<i64>>, StoreError> {
        let sql = concat!("SELECT version, ", version_column!(), " FROM psp_accounts WHERE account_id = $1");
        let rows = tx.rows(sql, &[self.0.as_bytes().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(AsOf { version: row.int(1)?, found: row.int(0)? }))
    }
}

/// A page of the accounts, revoked ones too, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub struct ListAccounts {
    /// Whose; `None` for all merchants' (a server's own view).
    pub merchant: Option<MerchantId>,
    /// The last account of the page before.
    pub after: Option<AccountId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListAccounts {
    type Out = Vec<Account>;
    const NAME: &'static str = "list_accounts";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Account>, StoreError> {
        let after = self.after.map_or([0; 16], |id| *id.as_bytes());
        let rows = match &self.merchant {
            Some(merchant) => {
                let sql = concat!(
                    "SELECT ",
                    account_columns!(),
                    " FROM psp_accounts WHERE merchant_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3"
                );
                tx.rows(sql, &[merchant.as_bytes().into(), (&after).into(), self.limit.into()]).await?
            }
            None => {
                let sql = concat!(
                    "SELECT ",
                    account_columns!(),
                    " FROM psp_accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2"
                );
                tx.rows(sql, &[(&after).into(), self.limit.into()]).await?
            }
        };
        rows.iter().map(read).collect()
    }
}

/// One version of an account.
#[derive(Clone, Copy, Debug)]
pub struct LoadAccountVersion {
    /// Whose.
    pub merchant: MerchantId,
    /// Which account.
    pub account: AccountId,
    /// Which version.
    pub version: i64,
}

impl Query for LoadAccountVersion {
    type Out = Option<AccountVersion>;
    const NAME: &'static str = "load_account_version";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<AccountVersion>, StoreError> {
        load_version(tx, self.merchant, self.account, self.version).await
    }
}

async fn load_version<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    account: AccountId,
    version: i64,
) -> Result<Option<AccountVersion>, StoreError> {
    let rows = tx
        .rows(
            "SELECT base_url, notification_url, credentials_sealed FROM psp_account_versions \
             WHERE merchant_id = $1 AND account_id = $2 AND version = $3",
            &[merchant.as_bytes().into(), account.as_bytes().into(), version.into()],
        )
        .await?;
    rows.first()
        .map(|row| {
            Ok(AccountVersion {
                base_url: row.opt_text(0)?,
                notification_url: row.opt_text(1)?,
                credentials_sealed: row.bytes(2)?,
            })
        })
        .transpose()
}

fn read(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: AccountId::from_bytes(row.id16(1)?),
        psp: row.text(2)?,
        name: row.text(3)?,
        environment: rows::environment(row, 4)?,
        state: parsed(row, 5, AccountState::parse)?,
        version: row.int(6)?,
        max_in_flight: count(row, 7)?,
        created_at: time(row, 8)?,
    })
}

#[cfg(test)]
mod tests;
