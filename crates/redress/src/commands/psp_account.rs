//! `redress psp-account`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId};
use redress_core::policy::AccountState;
use redress_engine::admin::account_check::AccountCheck;
use redress_engine::admin::accounts::{Account, AccountEdit, Credentials, MAX_IN_FLIGHT, NewAccount};
use redress_engine::connectors;
use redress_engine::engine::Engine;
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};

use super::options::{JsonFlag, MerchantArg, environment};
use crate::failure::Failure;
use crate::open;
use crate::output::{note, one_line, print, print_json, print_table, time};
use crate::place::PlaceArgs;
use crate::settings::Settings;

/// No file of credentials is longer, in bytes.
const CREDENTIALS_BYTES_MAX: u64 = 64 * 1024;

/// Add, list, check, change, pause, resume and revoke PSP accounts: a merchant's contracts with its providers
#[derive(Args, Debug)]
pub(crate) struct PspAccountArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an account; its credentials are checked, encrypted and never shown
    Add(AddArgs),
    /// List the providers that there are connectors to, and what proves each
    Connectors {
        /// The whole table of what each can do, in Markdown, as in the docs
        #[arg(long)]
        markdown: bool,
    },
    /// List PSP accounts, revoked ones too, oldest first; no credentials
    List {
        /// Only those of this merchant: its code or id
        #[arg(long, value_name = "CODE")]
        merchant: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Change an account: look-ups, notifications and whatever is sent from now on go by the new settings
    ///
    /// A refund that was sent before is sent again, where it has to be, with those it was sent with. What names the contract at
    /// the provider (a merchant's number, say) can be changed until a refund took effect under it, or may have: afterwards another
    /// contract is another account. The account's payments must be of the contract that it names.
    Change(ChangeArgs),
    /// Prove an account's credentials and address at the provider, without moving money
    Check(AccountArg),
    /// Pause an account: its refunds are accepted and stay queued
    Pause(AccountArg),
    /// Let a paused account send again
    Resume(AccountArg),
    /// Revoke an account for ever: nothing more is accepted, and what is queued fails and is released
    Revoke(AccountArg),
}

#[derive(Args, Debug)]
struct AccountArg {
    /// The account's id, as acc_01k…
    #[arg(value_name = "ACCOUNT", value_parser = AccountId::parse)]
    account: AccountId,
}

#[derive(Args, Debug)]
struct CredentialArgs {
    /// Read the credentials from this file, a JSON object of texts; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "credential")]
    credentials: Option<PathBuf>,
    /// One credential; may be repeated. Others on this machine may see it: --credentials is safer
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, hide_default_value = true)]
    credential: Vec<Pair>,
}

#[derive(Args, Debug)]
struct AddArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// The provider's name; `redress psp-account connectors` lists them
    #[arg(long)]
    psp: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Where its payments are
    #[arg(long, value_parser = environment())]
    environment: Environment,
    /// Another address than the provider's own, without a slash at its end
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How many refunds are sent through it at once
    #[arg(long, value_name = "N", default_value_t = MAX_IN_FLIGHT)]
    max_in_flight: u32,
    #[command(flatten)]
    credentials: CredentialArgs,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
struct ChangeArgs {
    #[command(flatten)]
    account: AccountArg,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// Another address; another host needs the credentials anew
    #[arg(long, value_name = "URL", conflicts_with = "own_address")]
    base_url: Option<String>,
    /// Go back to the provider's own address
    #[arg(long)]
    own_address: bool,
    /// How many refunds are sent through it at once
    #[arg(long, value_name = "N")]
    max_in_flight: Option<u32>,
    /// Tell the provider the address of this server anew, after server.public_url changed
    #[arg(long)]
    renew_notification_url: bool,
    #[command(flatten)]
    credentials: CredentialArgs,
}

/// A credential as given on the command line; never shown.
#[derive(Clone)]
struct Pair(String, Zeroizing<String>);

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.0)
    }
}

fn pair(text: &str) -> Result<Pair, String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok(Pair(name.to_owned(), Zeroizing::new(value.to_owned())))
}

impl CredentialArgs {
    fn read(self) -> Result<Option<Credentials>, Failure> {
        let Some(path) = self.credentials else {
            let given = !self.credential.is_empty();
            let pairs = self.credential.into_iter().map(|Pair(name, value)| (name, value.to_string()));
            return Ok(given.then(|| pairs.collect()));
        };
        let fail =
            |error: std::io::Error| Failure::unable(format!("the credentials {}: {error}", path.display()));
        let mut bytes = Zeroizing::new(Vec::new());
        if path == Path::new("-") {
            std::io::stdin().lock().take(CREDENTIALS_BYTES_MAX).read_to_end(&mut bytes).map_err(fail)?;
        } else {
            let file = std::fs::File::open(&path).map_err(fail)?;
            file.take(CREDENTIALS_BYTES_MAX).read_to_end(&mut bytes).map_err(fail)?;
        }
        Credentials::from_json(&bytes).map(Some).map_err(|error| Failure::found(error.to_string()))
    }
}

pub(crate) async fn run(args: PspAccountArgs) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    if let Action::Connectors { markdown } = args.action {
        return list_connectors(markdown);
    }
    let engine = open::for_tool(&settings).await?.engine;
    match args.action {
        Action::Connectors { markdown } => list_connectors(markdown),
        Action::Add(add) => run_add(&engine, &settings, add).await,
        Action::List { merchant, json } => run_list(&engine, merchant, json).await,
        Action::Change(change) => run_change(&engine, &settings, change).await,
        Action::Check(arg) => check(&engine, &settings, arg.account).await,
        Action::Pause(arg) => set(&engine, arg.account, AccountState::Paused, "paused").await,
        Action::Resume(arg) => set(&engine, arg.account, AccountState::Active, "active").await,
        Action::Revoke(arg) => set(&engine, arg.account, AccountState::Revoked, "revoked").await,
    }
}

async fn run_add(engine: &Engine, settings: &Settings, add: AddArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&add.merchant.merchant).await?;
    let credentials = add.credentials.read()?;
    let credentials = credentials
        .ok_or_else(|| Failure::found("the credentials are missing: give --credentials or --credential"))?;
    let new = NewAccount {
        merchant: merchant.id,
        name: add.name.unwrap_or_else(|| format!("{} {}", add.psp, add.environment)),
        psp: add.psp,
        environment: add.environment,
        max_in_flight: add.max_in_flight,
        base_url: add.base_url,
        public_url: settings.server.public_url.clone(),
        credentials,
    };
    let account = engine.add_account(new).await?;
    if add.json.json {
        print_json(&shown(engine, &account).await?)?;
    } else {
        print(&format!("added PSP account {}", account.id))?;
        match engine.account_addresses(&account).await?.1 {
            Some(url) => print(&format!("the PSP sends its notifications to {url}"))?,
            None => print(
                "the PSP is told no address for its notifications: set server.public_url, or enter the address at the PSP",
            )?,
        }
    }
    warn_of_same_contract(engine, &account).await
}

/// It is said and not refused: the other one may be about to be revoked.
async fn warn_of_same_contract(engine: &Engine, account: &Account) -> Result<(), Failure> {
    for other in engine.accounts_of_same_contract(account).await? {
        note(&format!(
            "warning: {} ({}) is of the same contract: one payment could be registered under both accounts, and be given \
             back twice. Revoke one of them unless you are sure",
            other.id,
            one_line(&other.name)
        ));
    }
    Ok(())
}

async fn run_list(engine: &Engine, merchant: Option<String>, json: JsonFlag) -> Result<(), Failure> {
    let merchant = match merchant {
        Some(merchant) => Some(engine.merchant_named(&merchant).await?.id),
        None => None,
    };
    let all = engine.list_accounts(merchant).await?;
    if json.json {
        let mut values = Vec::new();
        for account in &all {
            values.push(shown(engine, account).await?);
        }
        return print_json(&values.into());
    }
    let merchants = engine.list_merchants().await?;
    let code = |id: MerchantId| {
        merchants.iter().find(|merchant| merchant.id == id).map(|merchant| merchant.code.clone())
    };
    let rows: Vec<_> = all
        .iter()
        .map(|account| {
            [
                account.id.to_string(),
                code(account.merchant).unwrap_or_default(),
                account.psp.clone(),
                account.environment.to_string(),
                account.state.as_str().to_owned(),
                account.max_in_flight.to_string(),
                one_line(&account.name),
            ]
        })
        .collect();
    print_table("PSP accounts", ["ID", "MERCHANT", "PSP", "ENVIRONMENT", "STATE", "AT ONCE", "NAME"], &rows)
}

async fn run_change(engine: &Engine, settings: &Settings, change: ChangeArgs) -> Result<(), Failure> {
    let account = engine.any_account(change.account.account).await?;
    let base_url = if change.own_address { Some(None) } else { change.base_url.map(Some) };
    let edit = AccountEdit {
        name: change.name,
        max_in_flight: change.max_in_flight,
        base_url,
        public_url: change.renew_notification_url.then(|| settings.server.public_url.clone()),
        credentials: change.credentials.read()?,
        seen_version: None,
    };
    let version = engine.change_account(account.merchant, account.id, edit).await?;
    print(&format!(
        "{} has version {version} now; only what was sent before is sent again, where it has to be, with its own",
        account.id
    ))
}

async fn set(engine: &Engine, account: AccountId, to: AccountState, name: &str) -> Result<(), Failure> {
    let found = engine.any_account(account).await?;
    let changed = engine.set_account_state(found.merchant, account, to).await?;
    print(&format!("{account} {} {name}", if changed { "is now" } else { "was already" }))
}

fn list_connectors(markdown: bool) -> Result<(), Failure> {
    if markdown {
        return print(connectors::markdown().trim_end());
    }
    let mut rows = Vec::new();
    for sheet in connectors::sheets() {
        for method in sheet.profile.methods {
            let (proven_by, note) = (method.proven_by.as_str(), method.note.unwrap_or_default());
            rows.push([sheet.name, sheet.profile.title, method.name, proven_by, note].map(str::to_owned));
        }
    }
    print_table("connectors", ["NAME", "PROVIDER", "METHOD", "PROVEN BY", "NOTE"], &rows)
}

async fn check(engine: &Engine, settings: &Settings, account: AccountId) -> Result<(), Failure> {
    let transport = open::psp_transport(settings)?;
    match engine.check_account(account, &transport).await? {
        AccountCheck::Proved(what) => print(&format!("{account} is good: {what}")),
        // A script that goes on after a good end would take it for a proof.
        AccountCheck::NotPossible(why) => Err(Failure::unable(format!("{account} cannot be checked: {why}"))),
        AccountCheck::Refused(why) => Err(Failure::found(format!("{account} is not accepted: {why}"))),
        AccountCheck::Unclear(why) => Err(Failure::unable(format!("{account} could not be checked: {why}"))),
    }
}

async fn shown(engine: &Engine, account: &Account) -> Result<Value, Failure> {
    let (base_url, notification_url) = engine.account_addresses(account).await?;
    Ok(json!({
        "id": account.id.to_string(),
        "merchant": account.merchant.to_string(),
        "psp": account.psp,
        "name": account.name,
        "environment": account.environment.as_str(),
        "state": account.state.as_str(),
        "version": account.version,
        "max_in_flight": account.max_in_flight,
        "base_url": base_url,
        "notification_url": notification_url,
        "created_at": time(account.created_at),
    }))
}
