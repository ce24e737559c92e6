//! `redress key`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use redress_core::environment::Environment;
use redress_core::id::KeyId;
use redress_core::right::{Right, Rights};
use redress_core::time::Timestamp;
use redress_engine::admin::keys::{Credential, CredentialKind};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::options::{JsonFlag, MerchantArg, environment};
use super::rotate_master::{self, RotateMaster};
use crate::failure::Failure;
use crate::open;
use crate::output::{print, print_json, print_once, print_table, time};
use crate::place::PlaceArgs;

/// Add, list and revoke the keys with which a merchant's programs prove themselves; rotate the master key
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print its secret, once: it is shown now and never again
    Add {
        #[command(flatten)]
        merchant: MerchantArg,
        /// Which API it opens: PortOne's, SGate's, or Redress's own
        #[arg(long, value_parser = kind())]
        kind: CredentialKind,
        /// Where it counts; needed for sgate and api, not allowed for portone, whose keys serve both
        #[arg(long, value_parser = environment())]
        environment: Option<Environment>,
        /// What an api key may do besides what every api key may; close_cases: say how a refund ended of which nobody
        /// else knows, and close cases
        #[arg(long = "right", value_name = "RIGHT", value_parser = right())]
        rights: Vec<Right>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// List a merchant's keys, revoked ones and those that soon end too, oldest first; no secrets
    List {
        #[command(flatten)]
        merchant: MerchantArg,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Revoke a key for ever; a running server refuses it within a second
    Revoke {
        #[command(flatten)]
        merchant: MerchantArg,
        /// The key's id, as key_01k…
        #[arg(value_name = "KEY", value_parser = KeyId::parse)]
        key: KeyId,
    },
    /// Seal every secret in the database with a new master key, beside running servers
    ///
    /// The new key is added to the key file, then every secret is opened and sealed anew, a few at a time. All keys of the
    /// file open meanwhile, and a running server reads the file again when it meets a new key. Stopped in its middle it
    /// leaves everything open; run it again and it goes on. On PostgreSQL it takes two steps, because every server needs
    /// the key before anything is sealed with it: the first adds the key and says how to go on.
    RotateMaster(RotateMaster),
}

fn right() -> impl TypedValueParser<Value = Right> {
    PossibleValuesParser::new(Right::ALL.map(Right::as_str))
        .try_map(|text| Right::parse(&text).ok_or("must be a right"))
}

fn kind() -> impl TypedValueParser<Value = CredentialKind> {
    PossibleValuesParser::new(CredentialKind::ALL.map(CredentialKind::as_str))
        .try_map(|text| CredentialKind::parse(&text).ok_or("must be a kind of key"))
}

pub(crate) async fn run(args: KeyArgs) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    if let Action::RotateMaster(rotate) = args.action {
        return rotate_master::run(&settings, rotate).await;
    }
    let engine = open::for_tool(&settings).await?.engine;
    match args.action {
        Action::RotateMaster(_) => Ok(()),
        Action::Add { merchant, kind, environment, rights, json } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let (key, secret) =
                engine.add_key_with(merchant.id, kind, environment, Rights::of(&rights)).await?;
            let secret = secret.expose_secret();
            let id = key.id;
            let lost = format!("Key {id} is there, and its secret is lost: revoke it and add another");
            if json.json {
                let mut value = shown(&key, engine.now());
                value["secret"] = json!(secret);
                return print_once(&format!("{value:#}"), &lost);
            }
            let pair = match kind {
                CredentialKind::Api => format!("  api key  {secret}"),
                _ => format!("  key      {}\n  secret   {secret}", key.public_key),
            };
            print_once(&format!("added key {id}, shown now and never again:\n{pair}"), &lost)
        }
        Action::List { merchant, json } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let all = engine.list_keys(merchant.id).await?;
            let now = engine.now();
            if json.json {
                return print_json(&all.iter().map(|key| shown(key, now)).collect());
            }
            let rows: Vec<_> = all
                .iter()
                .map(|key| {
                    [
                        key.id.to_string(),
                        key.kind.as_str().to_owned(),
                        serves(key).to_owned(),
                        key.rights.to_string(),
                        key.public_key.clone(),
                        time(key.created_at),
                        end(key.revoked_at, now),
                    ]
                })
                .collect();
            print_table("keys", ["ID", "KIND", "ENVIRONMENT", "RIGHTS", "KEY", "ADDED", ""], &rows)
        }
        Action::Revoke { merchant, key } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let revoked = engine.revoke_key(merchant.id, key).await?;
            print(&format!("{key} {}", if revoked { "is revoked" } else { "was revoked before" }))
        }
    }
}

/// Until when a key counts that another was put in place of, and since when one does not count any more.
fn ends(revoked_at: Option<Timestamp>, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    match revoked_at {
        Some(at) if now < at => (Some(at), None),
        over => (None, over),
    }
}

/// The same for people; empty while no end is set.
fn end(revoked_at: Option<Timestamp>, now: Timestamp) -> String {
    match ends(revoked_at, now) {
        (Some(at), _) => format!("until {}", time(at)),
        (None, Some(at)) => format!("revoked {}", time(at)),
        (None, None) => String::new(),
    }
}

fn serves(key: &Credential) -> &'static str {
    key.environment.map_or("both", Environment::as_str)
}

fn shown(key: &Credential, now: Timestamp) -> Value {
    let (ends_at, revoked_at) = ends(key.revoked_at, now);
    json!({
        "id": key.id.to_string(),
        "kind": key.kind.as_str(),
        "environment": key.environment.map(Environment::as_str),
        "rights": key.rights.iter().map(Right::as_str).collect::<Vec<_>>(),
        "key": key.public_key,
        "created_at": time(key.created_at),
        "ends_at": ends_at.map(time),
        "revoked_at": revoked_at.map(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_goes_on_for_a_while_is_not_told_to_be_revoked() {
        let at = Timestamp::from_micros(2_000_000);
        let told = |now| end(Some(at), Timestamp::from_micros(now));
        assert_eq!(told(1_999_999), format!("until {}", time(at)));
        assert_eq!(told(2_000_000), format!("revoked {}", time(at)), "from then on it proves nothing");
        assert_eq!(end(None, at), "");
        // For programs too: who looks for keys that are revoked finds none that counts.
        assert_eq!(ends(Some(at), Timestamp::from_micros(1_999_999)), (Some(at), None));
        assert_eq!(ends(Some(at), at), (None, Some(at)));
    }
}
