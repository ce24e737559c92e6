//! `redress merchant`.

use clap::{Args, Subcommand};
use redress_engine::admin::merchant_end::MerchantRevoked;
use redress_engine::admin::merchants::Merchant;
use serde_json::{Value, json};

use super::options::JsonFlag;
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, print_table, time};
use crate::place::PlaceArgs;

/// Add, list and revoke merchants, the owners of everything else
#[derive(Args, Debug)]
pub(crate) struct MerchantArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a merchant
    Add {
        /// What people call it
        #[arg(long)]
        name: String,
        /// Its code, SGate's merchant id; drawn, as M948164, when left out
        #[arg(long)]
        code: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// List all merchants, revoked ones too, oldest first
    List {
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Revoke a merchant's keys and PSP accounts for ever and let none of its people sign in
    ///
    /// Nothing new is accepted for it from then on: no refund and no payment, and no key, person, PSP account or endpoint can
    /// be added to it. There is no way back. What is queued fails and is released. What was sent before is followed to its
    /// end, and its endpoints are told, but not in the dialect sgate, which a key of the merchant's signs; `redress endpoint
    /// revoke` ends those. A running server knows within a second.
    Revoke {
        /// The merchant's code, as M948164, or its id
        #[arg(value_name = "MERCHANT")]
        merchant: String,
    },
}

pub(crate) async fn run(args: MerchantArgs) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let opened = match args.action {
        Action::Add { .. } => open::for_first_tool(&settings).await?,
        _ => open::for_tool(&settings).await?,
    };
    let engine = opened.engine;
    match args.action {
        Action::Add { name, code, json } => {
            let merchant = engine.add_merchant(&name, code.as_deref()).await?;
            if json.json {
                return print_json(&shown(&merchant));
            }
            print(&format!("added merchant {} ({})", merchant.code, merchant.id))
        }
        Action::List { json } => {
            let all = engine.list_merchants().await?;
            if json.json {
                return print_json(&all.iter().map(shown).collect());
            }
            let rows: Vec<_> = all
                .iter()
                .map(|of| {
                    let revoked =
                        of.revoked_at.map_or_else(String::new, |at| format!("revoked {}", time(at)));
                    [of.code.clone(), of.id.to_string(), time(of.created_at), one_line(&of.name), revoked]
                })
                .collect();
            print_table("merchants", ["CODE", "ID", "ADDED", "NAME", ""], &rows)
        }
        Action::Revoke { merchant } => {
            let merchant = engine.merchant_named(&merchant).await?;
            let MerchantRevoked { people, keys, accounts } = engine.revoke_merchant(merchant.id).await?;
            print(&format!(
                "{} is revoked: people {people}, keys {keys}, PSP accounts {accounts}",
                merchant.code
            ))
        }
    }
}

fn shown(merchant: &Merchant) -> Value {
    json!({
        "id": merchant.id.to_string(),
        "code": merchant.code,
        "name": merchant.name,
        "created_at": time(merchant.created_at),
        "revoked_at": merchant.revoked_at.map(time),
    })
}
