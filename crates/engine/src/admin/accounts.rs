//! PSP accounts: a merchant's contracts, with sealed credentials.

use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, UserId};
use redress_core::policy::AccountState;
use redress_core::role::Act;
use redress_psp::account::{AccountConfig, AccountConfigError};
use redress_psp::connector::Connector;
use redress_psp::session::Session;
use redress_store::StoreError;
use redress_store::ops::accounts::{
    AccountAdding, AccountChanging, AccountStateSetting, AddAccount, ChangeAccount, FindAccount,
    ListAccounts, LoadAccountVersion, SetAccountState,
};
use secrecy::ExposeSecret;
use url::Url;

pub use redress_psp::account::Credentials;
pub use redress_store::ops::accounts::{Account, AccountVersion};

use super::contracts::other_contract_refused;
use super::fault::FaultCode;
use super::payments::Psps;
use super::{AdminError, NAME_BYTES_MAX, PAGE_ROWS, URL_BYTES_MAX, check_optional, check_text, refused_url};
use crate::directory::ACCOUNT_COLUMN;
use crate::engine::Engine;
use crate::portal::PortalError;
use crate::vault::SealContext;

/// How many refunds an account sends at once unless told otherwise.
pub const MAX_IN_FLIGHT: u32 = 16;

/// No account may send more refunds at once.
pub const MAX_IN_FLIGHT_MAX: u32 = 1_000;

/// The path under the public address at which a PSP's notifications about one of its accounts come in.
pub fn psp_notification_path(psp: &str, account: AccountId) -> String {
    format!("/psp/{psp}/{account}")
}

/// An account to be added.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Whose it will be.
    pub merchant: MerchantId,
    /// The connector's name.
    pub psp: String,
    /// What people call it.
    pub name: String,
    /// Where its payments are.
    pub environment: Environment,
    /// How many refunds are sent through it at once.
    pub max_in_flight: u32,
    /// Another address than the PSP's own; the sandbox, say. Without a slash at its end.
    pub base_url: Option<String>,
    /// Where the PSP reaches this server; the account's notification address is made of it. `None`: the PSP is given
    /// none, and refunds are followed by asking.
    pub public_url: Option<String>,
    /// The keys at the PSP.
    pub credentials: Credentials,
}

/// What is to be different about an account; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct AccountEdit {
    /// What people call it.
    pub name: Option<String>,
    /// How many refunds are sent through it at once.
    pub max_in_flight: Option<u32>,
    /// Another address; `Some(None)` goes back to the PSP's own. Another host needs new credentials.
    pub base_url: Option<Option<String>>,
    /// Where the PSP reaches this server; see [`NewAccount::public_url`].
    pub public_url: Option<Option<String>>,
    /// The keys at the PSP.
    pub credentials: Option<Credentials>,
    /// The version that whoever wants it was shown: where there is a newer one that is not what is wanted anyway, nothing is
    /// changed. Who says all at once would give back what somebody else changed meanwhile. `None` where nothing was shown.
    pub seen_version: Option<i64>,
}

impl Engine {
    /// Adds an account, active.
    ///
    /// # Errors
    /// [`AdminError`] names the field that is wrong, never a credential's value.
    pub async fn add_account(&self, new: NewAccount) -> Result<Account, AdminError> {
        let add = self.new_account(new)?;
        self.keep_account(None, add).await.map_err(PortalError::unjudged)
    }

    /// An account to be kept, checked and with its credentials sealed; nothing is written.
    pub(crate) fn new_account(&self, new: NewAccount) -> Result<AddAccount, AdminError> {
        let connector = self.connector(&new.psp)?;
        let now = self.now();
        let id = AccountId::new(now, self.parts.world.random.bytes10());
        self.check_settings(&new.name, new.max_in_flight, new.base_url.as_deref())?;
        let notification_url = notification_url(new.public_url.as_deref(), &new.psp, id);
        let config = AccountConfig {
            environment: new.environment,
            base_url: new.base_url.clone(),
            notification_url: notification_url.clone(),
            credentials: new.credentials,
            timeout: self.parts.config.psp_timeout,
            session: Session::default(),
        };
        connector.check_account(&config).map_err(|error| refused(&error))?;
        let first = AccountVersion {
            base_url: new.base_url,
            notification_url,
            credentials_sealed: self.sealed_credentials(new.merchant, id, &config.credentials),
        };
        Ok(AddAccount {
            merchant: new.merchant,
            id,
            psp: new.psp,
            name: new.name,
            environment: new.environment,
            max_in_flight: new.max_in_flight,
            first,
            now,
        })
    }

    /// Keeps an account, while whoever wants it may add one.
    pub(crate) async fn keep_account(
        &self,
        by: Option<UserId>,
        add: AddAccount,
    ) -> Result<Account, PortalError> {
        let (merchant, id) = (add.merchant, add.id);
        match self.run_wanted(by, merchant, &Act::ManageAccounts, add).await? {
            AccountAdding::Added => Ok(self.account(merchant, id).await?),
            AccountAdding::Closed(closed) => Err(AdminError::from(closed).into()),
        }
    }

    /// One account of a merchant.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn account(&self, merchant: MerchantId, id: AccountId) -> Result<Account, AdminError> {
        let found = self.parts.store.read(FindAccount(id)).await?;
        found.filter(|account| account.merchant == merchant).ok_or(AdminError::NotFound("PSP account"))
    }

    /// An account, whoever's it is: the operator's view.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn any_account(&self, id: AccountId) -> Result<Account, AdminError> {
        self.parts.store.read(FindAccount(id)).await?.ok_or(AdminError::NotFound("PSP account"))
    }

    /// What the newest version of an account says of addresses; its credentials stay sealed.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn account_addresses(
        &self,
        account: &Account,
    ) -> Result<(Option<String>, Option<String>), AdminError> {
        let version = self.newest_version(account).await?;
        Ok((version.base_url, version.notification_url))
    }

    /// All accounts of a merchant, or of all merchants, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn list_accounts(&self, merchant: Option<MerchantId>) -> Result<Vec<Account>, AdminError> {
        Ok(self.all_accounts(merchant).await?)
    }

    /// So many accounts of a merchant's environment, revoked ones too, oldest first, from behind `after`.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn accounts_page(
        &self,
        merchant: MerchantId,
        environment: Environment,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, AdminError> {
        // A merchant has a handful: no statement of its own.
        let all = self.all_accounts(Some(merchant)).await?.into_iter();
        let behind =
            all.filter(|of| of.environment == environment && after.is_none_or(|after| of.id > after));
        Ok(behind.take(limit as usize).collect())
    }

    /// The connectors of a merchant's accounts, as far as this program has them.
    pub(super) async fn connectors_of(&self, merchant: MerchantId) -> Result<Psps, StoreError> {
        let accounts = self.all_accounts(Some(merchant)).await?.into_iter();
        Ok(accounts.filter_map(|of| Some((of.id, (self.parts.connectors)(&of.psp)?))).collect())
    }

    async fn all_accounts(&self, merchant: Option<MerchantId>) -> Result<Vec<Account>, StoreError> {
        let mut all: Vec<Account> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id);
            let page = self.parts.store.read(ListAccounts { merchant, after, limit: PAGE_ROWS }).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// Changes an account: writes a new version. What was sent keeps its own for being sent again; all else goes by the newest.
    /// Answers the new version.
    ///
    /// # Errors
    /// [`AdminError`]; another host without new credentials is refused, and so are another contract at the PSP once a refund had
    /// an effect under the old one, or may have had, and a change that somebody overtook.
    pub async fn change_account(
        &self,
        merchant: MerchantId,
        id: AccountId,
        edit: AccountEdit,
    ) -> Result<i64, AdminError> {
        self.change_account_wanted(None, merchant, id, edit).await.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn change_account_wanted(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        id: AccountId,
        edit: AccountEdit,
    ) -> Result<i64, PortalError> {
        let account = self.account(merchant, id).await?;
        let again = edit.clone();
        let connector = self.connector(&account.psp)?;
        let old = self.newest_version(&account).await?;
        let name = edit.name.unwrap_or_else(|| account.name.clone());
        let max_in_flight = edit.max_in_flight.unwrap_or(account.max_in_flight);
        let base_url = edit.base_url.unwrap_or_else(|| old.base_url.clone());
        self.check_settings(&name, max_in_flight, base_url.as_deref())?;
        let notification_url = match edit.public_url {
            Some(public_url) => notification_url(public_url.as_deref(), &account.psp, id),
            None => old.notification_url.clone(),
        };
        if edit.seen_version.is_some_and(|seen| seen != account.version) {
            // As where a form is sent twice.
            let is_so = name == account.name
                && max_in_flight == account.max_in_flight
                && base_url == old.base_url
                && notification_url == old.notification_url
                && self.are_credentials(&account, &old, edit.credentials.as_ref())?;
            return if is_so { Ok(account.version) } else { Err(overtaken().into()) };
        }
        let other_contract = edit
            .credentials
            .as_ref()
            .and_then(|given| self.other_contract(connector.profile(), (&account, &old), given));
        let credentials_sealed =
            edit.credentials.as_ref().map(|given| self.sealed_credentials(merchant, id, given));
        let credentials = match edit.credentials {
            Some(given) => given,
            None => self.opened_credentials(&account, &old)?,
        };
        let config = AccountConfig {
            environment: account.environment,
            base_url: base_url.clone(),
            notification_url: notification_url.clone(),
            credentials,
            timeout: self.parts.config.psp_timeout,
            session: Session::default(),
        };
        connector.check_account(&config).map_err(|error| refused(&error))?;
        let change = ChangeAccount {
            merchant,
            account: id,
            seen_version: account.version,
            name,
            max_in_flight,
            same_host: same_host(old.base_url.as_deref(), base_url.as_deref()),
            base_url,
            notification_url,
            credentials_sealed,
            other_contract: other_contract.is_some(),
            now: self.now(),
        };
        match self.run_wanted(by, merchant, &Act::ManageAccounts, change).await? {
            AccountChanging::Changed(version) => Ok(version),
            AccountChanging::NeedsCredentials => Err(AdminError::invalid(
                "credentials",
                FaultCode::CredentialsAnew.told("are needed anew: the old ones must not go to another host"),
            )
            .into()),
            AccountChanging::ContractUsed => Err(other_contract_refused(other_contract).into()),
            // In the same moment; perhaps by the same form.
            AccountChanging::Outdated if again.seen_version.is_some() => {
                Box::pin(self.change_account_wanted(by, merchant, id, again)).await
            }
            AccountChanging::Outdated => Err(overtaken().into()),
            AccountChanging::Revoked => {
                Err(AdminError::conflict(FaultCode::AccountRevoked.told("the account is revoked")).into())
            }
            AccountChanging::NotFound => Err(AdminError::NotFound("PSP account").into()),
        }
    }

    /// Pauses an account (its refunds stay queued), lets it send again, or revokes it for ever (its queued refunds
    /// fail). Answers false when it was so before.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when it is revoked.
    pub async fn set_account_state(
        &self,
        merchant: MerchantId,
        account: AccountId,
        to: AccountState,
    ) -> Result<bool, AdminError> {
        self.set_account_state_wanted(None, merchant, account, to).await.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn set_account_state_wanted(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        account: AccountId,
        to: AccountState,
    ) -> Result<bool, PortalError> {
        let set = SetAccountState { merchant, account, to };
        match self.run_wanted(by, merchant, &Act::ManageAccounts, set).await? {
            AccountStateSetting::Set => Ok(true),
            AccountStateSetting::Already => Ok(false),
            AccountStateSetting::Revoked => Err(AdminError::conflict(
                FaultCode::AccountRevoked.told("the account is revoked and stays so"),
            )
            .into()),
            AccountStateSetting::NotFound => Err(AdminError::NotFound("PSP account").into()),
        }
    }

    pub(super) fn connector(&self, psp: &str) -> Result<&'static dyn Connector, AdminError> {
        (self.parts.connectors)(psp).ok_or_else(|| {
            let known: Vec<_> =
                redress_psp::registry::all().iter().map(|connector| connector.name()).collect();
            AdminError::invalid("psp", format!("must be one of {}", known.join(", ")))
        })
    }

    pub(super) async fn newest_version(&self, account: &Account) -> Result<AccountVersion, AdminError> {
        let Account { merchant, id, version, .. } = *account;
        let found = self.parts.store.read(LoadAccountVersion { merchant, account: id, version }).await?;
        found.ok_or(AdminError::NotFound("PSP account"))
    }

    fn check_settings(
        &self,
        name: &str,
        max_in_flight: u32,
        base_url: Option<&str>,
    ) -> Result<(), AdminError> {
        check_text("name", name, NAME_BYTES_MAX)?;
        check_optional("base_url", base_url, URL_BYTES_MAX)?;
        // What the guard of addresses is sure to refuse at every exchange is refused at once.
        let checked = base_url.map_or(Ok(()), |url| self.parts.psp_transport.check_url(url));
        checked.map_err(|error| refused_url("base_url", &error))?;
        if (1..=MAX_IN_FLIGHT_MAX).contains(&max_in_flight) {
            return Ok(());
        }
        let code = FaultCode::OutOfRange { min: 1, max: MAX_IN_FLIGHT_MAX };
        Err(AdminError::invalid("max_in_flight", code.told(format!("must be 1 to {MAX_IN_FLIGHT_MAX}"))))
    }

    fn sealed_credentials(&self, merchant: MerchantId, id: AccountId, credentials: &Credentials) -> Vec<u8> {
        let context = SealContext { merchant, row: id.as_bytes(), column: ACCOUNT_COLUMN };
        let json = credentials.to_json();
        self.parts.vault.seal(&*self.parts.world.random, &context, json.expose_secret().as_bytes())
    }

    /// Whether a version has these credentials; whoever gives none keeps them.
    fn are_credentials(
        &self,
        account: &Account,
        version: &AccountVersion,
        given: Option<&Credentials>,
    ) -> Result<bool, AdminError> {
        let Some(given) = given else { return Ok(true) };
        let kept = self.opened_credentials(account, version)?.to_json();
        Ok(given.to_json().expose_secret() == kept.expose_secret())
    }

    pub(super) fn opened_credentials(
        &self,
        account: &Account,
        version: &AccountVersion,
    ) -> Result<Credentials, AdminError> {
        let context =
            SealContext { merchant: account.merchant, row: account.id.as_bytes(), column: ACCOUNT_COLUMN };
        let broken = |what: String| AdminError::Engine(crate::error::EngineError::Broken(what));
        let json = self.parts.vault.open(&context, &version.credentials_sealed);
        let json = json.map_err(|error| broken(format!("the account's credentials: {error}")))?;
        Credentials::from_json(&json).map_err(|error| broken(error.to_string()))
    }
}

fn overtaken() -> AdminError {
    AdminError::conflict(FaultCode::Overtaken.told("somebody changed the account meanwhile: look again"))
}

fn notification_url(public_url: Option<&str>, psp: &str, account: AccountId) -> Option<String> {
    public_url.map(|base| format!("{}{}", base.trim_end_matches('/'), psp_notification_path(psp, account)))
}

/// Names the field of the credentials where one is to blame.
fn refused(error: &AccountConfigError) -> AdminError {
    match error {
        AccountConfigError::Missing(field) => {
            AdminError::invalid(field, FaultCode::CredentialMissing.told("is missing"))
        }
        // Nobody types this one: who is to change something has to know where it comes from.
        AccountConfigError::Malformed { field: "notification_url", problem } => AdminError::invalid(
            "notification_url",
            FaultCode::CredentialForm.told(format!("is made of server.public_url, which {problem}")),
        ),
        AccountConfigError::Malformed { field, problem } => {
            AdminError::invalid(field, FaultCode::CredentialForm.told(*problem))
        }
        AccountConfigError::NotAnObject | AccountConfigError::Unexpected(_) => AdminError::invalid(
            "credentials",
            FaultCode::CredentialForm.told(format!("are refused: {error}")),
        ),
    }
}

/// Whether both addresses have the same scheme, host and port. The PSP's own address is a host of its own.
fn same_host(old: Option<&str>, new: Option<&str>) -> bool {
    let origin = |url: Option<&str>| url.map(|url| Url::parse(url).map(|url| url.origin()));
    match (origin(old), origin(new)) {
        (None, None) => true,
        (Some(Ok(old)), Some(Ok(new))) => old == new,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_with_scheme_host_and_port() {
        assert!(same_host(None, None));
        assert!(same_host(Some("https://psp.example/v1"), Some("https://psp.example:443/v2")));
        for (old, new) in [
            (Some("https://psp.example"), Some("http://psp.example")),
            (Some("https://psp.example"), Some("https://psp.example:8443")),
            (Some("https://psp.example"), Some("https://psp.example.evil")),
            (Some("https://psp.example"), None),
            (None, Some("https://psp.example")),
            (Some("rubbish"), Some("rubbish")),
        ] {
            assert!(!same_host(old, new), "{old:?} {new:?}");
        }
    }
}
