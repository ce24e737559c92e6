//! `settle`: a number of refunds accepted, executed at the sandbox, settled and told to the merchant, from the first
//! request to the last notification; beside the same number only accepted, in the same run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use redress_engine::real_world::SystemClock;
use redress_engine::world::Clock;
use serde::Serialize;
use tokio::net::TcpStream;

use crate::accept::Server;
use crate::exchange::{self, EXCHANGES_A_REFUND, EmptyExchange};
use crate::job::{Job, Question, Sample, Work};
use crate::load::Load;
use crate::measure::{now, pause};
use crate::peers::{self, Peer};
use crate::place::{Place, open};
use crate::prepare::{self, Peers};
use crate::process::cores;
use crate::requests::{Requests, caller};
use crate::{Outcome, copy, pgbench, process, runtime};

/// Between two looks at how many notifications came.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Without a notification more for so long, the run is given up.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// So many refunds come first and do not count. A server that has run for a while is measured: its connections stand, and
/// PostgreSQL has statistics of its tables, without which it looks a refund up in the wrong index.
const WARM_UP: u32 = 1_000;

/// At least so much of the accept-only figure.
const RATIO_MIN: f64 = 0.4;

/// What `settle` measures.
#[derive(Args, Clone, Debug)]
pub(crate) struct SettleArgs {
    /// Refunds, each of a payment of its own.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    refunds: u32,
    /// Connections of the merchant.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
    /// Refunds that are sent to the PSP at once.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
    /// How often both rows are measured, in turn; the median ratio counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=25))]
    rounds: u8,
    /// Where the databases go: on the disk that is to be measured, not in memory.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// A throw-away PostgreSQL, with its durability on; without it its rows are left out.
    #[arg(long)]
    postgres_url: Option<String>,
    /// Where PostgreSQL's own programs are.
    #[arg(long)]
    postgres_programs: Option<PathBuf>,
    /// Print the figures as JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// The figures of one row.
#[derive(Clone, Debug, Serialize)]
struct Row {
    engine: &'static str,
    work: &'static str,
    per_second: f64,
    /// CPU of each process a refund, in microseconds.
    cpu_micros: BTreeMap<&'static str, f64>,
    /// Commits on the disk a refund (SQLite).
    #[serde(skip_serializing_if = "Option::is_none")]
    commits_each: Option<f64>,
    /// Pages that SQLite wrote to its log a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    wal_pages_each: Option<f64>,
}

impl Row {
    fn cpu_of_all(&self) -> f64 {
        self.cpu_micros.values().sum()
    }
}

#[derive(Debug, Serialize)]
struct Report {
    cores: usize,
    refunds: u32,
    rows: Vec<Row>,
    empty_exchange: EmptyExchange,
    /// Of each engine the median over the rounds: settled of accept-only refunds a second.
    ratios: BTreeMap<&'static str, f64>,
}

pub(crate) fn run(args: &SettleArgs) -> Outcome {
    runtime::run(runtime::one_thread(), measure(args), args.json, print)
}

async fn measure(args: &SettleArgs) -> Outcome<Report> {
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let postgres = match &args.postgres_url {
        Some(url) => Some(pgbench::Server::at(url, args.postgres_programs.as_deref())?),
        None => None,
    };
    eprintln!("measuring empty exchanges");
    let empty_exchange = exchange::measure(args.refunds, args.connections).await?;
    let (mut rows, mut ratios) = (Vec::new(), BTreeMap::new());
    for engine in [Some("sqlite"), postgres.as_ref().map(|_| "postgres")].into_iter().flatten() {
        let database = postgres.as_ref().filter(|_| engine == "postgres");
        let mut of_rounds = Vec::new();
        for _ in 0..args.rounds {
            let accepted = row(args, engine, database, false).await?;
            let settled = row(args, engine, database, true).await?;
            of_rounds.push(settled.per_second / accepted.per_second);
            rows.extend([accepted, settled]);
        }
        of_rounds.sort_by(f64::total_cmp);
        ratios.insert(engine, of_rounds.get((of_rounds.len() - 1) / 2).copied().unwrap_or_default());
    }
    Ok(Report { cores: cores(), refunds: args.refunds, rows, empty_exchange, ratios })
}

/// One row, on a database and in processes of its own.
async fn row(
    args: &SettleArgs,
    engine: &'static str,
    database: Option<&pgbench::Server>,
    settles: bool,
) -> Outcome<Row> {
    let work = if settles { "settle" } else { "accept" };
    eprintln!("measuring {work} on {engine}");
    let (sandbox, mut sink) = (Peer::start(&["sandbox"])?, Peer::start(&["sink"])?);
    let peers = Peers {
        sandbox_url: format!("http://{}", sandbox.address),
        sink_url: format!("http://{}/", sink.address),
        max_in_flight: args.in_flight,
    };
    let place = match (&args.postgres_url, database) {
        (Some(url), Some(_)) => Place::Postgres(url.clone()),
        _ => Place::Sqlite(args.dir.join("settle.db")),
    };
    match &place {
        Place::Sqlite(path) => copy::remove(path),
        Place::Postgres(_) => database.map_or(Ok(()), pgbench::Server::empty)?,
    }
    let store = open(&place, redress_store::GROUP_OPS_MAX)?;
    let prepared = prepare::fill(&store, args.refunds, settles.then_some(&peers)).await?;
    drop(store);
    if settles {
        peers::announce(&sandbox.address, args.refunds).await?;
    }
    let signed_at = SystemClock.now();
    let requests = |count: u32, seed| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Requests::make(&prepared, count, seed, false, signed_at).once()
    };
    let (before_it, measured) = (requests(WARM_UP, 2), requests(args.refunds, 1));
    let work_of_server = if settles { Work::ServeAndSettle } else { Work::Serve };
    let job = Job { place, work: work_of_server, group_ops_max: redress_store::GROUP_OPS_MAX, prepared };
    let (mut server, ready) = Server::start(&args.dir, &job)?;
    let address = ready.address.ok_or("the server listens nowhere")?;

    let cpu = |server: &Server, sink: &Peer| -> Outcome<[u64; 5]> {
        let database = database.map_or(Ok(0), |of| process::cpu_of_family_micros(of.postmaster))?;
        Ok([
            process::cpu_by_thread(server.child.id())?.values().sum(),
            sandbox.cpu_nanos()?,
            sink.cpu_nanos()?,
            process::cpu_by_thread(std::process::id())?.values().sum(),
            database * 1_000,
        ])
    };
    ask(&address, args.connections, before_it).await?;
    if settles {
        all_told(&mut sink, u64::from(WARM_UP)).await?;
    }
    database.map_or(Ok(()), pgbench::Server::analyze)?;
    let stored_before: Sample = server.ask(Question::Sample)?;
    let (before, began) = (cpu(&server, &sink)?, now());
    ask(&address, args.connections, measured).await?;
    if settles {
        all_told(&mut sink, u64::from(WARM_UP) + u64::from(args.refunds)).await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = cpu(&server, &sink)?;
    let stored: Sample = server.ask(Question::Sample)?;
    server.end()?;
    let names = ["server", "sandbox", "sink", "callers", "database"];
    let each = |i: usize| after[i].saturating_sub(before[i]) as f64 / 1e3 / f64::from(args.refunds);
    let cpu_micros = names.into_iter().enumerate().map(|(i, name)| (name, each(i))).collect();
    let risen = |of: fn(&Sample) -> u64| {
        let risen = of(&stored).saturating_sub(of(&stored_before));
        (risen > 0).then(|| risen as f64 / f64::from(args.refunds))
    };
    Ok(Row {
        engine,
        work,
        per_second: f64::from(args.refunds) / seconds,
        cpu_micros,
        commits_each: risen(|sample| sample.commits),
        wal_pages_each: risen(|sample| sample.wal_pages),
    })
}

/// Asks for all the refunds, over so many connections, until each was answered.
async fn ask(address: &str, connections: u16, requests: Requests) -> Outcome {
    let requests = Arc::new(requests);
    let mut load = Load::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let requests = Arc::clone(&requests);
        load.add(|recorder| caller(recorder, stream, requests));
    }
    load.all_done().await
}

/// Waits until so many refunds' successes were told.
async fn all_told(sink: &mut Peer, refunds: u64) -> Outcome {
    let (mut seen, mut since) = (0, now());
    while seen < refunds {
        pause(LOOK_AGAIN).await;
        let count = sink.count()?;
        if count > seen {
            (seen, since) = (count, now());
        } else if since.elapsed() > STUCK_AFTER {
            return Err(format!("{seen} of {refunds} refunds were told, and no more come"));
        }
    }
    Ok(())
}

fn print(report: &Report) {
    println!("{} cores; {} refunds a row\n", report.cores, report.refunds);
    println!(
        "{:<10} {:<8} {:>10}   CPU us a refund: all, by process; commits and pages of the log",
        "engine", "work", "refunds/s"
    );
    for row in &report.rows {
        let parts: Vec<String> = row
            .cpu_micros
            .iter()
            .filter(|(_, micros)| **micros >= 0.05)
            .map(|(name, micros)| format!("{name} {micros:.1}"))
            .collect();
        let stored = match (row.commits_each, row.wal_pages_each) {
            (Some(commits), Some(pages)) => format!("; {commits:.3}, {pages:.2}"),
            _ => String::new(),
        };
        let (all, parts) = (row.cpu_of_all(), parts.join(", "));
        println!("{:<10} {:<8} {:>10.0}   {all:.0}: {parts}{stored}", row.engine, row.work, row.per_second);
    }
    let EmptyExchange { client_micros, server_micros } = report.empty_exchange;
    println!(
        "\nAn empty exchange over HTTP: client {client_micros:.1} us, server {server_micros:.1} us; {EXCHANGES_A_REFUND} of \
         them, the fewest of a refund: {:.0} us",
        report.empty_exchange.of_a_refund()
    );
    println!("\nTargets");
    for (engine, ratio) in &report.ratios {
        let met = if *ratio >= RATIO_MIN { "met   " } else { "MISSED" };
        println!("{met} {ratio:>8.3} of the accept-only refunds/s on {engine}: {RATIO_MIN} or more");
    }
}
