//! `redress endpoint`.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{EndpointId, KeyId};
use redress_engine::admin::endpoints::{Dialect, Endpoint, NewEndpoint};
use redress_engine::admin::keys::{Credential, CredentialKind};
use redress_engine::engine::Engine;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::endpoint_deliveries::{self, DeliveriesArgs, ReplayArgs, ResendArgs};
use super::options::{DecisionArgs, JsonFlag, MerchantArg, environment};
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, print_once, print_table, time};
use crate::place::PlaceArgs;

/// Add, list, test, enable and revoke the addresses at which a merchant is notified, change their signing secrets, and
/// tell again
#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an endpoint and print its signing secret, once: it is shown now and never again
    Add(AddArgs),
    /// List a merchant's endpoints, revoked ones too, oldest first; no secrets
    List {
        #[command(flatten)]
        merchant: MerchantArg,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Revoke an endpoint for ever; nothing more is sent to it
    Revoke {
        #[command(flatten)]
        merchant: MerchantArg,
        /// The endpoint's id, as ep_01k…
        #[arg(value_name = "ENDPOINT", value_parser = EndpointId::parse)]
        endpoint: EndpointId,
    },
    /// Send to a disabled endpoint again; what it is owed goes out
    Enable {
        #[command(flatten)]
        merchant: MerchantArg,
        /// The endpoint's id, as ep_01k…
        #[arg(value_name = "ENDPOINT", value_parser = EndpointId::parse)]
        endpoint: EndpointId,
        #[command(flatten)]
        decision: DecisionArgs,
    },
    /// Give an endpoint a new signing secret and print it, once; the old one signs too for notifications.secret_overlap
    Rotate {
        #[command(flatten)]
        merchant: MerchantArg,
        /// The endpoint's id, as ep_01k…
        #[arg(value_name = "ENDPOINT", value_parser = EndpointId::parse)]
        endpoint: EndpointId,
        /// For so many seconds the old secret signs too, instead: 0 where it has leaked, seven days at most
        #[arg(long, value_name = "SECONDS")]
        overlap_seconds: Option<u64>,
    },
    /// Send a signed test to an endpoint now and print what comes back; it is about no refund and no delivery
    Test {
        #[command(flatten)]
        merchant: MerchantArg,
        /// The endpoint's id, as ep_01k…
        #[arg(value_name = "ENDPOINT", value_parser = EndpointId::parse)]
        endpoint: EndpointId,
    },
    /// List what was told, newest refund first
    Deliveries(DeliveriesArgs),
    /// Make a delivery due now, however it stands: the running server sends it
    Resend(ResendArgs),
    /// Make everything that an endpoint wants since a time due to it again: the running server sends it
    Replay(ReplayArgs),
}

#[derive(Args, Debug)]
struct AddArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// What people call it
    #[arg(long, default_value = "endpoint")]
    name: String,
    /// Where it is: https, or http
    #[arg(long)]
    url: String,
    /// The shape of its notifications
    #[arg(long, value_parser = dialect(), default_value = "standard")]
    dialect: Dialect,
    /// Whose refunds it is told of
    #[arg(long, value_parser = environment())]
    environment: Environment,
    /// The kinds of events it wants, separated by commas; the dialect's own when left out
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = event())]
    events: Vec<EventKind>,
    /// The id of the portone or sgate key whose secret signs in the dialect's own way; the newest when left out
    #[arg(long, value_name = "KEY", value_parser = KeyId::parse)]
    key: Option<KeyId>,
    #[command(flatten)]
    json: JsonFlag,
}

fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::as_str))
        .try_map(|text| Dialect::parse(&text).ok_or("must be a dialect"))
}

fn event() -> impl TypedValueParser<Value = EventKind> {
    PossibleValuesParser::new(EventKind::ALL.map(EventKind::as_str))
        .try_map(|text| EventKind::parse(&text).ok_or("must be a kind of event"))
}

pub(crate) async fn run(args: EndpointArgs) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let opened = match args.action {
        Action::Test { .. } => open::for_tool_that_notifies(&settings).await?,
        _ => open::for_tool(&settings).await?,
    };
    let engine = opened.engine;
    match args.action {
        Action::Test { merchant, endpoint } => run_test(&engine, &merchant, endpoint).await,
        Action::Deliveries(args) => endpoint_deliveries::list(&engine, args).await,
        Action::Resend(args) => endpoint_deliveries::resend(&engine, args).await,
        Action::Replay(args) => endpoint_deliveries::replay(&engine, args).await,
        Action::Add(add) => run_add(&engine, add).await,
        Action::List { merchant, json } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let all = engine.list_endpoints(merchant.id, None).await?;
            if json.json {
                return print_json(&all.iter().map(shown).collect());
            }
            let rows: Vec<_> = all.iter().map(row).collect();
            print_table("endpoints", ["ID", "DIALECT", "ENVIRONMENT", "NAME", "URL", ""], &rows)
        }
        Action::Revoke { merchant, endpoint } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let revoked = engine.revoke_endpoint(merchant.id, endpoint).await?;
            print(&format!("{endpoint} {}", if revoked { "is revoked" } else { "was revoked before" }))
        }
        Action::Enable { merchant, endpoint, decision } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let DecisionArgs { reason, author } = &decision;
            let enabled = engine.enable_endpoint(merchant.id, endpoint, author, reason).await?;
            print(&format!("{endpoint} {}", if enabled { "is enabled again" } else { "was not disabled" }))
        }
        Action::Rotate { merchant, endpoint, overlap_seconds } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            let overlap = overlap_seconds.map(Duration::from_secs);
            let (secret, old_until) = engine.rotate_endpoint_secret(merchant.id, endpoint, overlap).await?;
            let text = format!(
                "{endpoint} has a new secret, shown now and never again:\n  {}",
                secret.expose_secret()
            );
            let until = (old_until > engine.now()).then(|| time(old_until));
            let lost = format!("{endpoint} has a new secret, which is lost");
            let lost = match &until {
                Some(until) => format!(
                    "{lost}. Rotate it again before {until}, and give that one to its receiver at once: the old one signs no \
                     more then"
                ),
                None => format!(
                    "{lost}, and the old one signs no more: rotate it again, and give that one to its receiver at once"
                ),
            };
            print_once(&text, &lost)?;
            print(&match until {
                Some(until) => format!("the old one signs too until {until}"),
                None => "the old one signs no more".to_owned(),
            })
        }
    }
}

async fn run_add(engine: &Engine, add: AddArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&add.merchant.merchant).await?;
    let event_mask =
        (!add.events.is_empty()).then(|| add.events.iter().fold(0, |mask, kind| mask | kind.bit()));
    let new = NewEndpoint {
        merchant: merchant.id,
        name: add.name,
        url: add.url,
        dialect: add.dialect,
        environment: add.environment,
        event_mask,
        credential: add.key,
    };
    let (endpoint, secret) = engine.add_endpoint(new).await?;
    let (secret, id) = (secret.expose_secret(), endpoint.id);
    let lost =
        format!("Endpoint {id} is there, and its secret is lost: rotate it, or revoke it and add another");
    if add.json.json {
        let mut value = shown(&endpoint);
        value["secret"] = json!(secret);
        return print_once(&format!("{value:#}"), &lost);
    }
    print_once(&format!("added endpoint {id}, its secret shown now and never again:\n  {secret}"), &lost)?;
    hint(engine, &endpoint).await
}

/// What keeps a new endpoint of SGate's dialect from being called, where something does.
async fn hint(engine: &Engine, endpoint: &Endpoint) -> Result<(), Failure> {
    if endpoint.dialect != Dialect::Sgate {
        return Ok(());
    }
    if endpoint.event_mask & EventKind::Succeeded.bit() == 0 {
        print("it is never called: the dialect sgate tells of refund.succeeded only")?;
    }
    let signs = |key: &Credential| {
        key.kind == CredentialKind::Sgate
            && key.environment == Some(endpoint.environment)
            && key.revoked_at.is_none()
    };
    if engine.list_keys(endpoint.merchant).await?.iter().any(signs) {
        return Ok(());
    }
    print("it is not called before the merchant has a key to sign with: `redress key add --kind sgate`")
}

async fn run_test(engine: &Engine, merchant: &MerchantArg, endpoint: EndpointId) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&merchant.merchant).await?;
    let test = engine.test_endpoint(merchant.id, endpoint).await?;
    let status = test.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
    let said = format!("{status} after {} ms: {}", test.took.as_millis(), one_line(&test.answer));
    if test.taken {
        return print(&format!("{endpoint} took it, {said}"));
    }
    Err(Failure::found(format!("{endpoint} did not take it, {said}")))
}

fn row(endpoint: &Endpoint) -> [String; 6] {
    [
        endpoint.id.to_string(),
        endpoint.dialect.as_str().to_owned(),
        endpoint.environment.to_string(),
        one_line(&endpoint.name),
        without_query(&endpoint.url).to_owned(),
        state(endpoint),
    ]
}

fn state(endpoint: &Endpoint) -> String {
    match (endpoint.revoked_at, endpoint.disabled_at, endpoint.failing_since) {
        (Some(at), _, _) => format!("revoked {}", time(at)),
        (None, Some(at), _) => format!("disabled {}", time(at)),
        (None, None, Some(since)) => format!("failing since {}", time(since)),
        (None, None, None) => String::new(),
    }
}

/// Merchants put secrets into the query.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn shown(endpoint: &Endpoint) -> Value {
    let events = EventKind::ALL.into_iter().filter(|kind| endpoint.event_mask & kind.bit() != 0);
    json!({
        "id": endpoint.id.to_string(),
        "name": endpoint.name,
        "url": without_query(&endpoint.url),
        "dialect": endpoint.dialect.as_str(),
        "environment": endpoint.environment.as_str(),
        "events": events.map(EventKind::as_str).collect::<Vec<_>>(),
        "key": endpoint.credential.map(|key| key.to_string()),
        "created_at": time(endpoint.created_at),
        "revoked_at": endpoint.revoked_at.map(time),
        "failing_since": endpoint.failing_since.map(time),
        "disabled_at": endpoint.disabled_at.map(time),
    })
}
