//! What changes seldom and is asked for all the time: credentials, account versions, who wants which event. Kept in
//! memory until the count of changes in the store says that a tool or another process changed something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, KeyId, MerchantId};
use redress_core::right::Rights;
use redress_core::time::Timestamp;
use redress_psp::account::{AccountConfig, Credentials};
use redress_psp::session::Session;
use redress_store::ops::accounts::{FindAccount, LoadAccountVersion, NewestVersion};
use redress_store::ops::credentials::{Credential, CredentialKind, FindCredential, Proof};
use redress_store::ops::endpoints::AnyEndpointWants;
use redress_store::ops::merchants::FindMerchant;
use redress_store::ops::settings_version::{AsOf, SettingsVersion};
use redress_store::{Store, StoreError};
use secrecy::{ExposeSecret, SecretString};

use crate::api_key::{ApiKey, ApiKeyHash};
use crate::vault::{SealContext, Vault};

/// The column name that secrets of credentials are bound to.
pub(crate) const CREDENTIAL_COLUMN: &str = "api_credentials.secret";

/// The column name that credentials of PSP accounts are bound to.
pub(crate) const ACCOUNT_COLUMN: &str = "psp_account_versions.credentials";

/// The column name that signing secrets of endpoints are bound to.
pub(crate) const ENDPOINT_COLUMN: &str = "endpoints.secret";

/// The column name that second factors of people are bound to, also those that are being set up.
pub(crate) const SECOND_FACTOR_COLUMN: &str = "portal_users.totp";

/// Who calls: the owner of a credential that was found. A face still has to check the proof.
#[derive(Debug)]
pub struct Caller {
    /// The merchant.
    pub merchant: MerchantId,
    /// SGate's merchant id, as `M948164`.
    pub merchant_code: String,
    /// The credential.
    pub credential: KeyId,
    /// The environment it belongs to; `None` where it serves both.
    pub environment: Option<Environment>,
    /// What the caller showed.
    pub public_key: String,
    /// What it may do besides what every key of its kind may.
    pub rights: Rights,
    /// What proves it, where the face needs the secret itself.
    pub secret: Option<SecretString>,
    hash: Option<ApiKeyHash>,
    /// When the credential ends, where another was put in its place.
    ends_at: Option<Timestamp>,
}

type AccountKey = (AccountId, i64);

#[derive(Default)]
struct Kept {
    /// The count of changes as of which all of it was read; `None` until there is anything.
    version: Option<i64>,
    /// How often this process had it all forgotten.
    forgotten: u64,
    /// By kind and by what callers show.
    callers: BTreeMap<CredentialKind, BTreeMap<String, Arc<Caller>>>,
    wants: BTreeMap<(MerchantId, EventKind), bool>,
    accounts: BTreeMap<AccountKey, (String, Arc<AccountConfig>)>,
    newest: BTreeMap<AccountId, i64>,
}

impl Kept {
    /// Whether something may be kept that was read as of a count of changes, and how often all was forgotten when the read
    /// began.
    ///
    /// The count must be the one that the read itself saw. A brief read may be of a moment before the look that found the count
    /// here, and what was read so is used once: kept, it would be taken for what is there until the next change.
    fn takes(&mut self, read_as_of: i64, forgotten: u64) -> bool {
        self.forgotten == forgotten && *self.version.get_or_insert(read_as_of) == read_as_of
    }

    fn forget(&mut self) {
        // What is being read now may be of before, and is not kept.
        *self = Self { forgotten: self.forgotten.wrapping_add(1), ..Self::default() };
    }
}

/// The directory of one process.
pub struct Directory {
    store: Store,
    vault: Arc<Vault>,
    kept: Mutex<Kept>,
}

impl Directory {
    pub(crate) fn new(store: Store, vault: Arc<Vault>) -> Self {
        Self { store, vault, kept: Mutex::default() }
    }

    /// Forgets everything when something changed since the last look.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let version = self.store.read(SettingsVersion).await?;
        let mut kept = self.kept();
        if kept.version != Some(version) {
            *kept = Kept { version: Some(version), forgotten: kept.forgotten, ..Kept::default() };
        }
        Ok(())
    }

    /// Forgets everything at once, where this process itself changed something that must hold for whoever comes next.
    pub(crate) fn forget(&self) {
        self.kept().forget();
    }

    /// Finds the owner of a credential that is not revoked and has not ended.
    pub(crate) async fn caller(
        &self,
        kind: CredentialKind,
        public_key: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Caller>>, StoreError> {
        let found = self.kept_caller(kind, public_key, now).await?;
        Ok(found.filter(|caller| caller.ends_at.is_none_or(|end| now < end)))
    }

    async fn kept_caller(
        &self,
        kind: CredentialKind,
        public_key: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Caller>>, StoreError> {
        let forgotten = {
            let kept = self.kept();
            if let Some(caller) = kept.callers.get(&kind).and_then(|of_kind| of_kind.get(public_key)) {
                return Ok(Some(Arc::clone(caller)));
            }
            kept.forgotten
        };
        let find = FindCredential { kind, public_key: public_key.to_owned() };
        let read = self.store.read(find).await?.filter(|read| read.found.counts_at(now));
        let Some(AsOf { version, found }) = read else { return Ok(None) };
        let Some(merchant) = self.store.read(FindMerchant(found.merchant)).await? else { return Ok(None) };
        let caller = Arc::new(self.opened(found, merchant.code)?);
        let mut kept = self.kept();
        if kept.takes(version, forgotten) {
            let of_kind = kept.callers.entry(kind).or_default();
            of_kind.insert(public_key.to_owned(), Arc::clone(&caller));
        }
        Ok(Some(caller))
    }

    /// The settings of an account as they were in one version, with the PSP's name.
    pub(crate) async fn account_version(
        &self,
        merchant: MerchantId,
        account: AccountId,
        version: i64,
        timeout: Duration,
    ) -> Result<(String, Arc<AccountConfig>), StoreError> {
        let key = (account, version);
        if let Some((psp, config)) = self.kept().accounts.get(&key) {
            return Ok((psp.clone(), Arc::clone(config)));
        }
        let found = self
            .store
            .read(LoadAccountVersion { merchant, account, version })
            .await?
            .ok_or_else(|| StoreError::inconsistent("a refund's account version is gone"))?;
        let owner = self
            .store
            .read(FindAccount(account))
            .await?
            .ok_or_else(|| StoreError::inconsistent("a refund's account is gone"))?;
        let context = SealContext { merchant, row: account.as_bytes(), column: ACCOUNT_COLUMN };
        let credentials =
            self.vault.open(&context, &found.credentials_sealed).map_err(|error| sealed(&error))?;
        let credentials = Credentials::from_json(&credentials)
            .map_err(|_| StoreError::inconsistent("the credentials of an account cannot be read"))?;
        let config = Arc::new(AccountConfig {
            environment: owner.environment,
            base_url: found.base_url,
            notification_url: found.notification_url,
            credentials,
            timeout,
            session: Session::default(),
        });
        // Versions never change, so what was read is good whatever happened meanwhile.
        self.kept().accounts.insert(key, (owner.psp.clone(), Arc::clone(&config)));
        Ok((owner.psp, config))
    }

    /// The settings of an account as they are now, with the PSP's name.
    pub(crate) async fn newest_account(
        &self,
        merchant: MerchantId,
        account: AccountId,
        timeout: Duration,
    ) -> Result<(String, Arc<AccountConfig>), StoreError> {
        let (known, forgotten) = {
            let kept = self.kept();
            (kept.newest.get(&account).copied(), kept.forgotten)
        };
        let version = match known {
            Some(version) => version,
            None => {
                let read = self.store.read(NewestVersion(account)).await?;
                let AsOf { version, found } =
                    read.ok_or_else(|| StoreError::inconsistent("a refund's account is gone"))?;
                let mut kept = self.kept();
                if kept.takes(version, forgotten) {
                    kept.newest.insert(account, found);
                }
                found
            }
        };
        self.account_version(merchant, account, version, timeout).await
    }

    /// Whether any of the merchant's endpoints wants events of a kind.
    pub(crate) async fn wants(&self, merchant: MerchantId, kind: EventKind) -> Result<bool, StoreError> {
        let forgotten = {
            let kept = self.kept();
            if let Some(wants) = kept.wants.get(&(merchant, kind)) {
                return Ok(*wants);
            }
            kept.forgotten
        };
        let AsOf { version, found } = self.store.read(AnyEndpointWants { merchant, kind }).await?;
        let mut kept = self.kept();
        if kept.takes(version, forgotten) {
            kept.wants.insert((merchant, kind), found);
        }
        Ok(found)
    }

    fn opened(&self, found: Credential, merchant_code: String) -> Result<Caller, StoreError> {
        let (secret, hash) = match &found.proof {
            Proof::Sealed(bytes) => (Some(open_credential(&self.vault, &found, bytes)?), None),
            Proof::Hash(bytes) => {
                let hash = ApiKeyHash::from_slice(bytes)
                    .ok_or_else(|| StoreError::inconsistent("an API key's hash has another length"))?;
                (None, Some(hash))
            }
        };
        Ok(Caller {
            merchant: found.merchant,
            merchant_code,
            credential: found.id,
            environment: found.environment,
            public_key: found.public_key,
            rights: found.rights,
            secret,
            hash,
            ends_at: found.revoked_at,
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Whether an API key is this caller's, compared in constant time.
    pub(crate) fn proves(&self, key: &ApiKey) -> bool {
        self.hash.as_ref().is_some_and(|hash| hash.is_of(key))
    }

    /// The secret's text; empty where there is none.
    pub fn secret_text(&self) -> &str {
        self.secret.as_ref().map_or("", |secret| secret.expose_secret())
    }
}

/// Opens the secret of a credential.
pub(crate) fn open_credential(
    vault: &Vault,
    credential: &Credential,
    sealed_bytes: &[u8],
) -> Result<SecretString, StoreError> {
    let context = SealContext {
        merchant: credential.merchant,
        row: credential.id.as_bytes(),
        column: CREDENTIAL_COLUMN,
    };
    vault.open_text(&context, sealed_bytes).map_err(|error| sealed(&error))
}

fn sealed(error: &crate::vault::OpenError) -> StoreError {
    StoreError::inconsistent(format!("a sealed secret cannot be opened: {error}"))
}

#[cfg(test)]
mod tests;
