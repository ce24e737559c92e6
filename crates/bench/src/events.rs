//! `events`: how fast a consumer reads the feed of events from the embedded store: page after page over one connection,
//! each asked for with the cursor of the one before, as a client does that catches up.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use clap::Args;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::{KeyId, MerchantId};
use redress_core::policy::{Ask, AskedAmount};
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::engine::Engine;
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::measure::{now, percentile};
use crate::place::{Place, open};
use crate::prepare::{self, order_ref};
use crate::process::cores;
use crate::{Outcome, answer, copy, process, runtime, server};

/// Refunds that are made at once while the store is filled.
const MAKERS: u32 = 64;

/// So many payments share the refunds.
const PAYMENTS: u32 = 10_000;

/// No page is longer, in bytes.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// What a second must bring at least.
const EVENTS_PER_SECOND_MIN: f64 = 50_000.0;

/// What `events` measures.
#[derive(Args, Clone, Debug)]
pub(crate) struct EventsArgs {
    /// Events in the store, each of a refund of its own.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    events: u32,
    /// Events on a page.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=500))]
    page: u32,
    /// How often the whole feed is read; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=25))]
    rounds: u8,
    /// Where the database goes: on the disk that is to be measured, not in memory.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Print the figures as JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// The figures of one reading of the whole feed.
#[derive(Clone, Copy, Debug, Serialize)]
struct Round {
    per_second: f64,
    page_p50_millis: f64,
    page_p99_millis: f64,
    /// Server and reader together, an event.
    cpu_micros: f64,
    /// Of the answers, an event.
    bytes: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    cores: usize,
    events: u32,
    page: u32,
    rounds: Vec<Round>,
    median_per_second: f64,
    met: bool,
}

pub(crate) fn run(args: &EventsArgs) -> Outcome {
    runtime::run(runtime::all_threads(), measure(args), args.json, print)
}

async fn measure(args: &EventsArgs) -> Outcome<Report> {
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let path = args.dir.join("events.db");
    copy::remove(&path);
    let store = open(&Place::Sqlite(path.clone()), redress_store::GROUP_OPS_MAX)?;
    let prepared = prepare::fill(&store, PAYMENTS.min(args.events), None).await?;
    let engine = prepare::engine(store, &prepared.master_key, false)?;
    let merchant = MerchantId::parse(&prepared.merchant).map_err(|error| error.to_string())?;
    let key = engine.add_key(merchant, CredentialKind::Api, Some(Environment::Sandbox)).await;
    let (_, key) = key.map_err(|error| error.to_string())?;
    eprintln!("making {} refunds", args.events);
    // Some were made when the store was filled.
    let there = u32::try_from(prepared.refunds.len()).unwrap_or(u32::MAX);
    make(&engine, merchant, args.events.saturating_sub(there), prepared.payments).await?;
    let address = server::listen(redress_http::router::router(engine)).await?;
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        rounds.push(round(args, &address, key.expose_secret()).await?);
    }
    copy::remove(&path);
    let mut rates: Vec<f64> = rounds.iter().map(|round| round.per_second).collect();
    rates.sort_by(f64::total_cmp);
    let median = rates.get(rates.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    Ok(Report {
        cores: cores(),
        events: args.events,
        page: args.page,
        rounds,
        median_per_second: median,
        met: median >= EVENTS_PER_SECOND_MIN,
    })
}

/// Makes refunds that stay queued, and with each an event.
async fn make(engine: &Engine, merchant: MerchantId, count: u32, payments: u32) -> Outcome {
    let amount = Decimal::from_text("1000").map_err(|error| error.to_string())?;
    let next = Arc::new(AtomicU32::new(0));
    let mut makers = JoinSet::new();
    for _ in 0..MAKERS {
        let (engine, next) = (engine.clone(), Arc::clone(&next));
        makers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= count {
                    return Ok(());
                }
                let request = RefundRequest {
                    merchant,
                    order_ref: order_ref(number % payments),
                    ask: Ask::of(AskedAmount::Exactly(amount)),
                    reason: "The customer returned the goods".to_owned(),
                    description: None,
                    merchant_refund_id: Some(format!("MR-{number:09}")),
                    metadata: None,
                    asked_by: KeyId::from_bytes([7; 16]).into(),
                    idempotency_key: None,
                };
                match engine.make_refund(request).await {
                    Ok(Made::New(..)) => {}
                    Ok(_) => return Err("a refund was not accepted".to_owned()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        });
    }
    makers.join_all().await.into_iter().collect()
}

/// Reads the whole feed.
async fn round(args: &EventsArgs, address: &str, key: &str) -> Outcome<Round> {
    let cpu = || -> Outcome<u64> { Ok(process::cpu_by_thread(std::process::id())?.values().sum()) };
    let mut stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut cursor, mut events, mut bytes, mut waits) = (String::new(), 0_u64, 0_u64, Vec::new());
    let (cpu_before, began) = (cpu()?, now());
    let mut buffer = vec![0; PAGE_BYTES_MAX];
    loop {
        let request = format!(
            "GET /v1/events?limit={}{cursor} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n",
            args.page
        );
        let asked = now();
        stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
        let body = answer::read(&mut stream, &mut buffer).await?.body;
        let body = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        waits.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        bytes += body.len() as u64;
        events += body.matches(r#""id":"evt_"#).count() as u64;
        let next = body.rsplit_once(r#""next_cursor":""#).and_then(|(_, rest)| rest.split_once('"'));
        cursor = format!("&cursor={}", next.ok_or("a page without a cursor")?.0);
        if body.contains(r#""has_more":false"#) {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu_nanos = cpu()?.saturating_sub(cpu_before);
    if events != u64::from(args.events) {
        return Err(format!("{events} events were read of {}", args.events));
    }
    waits.sort_unstable();
    let millis = |per_mille| f64::from(percentile(&waits, per_mille)) / 1e3;
    Ok(Round {
        per_second: events as f64 / seconds,
        page_p50_millis: millis(500),
        page_p99_millis: millis(990),
        cpu_micros: cpu_nanos as f64 / 1e3 / events as f64,
        bytes: bytes as f64 / events as f64,
    })
}

fn print(report: &Report) {
    let Report { cores, events, page, rounds, median_per_second, met } = report;
    println!("{cores} cores; a feed of {events} events, {page} on a page, SQLite\n");
    println!("{:>10} {:>10} {:>10} {:>10} {:>10}", "events/s", "page p50", "page p99", "CPU us", "bytes");
    for round in rounds {
        println!(
            "{:>10.0} {:>7.2} ms {:>7.2} ms {:>10.2} {:>10.0}",
            round.per_second, round.page_p50_millis, round.page_p99_millis, round.cpu_micros, round.bytes
        );
    }
    let word = if *met { "met   " } else { "MISSED" };
    println!("\n{word} {median_per_second:.0} events a second: {EVENTS_PER_SECOND_MIN:.0} or more");
}
