//! `redress endpoint deliveries`, `resend` and `replay`: what was told, and telling it again.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use redress_core::environment::Environment;
use redress_core::id::{EndpointId, RefundId};
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;
use redress_engine::notify::history::{
    DeliveryId, DeliveryState, ListedDelivery, PageDeliveries, REFUNDS_LOOKED_AT_MAX,
};
use serde_json::{Value, json};

use super::options::{JsonFlag, MerchantArg, environment};
use crate::failure::Failure;
use crate::output::{print, print_json, print_table, time};

#[derive(Args, Debug)]
pub(super) struct DeliveriesArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// Of refunds in this environment
    #[arg(long, value_parser = environment())]
    environment: Environment,
    /// Only those to this endpoint
    #[arg(long, value_name = "ENDPOINT", value_parser = EndpointId::parse)]
    endpoint: Option<EndpointId>,
    /// Only those of this refund
    #[arg(long, value_name = "REFUND", value_parser = RefundId::parse)]
    refund: Option<RefundId>,
    /// Only those that stand so
    #[arg(long, value_parser = state())]
    state: Option<DeliveryState>,
    /// So many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
pub(super) struct ResendArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// The delivery's id, as dlv_01k…
    #[arg(value_name = "DELIVERY", value_parser = DeliveryId::parse)]
    delivery: DeliveryId,
}

#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    merchant: MerchantArg,
    /// The endpoint's id, as ep_01k…
    #[arg(value_name = "ENDPOINT", value_parser = EndpointId::parse)]
    endpoint: EndpointId,
    /// Since when, as 2026-11-18T15:06:40Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Timestamp,
}

fn state() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(["due", "delivered", "given_up"])
        .try_map(|text| DeliveryState::parse(&text).ok_or("must be a state of a delivery"))
}

fn since(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse().map(|at: jiff::Timestamp| Timestamp::from_micros(at.as_microsecond()))
}

pub(super) async fn list(engine: &Engine, args: DeliveriesArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&args.merchant.merchant).await?.id;
    let mut found: Vec<ListedDelivery> = Vec::new();
    let mut after = None;
    loop {
        let left = args.limit - u32::try_from(found.len()).unwrap_or(args.limit);
        let asked = PageDeliveries {
            merchant,
            environment: args.environment,
            endpoint: args.endpoint,
            refund: args.refund,
            state: args.state,
            after,
            limit: left,
            refunds_max: REFUNDS_LOOKED_AT_MAX,
        };
        let page = engine.deliveries_page(asked).await.map_err(redress_engine::admin::AdminError::from)?;
        found.extend(page.deliveries);
        after = page.next;
        if after.is_none() || found.len() >= args.limit as usize {
            break;
        }
    }
    if args.json.json {
        return print_json(&found.iter().map(shown).collect());
    }
    let rows: Vec<_> = found.iter().map(row).collect();
    print_table("deliveries", ["ID", "EVENT", "STATE", "DIALECT", "OWED SINCE", ""], &rows)
}

pub(super) async fn resend(engine: &Engine, args: ResendArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&args.merchant.merchant).await?.id;
    let delivery = args.delivery;
    let (refund, _) = engine.any_refund(redress_engine::lookup::RefundBy::Id(delivery.refund)).await?;
    engine.resend_delivery(merchant, refund.environment, delivery).await?;
    print(&format!("{delivery} is due now: a running server sends it within a second"))
}

pub(super) async fn replay(engine: &Engine, args: ReplayArgs) -> Result<(), Failure> {
    let merchant = engine.merchant_named(&args.merchant.merchant).await?.id;
    let all = engine.list_endpoints(merchant, None).await?;
    let endpoint = all.into_iter().find(|endpoint| endpoint.id == args.endpoint);
    let endpoint = endpoint.ok_or_else(|| Failure::found("there is no such endpoint".to_owned()))?;
    let (mut due, mut before) = (0_u64, None);
    loop {
        let replay = engine.replay_endpoint(merchant, endpoint.environment, endpoint.id, args.since, before);
        let replayed = replay.await?;
        due += u64::from(replayed.due);
        before = replayed.next;
        if before.is_none() {
            break;
        }
    }
    print(&format!("{due} deliveries to {} are due now: a running server sends them", endpoint.id))
}

fn row(listed: &ListedDelivery) -> [String; 6] {
    let delivery = &listed.delivery;
    [
        listed.id.to_string(),
        listed.kind.as_str().to_owned(),
        delivery.state.as_str().to_owned(),
        delivery.dialect.as_str().to_owned(),
        time(delivery.created_at),
        delivery.due_at.map_or_else(String::new, |due| format!("next try {}", time(due))),
    ]
}

fn shown(listed: &ListedDelivery) -> Value {
    let delivery = &listed.delivery;
    json!({
        "id": listed.id.to_string(),
        "refund": listed.id.refund.to_string(),
        "event_number": listed.id.number,
        "event_type": listed.kind.as_str(),
        "endpoint": listed.id.endpoint.map(|endpoint| endpoint.to_string()),
        "dialect": delivery.dialect.as_str(),
        "state": delivery.state.as_str(),
        "due_at": delivery.due_at.map(time),
        "created_at": time(delivery.created_at),
        "finished_at": delivery.finished_at.map(time),
    })
}
