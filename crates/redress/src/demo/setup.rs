//! The demo's merchant: made on the first start, the same at every other one.

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, MerchantId};
use redress_core::policy::AccountState;
use redress_core::right::{Right, Rights};
use redress_engine::admin::AdminError;
use redress_engine::admin::accounts::{AccountEdit, MAX_IN_FLIGHT, NewAccount, psp_notification_path};
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::engine::Engine;
use redress_sandbox::SandboxConfig;
use secrecy::{ExposeSecret, SecretString};

use super::payments::Payment;
use super::psps::{self, Psp};
use super::state::{Accounts, Endpoints, Merchant, Pair, StateFile};
use crate::failure::Failure;

/// SGate's id of the merchant, that of the documents' samples.
const CODE: &str = "M948164";

const NAME: &str = "Demo Merchant";

const ENVIRONMENT: Environment = Environment::Sandbox;

/// What the demo's addresses are.
pub(super) struct Addresses {
    /// Redress.
    pub(super) base_url: String,
    pub(super) sandbox_url: String,
    /// The merchant's backend.
    pub(super) backend_url: String,
}

impl Addresses {
    /// Where SGate's payments want its callback.
    pub(super) fn callback_url(&self) -> String {
        format!("{}/sgate", self.backend_url)
    }
}

/// The merchant, with keys, accounts and endpoints. A first start that is killed before the keys are kept leaves some
/// that nobody knows the secrets of: the next one revokes them and makes others.
pub(super) async fn merchant(
    engine: &Engine,
    kept: &mut StateFile,
    addresses: &Addresses,
) -> Result<Merchant, Failure> {
    if let Some(merchant) = &kept.state.merchant {
        return Ok(merchant.clone());
    }
    let found = match engine.merchant_named(CODE).await {
        Err(AdminError::NotFound(_)) => engine.add_merchant(NAME, Some(CODE)).await,
        found => found,
    }?;
    revoke_unknown(engine, found.id).await?;
    let made = Merchant {
        id: found.id.to_string(),
        code: found.code,
        portone: key(engine, found.id, CredentialKind::Portone, None).await?,
        sgate: key(engine, found.id, CredentialKind::Sgate, Some(ENVIRONMENT)).await?,
        api_key: key(engine, found.id, CredentialKind::Api, Some(ENVIRONMENT)).await?.secret,
        accounts: accounts(engine, found.id, addresses).await?,
        endpoints: Endpoints {
            portone: endpoint(engine, found.id, Dialect::Portone, addresses).await?,
            standard: endpoint(engine, found.id, Dialect::Standard, addresses).await?,
        },
    };
    kept.state.merchant = Some(made.clone());
    kept.save()?;
    Ok(made)
}

async fn revoke_unknown(engine: &Engine, merchant: MerchantId) -> Result<(), Failure> {
    for key in engine.list_keys(merchant).await?.iter().filter(|key| key.revoked_at.is_none()) {
        engine.revoke_key(merchant, key.id).await?;
    }
    let endpoints = engine.list_endpoints(merchant, None).await?;
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.revoked_at.is_none()) {
        engine.revoke_endpoint(merchant, endpoint.id).await?;
    }
    Ok(())
}

async fn key(
    engine: &Engine,
    merchant: MerchantId,
    kind: CredentialKind,
    environment: Option<Environment>,
) -> Result<Pair, Failure> {
    // Everything can be tried in the demo: its API key closes cases too.
    let rights = if kind == CredentialKind::Api { Rights::of(&Right::ALL) } else { Rights::NONE };
    let (key, secret) = engine.add_key_with(merchant, kind, environment, rights).await?;
    Ok(Pair { key: key.public_key, secret: secret.expose_secret().to_owned() })
}

async fn accounts(engine: &Engine, merchant: MerchantId, addresses: &Addresses) -> Result<Accounts, Failure> {
    let mut all = Accounts::new();
    for psp in psps::ALL {
        all.insert(psp.name.to_owned(), account(engine, merchant, psp, addresses).await?);
    }
    Ok(all)
}

async fn account(
    engine: &Engine,
    merchant: MerchantId,
    psp: &Psp,
    addresses: &Addresses,
) -> Result<String, Failure> {
    let all = engine.list_accounts(Some(merchant)).await?;
    if let Some(there) = all.iter().find(|account| account.psp == psp.name) {
        return Ok(there.id.to_string());
    }
    let new = NewAccount {
        merchant,
        psp: psp.name.to_owned(),
        name: format!("{} sandbox", psp.name),
        environment: ENVIRONMENT,
        max_in_flight: MAX_IN_FLIGHT,
        base_url: Some(psp.address(&addresses.sandbox_url)),
        public_url: Some(addresses.base_url.clone()),
        credentials: psp.credentials(&SandboxConfig::default()),
    };
    Ok(engine.add_account(new).await?.id.to_string())
}

async fn endpoint(
    engine: &Engine,
    merchant: MerchantId,
    dialect: Dialect,
    addresses: &Addresses,
) -> Result<String, Failure> {
    let name = dialect.as_str();
    // What a merchant's books need: the ends, and that nobody knows the end.
    let told = [
        EventKind::Succeeded,
        EventKind::Failed,
        EventKind::Canceled,
        EventKind::Reversed,
        EventKind::Unknown,
    ];
    let new = NewEndpoint {
        merchant,
        name: format!("demo backend, {name}"),
        url: format!("{}/{name}", addresses.backend_url),
        dialect,
        environment: ENVIRONMENT,
        event_mask: (dialect == Dialect::Standard).then(|| told.iter().map(|kind| kind.bit()).sum()),
        credential: None,
    };
    let (_, secret): (_, SecretString) = engine.add_endpoint(new).await?;
    Ok(secret.expose_secret().to_owned())
}

/// Tells the accounts where the sandbox and this server are by now, if that changed. Refunds accepted before keep to the
/// addresses that they were accepted with, and an account that somebody revoked to its own.
pub(super) async fn move_accounts(
    engine: &Engine,
    merchant: &Merchant,
    addresses: &Addresses,
) -> Result<(), Failure> {
    for psp in psps::ALL {
        let account = engine.any_account(account_id(merchant, psp.name)?).await?;
        if account.state == AccountState::Revoked {
            continue;
        }
        let (base_url, notification_url) = engine.account_addresses(&account).await?;
        let wanted = psp.address(&addresses.sandbox_url);
        if base_url.as_ref() == Some(&wanted)
            && notification_url == Some(notified_at(addresses, psp, account.id))
        {
            continue;
        }
        let edit = AccountEdit {
            base_url: Some(Some(wanted)),
            public_url: Some(Some(addresses.base_url.clone())),
            credentials: Some(psp.credentials(&SandboxConfig::default())),
            ..AccountEdit::default()
        };
        engine.change_account(account.merchant, account.id, edit).await?;
    }
    Ok(())
}

/// Where a PSP's notifications about the merchant's account arrive.
fn notified_at(addresses: &Addresses, psp: &Psp, account: AccountId) -> String {
    format!("{}{}", addresses.base_url, psp_notification_path(psp.name, account))
}

/// The addresses that PSPs are told once, where they take none with a request.
pub(super) fn webhooks(
    merchant: &Merchant,
    addresses: &Addresses,
) -> Result<Vec<(&'static str, String)>, Failure> {
    psps::ALL
        .iter()
        .filter(|psp| psp.has_webhook)
        .map(|psp| Ok((psp.name, notified_at(addresses, psp, account_id(merchant, psp.name)?))))
        .collect()
}

/// Puts the payments into the store, once: what became of them since is not touched.
pub(super) async fn load_payments(
    engine: &Engine,
    kept: &mut StateFile,
    merchant: &Merchant,
    payments: &[Payment],
    addresses: &Addresses,
) -> Result<(), Failure> {
    if kept.state.payments_loaded {
        return Ok(());
    }
    let owner = MerchantId::parse(&merchant.id).map_err(|error| Failure::unable(error.to_string()))?;
    let callback_url = addresses.callback_url();
    let row = |payment: &Payment| Ok(payment.to_import(account_id(merchant, payment.psp)?, &callback_url));
    let rows = payments.iter().map(row).collect::<Result<_, Failure>>()?;
    for imported in engine.import_payments(owner, rows).await? {
        if let Some(refusal) = imported.refusal() {
            return Err(Failure::unable(format!("a payment of the demo is refused: {refusal}")));
        }
    }
    kept.state.payments_loaded = true;
    kept.save()
}

fn account_id(merchant: &Merchant, psp: &str) -> Result<AccountId, Failure> {
    let missing =
        || Failure::unable(format!("the demo has no account at {psp}: start over with another --data"));
    let text = merchant.accounts.get(psp).ok_or_else(missing)?;
    AccountId::parse(text).map_err(|error| Failure::unable(error.to_string()))
}
